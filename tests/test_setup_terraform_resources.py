"""Terraform: resources refer to each other, and those that forward and watch the log are made."""

from __future__ import annotations

import json
from pathlib import Path

import boto3
import pytest

from ssmdiag.demo.account import Account
from ssmdiag.iam.arn import partition_of
from ssmdiag.setup.formats.terraform import terraform
from ssmdiag.setup.plan import Plan
from ssmdiag.world.call import call, promising
from tests.terraform_cases import (
    ACCOUNT,
    NEW_KEY,
    REGION,
    accepts,
    carry_out,
    group,
    installed,
    new_key,
    plan_of,
    policy,
)
from tests.terraform_language import parsed

# What is executed are other programs, whatever Python wrote it.
pytestmark = pytest.mark.exhaustive

# --- references -----------------------------------------------------------------------------------


def test_what_terraform_makes_is_referred_to_wherever_it_is_named() -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/Node"
    trust = json.dumps({"Version": "2012-10-17", "Statement": [{"Principal": {"AWS": role}}]})
    longer = policy("*", Condition={"ArnLike": {"aws:PrincipalArn": [role, f"{role}Admin"]}})
    create = call("iam", "CreateRole", RoleName="Node", AssumeRolePolicyDocument=trust)
    key = promising(call("kms", "CreateKey", Policy=longer), "KeyMetadata.Arn", NEW_KEY)
    encrypted = call("logs", "CreateLogGroup", logGroupName="Node", kmsKeyId=NEW_KEY)
    text = terraform(plan_of(create, key, new_key()[1], encrypted))
    assert '"${aws_iam_role.Node.arn}",\n' in text
    assert f'"{role}Admin"\n' in text
    assert f'"AWS": "{role}"\n' in text, "nothing refers to itself"
    assert "kms_key_id   = aws_kms_key.sessions.arn\n" in text


# --- resources that forward and watch the log -----------------------------------------------------

STREAM = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/sessions"
SUBSCRIPTION = f"arn:aws:iam::{ACCOUNT}:role/Subscription"
METRIC = {
    "metricName": "Shell",
    "metricNamespace": "SSM",
    "metricValue": "1",
    "defaultValue": 0,
}


def watching() -> Plan:
    return plan_of(
        group("sessions"),
        call(
            "logs",
            "PutMetricFilter",
            logGroupName="sessions",
            filterName="shell",
            filterPattern='{ $.a = "${x}" }',
            metricTransformations=[METRIC],
        ),
        call(
            "cloudwatch",
            "PutMetricAlarm",
            AlarmName="shell",
            Namespace="SSM",
            MetricName="Shell",
            Dimensions=[{"Name": "Host", "Value": "h"}],
            Statistic="Sum",
            Period=300,
            EvaluationPeriods=1,
            Threshold=1.0,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
            TreatMissingData="notBreaching",
            AlarmActions=["arn:aws:sns:us-east-1:123456789012:t"],
            OKActions=["arn:aws:sns:us-east-1:123456789012:t"],
        ),
    )


def test_a_metric_filter_and_its_alarm_are_made(account: Account) -> None:
    text = terraform(watching())
    assert "log_group_name = aws_cloudwatch_log_group.sessions.name\n" in text
    carry_out(text, account)
    (made,) = boto3.client("logs", REGION).describe_metric_filters()["metricFilters"]
    assert made["filterPattern"] == '{ $.a = "${x}" }'
    assert made["metricTransformations"] == [METRIC]
    (alarm,) = boto3.client("cloudwatch", REGION).describe_alarms()["MetricAlarms"]
    assert alarm["Dimensions"] == [{"Name": "Host", "Value": "h"}]
    assert alarm["OKActions"] == ["arn:aws:sns:us-east-1:123456789012:t"]


def forwarding() -> Plan:
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    return plan_of(
        group("sessions"),
        call("iam", "CreateRole", RoleName="Subscription", AssumeRolePolicyDocument=trust),
        call(
            "iam",
            "PutRolePolicy",
            RoleName="Subscription",
            PolicyName="HandOn",
            PolicyDocument=policy(STREAM),
        ),
        call(
            "logs",
            "PutSubscriptionFilter",
            logGroupName="sessions",
            filterName="forward",
            filterPattern="",
            destinationArn=STREAM,
            roleArn=SUBSCRIPTION,
        ),
    )


def test_a_log_is_forwarded_as_the_calls_say(account: Account) -> None:
    boto3.client("kinesis", REGION).create_stream(StreamName="sessions", ShardCount=1)
    plan = forwarding()
    carry_out(terraform(plan), account)
    (sent,) = (r for r in account.received if r.operation == "PutSubscriptionFilter")
    assert sent.parameters == plan.calls[-1].parameters


def only_policy(text: str) -> str:
    (address,) = (a for a in parsed(text).resources if a.startswith("aws_iam_role_policy."))
    return address


def test_a_subscription_waits_for_what_its_role_may() -> None:
    text = terraform(forwarding())
    body = parsed(text).resources["aws_cloudwatch_log_subscription_filter.forward"]
    assert body["role_arn"] == "${aws_iam_role.Subscription.arn}"
    assert body["depends_on"] == [f"${{{only_policy(text)}}}"]


@installed
def test_terraform_can_read_nested_blocks(tmp_path: Path) -> None:
    accepts(terraform(watching()), tmp_path)


def test_permissions_that_need_a_policy_of_their_own_are_attached_once_it_is_made(
    account: Account,
) -> None:
    iam = boto3.client("iam", REGION)
    iam.create_role(RoleName="Node", AssumeRolePolicyDocument=policy("*"))
    arn = f"arn:{partition_of(REGION)}:iam::{account.id}:policy/SessionManagerLogging"
    document = policy("arn:aws:kms:us-east-1:123456789012:key/k")
    text = terraform(
        plan_of(
            call(
                "iam",
                "CreatePolicy",
                PolicyName="SessionManagerLogging",
                PolicyDocument=document,
            ),
            call("iam", "AttachRolePolicy", RoleName="Node", PolicyArn=arn),
        )
    )
    assert "policy_arn = aws_iam_policy.SessionManagerLogging.arn\n" in text
    carry_out(text, account)
    attached = iam.list_attached_role_policies(RoleName="Node")["AttachedPolicies"]
    assert [each["PolicyArn"] for each in attached] == [arn]


def test_the_policy_of_a_bucket_that_has_one_is_adopted(account: Account) -> None:
    s3 = boto3.client("s3", REGION)
    s3.create_bucket(Bucket="theirs")
    s3.put_bucket_policy(Bucket="theirs", Policy=policy("*"))
    order = call("s3", "PutBucketPolicy", Bucket="theirs", Policy=policy("*", Sid="More"))
    text = terraform(plan_of(order, replaced=(order,)))
    assert parsed(text).imports == {"aws_s3_bucket_policy.theirs": "theirs"}
    carry_out(text, account)
    found = json.loads(s3.get_bucket_policy(Bucket="theirs")["Policy"])
    assert found["Statement"][0]["Sid"] == "More"
