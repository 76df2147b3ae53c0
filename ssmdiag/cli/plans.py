"""What the commands that plan have in common: formats, and how a plan is carried out."""

# No `from __future__ import annotations`: under Python 3.9 Typer cannot read them as text.
import sys
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Callable, Optional

import typer

from ssmdiag.cli.options import surroundings
from ssmdiag.cli.output import fail, page_layout
from ssmdiag.wiring.job import JobError, Reach

NOT_DONE, NOT_PROVED = 1, 4

Account = Annotated[
    Optional[str],
    typer.Option(metavar="ID", help="Plan for an empty account of this id; ask nobody."),
]
Permissions = Annotated[
    bool, typer.Option("--permissions", help="Print the policy of whoever carries it out, only.")
]


class PlanFormat(str, Enum):
    """What a plan can be written as."""

    text = "text"
    commands = "commands"
    powershell = "powershell"
    cloudformation = "cloudformation"
    terraform = "terraform"
    json = "json"


FormatOfPlan = Annotated[
    PlanFormat, typer.Option("--format", help="For reading, running, reviewing or deploying.")
]


def worded(made: Any, author: str, form: PlanFormat, output: Optional[Path]) -> str:
    """The plan in one format. Raises JobError for a value that no format can carry."""
    from ssmdiag.render import plan as words

    if form is PlanFormat.text:
        return words.text(made, page_layout(output), author=author)
    if form is PlanFormat.json:
        return words.to_json(made)
    module, function = _FORMATS[form]
    try:
        return str(getattr(import_module(f"ssmdiag.setup.formats.{module}"), function)(made))
    except ValueError as error:
        raise JobError(str(error)) from None


_FORMATS = {
    PlanFormat.commands: ("script", "script"),
    PlanFormat.powershell: ("powershell", "powershell"),
    PlanFormat.cloudformation: ("cloudformation", "cloudformation"),
    PlanFormat.terraform: ("terraform", "terraform"),
}
"""File and function; each is loaded only if it is asked for."""


Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Unproved = Annotated[
    bool, typer.Option("--unproved", help="Carry it out though it could not be proved.")
]
Backup = Annotated[
    Optional[Path],
    typer.Option(
        metavar="DIR", help="Where replaced documents are kept. Default: the state folder."
    ),
]


def carry_out(
    again: Callable[[], Any], reach: Reach, *, yes: bool, unproved: bool, backup: Optional[Path]
) -> None:
    """Plan, show, ask, do, and see what is left. ``again`` makes the plan, as things are then."""
    from ssmdiag.setup.apply import CutShortError
    from ssmdiag.wiring import setup

    try:
        setup.really(reach)
        made, standing = again()
        typer.echo(worded(made, standing.by_whom(made), PlanFormat.text, None), nl=False)
        if not made.calls:
            raise typer.Exit(NOT_DONE if made.open else 0)
        refused = setup.objections(made, standing, unproved=unproved)
        if refused:
            raise JobError("; ".join(refused))
        _agree(yes)
        outcome = setup.carry_out(made, reach, surroundings(), typer.echo, backup)
        if outcome.failed is not None:
            _tell(outcome)
            raise typer.Exit(NOT_DONE)
        left = setup.settled(again)
    except JobError as error:
        fail(error)
    except CutShortError as cut:
        _tell(cut.outcome)
        # What ended it ends the program, as it would any other.
        raise (cut.__cause__ or cut) from None
    if left.done:
        typer.echo("Done. Every requirement holds now.")
        return
    typer.echo("Done, but this does not hold yet; run it again in a minute:", err=True)
    typer.echo(worded(left, "", PlanFormat.text, None), nl=False)
    raise typer.Exit(NOT_DONE)


def _agree(yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise JobError("nobody is there to be asked: give --yes")
    if not typer.confirm("\nCarry this out?"):
        raise JobError("nothing was done")


def _tell(outcome: Any) -> None:
    again = "run the same again"
    if outcome.nameless_key:
        again += f", with --key {outcome.nameless_key}: else another key is made"
    for line in (
        outcome.why,
        f"done: {_named(outcome.done)}",
        f"not done: {_named(outcome.left)}",
        *(f"made and not used yet: {value}" for value in outcome.unused),
        f"to go on: see to that, and {again}",
    ):
        typer.echo(f"ssmdiag: {line}", err=True)


def _named(calls: Any) -> str:
    return ", ".join(f"{call.service}:{call.operation}" for call in calls) or "nothing"
