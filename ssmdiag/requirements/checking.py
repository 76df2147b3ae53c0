"""Runs Requirements: side by side, in a stable order."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from ssmdiag.model import Checked, Situation
from ssmdiag.requirements.contract import Requirement, doubted
from ssmdiag.world.call import Ask

_SIDE_BY_SIDE = 8


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


def check(
    requirements: Sequence[Requirement], ask: Ask, situation: Situation
) -> tuple[Checked, ...]:
    """Ask every Requirement; independent Calls go side by side, ``ask`` makes none twice."""

    def one(requirement: Requirement) -> Checked:
        verdict = requirement.check(ask, situation)
        return Checked(requirement.id, requirement.title, requirement.layer, verdict)

    if not requirements:
        return ()
    with ThreadPoolExecutor(max_workers=_SIDE_BY_SIDE) as pool:
        return tuple(pool.map(one, requirements))
