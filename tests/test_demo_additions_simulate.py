"""IAM's policy simulator: what the policies of a role or a user allow, by themselves."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest

ACCOUNT = "123456789012"
NODE = f"arn:aws:iam::{ACCOUNT}:role/nodes/Node"
ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
FOREIGN_KEY = KEY.replace(ACCOUNT, "210987654321")
MINE, OTHER = "arn:aws:s3:::logs/mine/1", "arn:aws:s3:::logs/other/1"


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    return {**allow(action, resource, **more), "Effect": "Deny"}


def create_node_and_alice() -> Any:
    client = boto3.client("iam")
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}
    client.create_role(RoleName="Node", Path="/nodes/", AssumeRolePolicyDocument=document(trust))
    client.create_user(UserName="alice")
    return client


@pytest.fixture
def iam(account: Any) -> Any:
    del account
    return create_node_and_alice()


def grant(iam: Any, *statements: dict[str, Any], name: str = "Logging") -> None:
    iam.put_role_policy(RoleName="Node", PolicyName=name, PolicyDocument=document(*statements))


def bound(iam: Any, *statements: dict[str, Any]) -> None:
    policy = iam.create_policy(PolicyName="Limit", PolicyDocument=document(*statements))["Policy"]
    iam.put_role_permissions_boundary(RoleName="Node", PermissionsBoundary=policy["Arn"])


def simulate(
    iam: Any, action: str, *resources: str, source: str = NODE, **more: Any
) -> dict[str, Any]:
    asked = {"ResourceArns": list(resources)} if resources else {}
    answer = iam.simulate_principal_policy(
        PolicySourceArn=source, ActionNames=[action], **asked, **more
    )
    assert answer["IsTruncated"] is False
    (result,) = answer["EvaluationResults"]
    found: dict[str, Any] = result
    return found


def context(name: str, *values: str, kind: str = "string") -> dict[str, Any]:
    entry = {"ContextKeyName": name, "ContextKeyValues": list(values), "ContextKeyType": kind}
    return {"ContextEntries": [entry]}


def test_without_a_resource_everything_at_once_is_meant(iam: Any) -> None:
    grant(iam, allow("logs:DescribeLogGroups"))

    answer = iam.simulate_principal_policy(
        PolicySourceArn=NODE, ActionNames=["logs:DescribeLogGroups", "iam:CreateUser"]
    )["EvaluationResults"]

    assert answer == [
        {
            "EvalActionName": "logs:DescribeLogGroups",
            "EvalResourceName": "*",
            "EvalDecision": "allowed",
            "MatchedStatements": [
                {"SourcePolicyId": "role_Node_Logging", "SourcePolicyType": "IAM Policy"}
            ],
            "MissingContextValues": [],
        },
        {
            "EvalActionName": "iam:CreateUser",
            "EvalResourceName": "*",
            "EvalDecision": "implicitDeny",
            "MatchedStatements": [],
            "MissingContextValues": [],
        },
    ]


def test_resources_are_answered_one_by_one_under_the_strictest_decision(iam: Any) -> None:
    grant(iam, allow("s3:PutObject", "arn:aws:s3:::logs/mine/*"))

    result = simulate(iam, "s3:PutObject", MINE, OTHER)

    assert result["EvalDecision"] == "implicitDeny"
    assert result["EvalResourceName"] == "arn:${Partition}:s3:::${BucketName}/${KeyName}"
    assert result["MatchedStatements"] == []
    assert [
        (each["EvalResourceName"], each["EvalResourceDecision"], len(each["MatchedStatements"]))
        for each in result["ResourceSpecificResults"]
    ] == [(MINE, "allowed", 1), (OTHER, "implicitDeny", 0)]


def test_managed_policies_count_and_a_denial_beats_them(iam: Any) -> None:
    arn = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
    iam.attach_role_policy(RoleName="Node", PolicyArn=arn)

    before = simulate(iam, "ssmmessages:CreateDataChannel")
    grant(iam, deny("ssmmessages:*"), name="No")
    after = simulate(iam, "ssmmessages:CreateDataChannel")

    assert before["EvalDecision"] == "allowed"
    assert before["MatchedStatements"][0]["SourcePolicyId"] == "AmazonSSMManagedInstanceCore"
    assert after["EvalDecision"] == "explicitDeny"
    assert [each["SourcePolicyId"] for each in after["MatchedStatements"]] == ["role_Node_No"]


def test_of_a_managed_policy_the_default_version_counts(iam: Any) -> None:
    policy = iam.create_policy(PolicyName="Own", PolicyDocument=document(allow("s3:PutObject")))
    arn = policy["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="Node", PolicyArn=arn)

    newer = {"PolicyArn": arn, "PolicyDocument": document(allow("s3:GetObject"))}
    iam.create_policy_version(**newer, SetAsDefault=False)
    before = simulate(iam, "s3:PutObject", MINE)
    iam.create_policy_version(**newer, SetAsDefault=True)
    after = simulate(iam, "s3:PutObject", MINE)

    assert (before["EvalDecision"], after["EvalDecision"]) == ("allowed", "implicitDeny")


@pytest.mark.parametrize("key", [KEY, FOREIGN_KEY], ids=["own account", "other account"])
def test_a_key_is_decided_by_the_identity_policies_alone(iam: Any, key: str) -> None:
    before = simulate(iam, "kms:Decrypt", key)
    grant(iam, allow("kms:Decrypt", key))
    after = simulate(iam, "kms:Decrypt", key)

    assert (before["EvalDecision"], after["EvalDecision"]) == ("implicitDeny", "allowed")


@pytest.mark.parametrize(
    ("boundary", "decision", "within", "matched"),
    [
        (allow("s3:*"), "allowed", True, ["IAM Policy"]),
        (allow("logs:*"), "implicitDeny", False, []),
        (deny("s3:PutObject"), "explicitDeny", False, ["Permissions Boundary Policy"]),
    ],
    ids=["allows", "leaves out", "denies"],
)
def test_a_boundary_limits_and_is_told_apart(
    iam: Any, boundary: dict[str, Any], decision: str, within: bool, matched: list[str]
) -> None:
    grant(iam, allow("s3:PutObject"))
    bound(iam, boundary)

    result = simulate(iam, "s3:PutObject", MINE)

    (each,) = result["ResourceSpecificResults"]
    assert result["EvalDecision"] == each["EvalResourceDecision"] == decision
    for shown in (result, each):
        assert shown["PermissionsBoundaryDecisionDetail"] == {
            "AllowedByPermissionsBoundary": within
        }
        assert [s["SourcePolicyType"] for s in shown["MatchedStatements"]] == matched


def test_a_boundary_allows_nothing_by_itself(iam: Any) -> None:
    bound(iam, allow("*"))

    result = simulate(iam, "kms:Decrypt", KEY)

    assert result["EvalDecision"] == "implicitDeny"
    assert result["PermissionsBoundaryDecisionDetail"]["AllowedByPermissionsBoundary"] is True


ENCRYPTED = {"StringEquals": {"kms:EncryptionContext:aws:logs:arn": "arn:group"}}


@pytest.mark.parametrize(
    ("given", "decision", "missing"),
    [
        ({}, "implicitDeny", ["kms:EncryptionContext:aws:logs:arn"]),
        (context("KMS:EncryptionContext:aws:logs:arn", "arn:group"), "allowed", []),
        (context("kms:EncryptionContext:aws:logs:arn", "arn:other"), "implicitDeny", []),
        (
            context("kms:EncryptionContext:aws:logs:arn", "arn:group", kind="stringList"),
            "allowed",
            [],
        ),
    ],
    ids=["missing", "fits", "does not fit", "a list"],
)
def test_condition_keys_come_from_the_context_entries(
    iam: Any, given: dict[str, Any], decision: str, missing: list[str]
) -> None:
    grant(iam, allow("kms:Decrypt", Condition=ENCRYPTED))

    result = simulate(iam, "kms:Decrypt", KEY, **given)

    assert (result["EvalDecision"], result["MissingContextValues"]) == (decision, missing)
    assert result["ResourceSpecificResults"][0]["MissingContextValues"] == missing


def test_what_only_a_live_request_has_is_missing(iam: Any) -> None:
    grant(
        iam,
        allow("s3:PutObject", Condition={"Bool": {"aws:SecureTransport": "true"}}),
        allow("s3:GetObject", "arn:aws:s3:::logs/${aws:PrincipalTag/team}/*"),
        allow("iam:*", Condition={"ArnLike": {"aws:PrincipalArn": NODE}}),
    )

    silent = simulate(iam, "s3:PutObject", MINE)
    given = context("aws:SecureTransport", "true", kind="boolean")
    told = simulate(iam, "s3:PutObject", MINE, **given)

    assert silent["EvalDecision"] == "implicitDeny"
    # Whether a statement is about the action does not matter; who asks is known.
    assert silent["MissingContextValues"] == ["aws:SecureTransport", "aws:PrincipalTag/team"]
    assert told["EvalDecision"] == "allowed"
    assert simulate(iam, "iam:GetRole", NODE)["EvalDecision"] == "allowed"


def test_a_user_has_the_policies_of_its_groups(iam: Any) -> None:
    iam.create_group(GroupName="ops")
    policy = document(allow("ssm:StartSession"))
    iam.put_group_policy(GroupName="ops", PolicyName="Sessions", PolicyDocument=policy)

    before = simulate(iam, "ssm:StartSession", source=ALICE)
    iam.add_user_to_group(GroupName="ops", UserName="alice")
    after = simulate(iam, "ssm:StartSession", source=ALICE)
    group = simulate(iam, "ssm:StartSession", source=f"arn:aws:iam::{ACCOUNT}:group/ops")

    assert [r["EvalDecision"] for r in (before, after, group)] == [
        *("implicitDeny", "allowed", "allowed")
    ]
    assert after["MatchedStatements"][0]["SourcePolicyId"] == "group_ops_Sessions"


def test_policies_can_be_tried_before_they_are_attached(iam: Any) -> None:
    bound(iam, allow("logs:*"))

    result = simulate(
        *(iam, "s3:PutObject", MINE),
        PolicyInputList=[document(allow("s3:PutObject"))],
        PermissionsBoundaryPolicyInputList=[document(allow("s3:*"))],
    )

    assert result["EvalDecision"] == "allowed"
    assert result["MatchedStatements"][0]["SourcePolicyId"] == "PolicyInputList.1"
