"""From places and a Span to Records: several files, packed and rolled over, each Record once."""

from __future__ import annotations

import gzip
import io
from datetime import datetime, timedelta
from pathlib import Path
from typing import Optional

import pytest

from ssmdiag.log.period import ALL, Period, Span
from ssmdiag.log.reading import Reading, read

LAYOUTS = Path(__file__).parent / "fixtures" / "log" / "layouts"
DAY = datetime(2026, 11, 20)
MAIN = "amazon-ssm-agent.log"


def test_rolled_over_files_are_read_oldest_first_packed_or_not(tmp_path: Path) -> None:
    (tmp_path / f"{MAIN}.9.gz").write_bytes(gzip.compress(_line("08:00", "one")))
    (tmp_path / f"{MAIN}.10").write_bytes(_line("09:00", "two"))
    (tmp_path / MAIN).write_bytes(_line("10:00", "three"))
    assert _messages(_read(tmp_path)) == ["one", "two", "three"]


def test_files_numbered_the_other_way_round_come_in_order_of_time_as_well(tmp_path: Path) -> None:
    (tmp_path / f"{MAIN}.2.gz").write_bytes(gzip.compress(_line("08:00", "one")))
    (tmp_path / f"{MAIN}.1").write_bytes(_line("09:00", "two"))
    (tmp_path / MAIN).write_bytes(_line("10:00", "three"))
    assert _messages(_read(tmp_path)) == ["one", "two", "three"]


def test_logs_of_several_processes_are_merged_by_time(tmp_path: Path) -> None:
    (tmp_path / MAIN).write_bytes(_line("08:00", "core") + b"\tmore\n" + _line("10:00", "again"))
    (tmp_path / "hibernate.log").write_bytes(_line("09:00", "asleep") + _line("11:00", "still"))
    assert _messages(_read(tmp_path)) == ["core\n\tmore", "asleep", "again", "still"]


def test_errors_log_repeats_the_main_log_and_is_not_counted_twice(tmp_path: Path) -> None:
    main = _line("08:00", "[Registrar] twice", "ERROR") * 2 + _line("08:01", "odd", "WARN")
    (tmp_path / MAIN).write_bytes(main)
    code = "[Register @ registrar.go.140] [Registrar] "
    (tmp_path / "errors.log").write_bytes(
        _line("07:00", code + "rolled away from the main log", "ERROR")
        + _line("08:00", code + "twice", "ERROR") * 2
    )
    found = list(_read(tmp_path))
    assert [(record.message, Path(record.file).name) for record in found] == [
        ("rolled away from the main log", "errors.log"),
        ("twice", MAIN),
        ("twice", MAIN),
        ("odd", MAIN),
    ]


def test_errors_log_alone_is_as_good(tmp_path: Path) -> None:
    (tmp_path / "errors.log").write_bytes(_line("08:00", "[f @ g.go.1] [Registrar] x", "ERROR") * 2)
    assert [(each.code, each.message) for each in _read(tmp_path)] == [("f @ g.go.1", "x")] * 2


def test_by_default_the_last_day_of_the_log_is_read_however_old_the_log_is(tmp_path: Path) -> None:
    (tmp_path / MAIN).write_bytes(
        _line("08:00", "too old", day=-1) + _line("12:00", "in", day=-1) + _line("11:59", "newest")
    )
    reading = _read(tmp_path, Span())
    assert _messages(reading) == ["in", "newest"]
    newest = DAY + timedelta(hours=11, minutes=59, milliseconds=123)
    assert reading.period == Period(newest - timedelta(hours=24), newest)


def test_while_the_agent_hibernates_the_day_ends_with_the_main_log(tmp_path: Path) -> None:
    (tmp_path / MAIN).write_bytes(_line("08:00", "Entering SSM Agent hibernate - why"))
    (tmp_path / "hibernate.log").write_bytes(_line("08:00", "still asleep", day=9))
    assert _messages(_read(tmp_path, Span())) == [
        "Entering SSM Agent hibernate - why",
        "still asleep",
    ]


def test_files_that_are_wholly_too_old_are_not_read(tmp_path: Path) -> None:
    (tmp_path / f"{MAIN}.1").write_bytes(_line("08:00", "a", day=-9) * 100)
    (tmp_path / f"{MAIN}.2.gz").write_bytes(gzip.compress(_line("08:00", "b", day=-8) * 100))
    (tmp_path / f"{MAIN}.3").write_bytes(_line("08:00", "c", day=-7) * 100)
    (tmp_path / MAIN).write_bytes(_line("08:00", "d"))
    reading = _read(tmp_path, Span(since=DAY))
    assert _messages(reading) == ["d"]
    read_of = {Path(each.path).name: each.bytes_read for each in reading.sources}
    assert (read_of[f"{MAIN}.1"], read_of[f"{MAIN}.2.gz"]) == (0, 0)
    assert all(each.bytes_total for each in reading.sources)


@pytest.mark.parametrize("since", [0, 1, 59, 60, 61, 720, 1499, 1500, 5000])
@pytest.mark.parametrize("until", [None, 1200])
def test_a_period_is_what_filtering_all_records_by_time_would_give(
    tmp_path: Path, since: int, until: Optional[int]
) -> None:
    lines = [
        f"{DAY + timedelta(minutes=minute, seconds=-minute % 7):%Y-%m-%d %H:%M:%S} INFO {minute}\n"
        + "\tmore\n" * (minute % 40)
        for minute in range(1500)
    ]
    (tmp_path / f"{MAIN}.4").write_text("".join(lines[:700]))
    (tmp_path / MAIN).write_text("".join(lines[700:]))
    start = DAY + timedelta(minutes=since)
    end = DAY + timedelta(minutes=until) if until else None
    period = Period(start, end)
    filtered = [each.message for each in _read(tmp_path) if each.time and each.time in period]
    assert _messages(_read(tmp_path, Span(since=start, until=end))) == filtered


