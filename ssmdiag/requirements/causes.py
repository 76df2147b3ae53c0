"""From Verdicts to causes: broken Requirements gathered by resource, and those hidden behind them.

A fault can hide another: a log group that may not be found cannot be seen to be unencrypted. So the
Changes for what is broken are overlaid in memory and the Requirements asked again, until nothing
new breaks. The last round is also the proof of all Changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ssmdiag.model import Broken, Checked, Holds, Remedy, Resource, Situation
from ssmdiag.requirements.checking import check
from ssmdiag.requirements.contract import LAYERS, Requirement
from ssmdiag.values import dataclass
from ssmdiag.world.call import Ask, Call

if TYPE_CHECKING:
    from ssmdiag.requirements.changes import Edit

_ROUNDS = 5


@dataclass(frozen=True)
class Cause:
    """One resource that breaks Requirements, and the Edit that mends it."""

    resource: Resource
    checked: tuple[Checked, ...]
    edit: Edit
    hidden: bool
    """True if it shows only once what is below it is mended."""

    @property
    def broken(self) -> tuple[Broken, ...]:
        return tuple(c.verdict for c in self.checked if isinstance(c.verdict, Broken))


@dataclass(frozen=True)
class Diagnosis:
    """All causes in the order of their layers, those that others hide at the end, and the Verdicts
    once all Edits are in place."""

    causes: tuple[Cause, ...]
    before: tuple[Checked, ...]
    after: tuple[Checked, ...]


def find_causes(requirements: Sequence[Requirement], ask: Ask, situation: Situation) -> Diagnosis:
    """Ask, overlay the Edits, and ask again until nothing new is broken."""
    before = after = check(requirements, ask, situation)
    causes: list[Cause] = []
    seen: set[tuple[str, Resource]] = set()
    for number in range(_ROUNDS):
        fresh = [
            c
            for c in after
            if isinstance(c.verdict, Broken) and (c.id, c.verdict.resource) not in seen
        ]
        if not fresh:
            break
        # Where nothing is broken, as in most runs, nothing that mends is loaded.
        from ssmdiag.requirements.changes import compose

        world = _with(ask, causes)
        for group in _by_resource(fresh):
            seen |= {(c.id, resource_of(c)) for c in group}
            edit = compose(world, _remedies(group))
            causes.append(Cause(resource_of(group[0]), group, edit, hidden=number > 0))
        causes.sort(key=_place)
        after = check(requirements, _with(ask, causes), _mended(situation, seen))
    return Diagnosis(tuple(causes), before, after)


def _mended(situation: Situation, seen: set[tuple[str, Resource]]) -> Situation:
    """The Situation once the causes are mended: what they explain is of the past then."""
    explained = {requirement for requirement, _ in seen}
    still = tuple(
        s for s in situation.symptoms if explained.isdisjoint(x.requirement for x in s.suspects)
    )
    return replace(situation, symptoms=still)


def _with(ask: Ask, causes: Sequence[Cause]) -> Ask:
    calls: list[Call] = [c for cause in causes for c in cause.edit.calls]
    if not calls:
        return ask
    from ssmdiag.world.overlay import Overlay, can_overlay

    return Overlay(ask, calls) if can_overlay(calls) else ask


def resource_of(checked: Checked) -> Resource:
    """The resource that a broken Requirement blames."""
    assert isinstance(checked.verdict, Broken)
    return checked.verdict.resource


def _by_resource(broken: Sequence[Checked]) -> list[tuple[Checked, ...]]:
    groups: dict[Resource, list[Checked]] = {}
    for c in broken:
        groups.setdefault(resource_of(c), []).append(c)
    return [tuple(group) for group in groups.values()]


def _remedies(group: Sequence[Checked]) -> list[Remedy]:
    return [r for c in group if isinstance(c.verdict, Broken) for r in c.verdict.remedies]


def _place(cause: Cause) -> tuple[bool, int]:
    return cause.hidden, min(LAYERS.index(c.layer) for c in cause.checked)


def worsened(diagnosis: Diagnosis) -> tuple[Checked, ...]:
    """What held before the Edits and does not hold with them: must be empty for a proof."""
    held = {c.id for c in diagnosis.before if isinstance(c.verdict, Holds)}
    return tuple(c for c in diagnosis.after if c.id in held and isinstance(c.verdict, Broken))


def in_one_sentence(verdicts: Sequence[Broken]) -> str:
    """What is wrong with one resource, in one sentence; missing permissions are told together."""
    lacks = [v.lack for v in verdicts if v.lack]
    if len(lacks) < len(verdicts) or len({lack.who for lack in lacks}) > 1:
        return "; ".join(dict.fromkeys(v.said for v in verdicts))
    actions: dict[str, dict[str, None]] = {}
    for lack in lacks:
        actions.setdefault(lack.what, {})[lack.action] = None
    whole = "; nor ".join(f"{', '.join(names)} on {what}" for what, names in actions.items())
    return f"{lacks[0].who} is not allowed {whole}"
