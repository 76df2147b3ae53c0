"""``ssmdiag setup observe``."""

# No `from __future__ import annotations`: under Python 3.9 Typer cannot read them as text.
from dataclasses import replace
from typing import Annotated, Any, Optional

import typer

from ssmdiag.cli.options import Output, Redact, reaching, surroundings
from ssmdiag.cli.output import fail, put_text
from ssmdiag.cli.plans import (
    NOT_PROVED,
    Account,
    Backup,
    FormatOfPlan,
    Permissions,
    PlanFormat,
    Unproved,
    Yes,
    carry_out,
    worded,
)
from ssmdiag.wiring.job import JobError, MisuseError, Reach


@reaching
def observe(
    log_group: Annotated[
        Optional[str], typer.Option(help="Default: the log group of the preferences.")
    ] = None,
    filter_: Annotated[
        Optional[list[str]],
        typer.Option(
            "--filter", metavar="NAME", help="Only this metric filter; several. Default: all."
        ),
    ] = None,
    namespace: Annotated[
        Optional[str], typer.Option(help="Of the metrics. Default: SessionManager.")
    ] = None,
    alarm_topic: Annotated[
        Optional[str], typer.Option(metavar="ARN", help="The SNS topic that alarms tell.")
    ] = None,
    opensearch_domain: Annotated[
        Optional[str], typer.Option(metavar="ARN", help="Deliver the events to this domain, too.")
    ] = None,
    index: Annotated[Optional[str], typer.Option(help="The index there.")] = None,
    backup_bucket: Annotated[
        Optional[str], typer.Option(help="For documents that the domain refuses.")
    ] = None,
    account: Account = None,
    format_: FormatOfPlan = PlanFormat.text,
    permissions: Permissions = False,
    output: Output = None,
    redact: Redact = False,
    remove_: Annotated[bool, typer.Option("--remove", help="Plan the way back.")] = False,
    apply_: Annotated[bool, typer.Option("--apply", help="Carry it out, after asking.")] = False,
    yes: Yes = False,
    unproved: Unproved = False,
    backup: Backup = None,
    *,
    reach: Reach,
) -> None:
    """Plan metric filters and alarms for session logs, and their delivery to OpenSearch.

    Exit codes: as of plan; with --apply as of apply.
    """
    from ssmdiag.wiring import setup

    names = tuple(filter_) if filter_ else None
    job = setup.ObserveJob(
        log_group,
        names,
        namespace,
        alarm_topic,
        opensearch_domain,
        index,
        backup_bucket,
        account,
        replace(reach, redact=redact),
    )

    def again() -> Any:
        planned = setup.end_of_observation if remove_ else setup.observation
        return planned(job, surroundings())

    if apply_ and account is not None:
        fail(
            MisuseError("what --account assumes cannot be changed: leave out --apply or --account")
        )
    if apply_:
        carry_out(again, reach, yes=yes, unproved=unproved, backup=backup)
        return
    try:
        made, standing = again()
        if permissions:
            whole = setup.needed(made, standing)
        else:
            whole = worded(made, standing.by_whom(made), format_, output)
        put_text(whole, output, redact=redact)
    except JobError as error:
        fail(error)
    raise typer.Exit(NOT_PROVED if made.open else 0)
