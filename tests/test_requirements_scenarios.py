"""Whole worlds in, the verdict and the kinds of broken resources out.

Every scenario is an account in which one thing (or two, or nothing) is wrong, the node's log of
it, and what an engineer who knows Session Manager would say. Add a scenario to add a test. Where
the tool cannot tell yet, ``abstains`` says why; to judge wrongly is never allowed. ``calls`` are
the writes of all fixes together, where it matters what they write.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from ssmdiag.demo import described
from ssmdiag.demo.judging import judge, log_text
from ssmdiag.log.period import ALL
from ssmdiag.log.reading import read
from ssmdiag.model import Report
from ssmdiag.wiring import diagnosing
from ssmdiag.wiring.catalogues import shipped_catalog
from ssmdiag.world.asking import Asking

FOLDER = Path(__file__).parent / "fixtures" / "scenarios"
BASELINE: dict[str, Any] = json.loads((FOLDER / "baseline.json").read_text("utf-8"))["world"]
SCENARIOS: list[dict[str, Any]] = json.loads((FOLDER / "scenarios.json").read_text("utf-8"))
WRITTEN = [scenario for scenario in SCENARIOS if "calls" in scenario]
CATALOG = shipped_catalog()


@pytest.mark.parametrize("scenario", SCENARIOS, ids=[s["id"] for s in SCENARIOS])
def test_the_diagnosis_says_what_a_good_engineer_would_say(scenario: dict[str, Any]) -> None:
    item = judge(scenario, _diagnosed(scenario))
    why = f"{scenario['root_cause']} Expected {item.expected}, got {item.got}."
    assert item.mark == ("abstained" if "abstains" in scenario else "right"), why


@pytest.mark.parametrize("scenario", WRITTEN, ids=[s["id"] for s in WRITTEN])
def test_the_fixes_write_this_and_no_more(scenario: dict[str, Any]) -> None:
    fixes = [f for f in _diagnosed(scenario).findings if f.change]
    calls = [call for fix in fixes if fix.change for call in fix.change.calls]
    written = [{"operation": call.operation, "parameters": call.parameters} for call in calls]
    assert written == scenario["calls"]
    assert all(fix.proof and fix.proof.proved for fix in fixes)


def test_no_two_scenarios_have_the_same_name() -> None:
    names = [scenario["id"] for scenario in SCENARIOS]
    assert sorted(names) == sorted(set(names))


def _diagnosed(scenario: dict[str, Any]) -> Report:
    world = described.merge_patch(BASELINE, scenario["world"])
    records = read(["-"], stdin=io.BytesIO(log_text(scenario)), span=ALL)
    heard = diagnosing.hear(CATALOG, records)
    if heard.evidence.instance_id is None:
        heard.evidence.instance_id = world["identity"]["instance_id"]
    return diagnosing.decide(heard, Asking(described.door(world)), world["region"], online=True)
