"""What a node's operating system answers in, the Verdict with its words and its fix out.

Add a case to ``fixtures/requirements/local.json`` to add a test.
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
    Broken,
    Denial,
    Situation,
    Symptom,
    Unverified,
    Verdict,
)
from ssmdiag.requirements.host import disk as local_disk
from ssmdiag.requirements.host import limits as local_limits
from ssmdiag.requirements.host import logged as host
from ssmdiag.requirements.host import programs as local_programs
from ssmdiag.requirements.host import security as local_security
from ssmdiag.requirements.host import session as local_session
from ssmdiag.requirements.host import snap as local_snap
from ssmdiag.world.asking import Asking, Door
from ssmdiag.world.call import Absent, Answer, Call, Denied, Known, Unreachable
from tests.symptoms import symptom

FIXTURE: dict[str, Any] = json.loads(
    (Path(__file__).parent / "fixtures" / "requirements" / "local.json").read_text("utf-8")
)
CASES: list[dict[str, Any]] = FIXTURE["cases"]
MODULES = (
    host,
    local_disk,
    local_limits,
    local_programs,
    local_security,
    local_session,
    local_snap,
)
REQUIREMENTS = {r.id: r for module in MODULES for r in module.REQUIREMENTS}
KINDS: dict[str, Any] = {
    "Absent": Absent,
    "Denied": lambda message: Denied(Denial(message)),
    "Unreachable": Unreachable,
}


@pytest.mark.parametrize("case", CASES, ids=[c["id"] for c in CASES])
def test_the_node_decides_and_nothing_is_guessed(case: dict[str, Any]) -> None:
    verdict = REQUIREMENTS[case["requirement"]].check(Asking(_door(case)), _situation(case))
    assert type(verdict).__name__ == case["verdict"], (case.get("why"), verdict)
    assert case.get("says", "") in verdict.said
    assert case.get("evidence", "") in " | ".join(getattr(verdict, "evidence", ()))
    assert case.get("advice", "") in _advice(verdict)
    assert case.get("never", "\0") not in str(verdict)
    if isinstance(verdict, Broken):
        assert _advice(verdict)
        assert verdict.resource.name == case.get("name", verdict.resource.name)
    if isinstance(verdict, Unverified):
        assert case.get("settle", "") in verdict.settle
        assert verdict.waits_for == case.get("waits_for")
        assert [s.name for s in verdict.suspects] == ([case["name"]] if "name" in case else [])


def test_every_requirement_of_the_operating_system_has_cases_and_is_asked_for_only() -> None:
    assert {case["requirement"] for case in CASES} == set(REQUIREMENTS)
    assert not any(requirement.standing for requirement in REQUIREMENTS.values())


@pytest.mark.parametrize("requirement", sorted(REQUIREMENTS))
def test_a_node_that_tells_nothing_leaves_every_question_open(requirement: str) -> None:
    asking = Asking(lambda question: Unreachable(f"the Snapshot does not hold {question}"))
    verdict = REQUIREMENTS[requirement].check(asking, Situation("eu-north-1"))
    assert isinstance(verdict, Unverified) or requirement == "local/host"


@pytest.mark.parametrize("requirement", sorted(REQUIREMENTS))
def test_where_only_the_log_speaks_its_suspect_is_told(requirement: str) -> None:
    asking = Asking(lambda question: Unreachable(f"the Snapshot does not hold {question}"))
    case = {"requirement": requirement, "symptom": {"message": "no space left on device"}}
    verdict = REQUIREMENTS[requirement].check(asking, _situation(case))
    assert isinstance(verdict, Unverified)
    assert [s.kind for s in verdict.suspects] == ["local-os"]


# --- the node of the fixture --------------------------------------------------------------------


def _door(case: Mapping[str, Any]) -> Door:
    answers = merge_patch(FIXTURE["base"], case.get("host", {}))

    def door(question: Call) -> Answer:
        if question.service != "host":
            return _document(case.get("preferences"))
        told = answers.get(question.operation)
        for kind in KINDS:
            if isinstance(told, dict) and kind in told:
                return KINDS[kind](told[kind])  # type: ignore[no-any-return]
        if question.operation == "GetDiskSpace":
            told = told.get(question.parameters.get("Folder", "data"))
        if question.operation == "GetPrograms":
            told = {name: told.get(name) for name in question.parameters["Names"]}
        return Absent("it does not exist") if told is None else Known(told)

    return door


def _document(inputs: Any) -> Answer:
    if inputs == "never saved":
        return Absent("the document does not exist")
    if inputs is None:
        return Denied(Denial("not allowed", "ssm:GetDocument"))
    return Known({"Content": json.dumps({"sessionType": "Standard_Stream", "inputs": inputs})})


def _situation(case: Mapping[str, Any]) -> Situation:
    told = case.get("symptom")
    symptoms = (_symptom(case["requirement"], **told),) if told else ()
    return Situation("eu-north-1", symptoms=symptoms, instance_id="i-00112233445566778")


def _symptom(requirement: str, message: str, fields: Mapping[str, str] = {}) -> Symptom:
    return symptom(
        message, requirement, "local-os", title="something failed on the node", fields=fields
    )


def _advice(verdict: Verdict) -> str:
    remedies = verdict.remedies if isinstance(verdict, Broken) else ()
    return " ".join(r.text for r in remedies if isinstance(r, Advice))
