"""``ssmdiag check``."""

# No `from __future__ import annotations`: under Python 3.9 Typer cannot read them as text.
from dataclasses import replace
from typing import Annotated, Optional

import typer

from ssmdiag.cli.options import Output, OutputFormat, Redact, reaching, surroundings
from ssmdiag.cli.output import EXIT_CODES, Format, fail, put_check
from ssmdiag.wiring.checking import CheckJob
from ssmdiag.wiring.checking import check as run
from ssmdiag.wiring.job import JobError, Reach

EPILOG = (
    "Exit codes: 0 nothing wrong; 1 something is broken; 2 wrong usage; 3 the job could not be "
    "done; 4 nothing is broken, but something could not be verified. "
    "Reads the node as root sees it and tries each endpoint that the configuration needs; AWS is "
    "only read. See docs/check.md for every Requirement and the Calls that it makes."
)

Deadline = Annotated[
    float, typer.Option(min=0.5, help="Seconds for everything together; each probe has its own.")
]


@reaching
def check(
    only: Annotated[
        Optional[list[str]],
        typer.Option(
            help="Layers (network), subjects (agent) or single Requirements (clock/skew); several "
            "times, or with commas."
        ),
    ] = None,
    as_user: Annotated[
        Optional[str],
        typer.Option(
            metavar="ARN", help="Check, too, whether this role or user may start sessions here."
        ),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Only what does not hold; nothing if all does.")
    ] = False,
    deadline: Deadline = CheckJob.deadline,
    format_: OutputFormat = Format.text,
    output: Output = None,
    redact: Redact = False,
    *,
    reach: Reach,
) -> None:
    """Is this node fit for sessions and their encrypted logs, and what will fail next?"""
    names = tuple(name.strip() for each in only or () for name in each.split(",") if name.strip())
    try:
        job = CheckJob(names, as_user, deadline, replace(reach, redact=redact))
        report = run(job, surroundings())
        put_check(report, format_, output, redact=redact, quiet=quiet)
    except JobError as error:
        fail(error)
    raise typer.Exit(EXIT_CODES[report.verdict])
