"""Whom a set-up would lock out: the model of the agent's judgement, asked before it is applied."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ssmdiag.diagnose.outcome import outcome
from ssmdiag.requirements.caller.data_key import ID as GENERATE_DATA_KEY
from ssmdiag.requirements.checking import check
from ssmdiag.requirements.registry import discover
from ssmdiag.setup.grounds import situation_of
from ssmdiag.setup.plan import Plan
from ssmdiag.setup.wanted import Wanted
from ssmdiag.world.call import Ask
from ssmdiag.world.overlay import Overlay


def locked_out(made: Plan, ask: Ask) -> Iterator[str]:
    """One line for each of those who start sessions whose sessions a plan would have refused, and
    that are not refused now."""
    wanted = made.wanted
    if not isinstance(wanted, Wanted) or not made.calls:
        return
    world = Overlay(ask, made.calls)
    of_callers = [r for r in discover() if r.id == GENERATE_DATA_KEY]
    for caller in wanted.users or (None,):
        situation = replace(situation_of(wanted), caller=caller)
        asked = of_callers if caller else []
        now = outcome((*made.before, *check(asked, ask, situation)), ask, situation)
        then = outcome((*made.after, *check(asked, world, situation)), world, situation)
        if then.starts == "no" and now.starts != "no":
            whose = f"sessions that {caller} starts" if caller else "sessions"
            reads = f", and the user would read: “{then.sentence}”" if then.sentence else ""
            yield f"{whose} would be refused with it{reads}"
