"""What speaks against shipping a pattern that loads."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ssmdiag.catalog.lint import lint
from ssmdiag.catalog.pattern import Catalog, Doubt, Pattern

GOOD = Pattern(
    id="printer/fire",
    title="The printer is on fire",
    area="printer",
    severity="degraded",
    source="lp0.c",
    literals=("lp0 on fire",),
    expressions=(r"lp0 on fire: (?<error>.*)",),
    explanation="It is.",
    suspects=(Doubt("denial", "local/host"),),
)
OTHER = replace(GOOD, id="printer/smoke", literals=("lp0 smoking",), expressions=("lp0 smoking",))


def _said(*patterns: Pattern) -> list[str]:
    return [str(problem) for problem in lint(Catalog(patterns), {"local/host"})]


def test_nothing_speaks_against_a_good_one() -> None:
    assert _said(GOOD) == []


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        (replace(GOOD, title="x" * 101), "title: is not one line of at most 100 characters"),
        (replace(GOOD, explanation=""), "explanation: is missing"),
        (replace(GOOD, source=""), "source: is missing"),
        (replace(GOOD, literals=("lp0 on",)), "literals: 'lp0 on' is too short to sift by"),
        (replace(GOOD, literals=("lp0  on fire",)), "can never occur"),
        (replace(GOOD, literals=("out of paper",)), "is dead: no expression has a word of it"),
        (
            replace(GOOD, literals=("lp0 on fire", "the lp0 on fire")),
            "is dead: another literal is part of it",
        ),
        (replace(GOOD, expressions=("(lp0 on fire",)), "is not an expression"),
        (replace(GOOD, expressions=(r"lp0 on fire(?<error>(?:a|a)*b)",)), "is slow on hostile"),
        (replace(GOOD, expressions=("lp0 on fire",)), "but no expression captures (?<error>"),
        (replace(GOOD, subject=("colour",)), "subject: 'colour' is captured by no expression"),
        (replace(GOOD, echo_of=("printer/flood",)), "echo_of: 'printer/flood' is no pattern"),
        (replace(GOOD, echo_of=("printer/fire",)), "echo_of: goes in a circle"),
        (replace(GOOD, suspects=(Doubt("denial", "a/b"),)), "'a/b' is no Requirement"),
    ],
)
def test_a_bad_one_is_told_what_is_wrong(spoilt: Pattern, said: str) -> None:
    assert any(said in problem for problem in _said(spoilt)), _said(spoilt)


def test_echoes_that_repeat_one_another_go_in_a_circle() -> None:
    first = replace(GOOD, echo_of=("printer/smoke",))
    second = replace(OTHER, suspects=(), echo_of=("printer/fire",))

    assert _said(first, second) == [
        "printer/fire.toml: echo_of: goes in a circle",
        "printer/smoke.toml: echo_of: goes in a circle",
    ]


def test_two_patterns_with_one_expression_need_different_priorities() -> None:
    twin = replace(GOOD, id="printer/twin")

    assert _said(GOOD, twin) == [
        "printer/fire.toml: expressions: has an expression of printer/twin at the same priority"
    ]
    assert _said(GOOD, replace(twin, priority=1)) == []
