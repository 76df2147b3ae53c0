"""Would a Call of the agent succeed? Told from the Verdicts of the Requirements.

A Requirement that was not looked at leaves a step open, unless it is about something that one run
does not look at and another does (the node itself, its network, who starts sessions): that is taken
to be as it should, and said to be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Optional

from ssmdiag.diagnose.agent_steps import Would, worst
from ssmdiag.model import (
    Advice,
    Allow,
    Broken,
    Checked,
    Holds,
    NotApplicable,
    Situation,
    Unverified,
    Verdict,
)

_UNSEEN: Mapping[str, str] = {
    "agent": "the agent on the node",
    "local": "the node's operating system",
    "clock": "the node's clock",
    "network": "the network between the node and AWS",
    "identity": "how the node comes by its credentials",
    "caller": "what who starts the session may do",
}
"""Subjects that not every run looks at, in words."""
_OF_EVERY_RUN = ("identity/agent-role",)
# To read endpoints' policies takes permissions that nodes do not have, and most of them allow
# everything: only what is said of the request itself leaves it open.
_ENDPOINTS = "network/endpoint-policies"
_NAMED_ENDPOINT = "network/endpoint-policy"
_MAY_STAY_OPEN = ("local", "clock", "identity")
_HEARD_FROM = "identity/managed"
_WAY_OF_HEARING = "network/ssm"


class Verdicts:
    """The Verdicts of one run, by the Requirement's id; it remembers what was not among them."""

    def __init__(self, checked: Sequence[Checked], situation: Situation) -> None:
        self._verdicts = {c.id: c.verdict for c in checked}
        self._doubted = {x.requirement: s for s in situation.symptoms for x in s.suspects}
        self._unseen: dict[str, None] = {}

    @property
    def unseen(self) -> tuple[str, ...]:
        """What was asked for and not looked at, in words."""
        return tuple(self._unseen)

    def of(self, requirement: str) -> Optional[Verdict]:
        """The Verdict on one Requirement, if it was looked at."""
        return self._verdicts.get(requirement)

    def would(self, *requirements: str) -> Would:
        """Would something succeed that needs all of these?"""
        return worst([self._would(requirement) for requirement in requirements])

    def let_through(self, *actions: str) -> Would:
        """Would the policies of the VPC's endpoints let these requests through?"""
        for requirement in (_NAMED_ENDPOINT, _ENDPOINTS):
            verdict = self.of(requirement)
            named = verdict is not None and any(mentions(verdict, action) for action in actions)
            if isinstance(verdict, Broken) and named:
                return Would(False, verdict.said)
            if isinstance(verdict, Unverified) and named:
                return Would(None, verdict.said, verdict.settle)
        if not isinstance(self.of(_ENDPOINTS), (Holds, Broken, NotApplicable)):
            self._unseen["the policies of VPC endpoints"] = None
        return Would(True)

    def _would(self, requirement: str, seen: tuple[str, ...] = ()) -> Would:
        verdict = self.of(requirement)
        subject = requirement.partition("/")[0]
        if verdict is None or (subject == "caller" and isinstance(verdict, NotApplicable)):
            return self._not_looked_at(requirement)
        if isinstance(verdict, Broken):
            return Would(False, verdict.said)
        if not isinstance(verdict, Unverified):
            return Would(True)
        if self._may_stay_open(requirement):
            return self._not_looked_at(requirement)
        below = verdict.waits_for
        if below is None or below in seen or self.of(below) is None:
            return Would(None, verdict.said, verdict.settle)
        lower = self._would(below, (*seen, requirement))
        return Would(None, verdict.said, verdict.settle) if lower.truth else lower

    def _may_stay_open(self, requirement: str) -> bool:
        """Does it not matter that something could not be seen? Of an agent that Systems Manager
        hears from, it is known that it runs, and reaches it."""
        if requirement in _OF_EVERY_RUN or requirement in self._doubted:
            return False
        subject = requirement.partition("/")[0]
        heard = isinstance(self.of(_HEARD_FROM), Holds)
        told_by_that = subject == "agent" or requirement == _WAY_OF_HEARING
        return subject in _MAY_STAY_OPEN or (heard and told_by_that)

    def _not_looked_at(self, requirement: str) -> Would:
        subject = requirement.partition("/")[0]
        if requirement in self._doubted:
            title = self._doubted[requirement].title
            return Would(
                None,
                f"the agent's log says: {title}",
                f"look at {_UNSEEN.get(subject, requirement)}",
            )
        if subject not in _UNSEEN or requirement in _OF_EVERY_RUN:
            return Would(None, f"{requirement} was not looked at")
        self._unseen[_UNSEEN[subject]] = None
        return Would(True)


def mentions(verdict: Verdict, words: str) -> bool:
    """Does a Verdict name something, in what it says, its evidence or its remedies?"""
    told = [verdict.said, *getattr(verdict, "evidence", ())]
    for remedy in getattr(verdict, "remedies", ()):
        told += [remedy.text] if isinstance(remedy, Advice) else []
        told += remedy.actions if isinstance(remedy, Allow) else ()
    return any(words.lower() in text.lower() for text in told)
