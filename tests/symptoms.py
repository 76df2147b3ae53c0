"""A Symptom for tests of Requirements: the agent's words, and what they cast doubt on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Optional

from ssmdiag.iam.failure import read_failure
from ssmdiag.model import Record, ResourceKind, Suspect, Symptom


def symptom(
    words: str,
    requirement: str,
    resource: ResourceKind,
    *sessions: str,
    title: str = "a request failed",
    fields: Mapping[str, str] = {},
    last: Optional[datetime] = None,
) -> Symptom:
    """What one Record comes to, if its pattern suspects one Requirement."""
    return Symptom(
        pattern="any/pattern",
        title=title,
        severity="session-refused",
        count=1,
        first=None,
        last=last,
        sessions=sessions,
        fields=tuple(sorted(fields.items())),
        failure=read_failure(words),
        suspects=(Suspect(requirement, resource),),
        decided=False,
        sample=Record(words),
    )
