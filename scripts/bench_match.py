"""The catalogue's part of the benchmark: to load it, and to tell what a Record is."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from bench_row import Row, in_turn

from ssmdiag.catalog.fold import Folder
from ssmdiag.catalog.lint import hostile
from ssmdiag.catalog.load import load, read_folder, shipped
from ssmdiag.catalog.match import match
from ssmdiag.catalog.pattern import Catalog, search
from ssmdiag.diagnose.evidence import Evidence
from ssmdiag.model import Record

UNKNOWN = (
    "Failed to reticulate splines of /var/lib/amazon/ssm/i-0f00ba4c0ffee1234/spline: error 7",
    "error while folding the map at https://maps.example.com/x: unexpected crease, err: EOF",
    "ssm-session-worker could not find the way home, err: signal: killed, retrying in 12 seconds",
    "Unable to open pod bay doors: status code: 500, request id: 0d0c9a1e-4f7b-4f0e-9b6e-0a4c2d",
)
KNOWN = (
    "Error Calling DescribeLogGroups:AccessDeniedException: User: arn:aws:sts::111122223333:"
    "assumed-role/Node/i-0123456789abcdef0 is not authorized to perform: logs:DescribeLogGroups"
    " on resource: arn:aws:logs:us-east-1:111122223333:log-group::log-stream: because no"
    " identity-based policy allows the logs:DescribeLogGroups action\n"
    "\tstatus code: 400, request id: 0d0c9a1e-4f7b-4f0e-9b6e-0a4c2d",
    "encryption is not set up on the selected CloudWatch Logs log group",
)
LOADED_WITHIN = 8.0
"""Milliseconds: what one start may pay for the catalogue."""

_TIMES = 1_000


def rows() -> list[Row]:
    """Loading the catalogue, and Records of each kind."""
    catalog, _ = load([shipped()])
    count = f"{len(catalog.patterns)} patterns"
    ours, theirs = in_turn(_milliseconds(_by_index), _milliseconds(_by_toml))
    unknown, known = ([Record(text, level="ERROR") for text in texts] for texts in (UNKNOWN, KNOWN))
    by_words, by_literals = in_turn(
        _each(lambda record: match(catalog, record), unknown),
        _each(lambda record: _any_literal(catalog, record), unknown),
    )
    (heard,) = in_turn(_each(lambda record: match(catalog, record), known))
    folded = in_turn(*(_each(_whole_way(catalog), records) for records in (unknown, known)))
    return [
        Row(f"loading {count}", ours, bound=LOADED_WITHIN),
        Row(f"loading {count}, against their TOML files", ours, theirs),
        Row(
            "an unknown ERROR, against looking for every literal",
            by_words,
            by_literals,
            unit="µs",
            bound=1.0,
        ),
        Row("a known ERROR", heard, unit="µs"),
        Row("an unknown ERROR, counted and searched for evidence", folded[0], unit="µs"),
        Row("a known ERROR, folded and searched for evidence", folded[1], unit="µs"),
        *_hostile(catalog),
    ]


def _hostile(catalog: Catalog) -> list[Row]:
    """What text costs that is made to be slow to match."""
    texts = {pattern: list(hostile(pattern.literals)) for pattern in catalog.patterns}
    worst = max(
        _milliseconds(partial(search, expression, text))()
        for pattern in catalog.patterns
        for expression in pattern.expressions
        for text in texts[pattern]
    )
    records = [Record(text, level="ERROR") for each in texts.values() for text in each]
    held = max(_milliseconds(partial(match, catalog, record))() for record in records)
    return [
        Row("the slowest expression on hostile text", worst),
        Row("the longest that one hostile Record is held", held),
    ]


def _by_index() -> object:
    return load([shipped()])


def _by_toml() -> object:
    return read_folder(shipped())


def _any_literal(catalog: Catalog, record: Record) -> object:
    text = " ".join(record.message.split())
    return any(literal in text for literal, _ in catalog.literals)


def _whole_way(catalog: Catalog) -> Callable[[Record], object]:
    folder, evidence = Folder(catalog), Evidence()

    def take(record: Record) -> object:
        evidence.look(record)
        return folder.take(record)

    return take


def _milliseconds(work: Callable[[], object]) -> Callable[[], float]:
    def side() -> float:
        start = time.perf_counter()
        work()
        return (time.perf_counter() - start) * 1e3

    return side


def _each(work: Callable[[Record], object], records: list[Record]) -> Callable[[], float]:
    """Microseconds for one Record."""

    def side() -> float:
        start = time.perf_counter()
        for _ in range(_TIMES):
            for record in records:
                work(record)
        return (time.perf_counter() - start) / (_TIMES * len(records)) * 1e6

    return side
