"""What is worth waking up for: a cause when it appears, changes, lasts, and when it is gone.

A cause is a Finding; it is known by what is at fault, not by the lines that tell of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Literal, Optional

from ssmdiag.iam.arn import role_name_of
from ssmdiag.model import SEVERITIES, Finding, Symptom
from ssmdiag.values import dataclass

_RANKS: dict[str, int] = {name: rank for rank, name in enumerate(SEVERITIES)}

Kind = Literal["appeared", "changed", "reminder", "resolved"]

LASTS = timedelta(hours=24)
"""How long a cause that only the log tells of is taken to last after its last line."""


@dataclass(frozen=True)
class Cause:
    """An open cause, as it was told last. Times are ISO 8601 in UTC."""

    subject: str
    verdict: str
    severity: str
    evidence: str
    """Digest of what proves it."""
    lines: int
    """How many lines of the log told of it."""
    since: str
    seen: str
    """When it was last known to last."""
    told: str
    heard: str = ""
    """Time of its last line, as the log tells it; empty if it tells none."""
    symptoms: tuple[str, ...] = ()
    """What its Symptoms are known by."""


@dataclass(frozen=True)
class News:
    """One thing to tell."""

    kind: Kind
    key: str
    cause: Cause
    findings: tuple[Finding, ...]
    """The Finding; none if it is resolved."""


def key_of(finding: Finding) -> str:
    """What a cause is known by, from run to run."""
    resource = finding.resource
    requirements = ",".join(sorted(finding.requirements))
    return f"{resource.kind}:{resource.name}:{requirements}"


def name_of(symptom: Symptom) -> str:
    """What a Symptom is known by, from run to run; not the session, nor the request's id."""
    failure = symptom.failure
    denial = failure.denial if failure else None
    request = failure and (failure.kind, failure.code, failure.host)
    who = denial and (denial.action, role_name_of(denial.principal or "") or denial.principal)
    told = repr((symptom.pattern, symptom.fields, request, who))
    return hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()[:16]


def cause_of(kept: Mapping[str, Any]) -> Cause:
    """A Cause that was kept as JSON, also by a version that knew fewer fields of it."""
    return Cause(**{**kept, "symptoms": tuple(kept.get("symptoms", ()))})


def news(
    findings: Sequence[Finding],
    known: Mapping[str, Cause],
    now: datetime,
    remind: timedelta,
    *,
    complete: bool,
) -> tuple[tuple[News, ...], dict[str, Cause]]:
    """What is to be told now, and which causes are open then. ``now`` is in UTC.

    ``complete`` says that every requirement was looked at: a cause of which there is no Finding is
    gone then. Otherwise, or where only the log told of it, it lasts for ``LASTS`` without a line.
    """
    causes = dict(known)
    told: list[News] = []
    current = {key_of(finding): finding for finding in findings}
    for key, finding in current.items():
        before = known.get(key)
        causes[key] = _cause(finding, before, now)
        kind = _kind(causes[key], before, now, remind)
        if kind:
            causes[key] = replace(causes[key], told=now.isoformat())
            told.append(News(kind, key, causes[key], (finding,)))
    for key, cause in known.items():
        if key not in current and (complete if cause.verdict == "broken" else _silent(cause, now)):
            told.append(News("resolved", key, causes.pop(key), ()))
    return tuple(told), causes


def _cause(finding: Finding, before: Optional[Cause], now: datetime) -> Cause:
    lines = sum(symptom.count for symptom in finding.symptoms)
    last = max((s.last.isoformat() for s in finding.symptoms if s.last), default="")
    if before is None or finding.verdict == "broken":
        heard = True
    else:
        # Every run from a timer counts anew: one line and one line are not the same one.
        heard = last > before.heard if last else lines != before.lines
    return Cause(
        subject=finding.said,
        verdict=finding.verdict,
        severity=_severity(finding) or (before.severity if before else ""),
        evidence=_evidence(finding),
        lines=lines,
        since=before.since if before else now.isoformat(),
        seen=before.seen if before and not heard else now.isoformat(),
        told=before.told if before else "",
        heard=max(last, before.heard) if before else last,
        symptoms=tuple(sorted({name_of(symptom) for symptom in finding.symptoms})),
    )


def _severity(finding: Finding) -> str:
    """What the user loses by it, as the worst of its Symptoms says; empty if none tells."""
    return max((s.severity for s in finding.symptoms), key=SEVERITIES.index, default="")


def _evidence(finding: Finding) -> str:
    # Counts and times change with every line, and are no news.
    proof = (finding.said, finding.verdict, *finding.requirements)
    return hashlib.sha256("\n".join(proof).encode("utf-8", "replace")).hexdigest()[:16]


def _kind(
    cause: Cause, before: Optional[Cause], now: datetime, remind: timedelta
) -> Optional[Kind]:
    if before is None:
        return "appeared"
    worse = _RANKS.get(cause.severity, 0) > _RANKS.get(before.severity, 0)
    if worse or cause.evidence != before.evidence:
        return "changed"
    return "reminder" if now - datetime.fromisoformat(before.told) >= remind else None


def _silent(cause: Cause, now: datetime) -> bool:
    return now - datetime.fromisoformat(cause.seen) >= LASTS
