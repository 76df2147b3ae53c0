"""What the Requirements about the node's operating system share: Verdicts where it was not seen."""

from __future__ import annotations

from collections.abc import Sequence

from ssmdiag.model import NotApplicable, Resource, Symptom, Unverified, Verdict
from ssmdiag.requirements.contract import gap_of
from ssmdiag.world.call import Absent, Answer, Denied


def as_logged(symptom: Symptom, requirement: str, name: str, settle: str) -> Unverified:
    """The Verdict where only the log speaks: ``name`` is what the Symptom's suspects are called."""
    kinds = dict.fromkeys(x.resource for x in symptom.suspects if x.requirement == requirement)
    return Unverified(
        f"the agent's log says: {symptom.title}",
        tuple(Resource(kind, name) for kind in kinds),
        settle,
        (symptom.sample.message,),
    )


def unseen(
    answer: Answer,
    what: str,
    requirement: str,
    symptoms: Sequence[Symptom],
    settle: str,
    name: str = "this node",
) -> Verdict:
    """The Verdict where the host did not tell ``what``; ``settle`` is what a person can look at.

    An ``Absent`` Answer says that this platform has no such thing.
    """
    gap = gap_of(answer, what)
    if isinstance(answer, Denied):
        why, way = f"{what}: {answer.denial.message}", f"run ssmdiag as root; or {settle}"
    else:
        why, way = gap.why, settle
    if symptoms:
        return as_logged(symptoms[-1], requirement, name, way)
    if isinstance(answer, Absent):
        return NotApplicable(answer.why)
    return Unverified(why, (), way)
