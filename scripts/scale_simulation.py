"""A fleet against AWS's quotas, second by second: arithmetic, the same every time.

AWS's side is one token bucket for each quota (IAM, STS and EC2 are said to throttle so); where no
burst is published, a bucket holds the tokens of one second. A node that is throttled tries twice
more, a second and two later. A look counts as answered if its Call with the scarcest quota is: the
others are far from theirs by then.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Optional

DAY = 86_400
EVERY = 300
"""Seconds between two runs of the timer."""
RECHECK = 900
DOUBLINGS = 5
"""As in ssmdiag/wiring/watching.py."""
ATTEMPTS = 3
"""As in ssmdiag/world/aws.py."""


@dataclass(frozen=True)
class Quota:
    """Requests a second of one account in one Region, as AWS publishes them."""

    calls: tuple[str, ...]
    rate: Optional[int]
    """None where nothing is published."""
    burst: Optional[int]
    source: str


# --- the fault that every node logs at the same moment ------------------------------------------


@dataclass(frozen=True)
class Form:
    """How a node runs ``watch``: which share of the nodes asks in which second after the fault."""

    name: str
    asks: Mapping[int, float]
    asked_on: int = 900
    """Seconds between two looks at a fault that goes on, were it not for what a node remembers."""


def _even(first: int, seconds: int) -> dict[int, float]:
    return {first + n: 1 / seconds for n in range(seconds)}


def spread(asks: Mapping[int, float], seconds: int) -> dict[int, float]:
    """The same with ``--spread``."""
    if not seconds:
        return dict(asks)
    found: dict[int, float] = defaultdict(float)
    for second, share in asks.items():
        for later in range(seconds):
            found[second + later] += share / seconds
    return dict(found)


TIMER = Form("timer of systemd or Windows", _even(0, EVERY), asked_on=EVERY)
CRON = Form("cron", {60 * minute: 0.2 for minute in range(5)}, asked_on=EVERY)
FOR_EVER = Form("for ever", _even(1, 1))
FORMS = (TIMER, CRON, FOR_EVER)
"""cron starts in a node's own minute, but every node at its first second; systemd and Windows
shift every run by a random quarter of the pause, which spreads the nodes evenly in some hours."""


@dataclass(frozen=True)
class Burst:
    """What one quota sees of it."""

    peak: float
    """Requests in the worst second, attempts after throttled ones included."""
    throttled: float
    """The share of nodes that got no answer after all attempts."""
    clear_after: int
    """Seconds after the fault until no request is throttled any more."""


def burst(nodes: int, asks: Mapping[int, float], quota: Quota) -> Burst:
    """One look of every node against one quota."""
    assert quota.rate is not None
    capacity = quota.burst or quota.rate
    tokens, peak, lost, last, clear = float(capacity), 0.0, 0.0, -1, 0
    due: dict[int, list[float]] = defaultdict(lambda: [0.0] * ATTEMPTS)
    for second, share in asks.items():
        due[second][0] += nodes * share
    while due:
        second = min(due)
        tries = due.pop(second)
        tokens = min(capacity, tokens + quota.rate * (second - last))
        wanted, last = sum(tries), second
        peak = max(peak, wanted)
        # A bucket gives whole tokens to whoever comes: here to each in its share of the second.
        refused = max(0.0, 1 - tokens / wanted) if wanted else 0.0
        tokens -= min(tokens, wanted)
        if wanted * refused >= 1:
            clear = second
        for attempt, many in enumerate(tries):
            if attempt + 1 == ATTEMPTS:
                lost += many * refused
            elif many * refused > 0:
                due[second + attempt + 1][attempt + 1] += many * refused
    return Burst(peak, lost / nodes, clear)


# --- the same fault for a whole day -------------------------------------------------------------


@dataclass(frozen=True)
class Day:
    """The scarcest quota while a fault goes on for a day."""

    first_hour: float
    """Requests a second."""
    last_hour: float
    looked_through: float
    """The share of nodes of which one look at least was answered."""
    messages: float
    """To each ``--tell``, a node: causes that appear, and that are taken for gone."""


_STEP = 60
_HOUR = 3600 // _STEP


def day(nodes: int, form: Form, quota: Quota, *, holds: bool, causes: int, doubted: int) -> Day:
    """``holds`` is the rule: who is throttled asks again later and later, and a cause that cannot
    be looked at stays open. Without it, ``doubted`` of the ``causes`` are taken for gone then.
    """
    assert quota.rate is not None
    steps = DAY // _STEP
    # Nodes in the steps in which they ask, by how often they were throttled; and those among them
    # that never had an answer.
    asking, waiting = ([[0.0] * (steps + 1) for _ in range(DOUBLINGS + 1)] for _ in range(2))
    for each in (asking, waiting):
        _due_evenly(each[0], nodes, 0, -(-(max(form.asks) + 1) // _STEP))
    pause = RECHECK if holds else form.asked_on
    now, never = [0.0] * (DOUBLINGS + 1), [0.0] * (DOUBLINGS + 1)
    requests, messages, answered = [0.0] * steps, float(nodes * causes), 0.0
    for step in range(steps):
        for level in range(DOUBLINGS + 1):
            now[level] += asking[level][step]
            never[level] += waiting[level][step]
        # Those that ask in one second get no more than these and their next attempts find.
        together = len(form.asks) + ATTEMPTS if step == 0 or not holds else _STEP
        share, tries = _answered(sum(now), quota.rate * min(together, _STEP))
        requests[step] = sum(now) * tries
        answered += sum(never) * share
        if not holds:
            # Gone where an answered look is followed by a throttled one, back the other way round.
            messages += 2 * doubted * sum(now) * share * (1 - share)
        for level in range(DOUBLINGS + 1):
            after = min(level + 1, DOUBLINGS) if holds else 0
            for changes, here in ((asking, now), (waiting, never)):
                lucky = here[level] * share if changes is asking else 0.0
                _due_again(changes, level, lucky, step, pause)
                _due_again(changes, after, here[level] * (1 - share), step, pause)
    return Day(
        sum(requests[:_HOUR]) / 3600,
        sum(requests[-_HOUR:]) / 3600,
        answered / nodes,
        messages / nodes,
    )


def _due_again(
    changes: list[list[float]], level: int, many: float, step: int, seconds: int
) -> None:
    pause = (RECHECK << level - 1 if level else seconds) // _STEP
    _due_evenly(changes[level], many, step + pause, pause if level else 1)


def _due_evenly(changes: list[float], many: float, first: int, steps: int) -> None:
    """Let ``many`` looks be due in ``steps`` steps from ``first``, as changes of a running sum."""
    end = len(changes) - 1
    changes[min(first, end)] += many / steps
    changes[min(first + steps, end)] -= many / steps


def _answered(looks: float, capacity: float) -> tuple[float, float]:
    """Which share of looks is answered in the end, and how many requests each makes for it."""
    if looks <= capacity:
        return 1.0, 1.0
    share = capacity / looks
    each = 1 - (1 - share) ** (1 / ATTEMPTS)
    return share, share / each
