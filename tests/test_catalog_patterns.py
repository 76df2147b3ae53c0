"""The whole catalogue over every line of every fixture: what is stated must come out, exactly.

The fixture of ``patterns/<area>/<name>.toml`` stands at ``fixtures/patterns/<area>/<name>.toml``.
Each of its lines says why it is there; ``is`` names the Pattern that knows it if it is not the
fixture's own ("nothing": none does). A line without ``level`` is an excerpt, as from a ticket.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ssmdiag.catalog.lint import lint
from ssmdiag.catalog.load import load, parse_toml, shipped
from ssmdiag.catalog.match import hits
from ssmdiag.catalog.pattern import search
from ssmdiag.catalog.suspicion import suspects
from ssmdiag.model import Record

FIXTURES = Path(__file__).parent / "fixtures" / "patterns"
CATALOG, PROBLEMS = load([shipped()])

# Requirements that later issues bring; until then their Symptoms are told without a check.
REQUIREMENTS = {
    *("agent/config", "agent/version"),
    *("bucket/encryption", "bucket/exists"),
    *("caller/generate-data-key", "caller/plugin", "caller/session-actions"),
    *("clock/skew", "identity/activation", "identity/agent-role"),
    *("key/bucket-state", "key/log-group-policy", "key/log-group-state", "key/state"),
    *("local/disk", "local/host", "log-group/encrypted", "log-group/exists"),
    *("network/ec2messages", "network/kms", "network/logs", "network/s3", "network/ssm"),
    *("network/ssmmessages", "preferences/destination", "preferences/log-group-name"),
    *("preferences/run-as", "preferences/session-key"),
    *("role/bucket-key", "role/create-log-group", "role/create-log-stream"),
    *("role/describe-log-groups", "role/describe-log-streams", "role/get-bucket-encryption"),
    *("role/kms-decrypt", "role/managed-instance-core", "role/message-channels"),
    *("role/publish-agent-log", "role/put-log-events", "role/put-object", "role/report-to-ssm"),
    "service/aws",
}

Line = dict[str, Any]


def _lines(pattern_id: str) -> list[Line]:
    lines: list[Line] = parse_toml((FIXTURES / f"{pattern_id}.toml").read_text())["lines"]
    return lines


def _tells(line: Line) -> bool:
    return not {"suspects", "decided", "fields"}.isdisjoint(line)


PATTERNS = [pattern.id for pattern in CATALOG.patterns]
LINES = [
    (pattern_id, line)
    for pattern_id in PATTERNS
    if (FIXTURES / f"{pattern_id}.toml").is_file()
    for line in _lines(pattern_id)
]


def test_the_shipped_catalogue_loads_without_a_problem() -> None:
    assert PROBLEMS == ()


def test_nothing_speaks_against_shipping_it() -> None:
    assert [str(problem) for problem in lint(CATALOG, REQUIREMENTS)] == []


def test_every_pattern_has_a_fixture_and_every_fixture_a_pattern() -> None:
    found = {
        path.relative_to(FIXTURES).with_suffix("").as_posix() for path in FIXTURES.rglob("*.*")
    }
    assert found == set(PATTERNS)


@pytest.mark.parametrize(("pattern_id", "line"), LINES)
def test_a_line_is_known_as_what_the_fixture_says(pattern_id: str, line: Line) -> None:
    found = list(hits(CATALOG, Record(line["text"], level=line.get("level"))))

    known_as = found[0].pattern.id if found else "nothing"
    assert known_as == line.get("is", pattern_id), line["why"]


@pytest.mark.parametrize(("pattern_id", "line"), LINES)
def test_no_two_patterns_claim_a_line_at_the_same_priority(pattern_id: str, line: Line) -> None:
    found = [hit.pattern for hit in hits(CATALOG, Record(line["text"], level=line.get("level")))]

    rivals = [pattern.id for pattern in found if pattern.priority == found[0].priority]
    assert len(rivals) <= 1, f"{pattern_id}: {line['why']}"


@pytest.mark.parametrize(("pattern_id", "line"), [(p, line) for p, line in LINES if _tells(line)])
def test_a_line_casts_doubt_on_what_the_fixture_says(pattern_id: str, line: Line) -> None:
    hit = next(hits(CATALOG, Record(line["text"], level=line.get("level"))))
    named, decided = suspects(CATALOG, CATALOG[pattern_id], hit.failure)

    told: Line = {
        "suspects": [f"{suspect.requirement} {suspect.resource}" for suspect in named],
        "decided": decided,
        "fields": dict(hit.fields),
    }
    assert {key: told[key] for key in told if key in line} == {
        key: line[key] for key in told if key in line
    }, line["why"]


@pytest.mark.parametrize("pattern_id", PATTERNS)
def test_every_expression_and_every_literal_of_a_pattern_earns_its_place(pattern_id: str) -> None:
    pattern = CATALOG[pattern_id]
    texts = [" ".join(line["text"].split()) for line in _lines(pattern_id) if "is" not in line]

    idle = [e for e in pattern.expressions if all(search(e, text) is None for text in texts)]
    dead = [literal for literal in pattern.literals if not any(literal in text for text in texts)]
    assert (idle, dead) == ([], [])
