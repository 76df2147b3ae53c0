"""Judges a Report on a described world against the answer that its scenario gives.

A scenario is one object of a scenario file: ``world`` (a merge patch on a baseline), ``log_lines``,
``expected_verdict`` (finding, could-not-verify, no-finding) and ``root_causes`` (resource kinds).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from ssmdiag.model import Report
from ssmdiag.values import dataclass

Scenario = Mapping[str, Any]
Mark = Literal["right", "wrong", "abstained"]


@dataclass(frozen=True)
class Item:
    """One judged item. ``abstained``: not the answer, but nothing false was said either."""

    id: str
    expected: str
    got: str
    mark: Mark


def log_text(scenario: Scenario) -> bytes:
    """The scenario's log as the bytes of a file; a newline inside a line stays in its Record."""
    return "".join(f"{line}\n" for line in scenario["log_lines"]).encode()


def judge(scenario: Scenario, report: Report) -> Item:
    """Compare the kinds of resources that were found broken, or open, with those expected."""
    broken: set[str] = {f.resource.kind for f in report.findings if f.verdict == "broken"}
    unverified: set[str] = {
        s.kind for f in report.findings if f.verdict == "unverified" for s in f.suspects
    }
    causes, verdict = set(scenario["root_causes"]) - {"none"}, scenario["expected_verdict"]
    expected = f"{verdict}:{'+'.join(sorted(causes)) or 'none'}"
    got = f"{report.verdict}:{'+'.join(sorted(broken)) or 'none'}"
    if unverified:
        got += f" unverified:{'+'.join(sorted(unverified))}"
    return Item(scenario["id"], expected, got, _mark(verdict, causes, broken, unverified))


def _mark(verdict: str, causes: set[str], broken: set[str], unverified: set[str]) -> Mark:
    if verdict == "no-finding":
        return "wrong" if broken else "abstained" if unverified else "right"
    if verdict == "could-not-verify":
        return "right" if not broken and causes <= unverified else "wrong"
    if broken == causes:
        return "right"
    # Less than the whole truth is an abstention only if the rest was named as not verified.
    return "abstained" if broken < causes and unverified else "wrong"
