"""What a proposed change does to the sessions that are in use: Outcomes before and after it.

The change is laid over the world in memory, and the Requirements are asked before and after.
Nothing is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Optional

from ssmdiag.diagnose.agent_steps import ALLOWED
from ssmdiag.diagnose.outcome import outcome
from ssmdiag.diagnose.sessions_in_use import Kind, kinds_in_use
from ssmdiag.model import Broken, Checked, Holds, NotApplicable, Situation, Unverified, Verdict
from ssmdiag.outcome import Expectation, Outcome, worst
from ssmdiag.requirements.checking import check
from ssmdiag.requirements.contract import Requirement
from ssmdiag.values import dataclass
from ssmdiag.world.call import Ask, Call
from ssmdiag.world.overlay import Overlay

_OF_THE_NODE = ("agent", "local", "clock", "network")
_OF_THE_CALLER = "caller"
# Decided by policies that AWS holds, unlike what else is asked about the network.
_ENDPOINTS = ("network/endpoint-policy", "network/endpoint-policies")
# On the machine of whoever starts the session.
_PLUGIN = "caller/plugin"
# What only time and the agent can turn, once a change is made.
_STATES = (
    *("identity/managed", "identity/credentials", "identity/metadata-service"),
    *("identity/instance-profile", "identity/registration"),
)


@dataclass(frozen=True)
class Foreseen:
    """One kind of sessions that is in use, and what becomes of it."""

    document: str
    caller: Optional[str]
    """ARN of who starts them; None: anybody."""
    before: Outcome
    after: Optional[Outcome] = None
    """None if no change is proposed."""
    losses: tuple[str, ...] = ()
    """What works now, or may, and will not: the session itself, or the way of its log."""

    @property
    def words(self) -> str:
        """Which sessions they are: ``sessions of document X, started by Y``."""
        by = f", started by {self.caller}" if self.caller else ""
        return f"sessions of document {self.document}{by}"


@dataclass(frozen=True)
class Shift:
    """A Requirement whose Verdict a change turns."""

    id: str
    title: str
    before: Verdict
    after: Verdict


@dataclass(frozen=True)
class Prediction:
    """What is foreseen of every kind of sessions that is in use."""

    verdict: Literal["fine", "broken", "unverified"]
    """``broken``: with the change (or, without one, now) something does not work that should."""
    said: str
    region: str
    changes: tuple[str, ...]
    """The proposed changes, in words."""
    sessions: tuple[Foreseen, ...]
    breaks: tuple[Shift, ...] = ()
    """Requirements that hold now, or do not matter, and would be broken."""
    mends: tuple[Shift, ...] = ()
    """What is broken now, and would not be."""
    reveals: tuple[Shift, ...] = ()
    """What is hidden or not known now, and would be seen to be broken."""


def concerning_aws(
    requirements: Sequence[Requirement], *, changed: bool
) -> tuple[Requirement, ...]:
    """The Requirements that configuration in AWS decides; if it is to be ``changed``, without those
    that tell how the node fares with it as it is now."""
    left_out = (_PLUGIN, *(_STATES if changed else ()))
    return tuple(
        r
        for r in requirements
        if (r.subject not in _OF_THE_NODE and r.id not in left_out) or r.id in _ENDPOINTS
    )


def predict(
    requirements: Sequence[Requirement],
    ask: Ask,
    situation: Situation,
    writes: Optional[Sequence[Call]] = None,
    changes: tuple[str, ...] = (),
) -> Prediction:
    """Foresee the sessions in use: as things are now, and with ``writes`` done.

    Raises KeyError if one of ``writes`` lacks a parameter that its operation needs.
    """
    kinds = kinds_in_use(ask, situation)
    now = [_looked(requirements, ask, kind) for kind in kinds]
    if writes is None:
        sessions = tuple(Foreseen(k.document, k.caller, s.outcome) for k, s in zip(kinds, now))
        verdict = _VERDICTS[worst(s.before.whole for s in sessions)]
        return Prediction(verdict, sessions[0].before.said, situation.region, (), sessions)
    then = [_looked(requirements, Overlay(ask, writes), kind) for kind in kinds]
    sessions = tuple(_foreseen(k, a, b) for k, a, b in zip(kinds, now, then))
    shifts = tuple(dict.fromkeys(s for a, b in zip(now, then) for s in _shifts(a, b)))
    breaks = tuple(s for s in shifts if _breaks(s))
    verdict = _verdict(sessions, shifts)
    return Prediction(
        verdict,
        _said(sessions, breaks, verdict),
        situation.region,
        changes,
        sessions,
        breaks,
        mends=tuple(s for s in shifts if isinstance(s.before, Broken) and _fine(s.after)),
        reveals=tuple(s for s in shifts if isinstance(s.after, Broken) and not _breaks(s)),
    )


# --- before and after ---------------------------------------------------------------------------


@dataclass(frozen=True)
class _Looked:
    outcome: Outcome
    checked: tuple[Checked, ...]


def _looked(requirements: Sequence[Requirement], ask: Ask, kind: Kind) -> _Looked:
    if kind.unknown is not None:
        return _Looked(kind.unknown, ())
    asked = [r for r in requirements if r.subject != _OF_THE_CALLER or kind.caller]
    checked = check(asked, ask, kind.situation)
    return _Looked(outcome(checked, ask, kind.situation), checked)


def _foreseen(kind: Kind, now: _Looked, then: _Looked) -> Foreseen:
    losses = tuple(_losses(now.outcome, then.outcome))
    return Foreseen(kind.document, kind.caller, now.outcome, then.outcome, losses)


def _losses(now: Outcome, then: Outcome) -> list[str]:
    if now.starts == "no":
        return []
    if then.starts == "no":
        return ["they would not start"]
    arriving = {a.where: a.arrives for a in then.arrivals}
    return [
        f"no log would arrive in {a.where}"
        for a in now.arrivals
        if a.arrives != "no" and arriving.get(a.where, "no") == "no"
    ]


def _shifts(now: _Looked, then: _Looked) -> list[Shift]:
    after = {c.id: c.verdict for c in then.checked}
    return [
        Shift(c.id, c.title, c.verdict, after[c.id])
        for c in now.checked
        if type(c.verdict) is not type(after[c.id]) or _opens(c.verdict, after[c.id])
    ]


def _opens(now: Verdict, then: Verdict) -> bool:
    """Is it not known then in another way than it is not known now?"""
    return isinstance(then, Unverified) and now != then


def _fine(verdict: Verdict) -> bool:
    return isinstance(verdict, (Holds, NotApplicable))


def _breaks(shift: Shift) -> bool:
    return _fine(shift.before) and isinstance(shift.after, Broken)


# --- the whole ----------------------------------------------------------------------------------

_VERDICTS: dict[Expectation, Literal["fine", "broken", "unverified"]] = {
    "yes": "fine",
    "no": "broken",
    "unknown": "unverified",
}


def _verdict(
    sessions: Sequence[Foreseen], shifts: Sequence[Shift]
) -> Literal["fine", "broken", "unverified"]:
    if any(s.losses for s in sessions) or any(_breaks(s) for s in shifts):
        return "broken"
    opened = any(isinstance(s.after, Unverified) for s in shifts)
    return "unverified" if opened or any(_left_open(s) for s in sessions) else "fine"


def _left_open(foreseen: Foreseen) -> bool:
    """Is it not known what becomes of them?

    What the caller may do can stay open as it was: unlike most that cannot be seen, it hides
    nothing behind it.
    """
    now, then = foreseen.before, foreseen.after
    if then is None:
        return False
    as_before = {s.why for s in then.steps if s.step == ALLOWED.title and s in now.steps}
    open_ones = [s.why for s in then.steps if s.verdict == "unknown"]
    open_ones += [a.because for a in then.arrivals if a.arrives == "unknown"]
    unseen = then.starts == "unknown" and not then.steps
    return unseen or any(why not in as_before for why in open_ones)


def _said(sessions: Sequence[Foreseen], breaks: Sequence[Shift], verdict: str) -> str:
    lost = [s for s in sessions if s.losses]
    if lost:
        do = "start" if any(s.before.starts == "yes" for s in lost) else "may start"
        share = f" ({len(lost)} of the {len(sessions)} kinds in use)" if sessions[1:] else ""
        if any(s.after and s.after.starts == "no" for s in lost):
            return f"Sessions that {do} now would be refused{share}."
        return f"Logs that arrive now would not arrive any more{share}."
    if breaks:
        return f"It breaks what holds now: {breaks[0].title}."
    if verdict == "unverified":
        return "Whether it breaks anything could not be verified."
    return "It breaks nothing that works now."
