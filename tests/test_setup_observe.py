"""Observation: what is missing is planned, carried out, and taken back again."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from ssmdiag.demo.account import Account
from ssmdiag.setup.formats.script import script
from ssmdiag.setup.observed import Observed, obstacles
from ssmdiag.setup.observing import unobserve
from ssmdiag.wiring.reach import performing
from ssmdiag.world.call import Call, call
from tests.observed_states import (
    ACCOUNT,
    BUCKET,
    GROUP,
    STATES,
    ask,
    domain,
    ground,
    observed,
    planned,
    policy_of,
    start,
    unmet,
)
from tests.starting_states import carry_out

# What is executed are other programs, whatever Python wrote it.
pytestmark = pytest.mark.exhaustive

_IN_SCRIPTS = ("nothing", "a pipeline that is stopped")
_MAKING = ("Create", "Start")


@pytest.mark.parametrize("name", STATES)
def test_a_plan_that_is_carried_out_leaves_nothing_to_be_done(name: str, account: Account) -> None:
    del account
    wanted = STATES[name].wanted
    start(STATES[name])
    plan = planned(wanted)
    assert [f"{c.id}: {c.verdict}" for c in plan.open] == []
    assert bool(plan.calls) is (name != "finished")
    carry_out(performing(wanted.region), plan.calls)
    assert unmet(wanted) == []


@pytest.mark.parametrize("name", list(STATES)[::4])
def test_the_way_back_leads_to_where_the_way_there_starts(name: str, account: Account) -> None:
    del account
    wanted = STATES[name].wanted
    start(STATES[name])
    perform = performing(wanted.region)
    carry_out(perform, planned(wanted).calls)

    carry_out(perform, unobserve(wanted, ask(wanted)).calls)
    assert unobserve(wanted, ask(wanted)).calls == ()

    carry_out(perform, planned(wanted).calls)
    assert unmet(wanted) == []


@pytest.mark.parametrize("name", _IN_SCRIPTS)
def test_a_script_leaves_nothing_to_be_done_and_may_be_run_again(
    name: str, account: Account
) -> None:
    start(STATES[name])
    text = script(planned(STATES[name].wanted))
    first = _run(text, account)
    assert (first.returncode, first.stderr) == (0, "")
    assert unmet(STATES[name].wanted) == []
    if name != _IN_SCRIPTS[0]:
        return

    account.received.clear()
    again = _run(text, account)
    assert (again.returncode, again.stderr) == (0, "")
    assert [o for _, o in account.requests if o.startswith(_MAKING)] == []
    assert unmet(STATES[name].wanted) == []


def _run(text: str, account: Account) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", "-c", text], env=account.environ, capture_output=True, text=True, check=False
    )


# --- what is not lost -----------------------------------------------------------------------------


def _there_and_back(name: str) -> None:
    wanted = STATES[name].wanted
    start(STATES[name])
    perform = performing(wanted.region)
    carry_out(perform, planned(wanted).calls)
    carry_out(perform, unobserve(wanted, ask(wanted)).calls)


def test_filters_of_others_stay(account: Account) -> None:
    del account
    _there_and_back("filters of others, and one under our name")
    left = boto3.client("logs").describe_metric_filters(logGroupName=GROUP)["metricFilters"]
    assert [f["filterName"] for f in left] == ["theirs"]


def test_a_subscription_of_somebody_else_stays(account: Account) -> None:
    del account
    _there_and_back("another subscription of somebody else")
    left = boto3.client("logs").describe_subscription_filters(logGroupName=GROUP)
    assert [f["filterName"] for f in left["subscriptionFilters"]] == ["theirs"]


def test_statements_of_others_stay_in_roles(account: Account) -> None:
    del account
    name = "foreign statements"
    start(STATES[name])
    carry_out(performing("us-east-1"), planned(STATES[name].wanted).calls)
    iam = boto3.client("iam")
    for role in ("SessionManagerDelivery", "SessionManagerSubscription"):
        names = iam.list_role_policies(RoleName=role)["PolicyNames"]
        policies = [
            iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names
        ]
        sids = [statement["Sid"] for policy in policies for statement in policy["Statement"]]
        trust = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
        assert sids[0] == "Theirs"
        assert len(sids) > 1
        assert trust["Statement"][0]["Sid"] == "Theirs"
        assert len(trust["Statement"]) == 2


def test_an_alarm_keeps_whom_else_it_tells_and_that_it_is_silenced(account: Account) -> None:
    del account
    start(STATES["other thresholds"])
    wanted = STATES["other thresholds"].wanted
    (order,) = planned(wanted).calls
    parameters = order.parameters
    assert parameters["AlarmActions"] == [f"{wanted.topic}-others", wanted.topic]
    assert parameters["OKActions"] == [wanted.topic]
    assert parameters["ActionsEnabled"] is False
    assert (parameters["Threshold"], parameters["Period"]) == (20, 300)


def test_what_stays_on_the_way_back_is_told(account: Account) -> None:
    del account
    start(STATES["finished"])
    wanted = STATES["finished"].wanted
    left = " ".join(unobserve(wanted, ask(wanted)).left)
    for name in (wanted.group, wanted.delivery_role, wanted.subscription_role, wanted.domain_name):
        assert name in left
    assert f"stream {wanted.stream}" in left
    assert f"pipeline {wanted.pipeline}" in left


# --- what is made ---------------------------------------------------------------------------------


def _made(name: str, operation: str) -> list[dict[str, Any]]:
    start(STATES[name])
    return [c.parameters for c in planned(STATES[name].wanted).calls if c.operation == operation]


def test_roles_serve_this_account_only_and_may_do_no_more_than_they_need(
    account: Account,
) -> None:
    del account
    roles = {
        p["RoleName"]: json.loads(p["AssumeRolePolicyDocument"]) for p in _made("GovCloud", _ROLE)
    }
    (delivery,) = roles["SessionManagerDelivery"]["Statement"]
    (subscription,) = roles["SessionManagerSubscription"]["Statement"]
    assert delivery["Principal"] == {"Service": "osis-pipelines.amazonaws.com"}
    pipeline = f"arn:aws-us-gov:osis:us-gov-west-1:{ACCOUNT}:pipeline/session-manager-logs"
    assert delivery["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": pipeline},
    }
    assert subscription["Principal"] == {"Service": "logs.amazonaws.com"}
    assert subscription["Condition"] == {
        "StringLike": {"aws:SourceArn": f"arn:aws-us-gov:logs:us-gov-west-1:{ACCOUNT}:*"}
    }
    plan = planned(STATES["GovCloud"].wanted)
    written = [c.parameters for c in plan.calls if c.operation == "PutRolePolicy"]
    allowed = {
        p["RoleName"]: {
            s["Resource"]: s["Action"] for s in json.loads(p["PolicyDocument"])["Statement"]
        }
        for p in written
    }
    stream = f"arn:aws-us-gov:kinesis:us-gov-west-1:{ACCOUNT}:stream/session-manager-logs"
    assert allowed["SessionManagerSubscription"] == {stream: "kinesis:PutRecord"}
    assert set(allowed["SessionManagerDelivery"]) == {
        stream,
        f"arn:aws-us-gov:es:us-gov-west-1:{ACCOUNT}:domain/logs",
        f"arn:aws-us-gov:es:us-gov-west-1:{ACCOUNT}:domain/logs/*",
        f"arn:aws-us-gov:s3:::{BUCKET}/refused-documents/*",
    }
    assert not any("*" in action for each in allowed.values() for action in each.values())


_ROLE = "CreateRole"


def test_a_pipeline_takes_the_records_of_cloudwatch_logs_apart(account: Account) -> None:
    del account
    (created,) = _made("nothing", "CreatePipeline")
    (part,) = [
        value
        for name, value in json.loads(created["PipelineConfigurationBody"]).items()
        if name != "version"
    ]
    source = part["source"]["kinesis_data_streams"]
    assert source["codec"]["json"]["key_name"] == "logEvents"
    assert source["streams"][0]["compression"] == "gzip"
    (sink,) = part["sink"]
    assert sink["opensearch"]["hosts"] == ["https://logs.us-east-1.es.amazonaws.com"]
    assert sink["opensearch"]["dlq"]["s3"]["bucket"] == BUCKET


def test_refused_documents_may_be_encrypted_with_the_key_of_the_bucket(account: Account) -> None:
    del account
    perform, wanted = performing("us-east-1"), observed()
    for order in ground(wanted):
        perform(order)
    key = perform(call("kms", "CreateKey"))["KeyMetadata"]["Arn"]
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    rules = [{"ApplyServerSideEncryptionByDefault": default}]
    perform(
        call(
            "s3",
            "PutBucketEncryption",
            Bucket=BUCKET,
            ServerSideEncryptionConfiguration={"Rules": rules},
        )
    )
    plan = planned(wanted)
    assert plan.open == ()
    texts = [c.parameters["PolicyDocument"] for c in plan.calls if c.operation == "PutRolePolicy"]
    (statement,) = [
        s for text in texts for s in json.loads(text)["Statement"] if s["Resource"] == key
    ]
    assert statement["Action"] == "kms:GenerateDataKey"


# --- what somebody has to do ----------------------------------------------------------------------


_VPC = {"VPCOptions": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}}
_DENY = {
    "AccessPolicies": policy_of(
        {"Effect": "Deny", "Principal": "*", "Action": "es:*", "Resource": "*"}
    )
}


@pytest.mark.parametrize(
    ("settings", "broken", "said"),
    [
        (None, "observe/domain", "there is no OpenSearch domain logs in us-east-1"),
        (_VPC, "observe/domain", "domain logs is inside a VPC"),
        (_DENY, "observe/domain-access", "forbids role SessionManagerDelivery to write"),
    ],
)
def test_a_domain_that_cannot_be_written_to_is_told(
    settings: Any, broken: str, said: str, account: Account
) -> None:
    del account
    perform, wanted = performing("us-east-1"), observed()
    perform(call("logs", "CreateLogGroup", logGroupName=GROUP))
    if settings is not None:
        perform(domain(wanted, **settings))
    plan = planned(wanted)
    (checked,) = plan.broken
    assert checked.id == broken
    assert said in getattr(checked.verdict, "said", "")


def test_nothing_is_made_for_a_domain_that_is_not_there(account: Account) -> None:
    del account
    performing("us-east-1")(call("logs", "CreateLogGroup", logGroupName=GROUP))
    made = {c.operation for c in planned(observed()).calls}
    assert made == {"PutMetricFilter", "PutMetricAlarm"}


_FINE = {
    "AdvancedSecurityOptions": {"Enabled": True, "InternalUserDatabaseEnabled": True},
    "EncryptionAtRestOptions": {"Enabled": False},
    "AccessPolicies": "",
}


def test_the_owner_of_the_domain_is_told_what_it_must_allow(account: Account) -> None:
    del account
    perform, wanted = performing("us-east-1"), observed(bucket="")
    perform(call("logs", "CreateLogGroup", logGroupName=GROUP))
    perform(domain(wanted, **_FINE))
    advice = " ".join(line for step in planned(wanted).steps for line in step.advice)
    role = f"arn:aws:iam::{ACCOUNT}:role/SessionManagerDelivery"
    assert f'has to have {{"Effect": "Allow", "Principal": {{"AWS": "{role}"}}' in advice
    assert f"map {role} to the backend role" in advice
    assert "not encrypted at rest" in advice
    assert "documents that the domain refuses are lost" in advice


def _taken_alarm(_: Observed) -> Iterator[Call]:
    yield call(
        "cloudwatch",
        "PutMetricAlarm",
        AlarmName="session-manager-root-shells",
        Namespace="Theirs",
        MetricName="CPU",
        Statistic="Average",
        Period=60,
        EvaluationPeriods=1,
        Threshold=90,
        ComparisonOperator="GreaterThanThreshold",
    )


def _taken_subscription(wanted: Observed) -> Iterator[Call]:
    yield call("kinesis", "CreateStream", StreamName="theirs", ShardCount=1)
    yield call(
        "logs",
        "PutSubscriptionFilter",
        logGroupName=GROUP,
        filterName=wanted.subscription,
        filterPattern="",
        destinationArn=wanted.arn("kinesis", "stream/theirs"),
        roleArn=wanted.role_arn("Theirs"),
    )


def _taken_pipeline(wanted: Observed) -> Iterator[Call]:
    source = {"http": {"path": "/logs", "aws": {"region": "us-east-1"}}}
    body = {"version": "2", "theirs": {"source": source, "sink": [{"s3": {"bucket": "b"}}]}}
    yield call(
        "osis",
        "CreatePipeline",
        PipelineName=wanted.pipeline,
        MinUnits=1,
        MaxUnits=1,
        PipelineConfigurationBody=json.dumps(body),
    )


@pytest.mark.parametrize(
    ("taken", "said"),
    [
        (_taken_alarm, "alarm session-manager-root-shells watches another metric, Theirs/CPU"),
        (_taken_subscription, "subscription filter session-manager-logs leads to arn:aws:kinesis"),
        (_taken_pipeline, "pipeline session-manager-logs is configured otherwise"),
    ],
)
def test_what_somebody_else_calls_the_same_is_neither_changed_nor_taken_away(
    taken: Any, said: str, account: Account
) -> None:
    del account
    perform, wanted = performing("us-east-1"), observed()
    for order in (*ground(wanted), *taken(wanted)):
        perform(order)
    plan = planned(wanted)
    (checked,) = plan.broken
    assert said in getattr(checked.verdict, "said", "")
    names = ("AlarmName", "filterName", "PipelineName")
    theirs = {v for order in taken(wanted) for k, v in order.parameters.items() if k in names}
    kinds = {order.operation for order in taken(wanted)} - {"CreateStream"}
    written = [c for c in plan.calls if c.operation in kinds]
    assert not any(c.parameters.get(k) in theirs for c in written for k in names)
    assert unobserve(wanted, ask(wanted)).calls == ()


def test_what_may_not_be_read_is_not_verified(account: Account) -> None:
    wanted = observed()
    for order in ground(wanted):
        performing("us-east-1")(order)
    account.faults.refuse("logs", "DescribeMetricFilters")
    plan = planned(wanted)
    assert obstacles(wanted, ask(wanted)) == ()
    unverified = {c.id for c in plan.unverified}
    assert "observe/metric-filter-root-shells" in unverified
    assert "observe/alarm-root-shells" not in unverified
    assert "observe/subscription" not in unverified
