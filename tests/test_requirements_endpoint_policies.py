"""A node's VPC in, what the policies of its endpoints will refuse out, and the mended policies.

Every case of the fixture gives endpoints their policies. Whatever is mended must hold afterwards.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from ssmdiag.model import Broken, Holds, NotApplicable, Situation, Unverified, Write
from ssmdiag.requirements.causes import find_causes
from ssmdiag.requirements.network import endpoint_policies
from ssmdiag.requirements.role.agent_requests import agent_requests
from ssmdiag.setup.commands import commands
from ssmdiag.world.asking import Asking
from ssmdiag.world.overlay import Overlay
from tests.vpc_world import FIXTURE, NODE, REGION, door_of

CASES: list[dict[str, Any]] = FIXTURE["endpoint_policies"]
(REQUIREMENT,) = endpoint_policies.REQUIREMENTS


@pytest.mark.parametrize("case", CASES, ids=[c["id"] for c in CASES])
def test_policies_are_judged_for_all_that_the_agent_asks(case: dict[str, Any]) -> None:
    asking, situation = Asking(door_of(_world(case))), _situation(case)
    verdict = REQUIREMENT.check(asking, situation)
    assert type(verdict).__name__ == case["verdict"], verdict
    assert case.get("says", "") in verdict.said
    if isinstance(verdict, Unverified):
        assert verdict.waits_for == case.get("waits")
        assert [s.name for s in verdict.suspects] == case.get("suspects", [])
        assert case.get("settle", "") in verdict.settle
    if isinstance(verdict, Broken):
        assert (verdict.resource.kind, verdict.resource.name) == ("vpc-endpoint", case["name"])
        writes = [r for r in verdict.remedies if isinstance(r, Write)]
        assert case.get("summary", "") in "; ".join(w.summary for w in writes)
        assert case.get("advice", "") in str(verdict.remedies)
        if case.get("mended"):
            world = Overlay(asking, [order for write in writes for order in write.calls])
            assert isinstance(REQUIREMENT.check(world, situation), Holds)


def test_the_mending_adds_to_the_policy_and_is_proved() -> None:
    case = next(c for c in CASES if c["id"].startswith("the sample policy"))
    diagnosis = find_causes([REQUIREMENT], Asking(door_of(_world(case))), _situation(case))
    (cause,) = diagnosis.causes
    (order,) = cause.edit.calls
    statements = json.loads(order.parameters["PolicyDocument"])["Statement"]
    assert statements[0] == case["policies"]["logs"][0]
    assert {s["Condition"]["ArnEquals"]["aws:PrincipalArn"] for s in statements[1:]} == {
        "arn:aws:iam::555500001111:role/FleetNode"
    }
    assert isinstance(diagnosis.after[0].verdict, Holds)
    (command,) = commands(cause.edit.calls, REGION)
    assert "ec2 modify-vpc-endpoint" in command
    assert "--vpc-endpoint-id vpce-logs" in command
    assert "--policy-document" in command


def test_it_is_not_looked_at_offline() -> None:
    asking = Asking(lambda question: pytest.fail(f"{question} was asked for nothing"))
    verdict = REQUIREMENT.check(asking, Situation(REGION, online=False))
    assert isinstance(verdict, NotApplicable)


def test_the_agent_asks_for_what_the_configuration_needs() -> None:
    inputs = {"s3BucketName": "audit", "kmsKeyId": "arn:aws:kms:eu-north-1:555500001111:key/k"}
    case = {"world": {"preferences": inputs, "aws": {"GetBucketLocation": {}}}}
    needs = agent_requests(Asking(door_of(_world(case))), _situation(case))
    assert [need.action for need in needs] == [
        "ssm:UpdateInstanceInformation",
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
        "kms:Decrypt",
        "logs:DescribeLogGroups",
        "logs:CreateLogStream",
        "logs:DescribeLogStreams",
        "logs:PutLogEvents",
        "s3:GetEncryptionConfiguration",
        "s3:PutObject",
    ]


def _situation(case: dict[str, Any]) -> Situation:
    instance = case.get("instance", "i-00112233445566778")
    return Situation(REGION, principals=(NODE,), instance_id=instance)


def _world(case: dict[str, Any]) -> Any:
    """The case's patch, with the policies of its endpoints as EC2 shows them."""
    world: dict[str, Any] = {"endpoints": {}, **case.get("world", {})}
    for service, statements in case.get("policies", {}).items():
        policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
        world["endpoints"] = {**world["endpoints"], service: {"PolicyDocument": policy}}
    return world
