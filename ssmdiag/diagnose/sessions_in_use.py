"""The kinds of sessions that are in use on a node: which document, started by whom.

Told by the agent's log where it was read, and by ssm:DescribeSessions. Source: AWS Systems Manager
API Reference, DescribeSessions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Optional

from ssmdiag.iam.arn import parse_arn, role_name_of
from ssmdiag.model import SessionStart, Situation
from ssmdiag.outcome import Outcome
from ssmdiag.requirements.contract import Gap, gap_of
from ssmdiag.requirements.preferences.facts import (
    DEFAULT_DOCUMENT,
    content_of,
    document_in_use,
    is_own,
    past_sessions,
    reading,
)
from ssmdiag.values import dataclass
from ssmdiag.world.call import Absent, Ask

_MOST = 12
"""More kinds than these are not told apart: those used last are looked at."""


@dataclass(frozen=True)
class Kind:
    """Sessions that are started alike."""

    document: str
    caller: Optional[str]
    situation: Situation
    """The Situation of a node on which only such sessions are started."""
    unknown: Optional[Outcome] = None
    """Their Outcome, where the document cannot be read."""


def kinds_in_use(ask: Ask, situation: Situation) -> tuple[Kind, ...]:
    """The kinds of sessions in use, first those of the document in force."""
    main = document_in_use(ask, situation)
    pairs = list(dict.fromkeys(_pairs(ask, situation)))
    if situation.caller or not any(document == main for document, _ in pairs):
        pairs = list(dict.fromkeys([(main, situation.caller), *pairs]))
    pairs.sort(key=lambda pair: pair[0] != main)
    return tuple(_kind(ask, situation, main, *pair) for pair in pairs[:_MOST])


def _pairs(ask: Ask, situation: Situation) -> Iterator[tuple[str, Optional[str]]]:
    """Document and caller of every session that is known, those used last first."""
    seen: dict[str, str] = {}
    for start in reversed(situation.starts):
        if is_own(start.document):
            yield start.document, _one_of(seen, start.owner)
    past = past_sessions(ask, situation) if situation.online else []
    for session in () if isinstance(past, Gap) else past:
        document = str(session.get("DocumentName") or DEFAULT_DOCUMENT)
        if is_own(document):
            yield document, _one_of(seen, session.get("Owner"))


def _one_of(seen: dict[str, str], caller: object) -> Optional[str]:
    """The caller; of the sessions of one role, which have the same policies, the first seen."""
    if not isinstance(caller, str) or parse_arn(caller) is None:
        return None
    return seen.setdefault(role_name_of(caller) or caller, caller)


def _kind(ask: Ask, situation: Situation, main: str, document: str, caller: Optional[str]) -> Kind:
    own = replace(situation, caller=caller)
    if document == main:
        return Kind(document, caller, own)
    logged = [s for s in situation.starts if s.document == document]
    answer = ask(reading(document))
    content = content_of(answer)
    if content is None and not logged and not isinstance(answer, Absent):
        gap = gap_of(answer, f"document {document}")
        said = f"Whether it starts, and where it is logged, is not known: {gap.why}."
        return Kind(document, caller, own, Outcome("unknown", said, None, (), (), (gap.settle,)))
    start = logged[-1] if logged else SessionStart("", document, content or {})
    return Kind(document, caller, replace(own, starts=(start,)))
