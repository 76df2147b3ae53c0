"""The account of the well-known article: a node whose sessions die of their own encryption."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Callable

from ssmdiag.iam.arn import partition_of
from ssmdiag.values import dataclass
from ssmdiag.world.call import Call, call

ROLE = "EC2RoleSSMCWSecureLogs"
LOG_GROUP = "ssm-secure-consolelog-group"
ALIAS = "alias/session-manager-logs"
PREFERENCES = "SSM-SessionManagerRunShell"

_VERSION = "2012-10-17"
_IMAGE = "ami-12c6146b"


@dataclass(frozen=True)
class Story:
    """What exists once the mistakes are made."""

    account_id: str
    region: str
    role: str
    instance_id: str
    key_arn: str
    alias: str
    log_group: str
    preferences: str

    @property
    def caller(self) -> str:
        """The ARN under which the node's agent speaks to AWS."""
        partition = partition_of(self.region)
        session = f"assumed-role/{self.role}/{self.instance_id}"
        return f"arn:{partition}:sts::{self.account_id}:{session}"


def mistakes(perform: Callable[[Call], Any], account_id: str, region: str = "us-east-1") -> Story:
    """Build the account with ``perform``, which carries out a Call and returns what AWS answers.

    Three mistakes: the role may not call ``logs:DescribeLogGroups``; the log group is not
    encrypted although the preferences insist on it; and the key policy has no statement for
    CloudWatch Logs, so that it cannot be encrypted with the session key either.
    """
    partition = partition_of(region)
    key_policy = _policy(
        {
            "Sid": "EnableIAM",
            "Principal": {"AWS": f"arn:{partition}:iam::{account_id}:root"},
            "Action": "kms:*",
            "Resource": "*",
        }
    )
    created = perform(
        call("kms", "CreateKey", Policy=key_policy, Description="Session Manager sessions")
    )
    key_arn: str = created["KeyMetadata"]["Arn"]
    group_arn = f"arn:{partition}:logs:{region}:{account_id}:log-group:{LOG_GROUP}"
    for order in _orders(partition, key_arn, group_arn):
        perform(order)
    launched = perform(
        call(
            "ec2",
            "RunInstances",
            ImageId=_IMAGE,
            InstanceType="t3.micro",
            MinCount=1,
            MaxCount=1,
            IamInstanceProfile={"Name": ROLE},
        )
    )
    return Story(
        account_id=account_id,
        region=region,
        role=ROLE,
        instance_id=launched["Instances"][0]["InstanceId"],
        key_arn=key_arn,
        alias=ALIAS,
        log_group=LOG_GROUP,
        preferences=PREFERENCES,
    )


def _orders(partition: str, key_arn: str, group_arn: str) -> Iterator[Call]:
    yield call("kms", "CreateAlias", AliasName=ALIAS, TargetKeyId=key_arn)
    yield call("logs", "CreateLogGroup", logGroupName=LOG_GROUP)
    yield from _role(partition, key_arn, group_arn)
    yield call(
        "ssm",
        "CreateDocument",
        Name=PREFERENCES,
        DocumentType="Session",
        DocumentFormat="JSON",
        Content=json.dumps(preferences(key_arn)),
    )


def _role(partition: str, key_arn: str, group_arn: str) -> Iterator[Call]:
    trust = _policy({"Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"})
    core = f"arn:{partition}:iam::aws:policy/AmazonSSMManagedInstanceCore"
    writing = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    logging = _policy(
        {"Sid": "WriteSessionLog", "Action": writing, "Resource": f"{group_arn}:*"},
        {"Sid": "SessionKey", "Action": "kms:Decrypt", "Resource": key_arn},
    )
    yield call("iam", "CreateRole", RoleName=ROLE, AssumeRolePolicyDocument=trust)
    yield call("iam", "AttachRolePolicy", RoleName=ROLE, PolicyArn=core)
    yield call(
        "iam",
        "PutRolePolicy",
        RoleName=ROLE,
        PolicyName="SessionLogging",
        PolicyDocument=logging,
    )
    yield call("iam", "CreateInstanceProfile", InstanceProfileName=ROLE)
    yield call("iam", "AddRoleToInstanceProfile", InstanceProfileName=ROLE, RoleName=ROLE)


def preferences(key_arn: str) -> dict[str, Any]:
    """The content of the preferences document (Systems Manager, "Session document schema")."""
    return {
        "schemaVersion": "1.0",
        "description": "Document to hold regional settings for Session Manager",
        "sessionType": "Standard_Stream",
        "inputs": {
            "s3BucketName": "",
            "s3KeyPrefix": "",
            "s3EncryptionEnabled": False,
            "cloudWatchLogGroupName": LOG_GROUP,
            "cloudWatchEncryptionEnabled": True,
            "cloudWatchStreamingEnabled": True,
            "kmsKeyId": key_arn,
            "runAsEnabled": False,
            "runAsDefaultUser": "",
            "idleSessionTimeout": "20",
            "maxSessionDuration": "",
            "shellProfile": {"windows": "", "linux": ""},
        },
    }


def _policy(*statements: Mapping[str, Any]) -> str:
    allowed = [{"Effect": "Allow", **statement} for statement in statements]
    return json.dumps({"Version": _VERSION, "Statement": allowed})
