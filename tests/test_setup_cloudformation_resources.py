"""Resources of a template: each says what the Calls say, and no text means anything else in it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import boto3
import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ssmdiag.demo.account import Account
from ssmdiag.demo.additions.cloudformation.template import written_out
from ssmdiag.model import Resource
from ssmdiag.setup.formats.cloudformation import cloudformation
from ssmdiag.setup.plan import Step
from ssmdiag.wiring.reach import performing
from ssmdiag.world.call import Call, call
from tests.stacks import ACCOUNT, allow, policy
from tests.starting_states import DOCUMENT, GROUP, STATES, WISH, planned, start, unmet
from tests.templates import (
    ALIAS,
    CORE,
    HOME,
    NEW_KEY,
    REGION,
    STACK,
    by_hand,
    deploy,
    follow,
    found_by_the_linter,
    new_key,
    plan_of,
    preferences,
    resources,
    role,
    role_policy,
)

# What is executed are other programs, whatever Python wrote it.
pytestmark = pytest.mark.exhaustive

# --- resources ------------------------------------------------------------------------------------

OWN = f"{HOME}:policy/Sessions"


def managed(resource: str = "*") -> Call:
    document = json.dumps(policy(allow("kms:Decrypt", resource)))
    return call("iam", "CreatePolicy", PolicyName="Sessions", PolicyDocument=document)


def attach(name: str, arn: str) -> Call:
    return call("iam", "AttachRolePolicy", RoleName=name, PolicyArn=arn)


def test_a_managed_policy_is_attached_to_old_and_new_roles(account: Account) -> None:
    performing(REGION)(role("Old"))
    text = cloudformation(
        plan_of(
            role("New"),
            attach("New", CORE),
            *new_key(allow("kms:Decrypt", Principal={"AWS": f"{HOME}:role/New"})),
            managed(NEW_KEY),
            attach("New", OWN),
            attach("Old", OWN),
        )
    )
    assert found_by_the_linter(text) == []
    follow(text, account)
    iam = boto3.client("iam")
    arns = {
        name: {
            each["PolicyArn"]
            for each in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
        }
        for name in ("Old", "New")
    }
    assert arns == {"Old": {OWN}, "New": {OWN, CORE}}


@pytest.mark.usefixtures("account")
def test_logs_are_counted_and_handed_on() -> None:
    stream = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/sessions"
    performing(REGION)(call("kinesis", "CreateStream", StreamName="sessions", ShardCount=1))
    orders = [
        call("logs", "CreateLogGroup", logGroupName=GROUP),
        *(counted(name) for name in ("root-shells", "root shells")),
        watched("root-shells"),
        role("Subscription", "logs"),
        role_policy("Subscription", stream, "kinesis:PutRecord"),
        subscribed(stream),
    ]
    text = cloudformation(plan_of(*orders))

    assert found_by_the_linter(text) == []
    assert list(resources(text)) == [
        "SessionLogGroup",
        "RootShellsFilter",
        "RootShellsFilter2",
        "RootShellsAlarm",
        "SubscriptionRole",
        "SubscriptionRolePolicy",
        "SubscriptionFilter",
    ]
    assert resources(text)["SubscriptionFilter"]["DependsOn"] == ["SubscriptionRolePolicy"]
    deploy(text)
    logs = boto3.client("logs")
    (one, other) = logs.describe_metric_filters(logGroupName=GROUP)["metricFilters"]
    (transformation,) = one["metricTransformations"]
    assert (transformation["metricValue"], transformation["unit"]) == ("1", "Count")
    assert transformation["dimensions"] == {"user": "$.userIdentity.arn"}
    assert other["filterPattern"] == one["filterPattern"] == '{ $.user = "root" }'
    (alarm,) = boto3.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert (alarm["Threshold"], alarm["Dimensions"]) == (3.0, [{"Name": "user", "Value": "root"}])
    (subscription,) = logs.describe_subscription_filters(logGroupName=GROUP)["subscriptionFilters"]
    assert subscription["destinationArn"] == stream
    assert subscription["roleArn"] == f"{HOME}:role/Subscription"


@pytest.mark.usefixtures("account")
def test_what_is_made_later_is_called_by_its_name_so_that_nothing_waits_in_a_circle() -> None:
    bucket = "sessions-1"
    only = {"ArnEquals": {"aws:SourceArn": f"arn:aws:s3:::{bucket}"}}
    service = allow("kms:Decrypt", Principal={"Service": "s3.amazonaws.com"}, Condition=only)
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": NEW_KEY}
    encrypt = call(
        "s3",
        "PutBucketEncryption",
        Bucket=bucket,
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": default}]
        },
    )
    shown = allow("s3:GetObject", f"arn:aws:s3:::{bucket}", Principal={"AWS": f"{HOME}:root"})
    text = cloudformation(
        plan_of(
            *new_key(service),
            call("s3", "CreateBucket", Bucket=bucket),
            encrypt,
            call("s3", "PutBucketPolicy", Bucket=bucket, Policy=json.dumps(policy(shown))),
        )
    )
    deploy(text)
    found = boto3.client("s3").get_bucket_policy(Bucket=bucket)["Policy"]
    assert json.loads(found)["Statement"] == [shown]


def test_preferences_get_another_version_where_their_content_changes() -> None:
    text = cloudformation(plan_of(preferences("key")))
    assert resources(text)["SessionPreferences"]["Properties"]["UpdateMethod"] == "NewVersion"


def test_what_would_be_overwritten_is_left_to_a_command() -> None:
    group = call("logs", "CreateLogGroup", logGroupName="another")
    text = cloudformation(plan_of(counted("there"), group, replaced=[counted("there")]))
    assert list(resources(text)) == ["SessionLogGroup"]
    assert "put-metric-filter" in by_hand(text, "Before")[1]


def counted(name: str) -> Call:
    return call(
        "logs",
        "PutMetricFilter",
        logGroupName=GROUP,
        filterName=name,
        filterPattern='{ $.user = "root" }',
        metricTransformations=[
            {
                "metricName": name,
                "metricNamespace": "SessionManager",
                "metricValue": "1",
                "unit": "Count",
                "dimensions": {"user": "$.userIdentity.arn"},
            }
        ],
    )


def watched(name: str) -> Call:
    return call(
        "cloudwatch",
        "PutMetricAlarm",
        AlarmName=name,
        AlarmDescription="Somebody is root",
        Namespace="SessionManager",
        MetricName=name,
        Dimensions=[{"Name": "user", "Value": "root"}],
        Statistic="Sum",
        Period=300,
        EvaluationPeriods=1,
        Threshold=3,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
    )


def subscribed(stream: str) -> Call:
    return call(
        "logs",
        "PutSubscriptionFilter",
        logGroupName=GROUP,
        filterName="sessions",
        filterPattern="",
        destinationArn=stream,
        roleArn=f"{HOME}:role/Subscription",
    )


# --- texts ----------------------------------------------------------------------------------------

PERSONAL = "arn:aws:s3:::b/${aws:username}/$${!x}"
TEXTS = [
    "${aws:username} $${x} ${!y} ${",
    "a: b # c\n- 'd'\n\"e\"\r\n\u2028\u0085\x00\x1b",
    "  # no comment\n\n ",
    "2012-10-17",
    "yes",
    "%",
    "$",
]


def evaluated(value: Any, arn: str) -> Any:
    """What CloudFormation makes of a value, if the key has this ARN."""
    if isinstance(value, list):
        return [evaluated(each, arn) for each in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Fn::GetAtt"}:
        assert value["Fn::GetAtt"] == ["SessionKey", "Arn"]
        return arn
    if set(value) == {"Fn::Join"}:
        between, parts = value["Fn::Join"]
        return str(between).join(evaluated(part, arn) for part in parts)
    return {name: evaluated(each, arn) for name, each in value.items()}


ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("${}!"))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from([NEW_KEY, "${", "}"]) | ANY_TEXT))
@example([NEW_KEY, *TEXTS, NEW_KEY])
@example(["${aws:username}/", NEW_KEY, "/${aws:PrincipalTag/a, 'b'}"])
@example(["${", NEW_KEY, "}", NEW_KEY])
@example(["\n"])
def test_every_text_arrives_with_the_arn_in_its_place(parts: list[str]) -> None:
    document = policy(
        allow("a:B", ["".join(parts), *parts], Condition={"A": {p: p for p in parts}})
    )
    order = call(
        "iam",
        "PutRolePolicy",
        RoleName="Node",
        PolicyName="Logging",
        PolicyDocument=json.dumps(document),
    )
    template = written_out(yaml.safe_load(cloudformation(plan_of(*new_key(), order))))
    arrived = evaluated(template["Resources"]["RolePolicy"]["Properties"], "arn")
    (statement,) = arrived["PolicyDocument"]["Statement"]
    wanted = [part.replace(NEW_KEY, "arn") for part in parts]
    assert statement["Resource"] == ["".join(parts).replace(NEW_KEY, "arn"), *wanted]
    assert list(statement["Condition"]["A"].values()) == [
        part.replace(NEW_KEY, "arn") for part in dict.fromkeys(parts)
    ]


@settings(max_examples=100, deadline=None)
@given(st.lists(ANY_TEXT))
@example(TEXTS)
def test_no_reason_breaks_out_of_its_comment(parts: list[str]) -> None:
    group = call("logs", "CreateLogGroup", logGroupName=GROUP)
    retention = call("logs", "PutRetentionPolicy", logGroupName="old", retentionInDays=7)
    text = cloudformation(plan_of(retention, group, why="\n".join(parts)))
    assert list(yaml.safe_load(text)) == [
        *("AWSTemplateFormatVersion", "Description", "Metadata", "Resources", "Outputs")
    ]
    assert list(resources(text)) == ["SessionLogGroup"]
    (shown,) = by_hand(text, "Before")[1:]
    lines = [line for line in shown.split("\n") if not line.startswith("# ")]
    assert lines[0].startswith("aws logs put-retention-policy --region us-east-1")
    nothing_new = cloudformation(plan_of(retention, why="\n".join(parts)))
    assert yaml.safe_load(nothing_new) is None


def test_hostile_texts_are_deployed_as_they_are_meant(account: Account) -> None:
    profile = "cd \"${HOME}\" || exit\necho '${!x}' # ${aws:username}\n\techo $$ <&0 {{a}}\n"
    wish = replace(WISH, shell_profile=profile, shell_profile_windows="# a: 'b'\r\n- c")
    state = replace(STATES["empty"], wish=wish)
    start(state, account.id)
    text = cloudformation(planned(state))

    assert found_by_the_linter(text) == []
    follow(text, account)
    assert unmet(state) == []
    content = json.loads(boto3.client("ssm").get_document(Name=DOCUMENT)["Content"])
    assert content["inputs"]["shellProfile"] == {"linux": profile, "windows": "# a: 'b'\r\n- c"}


@pytest.mark.usefixtures("account")
def test_variables_of_iam_stay_what_they_are_beside_the_new_key() -> None:
    tagged = f"{NEW_KEY}/${{aws:PrincipalTag/team}}"
    text = cloudformation(
        plan_of(*new_key(), role("Node"), role_policy("Node", [tagged, PERSONAL]))
    )
    deploy(text)
    arn = boto3.client("kms").describe_key(KeyId=ALIAS)["KeyMetadata"]["Arn"]
    found = boto3.client("iam").get_role_policy(RoleName="Node", PolicyName="Logging")
    (statement,) = found["PolicyDocument"]["Statement"]
    assert statement["Resource"] == [f"{arn}/${{aws:PrincipalTag/team}}", PERSONAL]


@pytest.mark.parametrize(
    ("orders", "said"),
    [
        ([call("kms", "CreateAlias", AliasName="{{resolve:x}}", TargetKeyId="k")], "{{resolve:x}}"),
        ([call("logs", "CreateLogGroup", logGroupName="\ud800")], "no template can carry"),
        (
            [call("logs", "CreateLogGroup", logGroupName="a", x=1)],
            "how to tell CloudFormation of x",
        ),
        ([call("logs", "PutRetentionPolicy", logGroupName="a\rb")], "would end the comment"),
        ([new_key()[0], call("kms", "TagResource", KeyId=NEW_KEY)], "without an alias"),
    ],
)
def test_what_cannot_be_said_is_refused_in_words(orders: list[Call], said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        cloudformation(plan_of(*orders))


def test_what_only_a_person_can_do_is_said() -> None:
    step = Step(Resource("scp", "o"), "", ("an SCP forbids it",), (), (), ("ask whoever may",))
    plan = plan_of(call("logs", "CreateLogGroup", logGroupName=GROUP))
    for each in (replace(plan, steps=(*plan.steps, step)), replace(plan, steps=(step,))):
        told = " ".join(cloudformation(each).replace("#", "").split())
        assert "Neither template nor command can do this. an SCP forbids it. " in told
        assert "ask whoever may." in told


def test_another_purpose_is_another_stack() -> None:
    plan = plan_of(call("logs", "CreateLogGroup", logGroupName=GROUP))
    assert f"--stack-name {STACK} " in cloudformation(plan)
    other = cloudformation(replace(plan, purpose="Observation of Logs"))
    assert "--stack-name observation-of-logs " in other
