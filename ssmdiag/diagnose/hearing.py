"""What a log tells by its silence: faults that the agent would have logged by themselves.

"Encryption is not set up" may come from a refused or unanswered lookup, which is logged just above
it. Where the log shows the session from its start and no such line, the lookup worked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ssmdiag.model import SessionStart, Symptom


def heard_out(symptoms: Sequence[Symptom], starts: Sequence[SessionStart]) -> tuple[Symptom, ...]:
    """The Symptoms without the suspects that the whole log of their sessions clears."""
    whole = {start.session for start in starts}
    return tuple(
        _cleared(s) if s.sessions and whole.issuperset(s.sessions) else s for s in symptoms
    )


def _cleared(symptom: Symptom) -> Symptom:
    left = tuple(s for s in symptom.suspects if not s.leaves_trace)
    if not left or len(left) == len(symptom.suspects):
        return symptom
    one_kind = len({s.resource for s in left}) == 1
    return replace(symptom, suspects=left, decided=symptom.decided or one_kind)
