"""``ssmdiag setup``: encrypted session logging, planned, printed, applied, verified, taken back."""

# No `from __future__ import annotations`: under Python 3.9 Typer cannot read them as text.
import shlex
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from ssmdiag.cli.observe import observe
from ssmdiag.cli.options import (
    Output,
    OutputFormat,
    Redact,
    gathered,
    reaching,
    surroundings,
)
from ssmdiag.cli.output import EXIT_CODES, Format, fail, put, put_text
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
from ssmdiag.setup.wanted import Wish
from ssmdiag.wiring.job import JobError, Reach

commands = typer.Typer(
    help="Encrypted session logging: key, log group, role, preferences.", no_args_is_help=True
)

_WISH: dict[str, Any] = {
    "log_group": Annotated[Optional[str], typer.Option(help="The log group of the sessions.")],
    "retention": Annotated[
        Optional[int], typer.Option(help="Days for which events are kept. Default: as it is.")
    ],
    "streaming": Annotated[
        Optional[bool],
        typer.Option(
            "--streaming/--no-streaming",
            help="Log while a session runs, or at its end. Default: as it is; first streaming.",
        ),
    ],
    "key": Annotated[Optional[str], typer.Option(help="An existing KMS key: id or ARN.")],
    "key_alias": Annotated[
        Optional[str],
        typer.Option(
            help="The key's alias; a key is made if there is none. Default: the key that is in "
            "use, or alias/session-manager-logs."
        ),
    ],
    "key_admin": Annotated[
        Optional[list[str]],
        typer.Option(metavar="ARN", help="Who administers the key. May be given several times."),
    ],
    "session_user": Annotated[
        Optional[list[str]],
        typer.Option(
            metavar="ARN",
            help="Who starts sessions, and so needs kms:GenerateDataKey: a role or user, or a "
            "role's name. May be given several times.",
        ),
    ],
    "session_encryption": Annotated[
        Optional[bool],
        typer.Option(
            "--session-encryption/--no-session-encryption",
            help="Encrypt the session itself with the key, too. Default: yes.",
        ),
    ],
    "role": Annotated[
        Optional[str], typer.Option(help="The nodes' role. Default: on a node, its own.")
    ],
    "s3_bucket": Annotated[Optional[str], typer.Option(help="A bucket for session logs.")],
    "s3_prefix": Annotated[Optional[str], typer.Option(help="The folder in it.")],
    "run_as": Annotated[
        Optional[str], typer.Option(metavar="USER", help="The OS user that sessions run as.")
    ],
    "idle_timeout": Annotated[Optional[int], typer.Option(help="Minutes, 1 to 60.")],
    "max_duration": Annotated[Optional[int], typer.Option(help="Minutes, 1 to 1440.")],
    "shell_profile": Annotated[
        Optional[str], typer.Option(help="Commands at the start of a Linux session.")
    ],
    "shell_profile_windows": Annotated[
        Optional[str], typer.Option(help="Commands at the start of a Windows session.")
    ],
}
wishing = gathered("wish", Wish, _WISH)
"""Gives a command the options that say what is wanted, as its parameter ``wish``."""

Config = Annotated[
    Optional[Path],
    typer.Option(help="The same choices from a file (see `setup init`); options override it."),
]


@commands.command("plan")
@wishing
@reaching
def plan(
    config: Config = None,
    account: Account = None,
    format_: FormatOfPlan = PlanFormat.text,
    permissions: Permissions = False,
    output: Output = None,
    redact: Redact = False,
    *,
    wish: Wish,
    reach: Reach,
) -> None:
    """Say what is missing, and print what would set it up. Changes nothing.

    Exit codes: 0 planned and proved, or nothing to be done; 4 it could not be proved.
    """
    from ssmdiag.wiring import setup

    job = setup.SetupJob(wish, config, account, replace(reach, redact=redact))
    try:
        made, standing = setup.plan(job, surroundings())
        if permissions:
            whole = setup.needed(made, standing)
        else:
            whole = worded(made, standing.by_whom(made), format_, output)
        put_text(whole, output, redact=redact)
    except JobError as error:
        fail(error)
    raise typer.Exit(NOT_PROVED if made.open else 0)


