"""More causes than anyone expects, with long names and long sentences."""

from __future__ import annotations

from ssmdiag.model import Finding, Proof, Report, Resource
from ssmdiag.world.call import call
from tests.reports.parts import ACCOUNT, GROUP, GROUP_ARN, REGION, change


def _one_of_many(number: int) -> Finding:
    name = f"department-{number:02}-session-node"
    return Finding(
        resource=Resource("role", f"arn:aws:iam::{ACCOUNT}:role/{name}"),
        verdict="broken" if number % 5 else "unverified",
        said=f"The role arn:aws:iam::{ACCOUNT}:role/{name} may not write to the log group "
        f"{GROUP}, which the preferences of {REGION} name as the destination of every session.",
        requirements=(f"role-log-streams-{number}",),
        evidence=("No policy of the role allows logs:PutLogEvents.",),
        symptoms=(),
        change=change(
            f"Allow logs:CreateLogStream, logs:DescribeLogStreams and logs:PutLogEvents on "
            f"{GROUP_ARN}:* to the role {name}.",
            call(
                "iam",
                "AttachRolePolicy",
                RoleName=name,
                PolicyArn=f"arn:aws:iam::{ACCOUNT}:policy/SessionLogs",
            ),
            actor=f"an administrator of account {ACCOUNT}",
        ),
        advice=(),
        proof=Proof(True, "with this change the requirement holds."),
        settle=() if number % 5 else ("Allow iam:GetRolePolicy to who runs this.",),
    )


def many(number: int) -> Report:
    return Report(
        verdict="broken",
        headline=f"{number} roles may not write to the log group {GROUP}.",
        node=(("account", ACCOUNT),),
        findings=tuple(_one_of_many(each) for each in range(1, number + 1)),
        chain=(),
        past=(),
        unexplained=(),
        unrecognised=(),
        benign=0,
        notes=(),
        sources=(),
        calls=(),
    )


MANY = many(20)
