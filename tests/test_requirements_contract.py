"""Verdicts in, the Verdict that they make together out; a Gap in, what the log makes of it out."""

from __future__ import annotations

from ssmdiag.model import Advice, Broken, Resource, Unverified
from ssmdiag.requirements.contract import Gap, as_one, unread
from tests.symptoms import symptom

ROLE = Resource("role", "LedgerNodeRole")
GAP = Gap("seelog.xml may not be read with these credentials", "run ssmdiag as root")


def test_several_that_are_broken_are_told_as_the_first_with_everything_once() -> None:
    narrow, other = Advice("narrow the Deny statement"), Advice("allow the rest")
    first = Broken("no control channel", ROLE, ("denied by Deny[0]", "in policy P"), (narrow,))
    second = Broken("no data channel", ROLE, ("denied by Deny[0]",), (narrow, other))
    together = as_one([first, second])
    assert together.said == "no control channel"
    assert together.evidence == ("denied by Deny[0]", "in policy P")
    assert together.remedies == (narrow, other)


def test_what_could_not_be_read_is_told_as_the_log_tells_it() -> None:
    sign = symptom("logger: bad level", "agent/log-config", "agent-config", title="no log")
    assert unread(GAP, "agent/log-config", ()) == Unverified(GAP.why, (), GAP.settle)
    told = unread(GAP, "agent/log-config", (sign,))
    assert (told.said, told.settle) == ("the agent's log says: no log", GAP.settle)
    assert [suspect.kind for suspect in told.suspects] == ["agent-config"]
    assert unread(GAP, "agent/log-config", (sign,), "look yourself").settle == "look yourself"
