"""What may be asked of IAM's policy simulator: resource policies, other callers, no nonsense."""

from __future__ import annotations

from typing import Any, Optional

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.test_demo_additions_simulate import (
    ACCOUNT,
    ALICE,
    MINE,
    NODE,
    allow,
    create_node_and_alice,
    deny,
    document,
    grant,
    simulate,
)


@pytest.fixture
def iam(account: Any) -> Any:
    del account
    return create_node_and_alice()


FOR_ALICE = allow("s3:PutObject", "arn:aws:s3:::logs/*", Principal={"AWS": ALICE})
OWNER = "arn:aws:iam::210987654321:root"


@pytest.mark.parametrize(
    ("identity", "statement", "more", "decision"),
    [
        (None, FOR_ALICE, {}, "allowed"),
        (allow("s3:*"), {**FOR_ALICE, "Effect": "Deny"}, {}, "explicitDeny"),
        (None, FOR_ALICE, {"ResourceOwner": OWNER}, "implicitDeny"),
        (allow("s3:*"), FOR_ALICE, {"ResourceOwner": OWNER}, "allowed"),
    ],
    ids=["grants", "denies", "other account, granted by one side", "other account, by both"],
)
def test_a_resource_policy_is_simulated_for_a_user(
    iam: Any,
    identity: Optional[dict[str, Any]],
    statement: dict[str, Any],
    more: dict[str, str],
    decision: str,
) -> None:
    if identity:
        text = document(identity)
        iam.put_user_policy(UserName="alice", PolicyName="Own", PolicyDocument=text)

    result = simulate(
        *(iam, "s3:PutObject", MINE), source=ALICE, ResourcePolicy=document(statement), **more
    )

    assert result["EvalDecision"] == decision
    sources = [(s["SourcePolicyId"], s["SourcePolicyType"]) for s in result["MatchedStatements"]]
    assert (("ResourcePolicy", "Resource Policy") in sources) == (decision != "implicitDeny")


def test_a_user_may_be_simulated_with_the_policies_of_a_role(iam: Any) -> None:
    grant(iam, allow("s3:PutObject", "arn:aws:s3:::logs/${aws:username}/*"))
    alices = "arn:aws:s3:::logs/alice/1"

    as_itself = simulate(iam, "s3:PutObject", alices)
    as_alice = simulate(iam, "s3:PutObject", alices, CallerArn=ALICE)

    assert (as_itself["EvalDecision"], as_alice["EvalDecision"]) == ("implicitDeny", "allowed")


@pytest.mark.parametrize("kind", ["role", "user", "group"])
def test_whom_nobody_created_is_no_such_entity(iam: Any, kind: str) -> None:
    with pytest.raises(iam.exceptions.NoSuchEntityException) as refusal:
        simulate(iam, "s3:GetObject", source=f"arn:aws:iam::{ACCOUNT}:{kind}/Nobody")

    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"ActionNames": ["Decrypt"]}, "Invalid action name: Decrypt"),
        ({"ActionNames": ["kms:*"]}, r"Invalid action name: kms:\*"),
        ({"ResourceArns": ["0f1e2d3c"]}, "not in a valid ARN format: 0f1e2d3c."),
        (
            {"PolicySourceArn": f"arn:aws:sts::{ACCOUNT}:assumed-role/Node/i-0c1d2e3f4a5b6c7d8"},
            "does not clearly define entity type and name",
        ),
        ({"PolicySourceArn": NODE.replace(ACCOUNT, "210987654321")}, "in account 210987654321"),
        ({"ResourcePolicy": document(FOR_ALICE)}, "Caller must be an IAM user in this context"),
        ({"ResourceOwner": ACCOUNT}, f"'{ACCOUNT}' is not a valid as a Resource Owner"),
        ({"PolicyInputList": ["{"]}, "PolicyInputList.1 is not valid"),
        ({"PolicyInputList": ["{}"]}, "PolicyInputList.1 is not valid"),
        ({"ResourceHandlingOption": "EC2-VPC-EBS"}, "is not supported by this simulator"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_cannot_be_simulated_is_invalid_input(
    iam: Any, asked: dict[str, Any], said: str
) -> None:
    with pytest.raises(iam.exceptions.InvalidInputException, match=said):
        iam.simulate_principal_policy(
            **{"PolicySourceArn": NODE, "ActionNames": ["kms:Decrypt"], **asked}
        )


@pytest.mark.usefixtures("iam")
def test_what_cannot_be_decided_is_a_failure_of_the_evaluation() -> None:
    # Only S3 knows who is denied.
    canonical = {"CanonicalUser": "79a59df900b949e55d96a1e698fbaced"}
    statement = deny("s3:PutObject", Principal=canonical)
    once = boto3.client("iam", config=Config(retries={"total_max_attempts": 1}))

    with pytest.raises(ClientError) as refusal:
        simulate(
            *(once, "s3:PutObject", MINE),
            source=ALICE,
            PolicyInputList=[document(allow("s3:PutObject"))],
            ResourcePolicy=document(statement),
        )

    assert refusal.value.response["Error"]["Code"] == "PolicyEvaluation"
