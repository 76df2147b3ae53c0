"""With the extra ``fast`` and without it the same is found, and so the Records are the same."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from ssmdiag.log import layout
from ssmdiag.log.records import parse_records
from ssmdiag.log.search import Search
from ssmdiag.model import Record

WORDS = (
    *layout.LOUD,
    b"role credentials",
    b" arn:aws:sts::",
    b"Retrieve credentials produced",
    b"Agent is in hibernate mode",
    b"for instance: ",
)
FILLING = b"2026-11-20 10:00:00.1234 INFO [ssm-agent-worker] all quiet\n" * 60

pieces = st.sampled_from([*WORDS, b"R", b"RROR", b"WAR", b": ", b" ", b"instance", b"\n", b"\n"])
blocks = st.lists(pieces | st.binary(max_size=3), max_size=40).map(b"".join)
lines = st.lists(
    st.sampled_from(
        [
            *(b"2026-11-20 10:00:00 INFO " + word + b"\n" for word in WORDS),
            b"2027-01-01 00:00:00.1234 ERROR [Registrar] no\n\tstatus code: 400\n",
            b"Nov 20 10:00:00 host amazon-ssm-agent[1]: 2026-11-20 10:00:00 WARN x\n",
            b"2026-11-20 10:00:00 DEBUG quiet\n2099: no header\n",
            b"panic: why\n",
            FILLING,
        ]
    ),
    max_size=12,
).map(b"".join)


def with_extra() -> Search:
    return Search(WORDS, patience=0)


def without() -> Search:
    return Search(WORDS, patience=1 << 40)


def test_the_extra_is_there_when_it_is_tested_and_used_once_it_pays() -> None:
    program = (
        "import sys; from ssmdiag.log.search import PATIENCE, Search; search = Search([b'ERROR'])\n"
        "search.places(b'x' * PATIENCE, PATIENCE); print('ahocorasick_rs' in sys.modules)\n"
        "search.places(b'x', 1); print('ahocorasick_rs' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert said.stdout.split() == [b"False", b"True"]


@given(blocks)
def test_a_place_is_found_in_each_line_with_a_word_and_in_no_other(block: bytes) -> None:
    for search in (with_extra(), without()):
        found = {block.count(b"\n", 0, place) for place in search.places(block, len(block))}
        assert found == set(_lines_with_a_word(block))


@given(blocks, st.integers(0, 30), st.integers(0, 30))
def test_lines_are_counted_between_two_places(block: bytes, start: int, end: int) -> None:
    for search in (with_extra(), without()):
        search.places(block, 1)
        assert search.count_lines(block, start, end) == block[start:end].count(b"\n")


@settings(max_examples=25)
@given(lines, st.integers(1, 1 << 16))
def test_records_and_their_lines_are_the_same_with_it_and_without(some: bytes, piece: int) -> None:
    log = some + FILLING + some
    assert _records(log, piece, with_extra()) == _records(log, piece, without())


def test_a_word_that_reaches_beyond_the_end_is_not_found() -> None:
    for patience in (0, 1 << 40):
        assert Search([b"three"], patience).places(b"one\ntwo three\n", 10) == set()


def _records(log: bytes, piece: int, search: Search) -> list[Record]:
    pieces = (log[at : at + piece] for at in range(0, len(log), piece))
    return list(parse_records(lambda _size: next(pieces, b""), wanted=search))


def _lines_with_a_word(block: bytes) -> Iterator[int]:
    for number, line in enumerate(block.split(b"\n")):
        if any(word in line for word in WORDS):
            yield number
