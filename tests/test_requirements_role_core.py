"""A role's policies in, whether they allow what the agent asks for besides sessions.

What sessions need is told as the Requirements tell it that decide it, so that one Finding comes of
it; what they do not need is no fault until the log complains of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ssmdiag.demo.described import merge_patch
from ssmdiag.model import (
    Advice,
    Allow,
    Broken,
    Denial,
    Holds,
    Situation,
    Unverified,
)
from ssmdiag.requirements.causes import find_causes, in_one_sentence
from ssmdiag.requirements.changes import compose
from ssmdiag.requirements.role import managed_core
from ssmdiag.requirements.role import permissions as role
from ssmdiag.world.asking import Asking, Door
from ssmdiag.world.call import Absent, Answer, Call, Denied, Known, Unreachable
from ssmdiag.world.empty import CORE_DOCUMENT
from ssmdiag.world.overlay import Overlay
from tests.symptoms import symptom

FIXTURE: dict[str, Any] = json.loads(
    (Path(__file__).parent / "fixtures" / "requirements" / "role_core.json").read_text("utf-8")
)
CASES: list[dict[str, Any]] = FIXTURE["cases"]
ACCOUNT, REGION, NODE = "222233334444", "eu-north-1", "i-00112233445566778"
CHECKS = {requirement.id: requirement.check for requirement in managed_core.REQUIREMENTS}


@pytest.mark.parametrize("case", CASES, ids=[f"{c['requirement']}: {c['id']}" for c in CASES])
def test_policies_decide_and_names_do_not(case: dict[str, Any]) -> None:
    world = merge_patch(FIXTURE["base"], case["world"])
    asking, situation = Asking(_door(world)), _situation(case, world["role"])
    check = CHECKS[case["requirement"]]
    verdict = check(asking, situation)
    assert type(verdict).__name__ == case["verdict"], verdict
    assert case.get("says", "") in verdict.said
    assert case.get("evidence", "") in "\n".join(getattr(verdict, "evidence", ()))
    if isinstance(verdict, Unverified):
        assert verdict.waits_for == case.get("waits")
    if isinstance(verdict, Broken):
        assert (verdict.resource.kind, verdict.resource.name) == ("role", case["name"])
        advice = [r.text for r in verdict.remedies if isinstance(r, Advice)]
        assert case.get("advice", "") in " ".join(advice)
        allowed = [a for r in verdict.remedies if isinstance(r, Allow) for a in r.actions]
        assert allowed == case.get("allows", [])
        edit = compose(asking, verdict.remedies)
        silent = Situation(REGION, instance_id=NODE)
        assert advice or not isinstance(check(Overlay(asking, edit.calls), silent), Broken)
    if "orders" in case and isinstance(verdict, (Broken, Unverified)):
        orders = [order.operation for order in compose(asking, verdict.remedies).calls]
        assert orders == case["orders"]


def test_a_role_that_may_nothing_is_one_cause_with_one_fix() -> None:
    patch = {"attached": dict.fromkeys(FIXTURE["base"]["attached"])}
    asking = Asking(_door(merge_patch(FIXTURE["base"], patch)))
    wanted = [*role.REQUIREMENTS[:2], *managed_core.REQUIREMENTS]
    diagnosis = find_causes(wanted, asking, Situation(REGION, instance_id=NODE))
    (cause,) = diagnosis.causes
    assert len(cause.checked) == 3
    assert len(cause.edit.calls) == 1
    assert in_one_sentence(cause.broken).count("ssm:UpdateInstanceInformation") == 1
    assert all(isinstance(checked.verdict, Holds) for checked in diagnosis.after[:3])


# --- the world of the fixture -------------------------------------------------------------------


def _situation(case: Mapping[str, Any], name: str) -> Situation:
    text = case.get("failed", "")
    if "denied" in case:
        action, resource = case["denied"]
        text = (
            f"AccessDeniedException: User: arn:aws:sts::{ACCOUNT}:assumed-role/{name}/{NODE} is "
            f"not authorized to perform: {action} on resource: {resource}"
        )
    failed = symptom(text, case["requirement"], "role")
    return Situation(REGION, symptoms=(failed,) if text else (), instance_id=NODE)


def _door(world: Mapping[str, Any]) -> Door:
    def door(question: Call) -> Answer:
        operation, asked = question.operation, question.parameters
        if operation in world["refused"]:
            action = f"{question.service}:{operation}"
            return Denied(Denial(f"not authorized to perform: {action}", action))
        if question.service == "iam":
            return _iam(world, operation, asked)
        if not world.get("caller"):
            return Unreachable("no credentials")
        answers = {
            "GetCallerIdentity": {"Account": ACCOUNT, "Arn": world["caller"]},
            "GetRuntimeConfig": {"IdentityType": "EC2", "InstanceId": NODE},
            "GetInstanceMetadata": world["role"],
        }
        return Known(answers[operation]) if operation in answers else Unreachable("not described")

    return door


def _iam(world: Mapping[str, Any], operation: str, asked: Mapping[str, Any]) -> Answer:
    if operation.startswith("GetPolicy"):
        document = world["attached"].get(asked["PolicyArn"], CORE_DOCUMENT)
        of_aws = document == "as AWS has it"
        document = CORE_DOCUMENT if of_aws else document
        return Known(
            {"Policy": {"DefaultVersionId": "v1"}, "PolicyVersion": {"Document": document}}
        )
    if asked["RoleName"] != world["role"]:
        return Absent("NoSuchEntity")
    answers = {
        "GetRole": {"Role": {"Arn": f"arn:aws:iam::{ACCOUNT}:role/{world['role']}"}},
        "ListRolePolicies": {"PolicyNames": list(world["inline"])},
        "GetRolePolicy": {"PolicyDocument": world["inline"].get(asked.get("PolicyName"))},
        "ListAttachedRolePolicies": {
            "AttachedPolicies": [{"PolicyArn": arn} for arn in world["attached"]]
        },
    }
    return Known(answers[operation])