@commands.command("apply")
@wishing
@reaching
def apply(
    config: Config = None,
    yes: Yes = False,
    unproved: Unproved = False,
    backup: Backup = None,
    *,
    wish: Wish,
    reach: Reach,
) -> None:
    """Show the plan, ask, and carry it out. Run it again to go on where it stopped.

    Exit codes: 0 done, and everything holds; 1 it failed on the way, or something does not hold.
    """
    from ssmdiag.wiring import setup

    job = setup.SetupJob(wish, config, None, reach)
    around = surroundings()

    def again() -> Any:
        return setup.plan(job, around)

    carry_out(again, reach, yes=yes, unproved=unproved, backup=backup)


@commands.command("verify")
@wishing
@reaching
def verify(
    config: Config = None,
    live: Annotated[
        bool,
        typer.Option(
            "--live", help="Write one event to a log stream of its own, too, and remove it."
        ),
    ] = False,
    format_: OutputFormat = Format.text,
    output: Output = None,
    redact: Redact = False,
    *,
    wish: Wish,
    reach: Reach,
) -> None:
    """Evaluate every requirement of the configuration in force; exit codes as of diagnose."""
    from ssmdiag.wiring import setup

    try:
        job = setup.SetupJob(wish, config, None, replace(reach, redact=redact))
        report = setup.verify(job, surroundings(), live=live)
        put(report, format_, output, redact=redact)
    except JobError as error:
        fail(error)
    raise typer.Exit(EXIT_CODES[report.verdict])


class FormatOfWayBack(str, Enum):
    """What a way back can be written as: there is nothing to deploy in it."""

    text = "text"
    commands = "commands"
    powershell = "powershell"
    json = "json"


@commands.command("remove")
@wishing
@reaching
def remove(
    config: Config = None,
    format_: Annotated[
        FormatOfWayBack, typer.Option("--format", help="For reading or running.")
    ] = FormatOfWayBack.text,
    permissions: Permissions = False,
    output: Output = None,
    redact: Redact = False,
    apply_: Annotated[bool, typer.Option("--apply", help="Carry it out, after asking.")] = False,
    yes: Yes = False,
    unproved: Unproved = False,
    backup: Backup = None,
    *,
    wish: Wish,
    reach: Reach,
) -> None:
    """Plan the way back, and say what stays. Never deletes a key or a log.

    Exit codes: as of plan; with --apply as of apply.
    """
    from ssmdiag.wiring import setup

    job = setup.SetupJob(wish, config, None, reach)

    def again() -> Any:
        return setup.removal(job, surroundings())

    if apply_:
        carry_out(again, reach, yes=yes, unproved=unproved, backup=backup)
        return
    try:
        back, standing = again()
        if permissions:
            whole = setup.needed(back, standing)
        else:
            form = PlanFormat(format_.value)
            whole = worded(back, standing.by_whom(back), form, output)
        put_text(whole, output, redact=redact)
    except JobError as error:
        fail(error)
    raise typer.Exit(NOT_PROVED if back.open else 0)


@commands.command("init")
def init(
    file: Annotated[Path, typer.Argument(help="The file to write.")] = Path("ssmdiag.toml"),
) -> None:
    """Ask what is wanted, and write it down for `--config`."""
    from ssmdiag.setup.configuration import written
    from ssmdiag.wiring.job import write_aside

    if file.exists():
        fail(JobError(f"{file} exists already: edit it, or name another one"))
    try:
        write_aside(file, written(_asked()))
    except JobError as error:
        fail(error)
    typer.echo(f"{file} is written. Next: ssmdiag setup plan --config {shlex.quote(str(file))}")


def _asked() -> Wish:
    group = typer.prompt("Log group of the sessions", default="/ssm/sessions")
    alias = typer.prompt("Alias of the KMS key", default="alias/session-manager-logs")
    role = typer.prompt("Role of the nodes (empty: that of the node it runs on)", default="")
    users = typer.prompt("Who starts sessions: roles or ARNs, with commas", default="")
    admins = typer.prompt("Who administers the key: ARNs, with commas", default="")
    days = typer.prompt(
        "Days to keep events (0: as it is; a new log group keeps them for ever)",
        default=365,
        type=int,
    )
    streaming = typer.confirm("Log while sessions run (else at their end)?", default=True)
    bucket = typer.prompt("Bucket for session logs, besides (empty: none)", default="")
    return Wish(
        log_group=group,
        key_alias=alias,
        role=role or None,
        session_user=_parts(users),
        key_admin=_parts(admins),
        retention=days or None,
        streaming=streaming,
        s3_bucket=bucket or None,
    )


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


commands.command("observe")(observe)
