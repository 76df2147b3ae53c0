"""Somebody's policies in, whether they may start sessions on this node, and with which client.

Every case of the fixture is an account, the node's preferences and the ARN of whoever is to start
sessions. A fix is tried on paper. Add a case to add a test.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Optional

import pytest

from ssmdiag.demo.described import merge_patch
from ssmdiag.model import (
    Advice,
    Allow,
    Broken,
    Denial,
    Holds,
    SessionStart,
    Situation,
    Symptom,
    Unverified,
)
from ssmdiag.requirements.caller import data_key as caller
from ssmdiag.requirements.caller import plugin as caller_plugin
from ssmdiag.requirements.caller import sessions as caller_sessions
from ssmdiag.requirements.changes import compose
from ssmdiag.world.asking import Asking, Door
from ssmdiag.world.call import Absent, Answer, Call, Denied, Known, Unreachable
from ssmdiag.world.overlay import Overlay
from tests.symptoms import symptom

FIXTURE: dict[str, Any] = json.loads(
    (Path(__file__).parent / "fixtures" / "requirements" / "caller.json").read_text("utf-8")
)
CASES: list[dict[str, Any]] = FIXTURE["cases"]
ACCOUNT, REGION = "222233334444", "eu-north-1"
WIM = f"arn:aws:sts::{ACCOUNT}:assumed-role/PierOps/wim"
CHECKS = {
    requirement.id: requirement.check
    for room in (caller, caller_plugin, caller_sessions)
    for requirement in room.REQUIREMENTS
}


@pytest.mark.parametrize("case", CASES, ids=[f"{c['requirement']}: {c['id']}" for c in CASES])
def test_the_caller_s_side_is_judged_and_mended(case: dict[str, Any]) -> None:
    world = merge_patch(FIXTURE["base"], case["world"])
    asking, situation = Asking(_door(world)), _situation(world, case["caller"])
    check = CHECKS[case["requirement"]]
    verdict = check(asking, situation)
    assert type(verdict).__name__ == case["verdict"], verdict
    evidence = "\n".join(getattr(verdict, "evidence", ()))
    assert case.get("says", "") in verdict.said
    assert case.get("evidence", "") in evidence
    assert case.get("not_evidence", "nothing") not in evidence
    if isinstance(verdict, Unverified):
        assert case.get("settle", "") in verdict.settle
        assert verdict.suspects
    if isinstance(verdict, Broken):
        assert (verdict.resource.kind, verdict.resource.name) == (case["kind"], case["name"])
        assert verdict.remedies
        assert case.get("advice", "") in _advice(verdict)
    if isinstance(verdict, (Broken, Unverified)) and "allows" in case:
        assert [r.resource for r in verdict.remedies if isinstance(r, Allow)] == case["allows"]
        after = check(Overlay(asking, compose(asking, verdict.remedies).calls), situation)
        assert isinstance(after, Holds), after


@pytest.mark.parametrize(
    ("action", "verdict", "said"),
    [
        ("ssm:StartSession", "Unverified", "it was mended since, or a policy that cannot be read"),
        ("ssm:DescribeSessions", "Unverified", "an action that starting a session does not take"),
    ],
)
def test_a_refusal_that_the_policies_do_not_explain_is_not_believed_mended(
    action: str, verdict: str, said: str
) -> None:
    text = (
        f"AccessDeniedException: User: {WIM} is not authorized to perform: {action} on resource: "
        f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/i-00112233445566778"
    )
    situation = _situation(FIXTURE["base"], None, _symptom("caller/session-actions", text))
    found = CHECKS["caller/session-actions"](Asking(_door(FIXTURE["base"])), situation)
    assert type(found).__name__ == verdict
    assert said in found.said


def test_the_refusal_of_somebody_else_is_not_held_against_whom_is_asked_about() -> None:
    text = (
        f"AccessDeniedException: User: arn:aws:sts::{ACCOUNT}:assumed-role/Other/eva is not "
        "authorized to perform: kms:GenerateDataKey on resource: "
        f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11112222-3333-4444-5555-666677778888"
    )
    symptom = _symptom("caller/generate-data-key", text)
    asking = Asking(_door(FIXTURE["base"]))
    verdict = CHECKS["caller/generate-data-key"](asking, _situation(FIXTURE["base"], WIM, symptom))
    assert isinstance(verdict, Holds)
    assert "refused" not in verdict.said


def test_a_handshake_that_failed_asks_for_the_plugin_of_who_started_the_session() -> None:
    symptom = _symptom("caller/plugin", "Timed out waiting for encryption challenge")
    start = SessionStart(symptom.sessions[0], "SSM-SessionManagerRunShell", {}, WIM)
    situation = Situation(REGION, symptoms=(symptom,), starts=(start,))
    verdict = CHECKS["caller/plugin"](Asking(_door(FIXTURE["base"])), situation)
    assert isinstance(verdict, Unverified)
    assert verdict.suspects[0].name == WIM
    assert "session-manager-plugin --version" in verdict.settle


# --- the world of the fixture -------------------------------------------------------------------


def _situation(world: Mapping[str, Any], who: Optional[str], *symptoms: Symptom) -> Situation:
    node = world["node"] or None
    return Situation(REGION, instance_id=node, caller=who, symptoms=symptoms)


def _symptom(requirement: str, text: str) -> Symptom:
    return symptom(text, requirement, "caller", "wim-0123456789abcdef0", title="the session failed")


def _advice(verdict: Broken) -> str:
    return " ".join(r.text for r in verdict.remedies if isinstance(r, Advice))


def _door(world: Mapping[str, Any]) -> Door:
    def door(question: Call) -> Answer:
        operation = question.operation
        if operation in world["refused"]:
            action = f"{question.service}:{operation}"
            return Denied(Denial(f"not authorized to perform: {action}", action))
        if question.service == "iam":
            return _iam(world, operation, question.parameters)
        return _others(world, operation, question.parameters)

    return door


def _others(world: Mapping[str, Any], operation: str, asked: Mapping[str, Any]) -> Answer:
    arn = world["documents"]["SSM-SessionManagerRunShell"]["inputs"]["kmsKeyId"]
    hosts = {"GetCallerPlugin": world.get("plugin")}
    hosts["GetRuntimeConfig"] = {} if world["is_node"] else None
    if operation in hosts:
        found = hosts[operation]
        return Absent("there is none") if found is None else Known(found)
    answers = {
        "GetCallerIdentity": {"Account": ACCOUNT, "Arn": world["caller"]},
        "DescribeSessions": {"Sessions": world["sessions"]},
        "DescribeKey": {"KeyMetadata": {"Arn": arn, "KeyState": "Enabled"}},
        "GetKeyPolicy": {"Policy": json.dumps(world["key_policy"])},
        "ListGrants": {"Grants": []},
    }
    if operation in answers:
        return Known(answers[operation])
    if operation == "GetDocument" and asked["Name"] in world["documents"]:
        return Known({"Content": json.dumps(world["documents"][asked["Name"]])})
    return Unreachable("not described")


def _iam(world: Mapping[str, Any], operation: str, asked: Mapping[str, Any]) -> Answer:
    if operation.startswith("GetPolicy"):
        policies = [h.get("boundary") for h in world["roles"].values()]
        document = next((p for p in policies if p), None)
        data = {"Policy": {"DefaultVersionId": "v1"}, "PolicyVersion": {"Document": document}}
        return Known(data)
    kind = next(k for k in ("Role", "User", "Group") if f"{k}Name" in asked)
    name = asked[f"{kind}Name"]
    holder = world[f"{kind.lower()}s"].get(name)
    if holder is None:
        return Absent(f"NoSuchEntity: {name}")
    if operation in ("GetRole", "GetUser"):
        return Known({kind: _described(kind, name, holder)})
    return Known(
        {
            "PolicyNames": list(holder["inline"]),
            "AttachedPolicies": [{"PolicyArn": arn} for arn in holder["attached"]],
            "Groups": [{"GroupName": group} for group in holder.get("groups", ())],
            "PolicyDocument": holder["inline"].get(asked.get("PolicyName")),
        }
    )


def _described(kind: str, name: str, holder: Mapping[str, Any]) -> dict[str, Any]:
    tags = [{"Key": key, "Value": value} for key, value in holder.get("tags", {}).items()]
    bound = {"PermissionsBoundaryArn": f"arn:aws:iam::{ACCOUNT}:policy/boundary"}
    return {
        "Arn": f"arn:aws:iam::{ACCOUNT}:{kind.lower()}/{name}",
        f"{kind}Id": holder.get("id", ""),
        "Tags": tags,
        "PermissionsBoundary": bound if holder.get("boundary") else {},
    }
