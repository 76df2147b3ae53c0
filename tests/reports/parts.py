"""What the Reports are made of: one node, one role, one key, one log group."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from ssmdiag.model import Change, Denial, Failure, Record, Resource, Suspect, Symptom
from ssmdiag.setup.commands import commands
from ssmdiag.world.call import Call

ACCOUNT = "310987654321"
REGION = "eu-central-1"
LOG = "/var/log/amazon/ssm/amazon-ssm-agent.log"
NODE = "i-0c4f2b8a9d1e37065"
GROUP = "/ssm/sessions"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/5f0c9a1e-7b2d-4c38-9e61-0d4b8f2a6c17"
GROUP_ARN = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{GROUP}"
ROLE = Resource("role", "SessionNode")
ANNA = "anna.weber-0b7e61d2f4c58a903"
RAUL = "raul@example.com-0d93f5a7c1e28b460"
EVENING = datetime(2026, 3, 2, 22, 14, 5)


def change(summary: str, *calls: Call, actor: str) -> Change:
    return Change(summary, calls, commands(calls, REGION), actor)


def document(*statements: dict[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def record(message: str, line: int, level: str = "ERROR", session: str = ANNA) -> Record:
    return Record(
        message,
        time=EVENING,
        level=level,
        context=("ssm-session-worker", session, "DataBackend", "pluginName=Standard_Stream"),
        file=LOG,
        line=line,
        offset=line * 180,
    )


NOT_ALLOWED = (
    f"AccessDeniedException: User: arn:aws:sts::{ACCOUNT}:assumed-role/SessionNode/{NODE} is not "
    f"authorized to perform: logs:DescribeLogGroups on resource: "
    f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group::log-stream: because no identity-based policy "
    "allows the logs:DescribeLogGroups action"
)

CANNOT_FIND_GROUP = Symptom(
    pattern="cloudwatch/describe-log-groups",
    title="The agent could not look for the log group",
    severity="session-refused",
    count=42,
    first=EVENING,
    last=EVENING + timedelta(hours=3, minutes=21),
    sessions=(ANNA, RAUL, "anna.weber-04a1c9e8b2d7f6035", "anna.weber-0e5d4c3b2a1908f76"),
    fields=(("action", "logs:DescribeLogGroups"),),
    failure=Failure(
        "denial",
        NOT_ALLOWED,
        "AccessDeniedException",
        Denial(
            NOT_ALLOWED,
            action="logs:DescribeLogGroups",
            principal=f"arn:aws:sts::{ACCOUNT}:assumed-role/SessionNode/{NODE}",
            resource=f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group::log-stream:",
            explicit=False,
            policy_type="identity",
            code="AccessDeniedException",
        ),
    ),
    suspects=(
        Suspect("role-describe-log-groups", "role"),
        Suspect("endpoint-policy", "vpc-endpoint"),
    ),
    decided=True,
    sample=record(f"{NOT_ALLOWED}\n\tstatus code: 400, request id: 7d1f", 1204),
    explanation="Before it streams, the agent looks for the log group by its name.",
)

NOT_ENCRYPTED = Symptom(
    pattern="cloudwatch/encryption-not-set-up",
    title="The session was refused because the log group seems not to be encrypted",
    severity="session-refused",
    count=1,
    first=EVENING,
    last=EVENING,
    sessions=(RAUL,),
    fields=(),
    failure=None,
    suspects=(Suspect("group-encrypted", "log-group"),),
    decided=False,
    sample=record("We couldn't start the session: encryption is not set up", 1207, session=RAUL),
)
