"""Plans: from every starting state, what is missing and nothing else.

``fixtures/setup`` holds the plan of every state as a person reads it. After a change of wording:
``SSMDIAG_REGENERATE=1 python -m pytest tests/test_setup_plan.py``; then read the diff.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from ssmdiag.demo.account import Account
from ssmdiag.render.layout import Layout
from ssmdiag.render.plan import text
from ssmdiag.setup.apply import Means, apply
from ssmdiag.world.aws import Access, Aws
from tests.starting_states import STATES, planned, start, unmet

# One state after the other is built over HTTP: that takes its time.
pytestmark = pytest.mark.exhaustive

FIXTURES = Path(__file__).parent / "fixtures/setup"
_KEY_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.mark.parametrize("name", STATES)
def test_a_plan_that_is_carried_out_leaves_nothing_to_be_done(name: str, account: Account) -> None:
    state = STATES[name]
    start(state, account.id)
    plan = planned(state)

    told = _KEY_ID.sub("KEY-ID", text(plan, Layout()))
    file = FIXTURES / f"{name.replace(', ', ' ').replace(' ', '-')}.txt"
    if os.environ.get("SSMDIAG_REGENERATE"):
        file.write_text(told, encoding="utf-8")
    assert told == file.read_text(encoding="utf-8")

    kept: dict[str, str] = {}
    said: list[str] = []
    means = Means(
        Aws(Access(state.region)).write, said.append, lambda n, t: kept.setdefault(n, t), _no_sleep
    )
    outcome = apply(plan, means)
    assert (outcome.failed, outcome.why, outcome.left) == (None, "", ())
    assert outcome.done == plan.calls
    assert list(kept.values()) == list(dict.fromkeys(plan.replaced.values()))
    assert unmet(state) == []


def _no_sleep(seconds: float) -> None:
    raise AssertionError(f"moto is consistent at once; nobody waits {seconds} s for it")
