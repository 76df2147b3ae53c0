"""Accounts in which a set-up may start, and what must be true once its plan was carried out.

Every format is tried on every one of them: the plan is executed for real against the embedded
account, then every Requirement holds and a second plan is empty.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ssmdiag.iam.arn import partition_of
from ssmdiag.setup.grounds import account_of, settle
from ssmdiag.setup.plan import Plan, make_plan
from ssmdiag.setup.wanted import Wish
from ssmdiag.wiring.reach import performing
from ssmdiag.world.asking import Asking
from ssmdiag.world.aws import Access, Aws
from ssmdiag.world.call import Call, Promise, call, keeping

ROLE = "EC2RoleSSMCWSecureLogs"
GROUP = "ssm-secure-consolelog-group"
DOCUMENT = "SSM-SessionManagerRunShell"
WISH = Wish(
    log_group=GROUP,
    key_alias="alias/session-manager-logs",
    role=ROLE,
    retention=365,
    session_user=("Operators",),
)
"""The names of the well-known article."""

Perform = Callable[[Call], Any]


@dataclass(frozen=True)
class State:
    """One account to start from."""

    build: Callable[[Perform, str, str], None]
    """``perform``, account id, region."""
    region: str = "us-east-1"
    wish: Wish = WISH


def planned(state: State) -> Plan:
    """The plan for the account as it is now, read over HTTP."""
    ask = Asking(Aws(Access(state.region)).read)
    return make_plan(settle(state.wish, ask, state.region, account_of(ask)), ask)


def start(state: State, account_id: str) -> None:
    """Build the account that ``state`` tells of."""
    perform = performing(state.region)
    _operators(perform, state.region)
    state.build(perform, account_id, state.region)


def unmet(state: State) -> list[str]:
    """What is not as wanted now: empty after a plan was carried out."""
    plan = planned(state)
    return [str(c) for c in plan.calls] + [f"{c.id}: {c.verdict}" for c in plan.open]


def _operators(perform: Perform, region: str) -> None:
    partition = partition_of(region)
    trust = _policy(
        {
            "Principal": {"AWS": f"arn:{partition}:iam::123456789012:root"},
            "Action": "sts:AssumeRole",
        }
    )
    perform(call("iam", "CreateRole", RoleName="Operators", AssumeRolePolicyDocument=trust))


def _policy(*statements: dict[str, Any]) -> str:
    whole = [{"Effect": "Allow", **statement} for statement in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": whole})


def carry_out(perform: Perform, calls: tuple[Call, ...]) -> None:
    """Perform a plan's Calls in order, as promised values become known."""
    known: list[tuple[Promise, str]] = []
    for order in calls:
        for promise, value in known:
            order = keeping(order, promise, value)
        answer = perform(order)
        if order.gives:
            for word in order.gives.path.split("."):
                answer = answer[word]
            known.append((order.gives, str(answer)))


def _empty(perform: Perform, account_id: str, region: str) -> None:
    del perform, account_id, region


def _finished(perform: Perform, account_id: str, region: str) -> None:
    del account_id
    carry_out(perform, planned(State(_empty, region)).calls)


def _without(*undo: Callable[[Perform, str], Iterator[Call]]) -> Callable[..., None]:
    """Everything is there but for what ``undo`` takes away again."""

    def build(perform: Perform, account_id: str, region: str) -> None:
        _finished(perform, account_id, region)
        for step in undo:
            for order in step(perform, region):
                perform(order)

    return build


def _key_arn(perform: Perform) -> str:
    answer = perform(call("kms", "DescribeKey", KeyId=WISH.key_alias))
    return str(answer["KeyMetadata"]["Arn"])


def _no_alias(perform: Perform, region: str) -> Iterator[Call]:
    del perform, region
    yield call("kms", "DeleteAlias", AliasName=WISH.key_alias)


def _no_rotation(perform: Perform, region: str) -> Iterator[Call]:
    del region
    yield call("kms", "DisableKeyRotation", KeyId=_key_arn(perform))


def _closed_key(perform: Perform, region: str) -> Iterator[Call]:
    partition = partition_of(region)
    root = {"AWS": f"arn:{partition}:iam::123456789012:root"}
    yield call(
        "kms",
        "PutKeyPolicy",
        KeyId=_key_arn(perform),
        PolicyName="default",
        Policy=_policy({"Principal": root, "Action": "kms:*", "Resource": "*"}),
    )


def _saved(content: dict[str, Any]) -> Iterator[Call]:
    yield call(
        "ssm",
        "UpdateDocument",
        Name=DOCUMENT,
        DocumentVersion="$LATEST",
        DocumentFormat="JSON",
        Content=json.dumps(content),
    )
    yield call("ssm", "UpdateDocumentDefaultVersion", Name=DOCUMENT, DocumentVersion="2")


