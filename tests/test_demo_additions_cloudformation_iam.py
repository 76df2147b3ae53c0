"""CloudFormation makes roles, instance profiles and policies."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from tests.stacks import (
    STACK,
    TRUST,
    Resources,
    allow,
    att,
    create,
    delete,
    key,
    outputs,
    physical,
    policy,
    ref,
    resource,
    role,
    statement_of,
    update,
)

# The account is not the program, and what it serves is the same on every Python.
pytestmark = pytest.mark.exhaustive

CORE = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"


@pytest.mark.usefixtures("account")
def test_a_role_has_its_policies_of_all_four_kinds_and_a_profile() -> None:
    create(
        {
            "Profile": resource("IAM::InstanceProfile", {"Roles": [ref("Role")]}),
            "Later": resource(
                "IAM::RolePolicy",
                {
                    "RoleName": ref("Role"),
                    "PolicyName": "Later",
                    "PolicyDocument": policy(allow("s3:GetObject")),
                },
            ),
            "Managed": resource(
                "IAM::ManagedPolicy",
                {"PolicyDocument": policy(allow("logs:*")), "Roles": [ref("Role")]},
            ),
            "Role": role(
                RoleName="Node",
                ManagedPolicyArns=[CORE],
                Policies=[
                    {
                        "PolicyName": "Inline",
                        "PolicyDocument": policy(allow("kms:Decrypt", att("Key"))),
                    }
                ],
            ),
            "Key": key(),
        },
        outputs={
            "Arn": att("Role"),
            "Id": att("Role", "RoleId"),
            "Key": att("Key"),
            "Profile": att("Profile"),
            "Managed": ref("Managed"),
            "Later": ref("Later"),
        },
    )
    iam, told = boto3.client("iam"), outputs()
    attached = iam.list_attached_role_policies(RoleName="Node")["AttachedPolicies"]
    (profile,) = iam.list_instance_profiles_for_role(RoleName="Node")["InstanceProfiles"]
    (inline,) = statement_of(iam.get_role_policy(RoleName="Node", PolicyName="Inline"))
    (later,) = statement_of(iam.get_role_policy(RoleName="Node", PolicyName="Later"))
    made = iam.get_role(RoleName="Node")["Role"]

    assert (told["Arn"], told["Id"], told["Later"]) == (made["Arn"], made["RoleId"], "Later|Node")
    assert {each["PolicyArn"] for each in attached} == {CORE, told["Managed"]}
    assert profile["Arn"] == told["Profile"]
    assert profile["InstanceProfileName"].startswith(f"{STACK}-Profile-")
    assert inline == allow("kms:Decrypt", told["Key"])
    assert later == allow("s3:GetObject")
    assert made["AssumeRolePolicyDocument"] == TRUST

    delete()
    left = [each["RoleName"] for each in iam.list_roles()["Roles"]]
    assert (left, iam.list_policies(Scope="Local")["Policies"]) == ([], [])
    assert iam.list_instance_profiles()["InstanceProfiles"] == []


@pytest.mark.usefixtures("account")
def test_a_changed_role_gains_and_loses_policies_without_being_replaced() -> None:
    def one(name: str, action: str) -> dict[str, Any]:
        return {"PolicyName": name, "PolicyDocument": policy(allow(action))}

    def managed(action: str, *roles: Any) -> Resources:
        document = policy(allow(action))
        return resource("IAM::ManagedPolicy", {"PolicyDocument": document, "Roles": list(roles)})

    create(
        {
            "Role": role(ManagedPolicyArns=[CORE], Policies=[one("A", "s3:*"), one("B", "ec2:*")]),
            "Managed": managed("logs:*"),
        }
    )
    iam, before = boto3.client("iam"), (physical("Role"), physical("Managed"))
    node = before[0]

    update(
        {
            "Role": role(Description="new", Policies=[one("B", "kms:*"), one("C", "ssm:*")]),
            "Managed": managed("sns:*", ref("Role")),
        }
    )

    assert (physical("Role"), physical("Managed")) == before
    assert iam.get_role(RoleName=node)["Role"]["Description"] == "new"
    assert iam.list_role_policies(RoleName=node)["PolicyNames"] == ["B", "C"]
    assert statement_of(iam.get_role_policy(RoleName=node, PolicyName="B")) == [allow("kms:*")]
    (attached,) = iam.list_attached_role_policies(RoleName=node)["AttachedPolicies"]
    assert attached["PolicyArn"] == before[1]
    (version,) = iam.list_policy_versions(PolicyArn=before[1])["Versions"]
    document = iam.get_policy_version(PolicyArn=before[1], VersionId=version["VersionId"])
    assert statement_of({"PolicyDocument": document["PolicyVersion"]["Document"]}) == [
        allow("sns:*")
    ]
