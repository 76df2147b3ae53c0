"""The page on fleets says what the simulation yields, and the inputs what a run really asks."""

from __future__ import annotations

import sys
from pathlib import Path

from ssmdiag.demo.account import Account

_SCRIPTS = Path(__file__).parent.parent / "scripts"
sys.path.insert(0, str(_SCRIPTS))

import scale  # noqa: E402
import scale_measure  # noqa: E402
from scale_simulation import TIMER, Burst, Quota, burst, day  # noqa: E402


def test_the_page_holds_the_tables_of_the_simulation() -> None:
    page = scale.PAGE.read_text(encoding="utf-8")
    assert page == scale.filled(page, scale.tables(scale.inputs())), "run scripts/scale --write"


def test_the_inputs_count_the_calls_that_a_look_makes(account: Account) -> None:
    first = next(iter(scale.inputs()["calls"].values()))
    assert first == scale_measure.first_outcome(account), "run scripts/scale --write"


def test_a_bucket_gives_what_it_holds_and_what_flows_in() -> None:
    quota = Quota(("x:Y",), rate=10, burst=None, source="")
    assert burst(10, {0: 1.0}, quota) == Burst(10, 0.0, 0)
    # 10 at once, and 10 more in each second in which they try again: 1 and 3 seconds later.
    seen = burst(40, {0: 1.0}, quota)
    assert (seen.peak, round(seen.throttled, 9), seen.clear_after) == (40, 0.25, 3)
    seen = burst(3000, TIMER.asks, quota)
    assert (round(seen.peak, 6), round(seen.throttled, 6)) == (10, 0)


def test_who_is_throttled_holds_off_until_what_is_asked_fits() -> None:
    logs = scale.QUOTAS[0]
    on, off = (
        day(100_000, TIMER, logs, holds=holds, causes=3, doubted=2) for holds in (False, True)
    )
    assert off.last_hour < off.first_hour < on.last_hour
    assert off.messages == 3
    assert on.messages > 3
