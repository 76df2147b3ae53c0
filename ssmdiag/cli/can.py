"""``ssmdiag can``."""

# No `from __future__ import annotations`: under Python 3.9 Typer cannot read them as text.
from dataclasses import replace
from typing import Annotated, Optional

import typer

from ssmdiag.can.question import QuestionError, read_question
from ssmdiag.cli.options import Output, OutputFormat, Redact, reaching, surroundings
from ssmdiag.cli.output import Format, fail, put_judgement
from ssmdiag.wiring.job import JobError, Reach
from ssmdiag.wiring.permissions import can as run

EXIT_CODES = {"allowed": 0, "denied": 1, "undetermined": 4}
EPILOG = (
    "Exit codes: 0 allowed; 1 denied; 2 wrong usage; 3 the job could not be done; 4 it could not "
    "be said. Calls, all of them reading: sts:GetCallerIdentity; iam:GetRole, "
    "iam:ListAttachedRolePolicies, iam:ListRolePolicies, iam:GetRolePolicy, iam:GetPolicy, "
    "iam:GetPolicyVersion (for a user: iam:GetUser, iam:ListGroupsForUser and the like of users "
    "and groups); organizations:DescribeOrganization, organizations:ListParents, "
    "organizations:ListPoliciesForTarget, organizations:DescribePolicy; and for the resource: "
    "kms:DescribeKey, kms:GetKeyPolicy, kms:ListGrants, kms:ListAliases, s3:GetBucketPolicy. Where "
    "these leave it open and the question is about ssmdiag's own credentials: kms:Decrypt or "
    "kms:GenerateDataKey as a dry run. With --compare: iam:SimulatePrincipalPolicy."
)


@reaching
def can(
    action: Annotated[str, typer.Argument(metavar="ACTION", help="As in kms:Decrypt.")],
    resource: Annotated[
        str,
        typer.Argument(
            metavar="RESOURCE",
            help='An ARN, or "*" for an action without resources. Also a key id or alias '
            "(kms), s3://bucket/key, a log group's name (logs), a role's name (sts:AssumeRole).",
        ),
    ] = "*",
    as_: Annotated[
        Optional[str],
        typer.Option(
            "--as",
            metavar="WHO",
            help="A role's name, the ARN of a role, session or user, or a service principal. "
            "Default: the agent's role on a node, else whoever asks.",
        ),
    ] = None,
    context: Annotated[
        Optional[list[str]],
        typer.Option(
            metavar="KEY=VALUE",
            help="A condition key of the request; KEY= if the request does not have it. May be "
            "given several times.",
        ),
    ] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="Show the IAM policy simulator's answer beside.")
    ] = False,
    format_: OutputFormat = Format.text,
    output: Output = None,
    redact: Redact = False,
    *,
    reach: Reach,
) -> None:
    """Say whether somebody may do something, why, and what would allow it."""
    try:
        question = read_question(action, resource, as_, context or ())
    except QuestionError as error:
        raise typer.BadParameter(str(error)) from None
    try:
        reach = replace(reach, redact=redact)
        judgement = run(question, reach, surroundings(), compare=compare)
        put_judgement(judgement, format_, output, redact=redact)
    except JobError as error:
        fail(error)
    raise typer.Exit(EXIT_CODES[judgement.outcome])
