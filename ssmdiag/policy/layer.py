"""A layer: all the policies of one kind, read against one request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import Optional

from ssmdiag.model import PolicyType
from ssmdiag.policy.document import WORDS, Policy
from ssmdiag.policy.logic import Truth, any_of
from ssmdiag.policy.pattern import Lookup
from ssmdiag.policy.principal import Reach
from ssmdiag.policy.reading import Reading, nearest, nearest_in_service, read_policies
from ssmdiag.policy.request import Request
from ssmdiag.values import dataclass


@dataclass(frozen=True)
class Step:
    """Whether one layer allows, with the statement that does, or that comes nearest to it."""

    layer: PolicyType
    allows: Truth
    reading: Optional[Reading] = None
    said: str = ""
    """What there is to say where no statement of a policy decides."""


@dataclass(frozen=True)
class Layer:
    """The policies of one kind. What could not be read may say anything."""

    type: PolicyType
    policies: Sequence[Policy]
    readings: tuple[Reading, ...]
    request: Request
    lookup: Lookup = field(repr=False)
    unread: Optional[str] = None
    """Why not all of them could be read, in words; None if all were."""
    limits: bool = False
    """Whether there is, or may be, such a policy; without one, this layer restricts nothing."""

    def grants(self, *reaches: Reach) -> Step:
        """Whether a statement allows it; with ``reaches``, one that means the caller that way."""
        allowing = [r for r in self.readings if r.statement.effect == "Allow"]
        meaning = [r for r in allowing if not reaches or r.reach in reaches]
        allows = any_of(reading.applies for reading in meaning)
        if allows is not True and self.unread:
            return Step(self.type, None, said=self.unread)
        if allows is False:
            close = nearest(allowing) or nearest_in_service(
                self.policies, self.request, self.lookup
            )
            return Step(self.type, False, close)
        return Step(self.type, allows, nearest(r for r in meaning if r.applies is allows))

    def lets_through(self) -> Step:
        """As ``grants``, for a kind of policy that can only restrict."""
        return self.grants() if self.limits else Step(self.type, True)

    def denies(self) -> tuple[Truth, Optional[Reading]]:
        """Whether a Deny statement applies, and which."""
        denying = [r for r in self.readings if r.statement.effect == "Deny"]
        denies = any_of(reading.applies for reading in denying)
        if denies is False and self.unread:
            return None, None
        return denies, next((r for r in denying if r.applies is denies), None)


def read_layer(
    kind: PolicyType,
    policies: Optional[Sequence[Policy]],
    request: Request,
    lookup: Lookup,
    bounded: Truth = False,
) -> Layer:
    """All of ``policies`` beside ``request``; None means that they could not be read. ``bounded``
    says whether the caller has a permissions boundary."""
    if policies is None:
        unread = f"the {_plural(kind)} could not be read"
        return Layer(kind, (), (), request, lookup, unread, limits=True)
    malformed = [f"{p.named} is malformed: {p.problem}" for p in policies if p.problem]
    readings = tuple(read_policies(policies, request, lookup, bounded))
    why = "; ".join(malformed) or None
    return Layer(kind, policies, readings, request, lookup, why, limits=bool(policies))


def _plural(kind: PolicyType) -> str:
    words = WORDS[kind]
    return f"{words[:-1]}ies" if words.endswith("policy") else words
