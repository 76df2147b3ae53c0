"""Accounts in which an observation may start, and what is true once its plan was carried out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from ssmdiag.iam.arn import partition_of
from ssmdiag.setup.observed import Observed
from ssmdiag.setup.observing import observe_plan
from ssmdiag.setup.plan import Plan
from ssmdiag.wiring.reach import performing
from ssmdiag.world.asking import Asking
from ssmdiag.world.aws import Access, Aws
from ssmdiag.world.call import Call, call
from tests.starting_states import carry_out

ACCOUNT = "123456789012"
GROUP = "ssm-secure-consolelog-group"
BUCKET = "refused-documents-1"
Perform = Callable[[Call], Any]
Undo = Callable[[Observed], Iterator[Call]]


def observed(region: str = "us-east-1", **choices: Any) -> Observed:
    """What is observed in the tests: all there is, unless told otherwise."""
    home = f"arn:{partition_of(region)}"
    whole = Observed(
        ACCOUNT,
        region,
        GROUP,
        topic=f"{home}:sns:{region}:{ACCOUNT}:security",
        domain=f"{home}:es:{region}:{ACCOUNT}:domain/logs",
        bucket=BUCKET,
    )
    return replace(whole, **choices)


@dataclass(frozen=True)
class State:
    """One account to start from: the wanted one, with something changed."""

    changed: Undo
    finished: bool = True
    """False: only log group, bucket and domain are there."""
    wanted: Observed = field(default_factory=observed)


def ask(wanted: Observed) -> Asking:
    """The door to the embedded account as it is now."""
    return Asking(Aws(Access(wanted.region)).read)


def planned(wanted: Observed) -> Plan:
    """The plan for the account as it is now, read over HTTP."""
    return observe_plan(wanted, ask(wanted))


def unmet(wanted: Observed) -> list[str]:
    """What is not as wanted now: empty after a plan was carried out."""
    plan = planned(wanted)
    return [str(c) for c in plan.calls] + [f"{c.id}: {c.verdict}" for c in plan.open]


def start(state: State) -> None:
    """Build the account that ``state`` tells of."""
    perform = performing(state.wanted.region)
    for order in ground(state.wanted):
        perform(order)
    if state.finished:
        carry_out(perform, planned(state.wanted).calls)
    for order in state.changed(state.wanted):
        perform(order)


def ground(wanted: Observed) -> Iterator[Call]:
    """What must be there before anything is observed."""
    place: dict[str, Any] = {}
    if wanted.region != "us-east-1":
        place = {"CreateBucketConfiguration": {"LocationConstraint": wanted.region}}
    yield call("logs", "CreateLogGroup", logGroupName=GROUP)
    yield call("s3", "CreateBucket", Bucket=BUCKET, **place)
    yield call("sns", "CreateTopic", Name="security")
    if wanted.domain:
        yield domain(wanted)


def domain(wanted: Observed, **settings: Any) -> Call:
    """The domain, open to the pipeline and encrypted unless told otherwise."""
    policy = {
        "Effect": "Allow",
        "Principal": {"AWS": wanted.role_arn(wanted.delivery_role)},
        "Action": ["es:DescribeDomain", "es:ESHttp*"],
        "Resource": f"{wanted.domain}/*",
    }
    whole = {
        "AccessPolicies": policy_of(policy),
        "EncryptionAtRestOptions": {"Enabled": True},
        **settings,
    }
    return call("opensearch", "CreateDomain", DomainName=wanted.domain_name, **whole)


def policy_of(*statements: dict[str, Any]) -> str:
    """A policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _nothing(_: Observed) -> Iterator[Call]:
    yield from ()


def _other_filters(_: Observed) -> Iterator[Call]:
    sudo = {"metricName": "Sudo", "metricNamespace": "Theirs", "metricValue": "1"}
    for name, pattern in (("theirs", '"sudo"'), ("session-manager-root-shells", "root")):
        yield call(
            "logs",
            "PutMetricFilter",
            logGroupName=GROUP,
            filterName=name,
            filterPattern=pattern,
            metricTransformations=[sudo],
        )


def _other_thresholds(wanted: Observed) -> Iterator[Call]:
    yield call(
        "cloudwatch",
        "PutMetricAlarm",
        AlarmName="session-manager-failed-commands",
        Namespace=wanted.namespace,
        MetricName="FailedCommands",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=3,
        Threshold=1000,
        ComparisonOperator="GreaterThanThreshold",
        ActionsEnabled=False,
        AlarmActions=[f"{wanted.topic}-others"],
        OKActions=[wanted.topic],
    )


def _other_subscription(wanted: Observed) -> Iterator[Call]:
    stream = f"{wanted.stream}-theirs"
    yield call("kinesis", "CreateStream", StreamName=stream, ShardCount=1)
    yield call(
        "logs",
        "PutSubscriptionFilter",
        logGroupName=GROUP,
        filterName="theirs",
        filterPattern="ERROR",
        destinationArn=wanted.arn("kinesis", f"stream/{stream}"),
        roleArn=wanted.role_arn("Theirs"),
    )


def _narrow_subscription(wanted: Observed) -> Iterator[Call]:
    yield call(
        "logs",
        "PutSubscriptionFilter",
        logGroupName=GROUP,
        filterName=wanted.subscription,
        filterPattern="ERROR",
        destinationArn=wanted.stream_arn,
        roleArn=wanted.role_arn(wanted.subscription_role),
    )


def _plain_stream(wanted: Observed) -> Iterator[Call]:
    yield call("kinesis", "CreateStream", StreamName=wanted.stream, ShardCount=1)


def _stopped_pipeline(wanted: Observed) -> Iterator[Call]:
    yield call("osis", "StopPipeline", PipelineName=wanted.pipeline)


def _foreign_statements(wanted: Observed) -> Iterator[Call]:
    """Roles of these names that serve something else already."""
    for role in (wanted.delivery_role, wanted.subscription_role):
        theirs = {
            "Sid": "Theirs",
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
        trust = policy_of(theirs)
        yield call("iam", "CreateRole", RoleName=role, AssumeRolePolicyDocument=trust)
        reads = {"Sid": "Theirs", "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}
        document = policy_of(reads)
        which = {"RoleName": role, "PolicyName": "SessionManagerLogging"}
        yield call("iam", "PutRolePolicy", **which, PolicyDocument=document)


STATES: dict[str, State] = {
    "nothing": State(_nothing, finished=False),
    "finished": State(_nothing),
    "filters of others, and one under our name": State(_other_filters, finished=False),
    "other thresholds": State(_other_thresholds),
    "another subscription of somebody else": State(_other_subscription, finished=False),
    "a subscription to some events": State(_narrow_subscription),
    "a stream that is not encrypted": State(_plain_stream, finished=False),
    "a pipeline that is stopped": State(_stopped_pipeline),
    "foreign statements": State(_foreign_statements, finished=False),
    "filters without alarms' topic": State(_nothing, finished=False, wanted=observed(topic="")),
    "two filters, no delivery": State(
        _nothing,
        finished=False,
        wanted=observed(filters=("root-shells", "activity-by-user"), domain="", bucket=""),
    ),
    "China": State(_nothing, finished=False, wanted=observed("cn-north-1", domain="")),
    "GovCloud": State(_nothing, finished=False, wanted=observed("us-gov-west-1")),
    "no bucket": State(_nothing, finished=False, wanted=observed(bucket="")),
}
