"""Roles with AWS managed policies, inline policies and a permissions boundary."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest

CORE = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Service": "ec2.amazonaws.com"},
            "Action": "sts:AssumeRole",
        },
    }
)


@pytest.fixture
def iam(account: Any) -> Any:
    del account
    client = boto3.client("iam")
    client.create_role(RoleName="Node", AssumeRolePolicyDocument=TRUST)
    return client


def test_the_policy_of_every_managed_node_has_its_real_statements(iam: Any) -> None:
    version = iam.get_policy(PolicyArn=CORE)["Policy"]["DefaultVersionId"]
    document = iam.get_policy_version(PolicyArn=CORE, VersionId=version)["PolicyVersion"][
        "Document"
    ]

    allowed = {action for statement in document["Statement"] for action in statement["Action"]}
    assert {
        "ssm:UpdateInstanceInformation",
        "ssm:GetDocument",
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
        "ec2messages:GetMessages",
    } <= allowed
    assert not {action for action in allowed if action.startswith(("logs:", "kms:", "s3:"))}


def test_a_role_shows_its_policies_and_its_boundary(iam: Any) -> None:
    policy = TRUST.replace('"Principal": {"Service": "ec2.amazonaws.com"}', '"Resource": "*"')
    boundary = iam.create_policy(PolicyName="Boundary", PolicyDocument=policy)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="Node", PolicyArn=CORE)
    iam.put_role_policy(RoleName="Node", PolicyName="Logging", PolicyDocument=policy)
    iam.put_role_permissions_boundary(RoleName="Node", PermissionsBoundary=boundary)

    attached = iam.list_attached_role_policies(RoleName="Node")["AttachedPolicies"]
    inline = iam.get_role_policy(RoleName="Node", PolicyName="Logging")["PolicyDocument"]
    role = iam.get_role(RoleName="Node")["Role"]

    assert [policy["PolicyArn"] for policy in attached] == [CORE]
    assert iam.list_role_policies(RoleName="Node")["PolicyNames"] == ["Logging"]
    assert inline == json.loads(policy)
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary


@pytest.mark.parametrize("operation", ["get_role", "list_role_policies"])
def test_a_role_that_is_not_there_is_no_such_entity(iam: Any, operation: str) -> None:
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        getattr(iam, operation)(RoleName="Nobody")
