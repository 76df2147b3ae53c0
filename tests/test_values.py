"""What ``ssmdiag.values.dataclass`` makes behaves as what the standard one makes."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ssmdiag import values

FROZEN = """
from ssmdiag.model import Resource

Resource("role", "node").name = "another"
"""


def classes(decorator: Callable[..., Any]) -> tuple[Any, ...]:
    @decorator(frozen=True)
    class Pair:
        name: str
        notes: tuple[str, ...] = ()
        beside: int = dataclasses.field(default=0, compare=False, repr=False)
        document: Any = dataclasses.field(default_factory=dict, hash=False)

    @decorator(frozen=True)
    class Longer(Pair):
        more: str = ""

    @decorator(frozen=True)
    class Empty:
        pass

    @decorator
    class Changing:
        name: str = "a"

    @decorator(frozen=True, eq=False)
    class Itself:
        name: str = "a"

    return Pair, Longer, Empty, Changing, Itself


def behaviour(decorator: Callable[..., Any]) -> list[object]:
    pair, longer, empty, changing, itself = classes(decorator)
    one, same, other = pair("a", ("b",), 1), pair("a", ("b",), 2), pair("a", ("c",))
    return [
        one == same,
        hash(one) == hash(same),
        one == other,
        one == pair("a", ("b",), document={"unhashable": []}),
        hash(one) == hash(pair("a", ("b",), document={"unhashable": []})),
        one == longer("a", ("b",)),
        one == ("a", ("b",)),
        longer("a", more="x") == longer("a", more="x"),
        longer("a", more="x") == longer("a", more="y"),
        len({one, same, other}),
        dataclasses.replace(one, name="z") == pair("z", ("b",)),
        dataclasses.asdict(one),
        [f.name for f in dataclasses.fields(longer)],
        repr(one).rpartition(".")[2],
        empty() == empty(),
        hash(empty()) == hash(empty()),
        repr(empty()).rpartition(".")[2],
        changing() == changing(),
        changing.__hash__,
        itself() == itself(),
        len({itself(), itself()}),
    ]


def test_it_compares_hashes_and_shows_as_the_standard_one() -> None:
    assert behaviour(values.dataclass) == behaviour(dataclasses.dataclass)


@pytest.mark.parametrize("decorator", [values.dataclass, dataclasses.dataclass])
def test_what_cannot_be_hashed_has_no_hash(decorator: Callable[..., Any]) -> None:
    pair, *_, changing, _ = classes(decorator)
    for one in (pair("a", ["not", "hashable"]), changing()):
        with pytest.raises(TypeError, match="unhashable"):
            hash(one)


def test_it_is_the_type_checker_that_keeps_values_frozen(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(FROZEN, "utf-8")
    told = subprocess.run(
        [sys.executable, "-m", "mypy", "--cache-dir", tmp_path / "cache", program],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert 'Property "name" defined in "Resource" is read-only' in told.stdout
