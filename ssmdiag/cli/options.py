"""Options that several commands share: how AWS is reached, and where the answer goes."""

# No `from __future__ import annotations`: under Python 3.9 Typer cannot read them as text.
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Optional

import typer

from ssmdiag.cli.output import Format
from ssmdiag.wiring import Surroundings

Snapshot = Annotated[Optional[Path], typer.Option(help="Answers recorded before, instead of AWS.")]
SaveSnapshot = Annotated[
    Optional[Path], typer.Option(help="Record all Answers, to replay the run elsewhere.")
]
Profile = Annotated[Optional[str], typer.Option(help="AWS profile.")]
Region = Annotated[Optional[str], typer.Option(help="The node's region.")]
EndpointUrl = Annotated[Optional[str], typer.Option(help="Another AWS endpoint.")]
AssumeRole = Annotated[Optional[str], typer.Option(metavar="ARN", help="Read AWS with this role.")]
Timeout = Annotated[float, typer.Option(min=0.1, help="Deadline of one Call, in seconds.")]
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
