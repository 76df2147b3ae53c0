"""Options that several commands share: how AWS is reached, and where the answer goes."""

# No `from __future__ import annotations`: under Python 3.9 Typer cannot read them as text.
import functools
import inspect
import os
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Callable, Optional

import typer

from ssmdiag.cli.output import Format, fail
from ssmdiag.wiring.job import JobError, Reach, Surroundings

_LONGEST = 86_400

_REACH = {
    "snapshot": Annotated[
        Optional[Path], typer.Option(help="Answers recorded before, instead of AWS.")
    ],
    "save_snapshot": Annotated[
        Optional[Path], typer.Option(help="Record all Answers, to replay the run elsewhere.")
    ],
    "profile": Annotated[Optional[str], typer.Option(help="AWS profile.")],
    "region": Annotated[Optional[str], typer.Option(help="The node's region.")],
    "endpoint_url": Annotated[Optional[str], typer.Option(help="Another AWS endpoint.")],
    "assume_role": Annotated[
        Optional[str], typer.Option(metavar="ARN", help="Read AWS with this role.")
    ],
    "timeout": Annotated[float, typer.Option(min=0.1, help="Deadline of one Call, in seconds.")],
    "root": Annotated[
        Path,
        typer.Option(
            metavar="DIR",
            help="Where the node's files are seen from here: its disk, or its / in a container.",
        ),
    ],
}

OutputFormat = Annotated[Format, typer.Option("--format", help="For people or for programs.")]
Output = Annotated[Optional[Path], typer.Option(help="Write the answer to this file.")]
Patterns = Annotated[
    Optional[list[Path]],
    typer.Option(
        "--patterns",
        metavar="DIR",
        help="A catalogue of your own, beside the shipped one and /etc/ssmdiag/patterns.d "
        "(Windows: %ProgramData%\\ssmdiag\\patterns.d); the same id overrides. May be given "
        "several times.",
    ),
]
Redact = Annotated[
    bool, typer.Option("--redact", help="Mask account ids, user names and addresses.")
]


def surroundings() -> Surroundings:
    """What this process stands in."""
    return Surroundings(sys.platform, os.environ, sys.stdin.buffer, datetime.now())


Command = Callable[..., Any]


def gathered(
    parameter: str, into: Callable[..., Any], options: Mapping[str, Any]
) -> Callable[[Command], Command]:
    """Give a command ``options``, by name, in place of ``parameter``: it gets them as one value.

    Their defaults are those of ``into``, which is called with all of them.
    """
    defaults = inspect.signature(into).parameters

    def decorate(command: Command) -> Command:
        whole = inspect.signature(command)
        kept = [p for p in whole.parameters.values() if p.name != parameter]
        added = [
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                # Click wants no default for an option that may be given several times.
                default=defaults[name].default or None,
                annotation=annotation,
            )
            for name, annotation in options.items()
        ]
        keyword = inspect.Parameter.KEYWORD_ONLY
        parameters = [*(p.replace(kind=keyword) for p in kept), *added]

        @functools.wraps(command)
        def run(**values: Any) -> Any:
            _are_seconds(values)
            given = {name: values.pop(name) for name in options}
            value = into(**{name: _frozen(given[name], defaults[name].default) for name in given})
            return command(**values, **{parameter: value})

        vars(run)["__signature__"] = whole.replace(parameters=parameters)
        run.__annotations__ = {p.name: p.annotation for p in parameters}
        return run

    return decorate


def _are_seconds(values: Mapping[str, Any]) -> None:
    """Refuse what Python takes for a number, and no clock for seconds: ``inf``, ``nan``, 1e300."""
    for name, value in values.items():
        if isinstance(value, float) and not value <= _LONGEST:
            option = f"--{name.replace('_', '-')}"
            raise typer.BadParameter(f"{option} is at most {_LONGEST} seconds, which are a day")


def _frozen(value: Any, default: Any) -> Any:
    return tuple(value or ()) if isinstance(default, tuple) else value


@functools.wraps(Reach)
def _reach(**options: Any) -> Reach:
    reach = Reach(**options)
    # What is not there would be told as a node on which nothing is installed.
    if not reach.root.is_dir():
        fail(JobError(f"--root {reach.root} is no folder: there is no node to be seen"))
    return reach


reaching = gathered("reach", _reach, _REACH)
"""Gives a command the options that say how AWS is reached, as its parameter ``reach``."""
