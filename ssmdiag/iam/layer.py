"""A layer: all the policies of one kind, read against one request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Optional

from ssmdiag.iam.logic import Truth, any_of
from ssmdiag.iam.pattern import Lookup
from ssmdiag.iam.policy import Policy, Request
from ssmdiag.iam.principal import Reach
from ssmdiag.iam.statement import WORDS, Reading, nearest, read_policy
from ssmdiag.model import PolicyType


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
    """``readings`` is None if the policies could not be read; empty if there are none."""

    type: PolicyType
    readings: Optional[tuple[Reading, ...]]
    limits: bool
    """Whether there is, or may be, such a policy; without one, this layer restricts nothing."""

    def grants(self, *reaches: Reach) -> Step:
        """Whether a statement allows it; with ``reaches``, one that means the caller that way."""
        if self.readings is None:
            return Step(self.type, None, said=f"the {_plural(self.type)} could not be read")
        allowing = [reading for reading in self.readings if reading.effect == "Allow"]
        meaning = [r for r in allowing if not reaches or r.reach in reaches]
        allows = any_of(reading.applies for reading in meaning)
        if allows is False:
            return Step(self.type, False, nearest(allowing))
        return Step(self.type, allows, nearest(r for r in meaning if r.applies is allows))

    def lets_through(self) -> Step:
        """As ``grants``, for a kind of policy that can only restrict."""
        return self.grants() if self.limits else Step(self.type, True)

    def denies(self) -> tuple[Truth, Optional[Reading]]:
        """Whether a Deny statement applies, and which."""
        if self.readings is None:
            return None, None
        denying = [reading for reading in self.readings if reading.effect == "Deny"]
        denies = any_of(reading.applies for reading in denying)
        return denies, next((r for r in denying if r.applies is denies), None)


def read_layer(
    kind: PolicyType, policies: Optional[Sequence[Policy]], request: Request, lookup: Lookup
) -> Layer:
    """All of ``policies`` beside ``request``; None means that they could not be read."""
    if policies is None:
        return Layer(kind, None, True)
    readings = [reading for policy in policies for reading in read_policy(policy, request, lookup)]
    return Layer(kind, tuple(readings), bool(policies))


def _plural(kind: PolicyType) -> str:
    words = WORDS[kind]
    return f"{words[:-1]}ies" if words.endswith("policy") else words
