"""How a target words its Requirements: checks that know what is wanted."""

from __future__ import annotations

from typing import Callable, TypeVar

from ssmdiag.model import Resource, Situation, Unverified, Verdict
from ssmdiag.requirements.contract import Gap, Requirement
from ssmdiag.setup.wanted import Wanted
from ssmdiag.world.call import Ask

Check = Callable[[Wanted, Ask], Verdict]
_W = TypeVar("_W")


def requirement(
    id_: str, title: str, layer: str, check: Callable[[_W, Ask], Verdict], wanted: _W
) -> Requirement:
    """A Requirement that is part of ``wanted``."""

    def checked(ask: Ask, situation: Situation) -> Verdict:
        del situation  # what is wanted says it all
        return check(wanted, ask)

    return Requirement(id_, title, layer, checked)


def unread(gap: Gap, resource: Resource) -> Unverified:
    """The Verdict where ``resource`` could not be read."""
    return Unverified(gap.why, (resource,), gap.settle)
