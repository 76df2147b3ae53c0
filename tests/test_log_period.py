"""Moments as people write them, and finding one in a file without reading all of it."""

from __future__ import annotations

import io
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssmdiag.log.period import ALL, Period, Span, newest, oldest, parse_moment, start_of
from ssmdiag.log.records import parse_records

NOW = datetime(2026, 11, 20, 14, 30)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("24h", "2026-11-19 14:30:00"),
        ("90m", "2026-11-20 13:00:00"),
        ("30 s", "2026-11-20 14:29:30"),
        ("7d", "2026-11-13 14:30:00"),
        ("2w", "2026-11-06 14:30:00"),
        ("2026-11-20", "2026-11-20 00:00:00"),
        ("2026-11-20T14:00", "2026-11-20 14:00:00"),
        (" 2026-11-20 14:00:05 ", "2026-11-20 14:00:05"),
        ("2026-11-20T14:00:05.25", "2026-11-20 14:00:05.250000"),
    ],
)
def test_a_moment_is_a_time_ago_or_a_date_with_or_without_a_time(text: str, meant: str) -> None:
    assert str(parse_moment(text, NOW)) == meant


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("yesterday", "write 90m, 24h or 7d, or 2026-11-20 or 2026-11-20T14:00"),
        ("", "write 90m, 24h or 7d, or 2026-11-20 or 2026-11-20T14:00"),
        ("2026-02-30", "there is no such date or time"),
        ("2026-11-20T25:00", "there is no such date or time"),
        ("999999w", "there is no such date or time"),
        ("2026-11-20T14:00Z", "agent logs are in the node's local time: leave it out"),
        ("2026-11-20 14:00:00+01:00", "agent logs are in the node's local time: leave it out"),
    ],
)
def test_what_is_no_moment_is_refused_with_what_would_be_one(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as refused:
        parse_moment(text, NOW)
    assert repr(text) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_by_default_the_last_day_that_the_log_covers_is_meant() -> None:
    assert Span().period(NOW) == Period(NOW - timedelta(hours=24), None)
    assert Span(until=datetime(2026, 11, 1)).period(NOW).since == datetime(2026, 10, 31)
    assert Span(since=datetime(2026, 11, 1)).period(NOW) == Period(datetime(2026, 11, 1), None)
    assert Span().period(None) == ALL.period(NOW) == Period(None, None)
    assert Span(last=timedelta.max).period(NOW) == Period(None, None)


def test_both_ends_of_a_period_belong_to_it() -> None:
    period = Period(NOW, NOW + timedelta(hours=1))
    assert NOW in period
    assert NOW + timedelta(hours=1) in period
    assert NOW - timedelta(seconds=1) not in period
    assert NOW + timedelta(hours=1, seconds=1) not in period


minutes = st.lists(st.integers(1, 300), min_size=1, max_size=400)


@given(minutes, st.integers(0, 60_000), st.sampled_from(["", "x" * 700, "x\n\tx" * 1500]))
def test_nothing_of_the_period_stands_before_the_place_that_bisecting_finds(
    steps: list[int], asked: int, padding: str
) -> None:
    clock, lines = NOW, ""
    for number, step in enumerate(steps):
        back = timedelta(hours=1) if number % 50 == 49 else timedelta()  # summer time ends
        clock += timedelta(minutes=step) - back
        lines += f"{clock:%Y-%m-%d %H:%M:%S} INFO {number} {padding}\n"
    log = lines.encode()
    since = NOW + timedelta(minutes=asked)
    start = start_of(io.BytesIO(log), len(log), since)
    before = list(parse_records(io.BytesIO(log[:start]).read))
    assert [record for record in before if record.time and record.time >= since] == []
    assert start == 0 or log[start - 1 : start] == b"\n"


def test_bisecting_leaves_most_of_an_old_log_alone() -> None:
    lines = "".join(
        f"{NOW + timedelta(minutes=minute):%Y-%m-%d %H:%M:%S} INFO minute {minute}\n"
        for minute in range(50_000)
    ).encode()
    start = start_of(io.BytesIO(lines), len(lines), NOW + timedelta(minutes=49_990))
    assert len(lines) - start < 128 << 10


def test_the_oldest_and_the_newest_time_are_read_from_the_ends() -> None:
    lines = (
        b"\xef\xbb\xbf2026-11-19 10:00:00 INFO first\n"
        + b"\tmore\n" * 100_000
        + b"2026-11-20 10:00:00 ERROR last\n"
        + b"\tmore\n" * 100_000
    )
    assert oldest(lines[:100]) == datetime(2026, 11, 19, 10)
    assert newest(io.BytesIO(lines), len(lines)) == datetime(2026, 11, 20, 10)
    assert newest(io.BytesIO(b"no header at all"), 16) is None


def test_what_was_written_while_the_clock_was_ahead_is_not_the_newest() -> None:
    lines = (
        b"2026-11-20 09:00:00 INFO before\n"
        b"2036-11-20 09:00:01 INFO the clock is ahead\n"
        b"2026-11-20 10:30:00 ERROR of another process, late\n"
        b"2026-11-20 10:00:00 ERROR last\n"
    )
    assert newest(io.BytesIO(lines), len(lines)) == datetime(2026, 11, 20, 10, 30)


def test_the_oldest_time_needs_a_header() -> None:
    assert oldest(b"no header at all") is None
