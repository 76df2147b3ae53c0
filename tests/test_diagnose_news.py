"""What is worth waking up for: each case is a story of one cause, hour by hour."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Optional

import pytest

from ssmdiag.diagnose.news import LASTS, Cause, cause_of, name_of, news
from ssmdiag.model import Denial, Failure, Finding, Record, Resource, Severity, Symptom

START = datetime(2026, 11, 24, 3, 0, tzinfo=timezone.utc)
REMIND = timedelta(hours=24)


def finding(
    said: str = "the role may not",
    verdict: str = "broken",
    count: int = 1,
    severity: Severity = "no-logs",
    at: Optional[float] = None,
) -> Finding:
    """``at`` is the hour of the last line, by the node's clock."""
    last = None if at is None else START.replace(tzinfo=None) + timedelta(hours=at)
    symptom = Symptom(
        pattern="kms/x",
        title="x",
        severity=severity,
        count=count,
        first=last,
        last=last,
        sessions=(),
        fields=(),
        failure=None,
        suspects=(),
        decided=True,
        sample=Record("x"),
    )
    return Finding(
        resource=Resource("role", "Nodes"),
        verdict=verdict,  # type: ignore[arg-type]
        said=said,
        requirements=("role/kms-decrypt",),
        evidence=(),
        symptoms=(symptom,),
        change=None,
        advice=(),
        proof=None,
    )


Told = tuple[float, Optional[Finding], str]
"""Hours since the start, what is found then, and what is told of it."""

STORIES: dict[str, list[Told]] = {
    "it appears, lasts in silence, and is gone": [
        (0, finding(), "appeared"),
        (0.1, finding(count=10_000), ""),
        (5, finding(), ""),
        (6, None, "resolved"),
        (7, None, ""),
    ],
    "it lasts for days": [
        (0, finding(), "appeared"),
        (23.9, finding(), ""),
        (24, finding(), "reminder"),
        (25, finding(), ""),
        (48, finding(), "reminder"),
    ],
    "the evidence changes": [
        (0, finding("it may be the role", "unverified"), "appeared"),
        (1, finding(), "changed"),
        (2, finding(), ""),
    ],
    "it gets worse, and better again": [
        (0, finding(severity="degraded"), "appeared"),
        (1, finding(severity="session-refused"), "changed"),
        (2, finding(severity="degraded"), ""),
    ],
    "it comes back": [
        (0, finding(), "appeared"),
        (1, None, "resolved"),
        (2, finding(), "appeared"),
    ],
    "only the log told of it, and falls silent": [
        (0, finding(verdict="unverified"), "appeared"),
        (1, None, ""),
        (LASTS.total_seconds() / 3600 + 0.1, None, "resolved"),
    ],
    "what the log told of goes on": [
        (0, finding(verdict="unverified", count=1), "appeared"),
        (20, finding(verdict="unverified", count=2), ""),
        (25, None, ""),
    ],
    "every run counts a line of its own": [
        (0, finding(verdict="unverified", at=0), "appeared"),
        (20, finding(verdict="unverified", at=20), ""),
        (25, None, ""),
        (44, None, "resolved"),
    ],
    "a line that was heard before is no new one": [
        (0, finding(verdict="unverified", at=0), "appeared"),
        (20, finding(verdict="unverified", count=2, at=0), ""),
        (24, None, "resolved"),
    ],
}


@pytest.mark.parametrize("story", STORIES)
def test_a_cause_is_told_when_it_is_news(story: str) -> None:
    causes: dict[str, Cause] = {}
    for hours, found, expected in STORIES[story]:
        told, causes = news(
            [found] if found else [],
            causes,
            START + timedelta(hours=hours),
            REMIND,
            complete=True,
        )
        assert [str(each.kind) for each in told] == ([expected] if expected else []), hours


def test_where_nobody_was_asked_what_is_broken_is_not_taken_to_be_gone() -> None:
    _, causes = news([finding()], {}, START, REMIND, complete=False)
    told, after = news([], causes, START + timedelta(hours=2), REMIND, complete=False)
    assert told == ()
    assert after == causes


def test_a_cause_that_an_older_version_kept_is_still_open() -> None:
    kept = {
        "subject": "the role may not",
        "verdict": "unverified",
        "severity": "no-logs",
        "evidence": "e",
        "lines": 1,
        "since": START.isoformat(),
        "seen": START.isoformat(),
        "told": START.isoformat(),
    }
    cause = cause_of(kept)
    assert (cause.subject, cause.heard, cause.symptoms) == ("the role may not", "", ())


def test_what_two_roles_are_refused_is_not_the_same() -> None:
    def refused(role: str, session: str) -> str:
        who = f"arn:aws:sts::123456789012:assumed-role/{role}/{session}"
        denial = Denial("no", "logs:DescribeLogGroups", who)
        symptom = finding().symptoms[0]
        return name_of(replace(symptom, failure=Failure("denial", "no", denial=denial)))

    assert refused("Nodes", "i-1") == refused("Nodes", "i-2") != refused("Others", "i-1")
