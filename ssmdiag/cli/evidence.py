"""``ssmdiag snapshot`` and ``ssmdiag bundle``."""

# No `from __future__ import annotations`: under Python 3.9 Typer cannot read them as text.
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Optional

import typer

from ssmdiag.cli.check import Deadline
from ssmdiag.cli.diagnose import spanned
from ssmdiag.cli.options import Patterns, Redact, reaching, surroundings
from ssmdiag.cli.output import fail
from ssmdiag.wiring import bundling
from ssmdiag.wiring.checking import CheckJob
from ssmdiag.wiring.diagnosing import Job
from ssmdiag.wiring.job import JobError, Reach

EPILOG = (
    "--redact masks account ids, user names and e-mail addresses, alike in all parts; network "
    "addresses stay, since routes and security groups are judged by them. Credentials are masked "
    "always. Exit codes: 0 written; 2 wrong usage; 3 it could not be done."
)


@reaching
def snapshot(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the evidence is written.")],
    deadline: Deadline = CheckJob.deadline,
    redact: Redact = False,
    *,
    reach: Reach,
) -> None:
    """Write all that `check` finds out to a file, to be judged elsewhere with --snapshot."""
    try:
        job = CheckJob(deadline=deadline, reach=replace(reach, redact=redact))
        number = bundling.take(job, surroundings(), file)
    except JobError as error:
        fail(error)
    typer.echo(f"{file}: {number} answers; read them with {_typed('check --snapshot', file)}")


@reaching
def bundle(
    file: Annotated[
        Optional[Path],
        typer.Argument(
            metavar="FILE", help="The archive. Default: ssmdiag-TIME.tar.gz.", show_default=False
        ),
    ] = None,
    log: Annotated[
        Optional[list[str]],
        typer.Option(help="Logs instead of the agent's: files, folders; several times."),
    ] = None,
    since: Annotated[Optional[str], typer.Option(help="As in diagnose.")] = None,
    until: Annotated[Optional[str], typer.Option(help="The other end, written alike.")] = None,
    patterns: Patterns = None,
    deadline: Deadline = CheckJob.deadline,
    redact: Redact = False,
    *,
    reach: Reach,
) -> None:
    """Put log excerpt, evidence and Report into one archive for a ticket."""
    around = surroundings()
    path = file or bundling.default_name(around)
    job = Job(
        places=tuple(log or ()),
        span=spanned(since, until, around.now),
        patterns=tuple(patterns or ()),
        reach=replace(reach, redact=redact),
    )
    try:
        members = bundling.bundle(CheckJob(deadline=deadline, reach=reach), job, around, path)
    except JobError as error:
        fail(error)
    typer.echo(f"{path}: {', '.join(members)}; repeat it with {_typed('diagnose --bundle', path)}")


def _typed(words: str, file: Path) -> str:
    return f"`ssmdiag {words} {shlex.quote(str(file))}`"
