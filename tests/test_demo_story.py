"""The story builds, by ordinary Calls, an account with three mistakes in it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from ssmdiag.demo.account import Account
from ssmdiag.demo.story import Story, mistakes
from ssmdiag.world.call import Call


def perform(order: Call) -> Any:
    aws: Any = boto3
    return getattr(aws.client(order.service), xform_name(order.operation))(**order.parameters)


@pytest.fixture
def story(account: Account) -> Story:
    return mistakes(perform, account.id, account.region)


def test_the_role_may_write_logs_but_not_find_the_group(story: Story) -> None:
    iam = boto3.client("iam")
    attached = iam.list_attached_role_policies(RoleName=story.role)["AttachedPolicies"]
    inline = iam.get_role_policy(RoleName=story.role, PolicyName="SessionLogging")["PolicyDocument"]
    group = "arn:aws:logs:us-east-1:123456789012:log-group:ssm-secure-consolelog-group"

    assert [policy["PolicyName"] for policy in attached] == ["AmazonSSMManagedInstanceCore"]
    assert inline["Statement"] == [
        {
            "Sid": "WriteSessionLog",
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            "Resource": f"{group}:*",
        },
        {
            "Sid": "SessionKey",
            "Effect": "Allow",
            "Action": "kms:Decrypt",
            "Resource": story.key_arn,
        },
    ]


def test_the_preferences_insist_on_an_encryption_that_the_group_lacks(story: Story) -> None:
    document = boto3.client("ssm").get_document(Name=story.preferences, DocumentVersion="$DEFAULT")
    inputs = json.loads(document["Content"])["inputs"]
    (group,) = boto3.client("logs").describe_log_groups()["logGroups"]

    assert document["DocumentType"] == "Session"
    assert inputs["cloudWatchLogGroupName"] == group["logGroupName"] == story.log_group
    assert inputs["cloudWatchEncryptionEnabled"] is True
    assert inputs["cloudWatchStreamingEnabled"] is True
    assert inputs["kmsKeyId"] == story.key_arn
    assert "kmsKeyId" not in group


def test_the_key_is_closed_to_cloudwatch_logs(story: Story) -> None:
    logs, kms = boto3.client("logs"), boto3.client("kms")
    (statement,) = json.loads(kms.get_key_policy(KeyId=story.key_arn)["Policy"])["Statement"]

    with pytest.raises(ClientError, match="not allowed to be used with LogGroup"):
        logs.associate_kms_key(logGroupName=story.log_group, kmsKeyId=story.key_arn)

    assert statement["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}
    assert kms.describe_key(KeyId=story.alias)["KeyMetadata"]["Arn"] == story.key_arn


def test_the_node_runs_under_the_role(account: Account, story: Story) -> None:
    account.act_as(story.caller)

    (reservation,) = boto3.client("ec2").describe_instances(InstanceIds=[story.instance_id])[
        "Reservations"
    ]
    (instance,) = reservation["Instances"]
    identity = boto3.client("sts").get_caller_identity()

    assert instance["IamInstanceProfile"]["Arn"].endswith(f"instance-profile/{story.role}")
    assert identity["Arn"] == (
        f"arn:aws:sts::123456789012:assumed-role/{story.role}/{story.instance_id}"
    )


def test_the_key_can_be_opened_by_typing(account: Account, story: Story) -> None:
    def aws(*arguments: str) -> tuple[int, str]:
        command = [sys.executable, str(Path(sys.executable).parent / "aws"), *arguments]
        ran = subprocess.run(
            command, env=account.environ, capture_output=True, text=True, timeout=60, check=False
        )
        return ran.returncode, ran.stderr.strip()

    associate = ("logs", "associate-kms-key", "--log-group-name", story.log_group)
    key = ("--kms-key-id", story.key_arn)
    policy = json.loads(boto3.client("kms").get_key_policy(KeyId=story.key_arn)["Policy"])
    policy["Statement"].append(
        {
            "Effect": "Allow",
            "Principal": {"Service": "logs.us-east-1.amazonaws.com"},
            "Action": ["kms:Encrypt*", "kms:Decrypt*", "kms:GenerateDataKey*"],
            "Resource": "*",
        }
    )

    refused = aws(*associate, *key)
    opened = aws("kms", "put-key-policy", "--key-id", story.key_arn, "--policy", json.dumps(policy))
    associated = aws(*associate, *key)

    assert refused[0] != 0
    assert "(InvalidParameterException)" in refused[1]
    assert (opened, associated) == ((0, ""), (0, ""))
    (group,) = boto3.client("logs").describe_log_groups()["logGroups"]
    assert group["kmsKeyId"] == story.key_arn
