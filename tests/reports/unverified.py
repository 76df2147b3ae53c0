"""Only a log was there to read, so nothing could be verified."""

from __future__ import annotations

from ssmdiag.model import Advice, Checked, Finding, Report, Resource, SourceFile, Unverified
from tests.reports.parts import CANNOT_FIND_GROUP, EVENING, NODE, REGION, ROLE

UNVERIFIED = Report(
    verdict="unverified",
    headline="Probably the role of the node may not look for log groups; AWS could not be asked.",
    node=(("node", NODE),),
    findings=(
        Finding(
            resource=ROLE,
            verdict="unverified",
            said="The role SessionNode may lack logs:DescribeLogGroups.",
            requirements=("role-describe-log-groups",),
            evidence=("The log holds the refusal of AWS, without the type of the policy.",),
            symptoms=(CANNOT_FIND_GROUP,),
            change=None,
            advice=("Have logs:DescribeLogGroups allowed on * to the role SessionNode.",),
            proof=None,
            settle=(
                "Run ssmdiag on the node, or with credentials that allow iam:ListRolePolicies and "
                "iam:GetRolePolicy.",
                "Or send the log of a newer agent.",
            ),
            suspects=(ROLE, Resource("vpc-endpoint", f"com.amazonaws.{REGION}.logs")),
        ),
    ),
    chain=(
        Checked(
            "role-describe-log-groups",
            "The role may look for log groups",
            "permission",
            Unverified(
                "The role's policies were not read.",
                (ROLE,),
                "Allow iam:ListRolePolicies.",
                ("Only a log was given.",),
                (Advice("Allow it to the role."),),
            ),
        ),
    ),
    past=(),
    unexplained=(),
    unrecognised=(),
    benign=0,
    notes=(),
    sources=(SourceFile("from-the-ticket.log", 18_000, 18_000),),
    calls=(),
    period=(EVENING, EVENING),
)
