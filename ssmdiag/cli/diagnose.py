"""``ssmdiag diagnose``."""

# No `from __future__ import annotations`: under Python 3.9 Typer cannot read them as text.
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Optional

import typer

from ssmdiag.cli.options import (
    Output,
    OutputFormat,
    Patterns,
    Redact,
    reaching,
    surroundings,
)
from ssmdiag.cli.output import EXIT_CODES, Format, fail, put
from ssmdiag.log.period import ALL, Span, parse_moment
from ssmdiag.wiring.diagnosing import Job
from ssmdiag.wiring.diagnosing import diagnose as run
from ssmdiag.wiring.job import JobError, Reach

EPILOG = (
    "Exit codes: 0 nothing wrong; 1 something is broken; 2 wrong usage; 3 the job could not be "
    "done; 4 nothing is broken, but something could not be verified. "
    "Calls on a healthy node, all of them reading: sts:GetCallerIdentity; ssm:GetDocument (and "
    "ssm:DescribeSessions if the log shows no session's start); iam:GetRole, "
    "iam:ListAttachedRolePolicies, iam:ListRolePolicies, iam:GetRolePolicy, iam:GetPolicy, "
    "iam:GetPolicyVersion; and for what the preferences use: kms:DescribeKey, kms:GetKeyPolicy, "
    "logs:DescribeLogGroups, s3:GetBucketLocation, s3:GetBucketEncryption, s3:GetBucketPolicy. "
    "Where policies may not be read: kms:Decrypt as a dry run. "
    "On the host: the agent's identity_config.json, and the instance metadata service once."
)


@reaching
def diagnose(
    logs: Annotated[
        Optional[list[str]],
        typer.Argument(
            metavar="LOG",
            help="Files, folders, globs, .gz, or - for standard input. Default: the agent's logs.",
            show_default=False,
        ),
    ] = None,
    since: Annotated[
        Optional[str],
        typer.Option(
            help="24h, 7d, 2026-11-20 or 2026-11-20T14:00, in the node's local time. "
            "Default: the last 24 hours that the log covers."
        ),
    ] = None,
    until: Annotated[Optional[str], typer.Option(help="The other end, written alike.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="Read the whole log.")] = False,
    session: Annotated[Optional[str], typer.Option(help="Only this session id.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="The log only; ask nobody.")] = False,
    noise: Annotated[
        bool, typer.Option("--noise", help="Tell also what looks like trouble and is harmless.")
    ] = False,
    bundle: Annotated[
        Optional[Path],
        typer.Option(
            metavar="FILE", help="Repeat the diagnosis of another node from its `ssmdiag bundle`."
        ),
    ] = None,
    patterns: Patterns = None,
    format_: OutputFormat = Format.text,
    output: Output = None,
    redact: Redact = False,
    *,
    reach: Reach,
) -> None:
    """Find out from the agent's log, and from AWS, why sessions or their logs do not work."""
    if offline and (reach.snapshot or reach.save_snapshot):
        raise typer.BadParameter("--offline asks nobody: it goes with no snapshot")
    if all_ and (since or until):
        raise typer.BadParameter("--all reads the whole log: leave --since and --until out")
    if bundle and (logs or since or until or offline or reach.snapshot):
        raise typer.BadParameter("--bundle brings its own log and Answers: name no others")
    around = surroundings()
    job = Job(
        places=tuple(logs or ()),
        span=ALL if all_ else spanned(since, until, around.now),
        session=session,
        offline=offline,
        noise=noise,
        patterns=tuple(patterns or ()),
        bundle=bundle,
        reach=replace(reach, redact=redact),
    )
    try:
        report = run(job, around)
        put(report, format_, output, redact=redact)
    except JobError as error:
        fail(error)
    raise typer.Exit(EXIT_CODES[report.verdict])


def spanned(since: Optional[str], until: Optional[str], now: datetime) -> Span:
    """The period that --since and --until ask for; wrong usage ends the program."""
    try:
        return Span(
            since=parse_moment(since, now) if since else None,
            until=parse_moment(until, now) if until else None,
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
