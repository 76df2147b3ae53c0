"""Runs Requirements: side by side, in a stable order."""

from __future__ import annotations

from collections.abc import Sequence

from ssmdiag.model import Checked, Situation
from ssmdiag.requirements.contract import Requirement, doubted
from ssmdiag.world.asking import side_by_side
from ssmdiag.world.call import Ask

CALLER = "caller"
"""The subject of the Requirements that concern who starts sessions."""


def to_look_at(
    requirements: Sequence[Requirement], situation: Situation
) -> tuple[Requirement, ...]:
    """The Requirements that a run has to look at.

    With AWS at hand all standing ones, since silence is not health and a fault in the handshake
    hides those behind it; from the log alone only those on which a Symptom casts doubt.
    """
    return tuple(
        r for r in requirements if (r.standing and situation.online) or doubted(situation, r.id)
    )


def to_check(
    requirements: Sequence[Requirement], only: Sequence[str] = (), *, caller: bool = False
) -> tuple[Requirement, ...]:
    """The Requirements of a check: all that concern the node, or ``only`` those of some layers or
    subjects, or single ones by their ids; those of who starts sessions if ``caller``.

    Raises ValueError with one line if ``only`` names something else, or nothing but what concerns
    who starts sessions, and that is not known.
    """
    for name in only:
        named = [r for r in requirements if name in (r.layer, r.subject, r.id)]
        if not named:
            known = dict.fromkeys(n for r in requirements for n in (r.layer, r.subject))
            raise ValueError(f"there is nothing to check called {name!r}: {', '.join(known)}")
        if not caller and all(r.subject == CALLER for r in named):
            raise ValueError(f"{name} is about who starts sessions: say who with --as-user ARN")
    return tuple(
        r
        for r in requirements
        if (r.subject != CALLER or caller)
        and (not only or any(name in (r.layer, r.subject, r.id) for name in only))
    )


def check(
    requirements: Sequence[Requirement], ask: Ask, situation: Situation
) -> tuple[Checked, ...]:
    """Ask every Requirement; independent Calls go side by side, ``ask`` makes none twice."""

    def one(requirement: Requirement) -> Checked:
        verdict = requirement.check(ask, situation)
        return Checked(requirement.id, requirement.title, requirement.layer, verdict)

    # All at once: one that waits for a service that is dead must not keep the others waiting.
    return tuple(side_by_side(one, requirements, at_once=len(requirements)))
