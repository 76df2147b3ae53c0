"""The whole catalogue over every line of every fixture: what is stated must come out, exactly.

``ssmdiag/catalog/trial.py`` tells the form of a fixture; ``ssmdiag patterns test`` runs the same.
"""

from __future__ import annotations

import pytest

from ssmdiag.catalog.lint import lint
from ssmdiag.catalog.load import load, shipped
from ssmdiag.catalog.trial import Stated, failure_of, fixtures_of, idle_of, stated
from ssmdiag.requirements.registry import titles

CATALOG, PROBLEMS = load([shipped()])
LINES, FIXTURE_PROBLEMS = stated(CATALOG.patterns, fixtures_of(shipped()))


def test_the_shipped_catalogue_loads_without_a_problem() -> None:
    assert PROBLEMS == ()


def test_nothing_speaks_against_shipping_it() -> None:
    assert [str(problem) for problem in lint(CATALOG, titles())] == []


def test_every_pattern_has_a_fixture_and_every_fixture_a_pattern() -> None:
    assert [str(problem) for problem in FIXTURE_PROBLEMS] == []


@pytest.mark.parametrize("line", LINES, ids=lambda line: f"{line.pattern}:{line.number}")
def test_a_line_is_read_as_what_the_fixture_says(line: Stated) -> None:
    assert failure_of(CATALOG, line) is None, line.data["why"]


@pytest.mark.parametrize("pattern_id", [pattern.id for pattern in CATALOG.patterns])
def test_every_expression_and_every_literal_of_a_pattern_earns_its_place(pattern_id: str) -> None:
    assert idle_of(CATALOG[pattern_id], LINES) == ()
