"""Carrying a plan out: in order, patiently, and never without saying where it stands.

Running it again continues, since the next plan holds only what is missing then.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Callable, Optional

from ssmdiag.setup.consistency import ATTEMPTS, NOT_YET, PAUSE
from ssmdiag.setup.documents import words_for
from ssmdiag.setup.plan import Plan
from ssmdiag.values import dataclass
from ssmdiag.world.asking import Door
from ssmdiag.world.call import Absent, Answer, Call, Denied, Known, Promise, keeping


@dataclass(frozen=True)
class Means:
    """What applying is given to act with."""

    write: Door
    say: Callable[[str], None]
    save: Callable[[str, str], str]
    """Keeps the text of a document that is to be replaced, under a name; returns where."""
    sleep: Callable[[float], None]


@dataclass(frozen=True)
class Outcome:
    """How far it came. ``failed`` is None if all was done."""

    done: tuple[Call, ...]
    left: tuple[Call, ...]
    failed: Optional[Call] = None
    why: str = ""
    made: tuple[tuple[Promise, str], ...] = ()
    """The values that AWS told on the way, such as the ARN of a new key."""


def apply(plan: Plan, means: Means) -> Outcome:
    """Carry out every Call of ``plan`` through ``means.write``. Stops at the first that fails."""
    steps = [step for step in plan.steps if step.calls]
    made: list[tuple[Promise, str]] = []
    done: list[Call] = []
    for number, step in enumerate(steps, start=1):
        means.say(f"{number}/{len(steps)}  {step.summary}")
        for position, planned in enumerate(step.calls):
            if planned in plan.replaced:
                saved = means.save(words_for(planned), plan.replaced[planned])
                means.say(f"     {words_for(planned)}, as it was, is kept in {saved}")
            order = _kept(planned, made)
            answer = _carried_out(order, means)
            if not isinstance(answer, Known):
                later = [c for s in steps[number:] for c in s.calls]
                left = (*step.calls[position:], *later)
                return Outcome(tuple(done), left, planned, reason(answer), tuple(made))
            done.append(planned)
            means.say(f"     {order.service}:{order.operation}")
            if planned.gives:
                made.append((planned.gives, _value(answer, planned.gives)))
    return Outcome(tuple(done), (), made=tuple(made))


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


def reason(answer: Answer) -> str:
    """Why an Answer is not ``Known``, as AWS said it."""
    if isinstance(answer, Denied):
        return answer.denial.message
    return answer.why if isinstance(answer, Absent) else str(getattr(answer, "why", answer))