def test_a_record_without_time_shares_the_fate_of_the_one_before_it(tmp_path: Path) -> None:
    (tmp_path / MAIN).write_bytes(
        _line("01:00", "old", day=-5) + b"panic: old\n" + _line("08:00", "new") + b"panic: new\n"
    )
    assert _messages(_read(tmp_path, Span())) == ["new", "panic: new"]


def test_only_what_concerns_a_session_is_read_on_request(tmp_path: Path) -> None:
    session = "mia@example.org-0c0ffee0123456789"
    (tmp_path / MAIN).write_bytes(
        _line("08:00", f"[ssm-agent-worker] [MGSInteractor] Got job {session}, starting worker")
        + _line("08:00", "[ssm-session-worker] [lee-0d0d0d0d0d0d0d0d0] other")
        + _line("08:01", f"[ssm-session-worker] [{session}] [DataBackend] mine")
    )
    reading = read([str(tmp_path)], stdin=io.BytesIO(), span=ALL, session=session)
    assert _messages(reading) == [f"Got job {session}, starting worker", "mine"]


def test_quiet_records_that_interest_nobody_are_not_built(tmp_path: Path) -> None:
    (tmp_path / MAIN).write_bytes(
        _line("08:00", "quiet") * 5
        + _line("08:01", "Entering SSM Agent hibernate - why")
        + _line("08:02", "loud", "WARN")
    )
    reading = read([str(tmp_path)], stdin=io.BytesIO(), span=Span(), interesting=(b"hibernate",))
    assert _messages(reading) == ["Entering SSM Agent hibernate - why", "loud"]


def test_standard_input_is_read_to_its_end_whatever_its_dates() -> None:
    lines = _line("08:00", "old", day=-90) + _line("08:00", "new")
    reading = read(["-"], stdin=io.BytesIO(lines), span=Span())
    assert _messages(reading) == ["old", "new"]
    (source,) = reading.sources
    assert (source.path, source.bytes_read) == ("-", len(lines))
    asked = Span(since=DAY)
    assert _messages(read(["-"], stdin=io.BytesIO(lines), span=asked)) == ["new"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_what_windows_redirected_into_a_file_is_read(tmp_path: Path, encoding: str) -> None:
    lines = (LAYOUTS / "agent-3.3.log").read_text(encoding="utf-8")
    (tmp_path / MAIN).write_text(lines, encoding=encoding)
    (tmp_path / "copy.log").write_text(lines, encoding="utf-8")
    assert _messages(_read(tmp_path / MAIN)) == _messages(_read(tmp_path / "copy.log"))


def test_a_damaged_archive_gives_what_can_be_unpacked_and_says_so(tmp_path: Path) -> None:
    lines = b"".join(_line("08:00", f"number {number}") for number in range(20_000))
    packed = gzip.compress(lines)
    (tmp_path / "agent.log.gz").write_bytes(packed[: len(packed) // 2])
    reading = _read(tmp_path / "agent.log.gz", Span())
    assert "number 100" in _messages(reading)
    (source,) = reading.sources
    assert source.problem == "the compressed data is damaged or incomplete: read up to there"
    assert len(_messages(_read(tmp_path / "agent.log.gz"))) > 1000


def test_binary_data_a_missing_file_and_an_empty_one_do_not_stop_the_rest(tmp_path: Path) -> None:
    (tmp_path / "core.log").write_bytes(b"\x7fELF" + bytes(range(256)) * 64)
    (tmp_path / "empty.log").write_bytes(b"")
    (tmp_path / "torn.log").write_bytes(_line("08:00", "before the power failed") + b"\0" * 5000)
    places = [str(tmp_path / f"{name}.log") for name in ("core", "empty", "torn", "absent")]
    reading = read(places, stdin=io.BytesIO(), span=Span())
    assert _messages(reading) == ["before the power failed"]
    assert [each.problem for each in reading.sources] == [
        "binary data, not a log",
        None,
        None,
        "there is no such file or folder",
    ]


def test_a_file_that_vanishes_before_it_is_read_is_a_problem_in_words(tmp_path: Path) -> None:
    (tmp_path / MAIN).write_bytes(_line("08:00", "one"))
    reading = _read(tmp_path)
    (tmp_path / MAIN).unlink()
    assert _messages(reading) == []
    assert reading.sources[0].problem == "there is no such file or folder"


def _line(clock: str, message: str, level: str = "INFO", day: int = 0) -> bytes:
    date = DAY + timedelta(days=day)
    return f"{date:%Y-%m-%d} {clock}:00.1230 {level} {message}\n".encode()


def _read(place: Path, span: Span = ALL) -> Reading:
    return read([str(place)], stdin=io.BytesIO(), span=span)


def _messages(reading: Reading) -> list[str]:
    return [record.message for record in reading]


def test_the_last_day_is_counted_from_the_end_though_the_clock_was_once_ahead(
    tmp_path: Path,
) -> None:
    (tmp_path / MAIN).write_bytes(_line("08:00", "ahead", day=3650) + _line("09:00", "no", "ERROR"))
    (tmp_path / f"{MAIN}.1.gz").write_bytes(gzip.compress(_line("07:00", "before")))
    assert _messages(_read(tmp_path, Span())) == ["before", "ahead", "no"]
