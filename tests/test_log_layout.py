"""Every layout of tests/fixtures/log/layouts: the lines as they were found, the Records meant."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from ssmdiag.log import layout
from ssmdiag.log.records import parse_records
from ssmdiag.model import Record

LAYOUTS = Path(__file__).parent / "fixtures" / "log" / "layouts"
CASES = sorted(path for path in LAYOUTS.iterdir() if path.suffix != ".json")


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_the_lines_become_the_records_beside_them(case: Path) -> None:
    expected = json.loads(case.with_suffix(".json").read_text(encoding="utf-8"))
    assert [_plain(record) for record in _records(case.read_bytes())] == expected


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_windows_line_ends_and_a_missing_last_one_change_nothing(case: Path) -> None:
    lines = case.read_bytes()
    same = [_plain(record) for record in _records(lines)]
    assert [_plain(record) for record in _records(lines.replace(b"\n", b"\r\n"))] == same
    assert [_plain(record) for record in _records(lines.rstrip(b"\n"))] == same


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_the_offset_of_a_record_is_where_it_can_be_parsed_again(case: Path) -> None:
    lines = case.read_bytes()
    for record in _records(lines):
        again = _records(lines[record.offset :])[0]
        assert (again.time, again.level, again.message) == (
            record.time,
            record.level,
            record.message,
        )


def test_a_record_that_says_more_than_is_kept_admits_it() -> None:
    record = layout.parse(b"2026-01-02 03:04:05 INFO payload xxxx", cut=9)
    assert record.message == "payload xxxx… [9 bytes cut]"


def test_what_is_not_utf8_is_replaced() -> None:
    assert (
        layout.parse(b"2026-01-02 03:04:05 WARN caf\xe9").message == "caf\N{REPLACEMENT CHARACTER}"
    )


def test_stamps_tell_where_dated_records_begin() -> None:
    block = b"tail of a line\n2026-01-02 03:04:05 INFO a\n\tmore\n> 2026-01-02 03:04:06.5 WARN b\n"
    assert [(offset, str(time)) for offset, time in layout.stamps(block)] == [
        (block.index(b"2026"), "2026-01-02 03:04:05"),
        (block.index(b"> 2026"), "2026-01-02 03:04:06.500000"),
    ]


def _records(lines: bytes) -> list[Record]:
    return list(parse_records(io.BytesIO(lines).read))


def _plain(record: Record) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "time": record.time.isoformat(" ") if record.time else None,
        "level": record.level,
        "code": record.code,
        "context": list(record.context),
        "session": record.session,
        "line": record.line,
        "message": record.message,
    }
    optional = ("code", "context", "session")
    return {key: value for key, value in plain.items() if value or key not in optional}
