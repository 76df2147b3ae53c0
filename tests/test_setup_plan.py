"""Plans: from every starting state, what is missing and nothing else."""

from __future__ import annotations

import pytest

from ssmdiag.demo.account import Account
from ssmdiag.wiring.reach import performing
from tests.starting_states import STATES, carry_out, planned, start, unmet


@pytest.mark.parametrize("name", STATES)
def test_a_plan_that_is_carried_out_leaves_nothing_to_be_done(name: str, account: Account) -> None:
    state = STATES[name]
    start(state, account.id)
    plan = planned(state)
    assert [f"{c.id}: {c.verdict}" for c in plan.open] == []
    carry_out(performing(state.region), plan.calls)
    assert unmet(state) == []
