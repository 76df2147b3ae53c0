"""The plan: the Changes that make every Requirement of a wanted configuration hold.

What the targets lack is laid over the world, one after the other; then every ordinary Requirement
is asked what is missing still, for instance permissions. At last all of them are asked once more
with the whole plan laid over: that is the proof.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from ssmdiag.model import (
    Broken,
    Checked,
    Holds,
    NotApplicable,
    Resource,
    Situation,
    Unverified,
)
from ssmdiag.requirements.causes import Cause, find_causes, in_one_sentence
from ssmdiag.requirements.changes import compose
from ssmdiag.requirements.checking import check, to_look_at
from ssmdiag.requirements.contract import Requirement
from ssmdiag.requirements.registry import discover
from ssmdiag.setup.documents import replaced, written_once
from ssmdiag.setup.grounds import situation_of
from ssmdiag.setup.targets import bucket, key, key_policy, log_group, preferences, role
from ssmdiag.setup.wanted import Wanted
from ssmdiag.values import dataclass
from ssmdiag.world.call import Ask, Call
from ssmdiag.world.overlay import Overlay

TARGETS = (role, key, key_policy, log_group, bucket, preferences)
"""Each stands on those before it."""

# In this order steps are taken: sessions notice nothing before the preferences change at the end.
_ORDER = ("role", "key-state", "key-policy", "log-group", "bucket", "boundary", "scp", "caller")


@dataclass(frozen=True)
class Step:
    """One resource, what it lacks, and the Calls that make it right."""

    resource: Resource
    summary: str
    """What the Calls do, in words."""
    why: tuple[str, ...]
    """What is missing now."""
    requirements: tuple[str, ...]
    calls: tuple[Call, ...]
    advice: tuple[str, ...] = ()
    """What no Call can do, or what to know before it is done."""


class Place(Protocol):
    """Where something is set up."""

    @property
    def account(self) -> str: ...

    @property
    def region(self) -> str: ...

    @property
    def partition(self) -> str: ...


@dataclass(frozen=True)
class Plan:
    """The way from the world as it is to a wanted configuration."""

    wanted: Place
    steps: tuple[Step, ...]
    before: tuple[Checked, ...]
    """Every Requirement, as it is now."""
    after: tuple[Checked, ...]
    """Every Requirement, with the plan laid over the world."""
    replaced: Mapping[Call, str]
    """The text, as it is now, of every document that a Call replaces."""
    purpose: str = "Encrypted Session Manager logging"
    left: tuple[str, ...] = ()
    """Of a way back: what stays, and why; one sentence each."""
    planned_by: str = "setup plan"
    """The command that makes it, and that tells with --permissions what it takes."""
    checked_by: str = "setup verify"
    """The command that tells afterwards whether all of it is done."""

    @property
    def title(self) -> str:
        """What it is for, and where."""
        return f"{self.purpose} in {self.wanted.region}, account {self.wanted.account}"

    @property
    def calls(self) -> tuple[Call, ...]:
        return tuple(call for step in self.steps for call in step.calls)

    @property
    def open(self) -> tuple[Checked, ...]:
        """What does not hold with the plan in place, or is not known to."""
        return tuple(c for c in self.after if not isinstance(c.verdict, (Holds, NotApplicable)))

    @property
    def nothing(self) -> str:
        """What is said in place of Calls, if there are none."""
        if not self.open:
            return "Nothing is to be done."
        titles = "; ".join(c.title for c in self.open)
        return f"Nothing was found to be done, but this is not known to hold: {titles}."

    @property
    def broken(self) -> tuple[Checked, ...]:
        """What would be broken with the plan in place."""
        return tuple(c for c in self.after if isinstance(c.verdict, Broken))

    @property
    def unverified(self) -> tuple[Checked, ...]:
        """What could not be verified with the plan in place, but for what waits for another."""
        return tuple(
            c for c in self.after if isinstance(c.verdict, Unverified) and not c.verdict.waits_for
        )

    @property
    def done(self) -> bool:
        """Is nothing to be done?"""
        return not self.calls and not self.open


def requirements_of(wanted: Wanted) -> tuple[Requirement, ...]:
    """What the wanted configuration adds to the ordinary Requirements."""
    return tuple(r for target in TARGETS for r in target.requirements(wanted))


def make_plan(wanted: Wanted, ask: Ask) -> Plan:
    """Plan the way to ``wanted``, and prove it on paper."""
    situation = situation_of(wanted)
    ordinary = to_look_at(discover(), situation)
    return plan_for(wanted, requirements_of(wanted), ordinary, ask, situation)


def plan_for(
    wanted: Place,
    own: Sequence[Requirement],
    ordinary: Sequence[Requirement],
    ask: Ask,
    situation: Situation,
) -> Plan:
    """Plan what makes ``own`` Requirements hold, each standing on those before it, and then what
    ``ordinary`` ones lack still."""
    targets = _of_targets(own, ask, situation)
    causes = find_causes(ordinary, _with(ask, targets), situation).causes
    steps = _folded(targets)
    if causes:
        steps = _folded(sorted([*targets, *map(_of_cause, causes)], key=_place))
    whole = [*own, *ordinary]
    texts = {call: replaced(ask, call) for step in steps for call in step.calls}
    return Plan(
        wanted,
        steps,
        check(whole, ask, situation),
        check(whole, _with(ask, steps), situation),
        {call: text for call, text in texts.items() if text is not None},
    )


def _with(ask: Ask, steps: Sequence[Step]) -> Ask:
    calls = [call for step in steps for call in step.calls]
    return Overlay(ask, calls) if calls else ask


def _of_targets(requirements: Sequence[Requirement], ask: Ask, situation: Situation) -> list[Step]:
    steps: list[Step] = []
    for requirement in requirements:
        world = _with(ask, steps)
        verdict = requirement.check(world, situation)
        if isinstance(verdict, Broken):
            edit = compose(world, verdict.remedies)
            why = (verdict.said,)
            ids = (requirement.id,)
            steps.append(Step(verdict.resource, edit.summary, why, ids, edit.calls, edit.advice))
    return steps


def _of_cause(cause: Cause) -> Step:
    return Step(
        cause.resource,
        cause.edit.summary,
        (in_one_sentence(cause.broken),),
        tuple(c.id for c in cause.checked),
        cause.edit.calls,
        cause.edit.advice,
    )


def _place(step: Step) -> tuple[int, bool]:
    made = step.requirements == ("setup/role",)
    if step.resource.kind == "role" and not made:
        # Permissions name what has to exist before.
        return len(_ORDER), False
    kind = step.resource.kind
    # KMS refuses to rotate a key that is disabled or pending deletion.
    late = step.requirements == ("setup/key-rotation",)
    return (_ORDER.index(kind) if kind in _ORDER else len(_ORDER) + 1), late


def _folded(steps: Sequence[Step]) -> tuple[Step, ...]:
    """The steps, each document written once. A step whose work another does joins that one."""
    kept = written_once([call for step in steps for call in step.calls])
    owner = [number for number, step in enumerate(steps) for _ in step.calls]
    folded: list[Step] = []
    position = 0
    for step in steps:
        mine = kept[position : position + len(step.calls)]
        position += len(step.calls)
        calls = tuple(call for call in mine if isinstance(call, Call))
        others = [owner[each] for each in mine if isinstance(each, int)]
        folded.append(replace(step, calls=calls))
        if others and not calls:
            folded[others[0]] = _joined(folded[others[0]], step)
            folded[-1] = replace(step, calls=(), advice=())
    return tuple(step for step in folded if step.calls or step.advice)


def _joined(step: Step, other: Step) -> Step:
    return replace(
        step,
        summary=f"{step.summary}; {other.summary}",
        why=tuple(dict.fromkeys((*step.why, *other.why))),
        requirements=(*step.requirements, *other.requirements),
        advice=tuple(dict.fromkeys((*step.advice, *other.advice))),
    )
