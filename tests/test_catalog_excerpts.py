"""Whole excerpts, neighbours and noise included: the Symptoms that they come to, as files.

After a change of the catalogue: ``scripts/rewrite-fixtures``; then read the diff.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ssmdiag.catalog.load import load, shipped
from tests.excerpts import LOGS, expected, told


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.stem)
def test_an_excerpt_comes_to_the_symptoms_beside_it(log: Path) -> None:
    text = json.dumps(told(log), indent=2, ensure_ascii=False) + "\n"
    if os.environ.get("SSMDIAG_REGENERATE"):
        expected(log).write_text(text, encoding="utf-8")
    assert text == expected(log).read_text(encoding="utf-8")


def test_every_family_of_patterns_has_an_excerpt() -> None:
    catalog, _ = load([shipped()])
    told_of = (symptom["pattern"] for log in LOGS for symptom in told(log)["symptoms"])
    seen = {name.partition("/")[0] for name in told_of}
    troubles = {pattern.area for pattern in catalog.patterns if not pattern.benign}
    assert troubles - seen == set()
