"""Carrying a plan out: in order, patiently, and never without saying where it stands.

Running it again continues, since the next plan holds only what is missing then.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field
from typing import Callable, Optional

from ssmdiag.setup.consistency import ATTEMPTS, NOT_YET, PAUSE
from ssmdiag.setup.documents import current, is_whole, words_for
from ssmdiag.setup.plan import Plan
from ssmdiag.values import dataclass
from ssmdiag.world.asking import Door
from ssmdiag.world.call import Absent, Answer, Call, Known, Promise, keeping, reason


@dataclass(frozen=True)
class Means:
    """What applying is given to act with."""

    write: Door
    """Carries orders out, and reads once more what they are to replace."""
    say: Callable[[str], None]
    save: Callable[[str, str], str]
    """Keeps the text of a document that is to be replaced, under a name; returns where."""
    sleep: Callable[[float], None]


@dataclass(frozen=True)
class Outcome:
    """How far it came. ``failed`` is None if no Call stands in the way."""

    done: tuple[Call, ...]
    left: tuple[Call, ...]
    failed: Optional[Call] = None
    why: str = ""
    """Why it went no further, as a sentence; empty if all was done."""
    made: tuple[tuple[Promise, str], ...] = ()
    """The values that AWS told on the way, such as the ARN of a new key."""

    @property
    def unused(self) -> Iterator[str]:
        """The values that were told, and that something which is left was to be told in turn."""
        for promise, value in self.made:
            if any(promise.stand_in in order.arguments for order in self.left):
                yield value

    @property
    def nameless_key(self) -> str:
        """The ARN of a key that was made and did not get its alias, so that the next plan would
        make another one; empty if there is none."""
        waiting = [order for order in self.left if order.operation == "CreateAlias"]
        for promise, value in self.made:
            if any(order.parameters["TargetKeyId"] == promise.stand_in for order in waiting):
                return value
        return ""


class CutShortError(Exception):
    """It was ended from outside, on the way; the cause is what ended it."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.why)
        self.outcome = outcome


def apply(plan: Plan, means: Means) -> Outcome:
    """Carry out every Call of ``plan`` through ``means.write``. Stops at the first that fails, and
    before one that would replace or delete what is no longer what the plan was made from.

    All that is replaced or deleted is saved before anything is done: what ``means.save`` raises is
    raised. After that CutShortError is, from whatever else ends it: an interrupt, or nobody who
    reads what it says.
    """
    run = _Run(plan, means)
    whole = {words_for(order): order for order in plan.calls if is_whole(order)}
    for order in whole.values():
        if why := run.changed(order):
            return Outcome((), plan.calls, order, why)
    for words, order in whole.items():
        if order in plan.replaced:
            saved = means.save(words, plan.replaced[order])
            means.say(f"{words}, as it was, is kept in {saved}")
    try:
        return run.whole()
    except BaseException as error:
        raise CutShortError(run.cut_short()) from error


@dataclass
class _Run:
    """How far it has come."""

    plan: Plan
    means: Means
    done: list[Call] = field(default_factory=list)
    made: list[tuple[Promise, str]] = field(default_factory=list)
    under_way: Optional[Call] = None

    def whole(self) -> Outcome:
        steps = [step for step in self.plan.steps if step.calls]
        for number, step in enumerate(steps, start=1):
            self.means.say(f"{number}/{len(steps)}  {step.summary}")
            for planned in step.calls:
                if why := self._obstacle(planned):
                    return self._outcome(why, planned)
        return self._outcome()

    def changed(self, planned: Call) -> str:
        """Why ``planned`` would undo what somebody else did meanwhile; empty if it would not."""
        found = current(self.means.write, planned)
        if not isinstance(found, (Known, Absent)):
            return f"{words_for(planned)} could not be read once more: {reason(found)}"
        text = found.data if isinstance(found, Known) else None
        if text == self.plan.replaced.get(planned):
            return ""
        return (
            f"{words_for(planned)} is no longer what the plan was made from, and was left as it is"
        )

    def cut_short(self) -> Outcome:
        why = "it was cut short"
        if self.under_way is not None:
            name = _name(self.under_way)
            why += f"; {name} may have been done all the same, for its answer was not awaited"
        return self._outcome(why, self.under_way)

    def _obstacle(self, planned: Call) -> str:
        """Do it; or why it was not done."""
        if is_whole(planned) and (why := self.changed(planned)):
            return why
        order = _kept(planned, self.made)
        self.under_way = planned
        answer = _carried_out(order, self.means)
        self.under_way = None
        if not isinstance(answer, Known):
            return f"{_name(planned)} failed: {reason(answer)}"
        self.done.append(planned)
        if planned.gives:
            self.made.append((planned.gives, _value(answer, planned.gives)))
        self.means.say(f"     {_name(order)}")
        return ""

    def _outcome(self, why: str = "", failed: Optional[Call] = None) -> Outcome:
        left = self.plan.calls[len(self.done) :]
        return Outcome(tuple(self.done), left, failed, why, tuple(self.made))


def _name(order: Call) -> str:
    return f"{order.service}:{order.operation}"


def _kept(order: Call, made: Sequence[tuple[Promise, str]]) -> Call:
    for promise, value in made:
        order = keeping(order, promise, value)
    return order


def _value(answer: Known, promise: Promise) -> str:
    found = answer.data
    for word in promise.path.split("."):
        found = found[word]
    return str(found)


def _carried_out(order: Call, means: Means) -> Answer:
    code = NOT_YET.get(order.operation)
    for attempt in range(1, ATTEMPTS + 1):
        answer = means.write(order)
        not_yet = not isinstance(answer, Known) and code is not None and code in reason(answer)
        if not not_yet or attempt == ATTEMPTS:
            break
        if attempt == 1:
            means.say("     AWS does not know of what was made before yet; trying again")
        means.sleep(PAUSE)
    return answer
