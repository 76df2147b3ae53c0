"""Whole excerpts, neighbours and noise included: the Symptoms that they come to, as files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ssmdiag.catalog.load import load, shipped
from tests.excerpts import LOGS, expected, told


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.stem)
def test_an_excerpt_comes_to_the_symptoms_beside_it(log: Path) -> None:
    stated = json.loads(expected(log).read_text(encoding="utf-8"))
    assert told(log) == stated, "see the change with scripts/rewrite-excerpts and git diff"


def test_every_family_of_patterns_has_an_excerpt() -> None:
    catalog, _ = load([shipped()])
    told_of = (symptom["pattern"] for log in LOGS for symptom in told(log)["symptoms"])
    seen = {name.partition("/")[0] for name in told_of}
    troubles = {pattern.area for pattern in catalog.patterns if not pattern.benign}
    assert troubles - seen == set()
