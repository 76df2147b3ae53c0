"""``ssmdiag predict``."""

# No `from __future__ import annotations`: under Python 3.9 Typer cannot read them as text.
from dataclasses import replace
from typing import Annotated, Optional

import typer

from ssmdiag.cli.options import Output, OutputFormat, Redact, reaching, surroundings
from ssmdiag.cli.output import Format, fail, page_layout, put_text
from ssmdiag.wiring.job import JobError, Reach

EXIT_CODES = {"fine": 0, "broken": 1, "unverified": 4}
EPILOG = (
    "Exit codes: 0 nothing breaks; 1 it breaks something that works (without --change: something "
    "does not work now); 2 wrong usage, or it is not clear what a file would replace; 3 the job "
    "could not be done; 4 it could not be verified. Calls, all of them reading: those of diagnose, "
    "with iam:GetUser and its like for users who start sessions, and ec2:DescribeInstances, "
    "ec2:DescribeVpcEndpoints, ec2:DescribeRouteTables for the policies of VPC endpoints."
)


@reaching
def predict(
    change: Annotated[
        Optional[list[str]],
        typer.Option(
            metavar="[TARGET=]FILE",
            help="A proposed policy or session document as JSON, or write Calls (setup plan "
            "--format json, a Change of a Report). TARGET says what it replaces: a key (ARN, id, "
            "alias/NAME), ROLE/POLICY, a managed policy's ARN, a role (trust policy), vpce-ID, "
            "s3://BUCKET, a document's name. May be given several times.",
        ),
    ] = None,
    as_user: Annotated[
        Optional[str],
        typer.Option(metavar="ARN", help="Who starts sessions, besides those who did of late."),
    ] = None,
    format_: OutputFormat = Format.text,
    output: Output = None,
    redact: Redact = False,
    *,
    reach: Reach,
) -> None:
    """Say what the next session does, and which sessions a change would break. Writes nothing."""
    from ssmdiag.render import prediction as words
    from ssmdiag.wiring.predicting import PredictJob
    from ssmdiag.wiring.predicting import predict as run

    try:
        job = PredictJob(tuple(change or ()), as_user, replace(reach, redact=redact))
        found = run(job, surroundings())
        if format_ is Format.json:
            whole = words.to_json(found)
        else:
            whole = words.text(found, page_layout(output))
        put_text(whole, output, redact=redact)
    except JobError as error:
        fail(error)
    raise typer.Exit(EXIT_CODES[found.verdict])
