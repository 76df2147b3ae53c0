"""A change of a healthy world in, one Requirement about a KMS key and its mending out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ssmdiag.demo import described
from ssmdiag.model import Broken, Situation, Unverified
from ssmdiag.requirements.causes import find_causes
from ssmdiag.requirements.registry import discover
from ssmdiag.wiring.reach import in_region
from ssmdiag.world.asking import Asking


def _fixture(name: str) -> Any:
    return json.loads((Path(__file__).parent / "fixtures" / name).read_text("utf-8"))


BASELINE: dict[str, Any] = _fixture("scenarios/baseline.json")
CASES: list[dict[str, Any]] = _fixture("requirements/key.json")["cases"]


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_a_key_is_judged_and_mended(case: dict[str, Any]) -> None:
    world = described.merge_patch(BASELINE["world"], case["world"])
    situation = Situation(world["region"], instance_id=world["identity"]["instance_id"])
    wanted = discover([case["requirement"]])
    diagnosis = find_causes(wanted, Asking(described.door(world)), situation)
    verdict = diagnosis.before[0].verdict
    assert type(verdict).__name__ == case["verdict"], verdict
    assert case.get("says", "") in verdict.said
    if isinstance(verdict, Unverified):
        assert verdict.waits_for == case.get("waits")
    if isinstance(verdict, Broken):
        assert case.get("evidence", "") in "; ".join(verdict.evidence)
        (edit,) = [cause.edit for cause in diagnosis.causes]
        commands = "\n".join(in_region(world["region"])(edit.calls))
        wanted_commands = case.get("commands", [])
        assert len(edit.calls) == len(wanted_commands), commands
        assert [c for c in wanted_commands if c not in commands] == []
        assert case.get("advice", "") in "; ".join(edit.advice)
