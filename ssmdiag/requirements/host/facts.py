"""What the Requirements about the node's operating system share: Verdicts where it was not seen."""

from __future__ import annotations

from collections.abc import Sequence

from ssmdiag.model import NotApplicable, Symptom, Unverified, Verdict
from ssmdiag.requirements.contract import as_logged, gap_of
from ssmdiag.world.call import Absent, Answer, Denied


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
        return as_logged(requirement, symptoms, way, name=name)
    if isinstance(answer, Absent):
        return NotApplicable(answer.why)
    return Unverified(why, (), way)
