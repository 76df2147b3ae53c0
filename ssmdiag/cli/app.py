"""The program's commands. Each is loaded when it is run or shown, and not before."""

from __future__ import annotations

import gc
import importlib
from typing import Any, Optional

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

COMMANDS = {
    "diagnose": ("diagnose", "diagnose"),
    "check": ("check", "check"),
    "predict": ("predict", "predict"),
    "can": ("can", "can"),
    "snapshot": ("evidence", "snapshot"),
    "bundle": ("evidence", "bundle"),
    "watch": ("watch", "watch"),
    "install": ("install", "commands"),
    "setup": ("setup", "commands"),
    "queries": ("queries", "commands"),
    "explain": ("patterns", "explain"),
    "patterns": ("patterns", "commands"),
    "demo": ("demo", "demo"),
}
"""By name: the module of this room, and in it a function, or a ``typer.Typer`` of several."""


class _Lazily(TyperGroup):
    """A run loads the command that it runs; completing a name, or guessing what was meant, none."""

    _only_names = False

    def __init__(self, **attrs: Any) -> None:
        super().__init__(**{**attrs, "commands": {name: TyperCommand(name) for name in COMMANDS}})

    def get_command(self, ctx: Any, cmd_name: str) -> Optional[Any]:
        named = super().get_command(ctx, cmd_name)
        return named if named is None or self._only_names else _loaded(cmd_name)

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        self._only_names = True
        try:
            found: list[Any] = super().shell_complete(ctx, incomplete)
        finally:
            self._only_names = False
        return found


def _loaded(called: str) -> Any:
    place, name = COMMANDS[called]
    module = importlib.import_module(f"ssmdiag.cli.{place}")
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
    found = getattr(module, name)
    if not isinstance(found, typer.Typer):
        alone = typer.Typer(add_completion=False)
        alone.command(called, epilog=getattr(module, "EPILOG", None))(found)
        found = alone
    command = get_command(found)
    command.name = called
    return command


app = typer.Typer(
    name="ssmdiag",
    cls=_Lazily,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Why Session Manager sessions, or their encrypted logs, do not work - and what to type "
    "to mend it. Runs on the node; changes nothing unless it is told to.",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _program() -> None:
    # A callback makes the program a group of commands, whatever their number.
    return
