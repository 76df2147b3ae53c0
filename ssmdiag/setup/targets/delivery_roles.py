"""The roles of the delivery: that CloudWatch Logs may write to the stream, and the pipeline may
read it and write to the domain.

Sources: Amazon OpenSearch Service Developer Guide, "Granting Amazon OpenSearch Ingestion pipelines
access to domains" and "Use an OpenSearch Ingestion pipeline with Amazon Kinesis Data Streams";
Kinesis Data Streams Developer Guide, "IAM permissions required for KCL consumer applications" (what
polling takes of the former list); Amazon CloudWatch Logs User Guide, "Subscription filters with
Kinesis Data Streams" and "Confused deputy prevention". Both services have the same principal in
every partition.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Callable

from ssmdiag.model import Advice, Allow, Broken, Holds, Remedy, Resource, Verdict, Write
from ssmdiag.policy.decision import Decision
from ssmdiag.policy.evaluate import evaluate
from ssmdiag.policy.mend import obstacle_of
from ssmdiag.policy.merge import Statement
from ssmdiag.policy.request import Policies, Request
from ssmdiag.requirements.contract import Gap, Requirement
from ssmdiag.requirements.destination.bucket_facts import bucket_key
from ssmdiag.requirements.identity.trust import let_assume
from ssmdiag.requirements.key.facts import key_policy
from ssmdiag.requirements.role.policies import RolePolicies, read_role
from ssmdiag.setup.observed import Observed
from ssmdiag.setup.targets.target import requirement, unread
from ssmdiag.values import dataclass
from ssmdiag.world.call import Absent, Ask, call

REFUSED = "refused-documents/"
"""The keys under which the pipeline keeps what the domain refused."""

_READ = (
    *("kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords"),
    *("kinesis:GetShardIterator", "kinesis:ListShards"),
)
_WRITE = ("es:ESHttpGet", "es:ESHttpHead", "es:ESHttpPost", "es:ESHttpPut")


@dataclass(frozen=True)
class _Permission:
    sid: str
    actions: tuple[str, ...]
    resource: str
    probe: str = ""
    """One thing out of ``resource``, if that is more than one."""


@dataclass(frozen=True)
class Role:
    """A role of the delivery, as it is wanted."""

    name: str
    description: str
    service: str
    condition: Mapping[str, Any]
    source: str
    """For what the service assumes the role: an ARN."""


def delivery_role(observed: Observed) -> Role:
    """The role of the pipeline."""
    pipeline = observed.arn("osis", f"pipeline/{observed.pipeline}")
    return Role(
        observed.delivery_role,
        "Delivers session logs to OpenSearch",
        "osis-pipelines.amazonaws.com",
        {
            "StringEquals": {"aws:SourceAccount": observed.account},
            "ArnLike": {"aws:SourceArn": pipeline},
        },
        pipeline,
    )


def subscription_role(observed: Observed) -> Role:
    """The role of the subscription filter."""
    return Role(
        observed.subscription_role,
        "Hands session logs to a data stream",
        "logs.amazonaws.com",
        {"StringLike": {"aws:SourceArn": observed.arn("logs", "*")}},
        observed.arn("logs", f"log-group:{observed.group}:*"),
    )


def of_pipeline(observed: Observed) -> tuple[Requirement, ...]:
    """The pipeline has a role, and the role what the pipeline needs."""
    role = delivery_role(observed)
    return (
        requirement(
            "observe/delivery-role", "The pipeline has a role", "identity", _assumed(role), observed
        ),
        requirement(
            "observe/delivery-permissions",
            "The pipeline may read events and write documents",
            "permission",
            _allowed(role, _of_delivery),
            observed,
        ),
    )


def of_subscription(observed: Observed) -> tuple[Requirement, ...]:
    """CloudWatch Logs has a role, and the role may write to the stream."""
    role = subscription_role(observed)
    return (
        requirement(
            "observe/subscription-role",
            "CloudWatch Logs has a role for the stream",
            "identity",
            _assumed(role),
            observed,
        ),
        requirement(
            "observe/subscription-permissions",
            "CloudWatch Logs may write to the stream",
            "permission",
            _allowed(role, _of_subscription),
            observed,
        ),
    )


# --- who may assume a role ------------------------------------------------------------------------


def _assumed(role: Role) -> Callable[[Observed, Ask], Verdict]:
    def check(observed: Observed, ask: Ask) -> Verdict:
        resource = Resource("role", role.name)
        if isinstance(ask(call("iam", "GetRole", RoleName=role.name)), Absent):
            write = Write((_creation(role),), f"create role {role.name} for {role.service}")
            return Broken(f"role {role.name} does not exist", resource, (), (write,))
        found = read_role(ask, role.name)
        if found.trust is None:
            gap = found.gap or Gap(f"the trust of role {role.name} is not known", "iam:GetRole")
            return unread(gap, resource)
        request = Request(
            "sts:AssumeRole",
            observed.role_arn(role.name),
            role.service,
            resource_account=observed.account,
            context={"aws:SourceAccount": observed.account, "aws:SourceArn": role.source},
        )
        decision = evaluate(request, Policies(identity=(), resource=(found.trust,)))
        if decision.outcome == "allowed":
            return Holds(f"{role.service} may assume role {role.name}", decision.reasons)
        remedy: Remedy = let_assume(role.name, found.trust.document, _trust(role), role.service)
        if decision.explicit:
            remedy = Advice(f"narrow the Deny statement in the trust policy of role {role.name}")
        said = f"the trust policy of role {role.name} does not let {role.service} assume it"
        return Broken(said, resource, decision.reasons, (remedy,))

    return check


def _creation(role: Role) -> Any:
    trust = {"Version": "2012-10-17", "Statement": [_trust(role)]}
    return call(
        "iam",
        "CreateRole",
        RoleName=role.name,
        Description=role.description,
        AssumeRolePolicyDocument=json.dumps(trust),
    )


def _trust(role: Role) -> Statement:
    return {
        "Effect": "Allow",
        "Principal": {"Service": role.service},
        "Action": "sts:AssumeRole",
        "Condition": dict(role.condition),
    }


# --- what a role may do ---------------------------------------------------------------------------


def _of_delivery(observed: Observed, ask: Ask) -> Iterator[_Permission]:
    yield _Permission("ReadSessionLogs", _READ, observed.stream_arn)
    yield _Permission("FindDomain", ("es:DescribeDomain",), observed.domain)
    yield _Permission("WriteDocuments", _WRITE, f"{observed.domain}/*", f"{observed.domain}/_bulk")
    if observed.bucket:
        refused = f"arn:{observed.partition}:s3:::{observed.bucket}/{REFUSED}"
        sid = "KeepRefusedDocuments"
        yield _Permission(sid, ("s3:PutObject",), f"{refused}*", f"{refused}document")
        key = bucket_key(ask, observed.bucket)
        if isinstance(key, str) and key.startswith("arn:"):
            yield _Permission("EncryptRefusedDocuments", ("kms:GenerateDataKey",), key)


def _of_subscription(observed: Observed, ask: Ask) -> Iterator[_Permission]:
    del ask  # what it needs depends on nothing
    yield _Permission("WriteSessionLogs", ("kinesis:PutRecord",), observed.stream_arn)


_Permissions = Callable[[Observed, Ask], Iterator[_Permission]]


def _allowed(role: Role, permissions: _Permissions) -> Callable[[Observed, Ask], Verdict]:
    def check(observed: Observed, ask: Ask) -> Verdict:
        resource = Resource("role", role.name)
        found = read_role(ask, role.name)
        if found.identity is None or found.boundary is None:
            gap = found.gap or Gap(f"the policies of role {role.name} are not known", "iam:GetRole")
            return unread(gap, resource)
        lacking: list[str] = []
        remedies: list[Remedy] = []
        reasons: list[str] = []
        for each in permissions(observed, ask):
            policies = _policies(found, ask, each)
            refused = _refused(observed, role.name, each, policies)
            lacking += refused
            for action, decision in refused.items():
                reasons += decision.reasons
                remedies.append(_remedy(role.name, action, decision, each, policies))
        if not lacking:
            return Holds(f"role {role.name} has what it needs")
        said = f"role {role.name} is not allowed {', '.join(lacking)}"
        return Broken(said, resource, tuple(dict.fromkeys(reasons)), tuple(remedies))

    return check


def _policies(found: RolePolicies, ask: Ask, permission: _Permission) -> Policies:
    resource: Any = ()
    if permission.resource.split(":")[2] == "kms":
        # No identity policy counts for a key whose own policy does not say so.
        policy = key_policy(ask, permission.resource)
        resource = None if isinstance(policy, Gap) else (policy,)
    return Policies(identity=found.identity, boundary=found.boundary, resource=resource)


def _refused(
    observed: Observed, role: str, permission: _Permission, policies: Policies
) -> dict[str, Decision]:
    session = f"arn:{observed.partition}:sts::{observed.account}:assumed-role/{role}/delivery"
    decisions = {
        action: evaluate(
            Request(
                action,
                permission.probe or permission.resource,
                session,
                principal_arn=observed.role_arn(role),
                resource_account=observed.account,
            ),
            policies,
        )
        for action in permission.actions
    }
    return {action: d for action, d in decisions.items() if d.outcome != "allowed"}


def _remedy(
    role: str, action: str, decision: Decision, permission: _Permission, policies: Policies
) -> Remedy:
    mendable = not decision.explicit and decision.layer in ("identity", None)
    if mendable:
        return Allow(role, (action,), permission.resource, permission.sid)
    wanted = f"{action} on {permission.resource}"
    return Advice(str(obstacle_of(decision, wanted, policies)))
