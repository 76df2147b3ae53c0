"""What a Requirement is, and what every file of this room offers: a tuple ``REQUIREMENTS``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Callable, Optional

from ssmdiag.model import Broken, Resource, Situation, Symptom, Unverified, Verdict
from ssmdiag.values import dataclass
from ssmdiag.world.call import Absent, Answer, Ask, Denied, Known

Check = Callable[[Ask, Situation], Verdict]

# A fault in a lower layer hides or causes those above it; Findings are told in this order.
LAYERS = (
    "host",
    "agent",
    "identity",
    "network",
    "credentials",
    "permission",
    "key",
    "destination",
    "preferences",
)


@dataclass(frozen=True)
class Requirement:
    """One named condition. ``check`` is pure: it only uses ``ask`` and the Situation."""

    id: str
    title: str
    layer: str
    check: Check
    standing: bool = True
    """False: ``check`` looks at it, ``diagnose`` only if a Symptom casts doubt on it."""

    @property
    def subject(self) -> str:
        """What it is about: the first part of its id."""
        return self.id.partition("/")[0]


@dataclass(frozen=True)
class Gap:
    """Something could not be read: ``why`` it was, and what would ``settle`` it."""

    why: str
    settle: str


def gap_of(answer: Answer, what: str) -> Gap:
    """Word an Answer that is not ``Known`` as a Gap."""
    if isinstance(answer, Denied):
        action = answer.denial.action or "the permission that AWS names"
        return Gap(f"{what} may not be read with these credentials", f"allow {action}")
    if isinstance(answer, Absent):
        return Gap(f"{what} does not exist: {answer.why}", f"check the name of {what}")
    if isinstance(answer, Known):
        return Gap(f"{what} was answered in a form that is not known", "report this as a defect")
    return Gap(f"{what} could not be read: {answer.why}", f"make it possible to read {what}")


def doubted(situation: Situation, requirement: str) -> tuple[Symptom, ...]:
    """The Symptoms that cast doubt on one Requirement."""
    return tuple(
        s for s in situation.symptoms if any(x.requirement == requirement for x in s.suspects)
    )


def waits(requirement: str, said: str) -> Unverified:
    """The Verdict of a Requirement that cannot be looked at before another is known."""
    return Unverified(said, suspects=(), settle="", waits_for=requirement)


def as_logged(
    requirement: str,
    symptoms: Sequence[Symptom],
    settle: str,
    evidence: tuple[str, ...] = (),
    name: str = "this node",
) -> Unverified:
    """The Verdict where nothing but the log speaks of a Requirement: what the log suspects.

    ``name`` is what a suspect is called of which the log does not name the host.
    """
    first = symptoms[0]
    suspects = dict.fromkeys(
        Resource(suspect.resource, (s.failure and s.failure.host) or name)
        for s in symptoms
        for suspect in s.suspects
        if suspect.requirement == requirement
    )
    said = "; ".join(dict.fromkeys(s.title for s in symptoms))
    return Unverified(
        f"the agent's log says: {said}",
        tuple(suspects),
        settle,
        (first.failure.text if first.failure else first.sample.message, *evidence),
    )


def unread(
    gap: Gap, requirement: str, symptoms: Sequence[Symptom], settle: Optional[str] = None
) -> Unverified:
    """The Verdict where something could not be read: what the log suspects, if it does.

    ``settle`` is what would settle it, if that is not what the Gap says.
    """
    settle = gap.settle if settle is None else settle
    if symptoms:
        return as_logged(requirement, symptoms, settle)
    return Unverified(gap.why, (), settle)


def as_one(broken: Sequence[Broken]) -> Broken:
    """Several that are broken, told as the first of them: with all evidence and remedies, once."""
    evidence = tuple(dict.fromkeys(e for b in broken for e in b.evidence))
    remedies = tuple(dict.fromkeys(r for b in broken for r in b.remedies))
    return replace(broken[0], evidence=evidence, remedies=remedies)


def moments(symptom: Symptom) -> str:
    """How often and when a Symptom was seen, in words."""
    times = "once" if symptom.count == 1 else f"{symptom.count} times"
    if symptom.last is None:
        return times
    return f"{times}, last at {symptom.last:%Y-%m-%d %H:%M:%S}"