def _foreign_statements(perform: Perform, region: str) -> Iterator[Call]:
    partition = partition_of(region)
    root = f"arn:{partition}:iam::123456789012:root"
    other = f"arn:{partition}:iam::123456789012:role/Operators"
    yield call(
        "kms",
        "PutKeyPolicy",
        KeyId=_key_arn(perform),
        PolicyName="default",
        Policy=_policy(
            {"Sid": "Theirs", "Principal": {"AWS": root}, "Action": "kms:*", "Resource": "*"},
            {"Principal": {"AWS": other}, "Action": "kms:DescribeKey", "Resource": "*"},
        ),
    )
    yield call(
        "iam",
        "PutRolePolicy",
        RoleName=ROLE,
        PolicyName="SessionManagerLogging",
        PolicyDocument=_policy(
            {"Sid": "It's theirs", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/$HOME/*"}
        ),
    )
    inputs = {
        "cloudWatchLogGroupName": "",
        "kmsKeyId": "",
        "runAsEnabled": True,
        "runAsDefaultUser": "deploy",
        "shellProfile": {"linux": "cd \"$HOME\"; echo 'hello'", "windows": ""},
    }
    content = {"schemaVersion": "1.0", "sessionType": "Standard_Stream", "inputs": inputs}
    yield from _saved(content)


def _no_group(perform: Perform, region: str) -> Iterator[Call]:
    del perform, region
    yield call("logs", "DeleteLogGroup", logGroupName=GROUP)


def _plain_group(perform: Perform, region: str) -> Iterator[Call]:
    yield from _no_group(perform, region)
    yield call("logs", "CreateLogGroup", logGroupName=GROUP)


def _other_retention(perform: Perform, region: str) -> Iterator[Call]:
    del perform, region
    yield call("logs", "PutRetentionPolicy", logGroupName=GROUP, retentionInDays=30)


def _no_permissions(perform: Perform, region: str) -> Iterator[Call]:
    del perform, region
    yield call("iam", "DeleteRolePolicy", RoleName=ROLE, PolicyName="SessionManagerLogging")


def _no_role(perform: Perform, region: str) -> Iterator[Call]:
    yield from _no_permissions(perform, region)
    partition = partition_of(region)
    core = f"arn:{partition}:iam::aws:policy/AmazonSSMManagedInstanceCore"
    yield call("iam", "DetachRolePolicy", RoleName=ROLE, PolicyArn=core)
    yield call("iam", "RemoveRoleFromInstanceProfile", RoleName=ROLE, InstanceProfileName=ROLE)
    yield call("iam", "DeleteRole", RoleName=ROLE)
    yield call("iam", "DeleteInstanceProfile", InstanceProfileName=ROLE)


def _half_made_role(perform: Perform, region: str) -> Iterator[Call]:
    del perform, region
    yield call("iam", "RemoveRoleFromInstanceProfile", RoleName=ROLE, InstanceProfileName=ROLE)


def _cut_short(perform: Perform, account_id: str, region: str) -> None:
    _without(_other_preferences)(perform, account_id, region)
    update, _ = planned(State(_empty, region)).calls
    perform(update)


def _no_preferences(perform: Perform, region: str) -> Iterator[Call]:
    del perform, region
    yield call("ssm", "DeleteDocument", Name=DOCUMENT)


def _other_preferences(perform: Perform, region: str) -> Iterator[Call]:
    del perform, region
    inputs = {"cloudWatchLogGroupName": "old", "idleSessionTimeout": "5"}
    content = {"schemaVersion": "1.0", "sessionType": "Standard_Stream", "inputs": inputs}
    yield from _saved(content)


_BOTH = Wish(**{**WISH.__dict__, "s3_bucket": "ssm-session-logs-1", "s3_prefix": "sessions"})

STATES: dict[str, State] = {
    "empty": State(_empty),
    "empty, with a bucket": State(_empty, wish=_BOTH),
    "finished": State(_finished),
    "no role": State(_without(_no_role)),
    "a role that is half made": State(_without(_half_made_role)),
    "no alias, so another key": State(_without(_no_alias)),
    "no rotation": State(_without(_no_rotation)),
    "a key closed to CloudWatch Logs and users": State(_without(_closed_key)),
    "no log group": State(_without(_no_group)),
    "a log group without key": State(_without(_plain_group)),
    "another retention": State(_without(_other_retention)),
    "no permissions": State(_without(_no_permissions)),
    "no preferences": State(_without(_no_preferences)),
    "other preferences": State(_without(_other_preferences)),
    "preferences that were not made the default": State(_cut_short),
    "foreign statements": State(_without(_foreign_statements)),
    "China": State(_empty, region="cn-north-1"),
    "GovCloud, with a bucket": State(_empty, region="us-gov-west-1", wish=_BOTH),
}
