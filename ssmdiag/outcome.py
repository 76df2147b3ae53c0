"""The nouns of what a session will do: they belong to the model, and a Report may carry them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, Optional

from ssmdiag.values import dataclass

Expectation = Literal["yes", "no", "unknown"]


def worst(expected: Iterable[Expectation]) -> Expectation:
    """What can be expected of the whole: all of it has to succeed."""
    told = set(expected)
    return "no" if "no" in told else "unknown" if "unknown" in told else "yes"


@dataclass(frozen=True)
class Stage:
    """One thing that the agent, the service or the client does for a session: will it succeed?"""

    step: str
    verdict: Expectation
    why: str
    """Why not, or why that is not known; empty if it will succeed."""


@dataclass(frozen=True)
class Arrival:
    """What becomes of the session's log at one of its destinations."""

    where: str
    """``log group X``, ``bucket X``."""
    arrives: Expectation
    encrypted: str
    """With what it is, or would be, encrypted there: a KMS key by its ARN, or in words."""
    because: str
    """Why it does not arrive, or why that is not known; empty if it does."""


@dataclass(frozen=True)
class Outcome:
    """What a session that is started now will do."""

    starts: Expectation
    said: str
    """The whole in one sentence."""
    sentence: Optional[str]
    """What the user reads of a session that is refused, as the agent or the service words it; ``…``
    stands for what only AWS can fill in. None if it is not refused, or if nobody says why."""
    arrivals: tuple[Arrival, ...]
    steps: tuple[Stage, ...]
    """In the order in which they are taken, up to the one that refuses the session."""
    settle: tuple[str, ...] = ()
    """What would settle what is not known."""
    unseen: tuple[str, ...] = ()
    """What was not looked at, and so is taken to be as it should."""

    @property
    def whole(self) -> Expectation:
        """Does all of it work: the session, and the way of its log to every destination?"""
        return worst([self.starts, *(arrival.arrives for arrival in self.arrivals)])
