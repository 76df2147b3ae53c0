"""What a node's host and AWS answer in; as whom its agent acts, and whether it may, out.

Every case of the fixture is a healthy EC2 instance or hybrid node with one thing changed. Add a
case to add a test.
"""

from __future__ import annotations

from typing import Any

import pytest

from ssmdiag.model import Holds, NotApplicable
from ssmdiag.requirements.identity.agent import Agent, find_agent
from ssmdiag.world.asking import Asking
from tests.node_answers import CHECKS, complaints, decided, door, fixture, patched, situation_of

FIXTURE = fixture("identity")
CASES: list[dict[str, Any]] = FIXTURE["cases"]
HYBRID: dict[str, Any] = FIXTURE["hybrid"]


def _world(case: dict[str, Any]) -> dict[str, Any]:
    return patched(HYBRID if case.get("hybrid") else {}, case.get("world", {}))


@pytest.mark.parametrize("case", CASES, ids=[c["id"] for c in CASES])
def test_what_the_node_and_aws_answer_decides(case: dict[str, Any]) -> None:
    assert complaints(case, decided(case, _world(case))) == []


@pytest.mark.parametrize("name", [n for n in CHECKS if n.split("/")[0] in ("agent", "identity")])
def test_on_a_healthy_hybrid_node_everything_holds(name: str) -> None:
    verdict = CHECKS[name](Asking(door(patched(HYBRID))), situation_of({}))
    assert isinstance(verdict, (Holds, NotApplicable)), verdict


def test_the_role_of_a_task_is_trusted_by_ecs() -> None:
    case = next(c for c in CASES if c["id"] == "the role of an ECS task")
    trust = {"Statement": {"Principal": {"Service": "ecs-tasks.amazonaws.com"}}}
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", **trust["Statement"]}
    role = {
        "Arn": "arn:aws:iam::555500001111:role/TaskRole",
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
    }
    iam = {
        "GetRole": {"Role": role},
        "ListAttachedRolePolicies": {"AttachedPolicies": []},
        "ListRolePolicies": {"PolicyNames": []},
    }
    ask = Asking(door({**_world(case), **iam}))
    agent = find_agent(ask, situation_of({}))
    assert isinstance(agent, Agent)
    assert agent.principal("eu-north-1").endswith("/TaskRole/0123456789abcdef0123456789abcdef")
    assert isinstance(CHECKS["role/trust"](ask, situation_of({})), Holds)
