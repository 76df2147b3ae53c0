"""``ssmdiag install``: `ssmdiag watch` under cron, systemd, launchd or the Task Scheduler."""

# No `from __future__ import annotations`: under Python 3.9 Typer cannot read them as text.
import sys
from pathlib import Path
from typing import Annotated, Any, Callable, Optional

import typer

from ssmdiag.cli.options import Command, gathered, surroundings
from ssmdiag.cli.output import fail
from ssmdiag.wiring.installing import Choices, Done, installation, take_away, write_down
from ssmdiag.wiring.job import JobError

commands = typer.Typer(
    help="Let `ssmdiag watch` run by itself. Prints the files; --write puts them in their place. "
    "What starts them is printed, and never run.",
    no_args_is_help=True,
)

_OPTIONS: dict[str, Any] = {
    "every": Annotated[
        Optional[int],
        typer.Option(metavar="MINUTES", help="Minutes between two runs. Default: 5."),
    ],
    "tell": Annotated[
        Optional[list[str]],
        typer.Option(metavar="WHOM", help="As of `watch`. May be given several times."),
    ],
    "user": Annotated[str, typer.Option(help="Who runs it; only root may read the agent's logs.")],
    "memory": Annotated[str, typer.Option(help="The most memory that it may use, as in 256M.")],
    "program": Annotated[
        Optional[str],
        typer.Option(metavar="PATH", help="Where ssmdiag is. Default: the one that runs."),
    ],
    "root": Annotated[
        Optional[Path],
        typer.Option(metavar="DIR", help="A folder in place of /, such as a mounted image."),
    ],
}

_Forever = Annotated[
    bool, typer.Option("--forever", help="One that runs on, instead of one every few minutes.")
]
_Write = Annotated[bool, typer.Option("--write", help="Write the files.")]
_Remove = Annotated[bool, typer.Option("--remove", help="Take away what --write wrote.")]


def _choosing(*without: str) -> Callable[[Command], Command]:
    """Gives a command the options that its kind can honour, as its parameter ``chosen``."""
    options = {name: option for name, option in _OPTIONS.items() if name not in without}
    return gathered("chosen", Choices, options)


@commands.command("cron")
@_choosing("memory")
def cron(write: _Write = False, remove: _Remove = False, *, chosen: Choices) -> None:
    """A file for /etc/cron.d."""
    _do("cron", chosen, write=write, remove=remove)


@commands.command("systemd")
@_choosing()
def systemd(
    forever: _Forever = False, write: _Write = False, remove: _Remove = False, *, chosen: Choices
) -> None:
    """Units for systemd: a service, and a timer unless it runs for ever."""
    _do("systemd", chosen, write=write, remove=remove, forever=forever)


@commands.command("launchd")
@_choosing("memory")
def launchd(
    forever: _Forever = False, write: _Write = False, remove: _Remove = False, *, chosen: Choices
) -> None:
    """A property list for launchd (macOS)."""
    _do("launchd", chosen, write=write, remove=remove, forever=forever)


@commands.command("windows-task")
@_choosing("memory", "user")
def windows_task(
    forever: _Forever = False, write: _Write = False, remove: _Remove = False, *, chosen: Choices
) -> None:
    """A task for the Task Scheduler of Windows; SYSTEM runs it."""
    _do("windows-task", chosen, write=write, remove=remove, forever=forever)


def _do(kind: str, chosen: Choices, *, write: bool, remove: bool, forever: bool = False) -> None:
    if write and remove:
        raise typer.BadParameter("give --write or --remove, not both")
    if forever and chosen.every is not None:
        raise typer.BadParameter("give --every or --forever, not both")
    around = surroundings()
    started = sys.argv[0]
    try:
        if remove:
            _tell("removed", take_away(kind, chosen.root, around), chosen.root)
        elif write:
            done = write_down(kind, chosen, started, around, forever=forever)
            _tell("written", done, chosen.root)
        else:
            made = installation(kind, chosen, started, around, forever=forever)
            for file in made.files:
                typer.echo(f"# {file.path}\n{file.text}")
            typer.echo("ssmdiag: nothing was written; --write does it", err=True)
    except JobError as error:
        fail(error)


def _tell(what: str, done: Done, root: Optional[Path]) -> None:
    if not done.files:
        typer.echo("nothing of this kind is installed")
        return
    for path in done.files:
        typer.echo(f"{what}: {path}")
    where = "" if root is None else f", where {root} is the node's /"
    if done.commands:
        typer.echo(f"\nNow run{where}:")
    for command in done.commands:
        typer.echo(f"  {command}")
    for note in done.notes:
        typer.echo(f"\n{note}")
