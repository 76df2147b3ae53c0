"""A log and a world in, the Findings in their order out. A case in the fixture is a test."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from ssmdiag.demo import described
from ssmdiag.log.period import ALL
from ssmdiag.log.reading import read
from ssmdiag.model import Finding, Report
from ssmdiag.wiring import diagnosing
from ssmdiag.wiring.catalogues import shipped_catalog
from ssmdiag.world.asking import Asking
from ssmdiag.world.call import Answer, Call
from tests import node_answers

FIXTURES = Path(__file__).parent / "fixtures"
CASES: list[dict[str, Any]] = json.loads(
    (FIXTURES / "diagnose" / "findings.json").read_text("utf-8")
)["cases"]
BASELINE: dict[str, Any] = json.loads(
    (FIXTURES / "scenarios" / "baseline.json").read_text("utf-8")
)["world"]
CATALOG = shipped_catalog()


@pytest.mark.parametrize("case", CASES, ids=[c["id"] for c in CASES])
def test_a_log_comes_to_these_findings(case: dict[str, Any]) -> None:
    report = _diagnosed(case)
    assert [_as_in(f, wanted) for f, wanted in zip(report.findings, case["findings"])] == case[
        "findings"
    ]
    assert len(report.findings) == len(case["findings"])
    assert [s.pattern for s in report.past] == case.get("past", [])


def _as_in(finding: Finding, wanted: dict[str, Any]) -> dict[str, Any]:
    """What is wanted of a Finding, as it is there; of texts the part that is wanted."""
    texts = {"said": finding.said, "advice": " ".join(finding.advice)}
    settle = " ".join(finding.settle)
    told: dict[str, Any] = {
        "verdict": finding.verdict,
        "requirements": list(finding.requirements),
        "suspects": list(dict.fromkeys(s.kind for s in finding.suspects)),
        "settle": [part for part in wanted.get("settle", ()) if part in settle],
        **{
            name: wanted[name] if wanted.get(name, "") in text else text
            for name, text in texts.items()
            if name in wanted
        },
    }
    return {name: told[name] for name in wanted}


def _diagnosed(case: dict[str, Any]) -> Report:
    world = described.merge_patch(BASELINE, case.get("world", {}))
    account, host = described.door(world), node_answers.door(case.get("host", {}))

    def ask(question: Call) -> Answer:
        return host(question) if question.operation in case.get("host", {}) else account(question)

    log = "".join(f"{line}\n" for line in case["log"]).encode()
    heard = diagnosing.hear(CATALOG, read(["-"], stdin=io.BytesIO(log), span=ALL))
    heard.evidence.instance_id = world["identity"]["instance_id"]
    return diagnosing.decide(heard, Asking(ask), world["region"], online=True)
