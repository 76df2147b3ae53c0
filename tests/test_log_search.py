"""With the extra ``fast`` and without it the same is found, and so the Records are the same."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from ssmdiag.log import layout
from ssmdiag.log.records import Tally, parse_records
from ssmdiag.log.sought import LARGE, automaton_of, expressions_of, finder

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


def test_the_extra_is_there_when_it_is_tested() -> None:
    assert automaton_of(WORDS) is not None


@given(blocks)
def test_expressions_match_where_a_word_stands_and_nowhere_else(block: bytes) -> None:
    found = {
        _line(block, hit.end() - 1) for e in expressions_of(WORDS) for hit in e.finditer(block)
    }
    assert found == set(_lines_with_a_word(block))


@given(blocks)
def test_the_automaton_finds_the_same_lines(block: bytes) -> None:
    hits = automaton_of(WORDS).find_matches_as_indexes(memoryview(block))
    assert {_line(block, start) for _, start, _ in hits} == set(_lines_with_a_word(block))


@settings(max_examples=25)
@given(lines)
def test_records_and_their_count_are_the_same_with_it_and_without(some: bytes) -> None:
    log = some + FILLING * (2 * LARGE // len(FILLING)) + some
    # The extra is used for large blocks alone.
    assert _records(log, piece=len(log)) == _records(log, piece=LARGE // 4)


def test_an_expression_and_a_word_with_a_line_break_are_looked_for_as_they_are() -> None:
    block = b"one\ntwo three\n"
    assert finder((re.compile(rb"t[wh]"),))(block, len(block)) == {4, 8}
    assert finder((b"one\ntwo",))(block, len(block)) == {0}
    assert finder((b"three",))(block, block.index(b"three") + 2) == set()


def _records(log: bytes, piece: int) -> tuple[object, ...]:
    pieces = (log[at : at + piece] for at in range(0, len(log), piece))
    tally = Tally()
    found = list(parse_records(lambda _size: next(pieces, b""), wanted=WORDS, tally=tally))
    return (*found, tally.records)


def _lines_with_a_word(block: bytes) -> Iterator[int]:
    for number, line in enumerate(block.split(b"\n")):
        if any(word in line for word in WORDS):
            yield number


def _line(block: bytes, place: int) -> int:
    return block.count(b"\n", 0, place)
