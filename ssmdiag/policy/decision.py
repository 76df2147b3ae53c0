"""The answer to a request, with the statements that decided it and the words to say so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Optional

from ssmdiag.model import PolicyType
from ssmdiag.policy.conditions import Unmet
from ssmdiag.policy.document import WORDS
from ssmdiag.policy.layer import Step
from ssmdiag.policy.reading import PartName, Reading
from ssmdiag.policy.request import Request
from ssmdiag.values import dataclass


@dataclass(frozen=True)
class Cited:
    """One statement: the name of its policy, and its Sid or ``#2``, counted from 1."""

    policy: str
    statement: str
    named: str
    """Both in words: ``statement #2 of inline policy "logs"``."""


@dataclass(frozen=True)
class Near:
    """The statement that comes nearest to deciding otherwise, and the part that prevents it."""

    cited: Cited
    part: PartName
    why: str
    key: Optional[str] = None
    """The condition key that fails or is not known, if ``part`` is the condition."""


@dataclass(frozen=True)
class Decision:
    """What IAM would answer, and why."""

    outcome: Literal["allowed", "denied", "undetermined"]
    layer: Optional[PolicyType]
    """The kind of policy that decided: for ``denied`` the one that denies or does not allow, for
    ``undetermined`` the one that is not known."""
    explicit: bool
    """True if a Deny statement decided, or would."""
    reasons: tuple[str, ...]
    deciding: tuple[Cited, ...] = ()
    """The statements that allow it, step by step; or the one that denies it, or would."""
    nearest: Optional[Near] = None

    @property
    def cited(self) -> Optional[Cited]:
        """The statement to look at: what decided, else what came nearest."""
        if self.deciding:
            return self.deciding[-1]
        return self.nearest.cited if self.nearest else None


def worst(decisions: Sequence[Decision]) -> Decision:
    """The Decision that stands in the way most, of several that are all needed."""
    return max(decisions, key=lambda d: ("allowed", "undetermined", "denied").index(d.outcome))


def allowed(path: Sequence[Step], granting: Step, request: Request) -> Decision:
    """The Decision of a path whose every step allows."""
    readings = [step.reading for step in path if step.reading]
    reasons = [f"{reading.named} allows {request.action}" for reading in readings]
    if granting.said:
        reasons.append(granting.said)
    deciding = tuple(_cited(reading) for reading in readings)
    return Decision("allowed", granting.layer, False, tuple(reasons), deciding)


def denied_by(reading: Reading, request: Request) -> Decision:
    """The Decision of a Deny statement that applies."""
    said = f"{reading.named} denies {request.action} on {request.resource}"
    return Decision("denied", reading.policy.type, True, (said,), (_cited(reading),))


def perhaps_denied_by(reading: Reading, request: Request) -> Decision:
    """The Decision where a Deny statement may apply."""
    said = f"{reading.named} denies {request.action} on {request.resource} if it applies"
    near = _near(reading)
    said = f"{said}: {near.why}"
    return Decision("undetermined", reading.policy.type, True, (said,), (_cited(reading),), near)


def unread(layer: PolicyType, why: str) -> Decision:
    """The Decision where a policy that could not be read might deny it."""
    return Decision("undetermined", layer, False, (f"{why}, and could deny it",))


def not_allowed(step: Step, request: Request, because: Sequence[str] = ()) -> Decision:
    """The Decision where nothing allows it at ``step``."""
    reasons = [f"no {WORDS[step.layer]} allows {request.action} on {request.resource}", *because]
    if step.said:
        reasons.append(step.said)
    near = _near(step.reading) if step.reading else None
    if near:
        reasons.append(f"{near.cited.named} comes nearest, but {near.why}")
    return Decision("denied", step.layer, False, tuple(reasons), nearest=near)


def not_known(step: Step, request: Request) -> Decision:
    """The Decision where it is unknown whether ``step`` allows."""
    near = _near(step.reading) if step.reading else None
    said = step.said
    if near:
        said = f"{near.cited.named} allows {request.action} if it applies: {near.why}"
    return Decision("undetermined", step.layer, False, (said,), nearest=near)


def _cited(reading: Reading) -> Cited:
    return Cited(reading.policy.name, reading.statement.label, reading.named)


def _near(reading: Reading) -> Near:
    part = reading.obstacle
    assert part is not None
    key = part.why.condition.key if isinstance(part.why, Unmet) else None
    return Near(_cited(reading), part.name, str(part.why), key)
