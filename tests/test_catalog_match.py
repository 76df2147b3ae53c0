"""Which Pattern knows a Record, and what it takes from it."""

from __future__ import annotations

from typing import Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssmdiag.catalog.load import load, shipped
from ssmdiag.catalog.match import CHARACTERS_READ, interesting, match
from ssmdiag.catalog.pattern import LEVELS, Catalog, Pattern
from ssmdiag.model import Record

CATALOG, _ = load([shipped()])
HIBERNATE = "Entering SSM Agent hibernate - AccessDeniedException: denied"


def _pattern(name: str, expression: str, priority: int = 0) -> Pattern:
    return Pattern(
        id=f"printer/{name}",
        title=name,
        area="printer",
        severity="info",
        source="",
        literals=("lp0",),
        expressions=(expression,),
        priority=priority,
    )


def _known_as(catalog: Catalog, message: str, level: Optional[str] = "ERROR") -> Optional[str]:
    hit = match(catalog, Record(message, level=level))
    return hit.pattern.id if hit else None


def test_the_higher_priority_is_asked_first() -> None:
    catalog = Catalog((_pattern("any", "lp0"), _pattern("fire", "lp0 on fire", priority=1)))

    assert _known_as(catalog, "lp0 on fire") == "printer/fire"
    assert _known_as(catalog, "lp0 out of paper") == "printer/any"


def test_white_space_of_any_kind_counts_as_one_space() -> None:
    catalog = Catalog((_pattern("fire", "lp0 on fire"),))

    assert _known_as(catalog, "lp0\r\n\t on\n   fire") == "printer/fire"


def test_an_expression_that_takes_too_long_does_not_match() -> None:
    catalog = Catalog((_pattern("slow", "(?:a|a)*b"), _pattern("rest", "lp0", priority=-1)))

    assert _known_as(catalog, "lp0 " + "a" * 5_000) == "printer/rest"


def test_what_stands_beyond_the_head_of_a_dump_is_not_read() -> None:
    catalog = Catalog((_pattern("fire", "lp0"),))

    assert _known_as(catalog, "x" * CHARACTERS_READ + " lp0") is None


@pytest.mark.parametrize(
    ("level", "known"),
    [("INFO", True), ("ERROR", True), (None, True), ("DEBUG", False)],
)
def test_a_pattern_knows_records_of_its_levels_and_those_without(
    level: Optional[str], known: bool
) -> None:
    assert (_known_as(CATALOG, HIBERNATE, level) == "credentials/hibernate") is known


def test_the_words_of_the_failed_request_are_read() -> None:
    hit = match(
        CATALOG, Record("Error in PutLogEvents:ThrottlingException: Rate exceeded", level="ERROR")
    )

    assert hit is not None
    assert hit.failure is not None
    assert (hit.failure.kind, hit.failure.code) == ("throttled", "ThrottlingException")


def test_quiet_records_that_mean_something_are_interesting() -> None:
    words = interesting(CATALOG, also=(b"assumed-role/", b"agent - v"))

    def sieved(line: bytes) -> bool:
        return any(word in line for word in words)

    assert sieved(b"2026-03-01 12:00:00 INFO [ssm-agent-worker] " + HIBERNATE.encode())
    assert sieved(b"INFO amazon-ssm-agent - v3.3.0.0")
    assert sieved(b"INFO arn:aws:sts::444455556666:assumed-role/NodeRole/i-1")
    assert not sieved(b"2026-03-01 12:00:00 INFO [CredentialRefresher] Credentials ready")
    assert interesting(Catalog(())) == ()


@given(st.text(max_size=400), st.sampled_from([*LEVELS, None]))
def test_no_text_is_too_odd(text: str, level: Optional[str]) -> None:
    literals = [literal for literal, _ in CATALOG.literals]
    for literal in literals[:: max(1, len(literals) // 5)]:
        hit = match(CATALOG, Record(f"{text}{literal}{text}", level=level))
        assert hit is None or level is None or level in hit.pattern.levels
