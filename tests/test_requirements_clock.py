"""What probes of the endpoints found in, the Verdict on the network and on the clock out.

Every case of the fixture is a node's surroundings and its probes. Add a case to add a test.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from ssmdiag.model import (
    Broken,
    Holds,
    Situation,
    Symptom,
    Unverified,
    Verdict,
)
from ssmdiag.requirements.host import clock
from ssmdiag.requirements.network import answering as network
from ssmdiag.world.asking import Asking
from tests.symptoms import symptom
from tests.vpc_world import FIXTURE, FOLDER, NODE, REGION, door_of

PROBES: dict[str, Any] = json.loads((FOLDER / "probes.json").read_text("utf-8"))
NETWORK: list[dict[str, Any]] = PROBES["network"]
CLOCK: list[dict[str, Any]] = PROBES["clock"]
CHECKS = {r.id: r.check for r in (*network.REQUIREMENTS, *clock.REQUIREMENTS)}


@pytest.mark.parametrize("case", NETWORK, ids=[c["id"] for c in NETWORK])
def test_a_probe_settles_whether_an_endpoint_answers(case: dict[str, Any]) -> None:
    _hold(case, _checked(f"network/{case['service']}", case, FIXTURE["words"]))


@pytest.mark.parametrize("case", CLOCK, ids=[c["id"] for c in CLOCK])
def test_the_answers_of_aws_tell_whether_the_clock_is_right(case: dict[str, Any]) -> None:
    _hold(case, _checked("clock/skew", case, PROBES["words"]))


def test_the_clock_is_not_looked_at_offline() -> None:
    asking = Asking(lambda question: pytest.fail(f"{question} was asked for nothing"))
    situation = Situation(REGION, online=False, symptoms=(_symptom("clock/skew", "late"),))
    assert isinstance(CHECKS["clock/skew"](asking, situation), Unverified)


def _checked(requirement: str, case: dict[str, Any], words: dict[str, str]) -> Verdict:
    symptoms = (_symptom(requirement, words[case["words"]]),) if "words" in case else ()
    instance = case.get("instance", "i-00112233445566778")
    situation = Situation(
        REGION, symptoms=symptoms, principals=(NODE,), instance_id=instance, starts=()
    )
    return CHECKS[requirement](Asking(door_of(case["world"])), situation)


def _symptom(requirement: str, text: str) -> Symptom:
    return symptom(text, requirement, "endpoint-network", "mira-0123456789abcdef0")


def _hold(case: dict[str, Any], verdict: Verdict) -> None:
    """What the case says of the Verdict must hold."""
    assert type(verdict).__name__ == case["verdict"], verdict
    assert case.get("says", "") in verdict.said
    if isinstance(verdict, (Holds, Broken, Unverified)):
        told = "\n".join(verdict.evidence)
        assert all(words in told for words in case.get("evidence", ())), told
    if isinstance(verdict, Broken):
        assert case.get("kind", verdict.resource.kind) == verdict.resource.kind
        assert case.get("name", verdict.resource.name) == verdict.resource.name
        assert verdict.evidence
        advice = str(verdict.remedies)
        assert case.get("advice", "") in advice, advice
    if isinstance(verdict, Unverified):
        assert verdict.waits_for == case.get("waits")
        assert case.get("settle", "") in verdict.settle
        if "suspects" in case:
            assert [s.kind for s in verdict.suspects] == case["suspects"]
