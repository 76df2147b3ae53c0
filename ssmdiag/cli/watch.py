"""``ssmdiag watch``."""

# No `from __future__ import annotations`: under Python 3.9 Typer cannot read them as text.
import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from ssmdiag.cli.options import OutputFormat, Patterns, reaching, surroundings
from ssmdiag.cli.output import EXIT_CODES, Format, fail
from ssmdiag.wiring.job import JobError, MisuseError, Reach

EPILOG = (
    "Exit codes of --once: those of diagnose (0 nothing new or nothing wrong; 1 something is "
    "broken; 3 the job could not be done; 4 something could not be verified). The long-running "
    "form ends with 0 at SIGTERM, and reads the catalogue anew at SIGHUP. Idle, and with no open "
    "cause, it makes no AWS call; else those of diagnose."
)

_PERIOD = re.compile(r"(\d{1,6})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@reaching
def watch(
    logs: Annotated[
        Optional[list[str]],
        typer.Argument(
            metavar="LOG",
            help="Files or folders to follow. Default: the agent's logs.",
            show_default=False,
        ),
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="Read what is new since the last run, and leave.")
    ] = False,
    status: Annotated[
        bool, typer.Option("--status", help="Say where it stands, and leave.")
    ] = False,
    from_: Annotated[
        str,
        typer.Option("--from", metavar="now|start|24h", help="Where the very first run begins."),
    ] = "now",
    remind: Annotated[str, typer.Option(help="Tell of an open cause again after so long.")] = "24h",
    recheck: Annotated[
        str,
        typer.Option(
            help="Look at an open cause again after so long; as long AWS's answers count, unless "
            "new trouble says that they changed."
        ),
    ] = "15m",
    spread: Annotated[
        str,
        typer.Option(
            help="Ask AWS at a random moment of so long after trouble: a fleet that sees one fault "
            "must not ask at once."
        ),
    ] = "0s",
    state: Annotated[
        Optional[Path],
        typer.Option(metavar="FILE", help="The checkpoint. Default: in the state folder."),
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="The log only; ask nobody.")] = False,
    tell: Annotated[
        Optional[list[str]],
        typer.Option(
            metavar="WHERE",
            help="Tell there, too: file:PATH, syslog, journald, eventlog, sns:ARN, "
            "eventbridge[:BUS], metrics[:NAMESPACE], emf, exec:COMMAND. May be given several "
            "times.",
        ),
    ] = None,
    patterns: Patterns = None,
    format_: OutputFormat = Format.text,
    *,
    reach: Reach,
) -> None:
    """Follow the agent's logs, and tell what is worth waking up for."""
    from ssmdiag.wiring.state import state_folder
    from ssmdiag.wiring.watch_job import WatchJob, has_nothing_to_do, require_file

    around = surroundings()
    try:
        job = WatchJob(
            places=tuple(logs or ()),
            start=_start(from_),
            state=state or state_folder(around) / "watch.json",
            remind=_period(remind, "--remind"),
            recheck=_period(recheck, "--recheck"),
            spread=_period(spread, "--spread"),
            offline=offline,
            patterns=tuple(patterns or ()),
            reach=reach,
        )
        require_file(job.state)
        if status:
            _status(job, format_)
            return
        # What is asked for besides may be wrong, and must be said so by any run.
        if once and not patterns and _are_places(tell) and has_nothing_to_do(job, around):
            return
        from ssmdiag.wiring import loop

        as_json = format_ is Format.json
        verdict = loop.watch(job, around, tuple(tell or ()), as_json=as_json, once=once)
    except JobError as error:
        fail(error)
    raise typer.Exit(EXIT_CODES[verdict])


def _are_places(tell: Optional[list[str]]) -> bool:
    if not tell:
        return True
    from ssmdiag.tell.address import parse

    try:
        return all(parse(each) for each in tell)
    except ValueError:
        return False


def _status(job: Any, form: Format) -> None:
    from ssmdiag.wiring.standing import standing

    typer.echo(standing(job, as_json=form is Format.json), nl=False)


def _start(text: str) -> Any:
    return text if text in ("now", "start") else _period(text, "--from")


def _period(text: str, option: str) -> timedelta:
    found = _PERIOD.fullmatch(text)
    if not found:
        raise MisuseError(f"{option} {text!r}: write it like 90s, 15m, 24h or 7d")
    return timedelta(**{_UNITS[found.group(2)]: int(found.group(1))})
