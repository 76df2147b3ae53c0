"""What holds for whatever bytes come in: Records come back, nothing gets lost, nothing blows up."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Callable, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssmdiag.log import layout, records
from ssmdiag.log.layout import LOUD
from ssmdiag.log.records import parse_records
from ssmdiag.log.search import Search
from ssmdiag.model import Record

LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "CRITICAL")

words = st.text("abcdefghijklmnopqrstuvwxyz0123456789.:,=/@'\"{}-éλ", min_size=1, max_size=12)
contexts = st.lists(st.from_regex(r"[A-Za-z][A-Za-z0-9=@.,_-]{0,30}", fullmatch=True), max_size=4)
messages = st.lists(words, min_size=1, max_size=8).map(" ".join)
well_formed = st.builds(
    Record,
    message=st.lists(messages.map(lambda text: "\t" + text), max_size=3).flatmap(
        lambda more: messages.map(lambda first: "\n".join(["it says " + first, *more]))
    ),
    time=st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)),
    level=st.sampled_from(LEVELS),
    context=contexts.map(tuple),
    code=st.none()
    | st.from_regex(r"[A-Za-z]{1,9} @ [a-z]{1,9}\.go\.[1-9][0-9]{0,3}", fullmatch=True),
)

fragments = st.sampled_from(
    [
        b"2026-11-20 10:00:00.1234 ERROR ",
        b"2026-11-20 10:00:00 INFO ",
        b"2026-11-20",
        b"[ssm-session-worker] ",
        b"[",
        b"] ",
        b"ERROR ",
        b"----------ERROR-------",
        b"Nov 20 10:00:00 host amazon-ssm-agent[1]: ",
        b"panic: ",
        b"> ",
        b"\t",
        b"\r\n",
        b"\n",
        b"\n",
        b"\n\n",
        b"\xff\xfe",
        b"\0",
    ]
)
marked_words = st.integers(0, 10**6).map(lambda number: b"w%07d " % number)
any_lines = st.lists(fragments | marked_words | st.binary(max_size=6), max_size=60).map(b"".join)


@given(st.lists(well_formed, max_size=12))
def test_a_rendered_record_parses_back(expected: list[Record]) -> None:
    lines = b"".join(map(layout.written, expected))
    found = [replace(record, line=0, offset=0) for record in _parse(lines)]
    assert found == expected


@given(
    st.from_regex(
        rb"(19|20|99)[0-9]{2}-[01][0-9]-[0-3][0-9] [012][0-9]:[0-5][0-9]:[0-6][0-9]", fullmatch=True
    ),
    st.from_regex(rb"(\.[0-9]{0,10})? ?(WARN|ERROR|INFO|WARNING) ?", fullmatch=True),
    any_lines,
)
def test_the_agents_own_header_is_read_as_any_other(
    moment: bytes, level: bytes, rest: bytes
) -> None:
    raw = moment + level + rest
    indented = layout.parse(b" " + raw)  # which the agent never writes
    assert layout.parse(raw) == indented


@given(any_lines, st.integers(1, 40))
def test_no_word_gets_lost_whatever_the_bytes(lines: bytes, piece: int) -> None:
    found = "".join(_all_text(record) for record in _parse(lines, piece))
    assert [word for word in re.findall(rb"w\d{7}", lines) if word.decode() not in found] == []


@given(any_lines, st.integers(1, 40))
def test_the_seams_of_chunks_do_not_matter(lines: bytes, piece: int) -> None:
    assert _parse(lines, piece) == _parse(lines)


@given(st.lists(well_formed, max_size=12))
def test_with_wanted_words_only_quiet_records_are_left_out(written: list[Record]) -> None:
    lines = b"".join(map(layout.written, written))
    found = list(parse_records(io.BytesIO(lines).read, wanted=Search(LOUD)))
    everything = _parse(lines)
    assert [each for each in found if _loud(each)] == [each for each in everything if _loud(each)]
    assert {each.offset for each in found} <= {each.offset for each in everything}


def test_lines_of_records_that_are_not_built_are_counted_all_the_same() -> None:
    lines = b"2026-01-02 03:04:05 INFO quiet\n" * 3 + b"2026-01-02 03:04:06 ERROR loud\n"
    (record,) = parse_records(io.BytesIO(lines).read, wanted=Search(LOUD))
    assert (record.message, record.line) == ("loud", 4)


def test_a_quiet_record_is_built_where_it_is_of_interest() -> None:
    lines = (
        b"2026-01-02 03:04:05 INFO Entering SSM Agent hibernate - AccessDeniedException: no\n"
        b"\tstatus code: 400\n"
        b"2026-01-02 03:04:06 INFO quiet\n"
    )
    wanted = Search([*LOUD, b"status code"])
    (record,) = parse_records(io.BytesIO(lines).read, wanted=wanted)
    assert record.message.startswith("Entering SSM Agent hibernate - AccessDeniedException: no\n")


def test_an_error_that_follows_a_quiet_record_on_its_line_is_found() -> None:
    lines = b"2026-01-02 03:04:05 INFO Bye.2026-01-02 03:04:06 ERROR [Registrar] failed\n"
    found = list(parse_records(io.BytesIO(lines).read, wanted=Search(LOUD)))
    assert [(each.level, each.message) for each in found] == [("INFO", "Bye."), ("ERROR", "failed")]


def test_of_a_huge_record_the_beginning_is_kept_and_the_rest_is_counted() -> None:
    payload = b"x" * 199 + b"\n"
    huge = b"2026-01-02 03:04:05 INFO " + payload * 20_000
    lines = huge + b"2026-01-02 03:04:06 ERROR after it\n"
    big, after = _parse(lines)
    cut = len(huge.rstrip(b"\n")) - records.KEEP
    assert big.message.endswith(f"… [{cut} bytes cut]")
    assert len(big.message) < records.KEEP + 100
    assert (after.message, after.line) == ("after it", 20_001)
    assert lines[after.offset :].startswith(b"2026-01-02 03:04:06 ERROR")


def test_of_a_huge_text_without_headers_nothing_is_cut() -> None:
    lines = b"".join(b"line %07d\n" % number for number in range(200_000))
    text = " ".join(record.message for record in _parse(lines))
    assert all(f"line {number:07}" in text for number in range(0, 200_000, 7919))


def _parse(lines: bytes, piece: int = 0) -> list[Record]:
    return list(parse_records(_in_pieces(lines, piece) if piece else io.BytesIO(lines).read))


def _in_pieces(lines: bytes, piece: int) -> Callable[[int], bytes]:
    pieces: Iterator[bytes] = (lines[at : at + piece] for at in range(0, len(lines), piece))
    return lambda _size: next(pieces, b"")


def _all_text(record: Record) -> str:
    return " ".join([record.code or "", *record.context, record.message, ""])


def _loud(record: Record) -> bool:
    return record.level in ("WARN", "ERROR", "CRITICAL")


@pytest.mark.parametrize(
    ("context", "session"),
    [
        (
            ("ssm-session-worker", "alice-0a1b2c3d4e5f67890", "DataBackend"),
            "alice-0a1b2c3d4e5f67890",
        ),
        (("ssm-session-worker", "DataBackend"), None),
        (("ssm-agent-worker", "BasicExecuter", "bob-0f9e8d7c6b5a43210"), "bob-0f9e8d7c6b5a43210"),
        (
            ("OutOfProcExecuter", "carol-abcdefghijklmnopqrstuvwxyz"),
            "carol-abcdefghijklmnopqrstuvwxyz",
        ),
        (("OutOfProcExecuter", "5d0c9a1e-4f7b-4f0e-9b6e-0a4c2d8e7f11"), None),
        (("ssm-agent-worker", "HealthCheck"), None),
    ],
)
def test_the_context_tells_the_session(context: tuple[str, ...], session: Optional[str]) -> None:
    assert Record("x", context=context).session == session
