"""Records in, Symptoms out: each fixture is a short story with its moral in the first line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssmdiag.catalog import fold as folding
from ssmdiag.catalog.fold import fold
from ssmdiag.catalog.load import load, shipped
from ssmdiag.model import Record, Symptom
from ssmdiag.toml import parse_toml

STORIES = sorted((Path(__file__).parent / "fixtures" / "catalog" / "fold").glob("*.toml"))
CATALOG, _ = load([shipped()])
NOON = datetime(2026, 3, 1, 12)


def _record(told: dict[str, Any]) -> Record:
    worker = ("ssm-session-worker", told["session"], "DataBackend") if "session" in told else ()
    time = NOON + timedelta(seconds=told["at"]) if "at" in told else None
    return Record(told["message"], time=time, level=told.get("level"), context=worker)


def _told(symptom: Symptom) -> dict[str, Any]:
    return {
        "pattern": symptom.pattern,
        "count": symptom.count,
        "severity": symptom.severity,
        "sessions": list(symptom.sessions),
        "suspects": [f"{one.requirement} {one.resource}" for one in symptom.suspects],
        "decided": symptom.decided,
    }


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_records_fold_as_the_story_tells(path: Path) -> None:
    story = parse_toml(path.read_text())
    records = [_record(told) for told in story["records"]]

    folded = fold(CATALOG, records)

    expected = story.get("symptoms", [])
    assert len(folded.symptoms) == len(expected), story["why"]
    for symptom, wanted in zip(folded.symptoms, expected):
        told = _told(symptom)
        assert {key: told[key] for key in wanted} == wanted, story["why"]
    clusters = [
        {"template": one.template, "count": one.count, "level": one.level}
        for one in folded.clusters
    ]
    assert clusters == story.get("clusters", [])
    assert (folded.benign, folded.records) == (story["benign"], len(records))


def test_a_symptom_spans_its_records_and_keeps_the_first_as_a_sample() -> None:
    gone = "S3 bucket acme-audit-trail is not encrypted"
    records = [_record({"at": at, "level": "ERROR", "message": gone}) for at in (5, 3, 9)]

    (symptom,) = fold(CATALOG, records).symptoms

    assert symptom.sample is records[0]
    assert (symptom.first, symptom.last) == (NOON + timedelta(seconds=3), records[2].time)
    assert symptom.fields == (("bucket", "acme-audit-trail"),)
    assert symptom.explanation.startswith("GetBucketEncryption was answered")


def test_symptoms_come_in_the_order_in_which_they_were_first_seen() -> None:
    records = [
        _record({"at": 9, "level": "ERROR", "message": "S3 bucket late is not encrypted"}),
        _record({"at": 1, "level": "ERROR", "message": "S3 bucket early is not encrypted"}),
    ]

    symptoms = fold(CATALOG, records).symptoms

    assert [dict(symptom.fields)["bucket"] for symptom in symptoms] == ["early", "late"]


def test_the_same_records_give_the_same_symptoms() -> None:
    records = [_record(told) for path in STORIES for told in _stories(path)]

    assert fold(CATALOG, records) == fold(CATALOG, iter(records))


def _stories(path: Path) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = parse_toml(path.read_text())["records"]
    return records


@given(st.permutations([told for path in STORIES for told in _stories(path)][:40]))
def test_in_whatever_order_records_come_none_is_lost(told: list[dict[str, Any]]) -> None:
    records = [_record(one) for one in told]

    folded = fold(CATALOG, records)

    assert folded.records == len(records)
    assert folded.symptoms or folded.clusters or folded.benign


def test_what_differs_without_end_is_folded_into_bounded_memory() -> None:
    folded = fold(CATALOG, _endless(3 * folding.MOST_SYMPTOMS))

    assert len(folded.symptoms) <= folding.MOST_SYMPTOMS + 1
    assert sum(symptom.count for symptom in folded.symptoms) == 3 * folding.MOST_SYMPTOMS


def _endless(count: int) -> Iterator[Record]:
    for number in range(count):
        yield Record(f"S3 bucket hostile-{number} is not encrypted", level="ERROR")
