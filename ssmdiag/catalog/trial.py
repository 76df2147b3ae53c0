"""A catalogue on trial: every line of its fixtures is read, and must be known as what is stated.

The fixture of ``<area>/<name>.toml`` stands at the mirrored path below the fixtures' folder. Each
of its ``[[lines]]`` has a ``text`` and says ``why`` it is there; ``is`` names the Pattern that
knows it if that is not the fixture's own (``nothing``: none does). ``suspects``, ``decided`` and
``fields`` state more, where they are given. A line without ``level`` is an excerpt, as from a
ticket.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Optional

from ssmdiag.catalog.load import shipped
from ssmdiag.catalog.match import Hit, hits
from ssmdiag.catalog.pattern import Catalog, Pattern, Problem, search
from ssmdiag.catalog.suspicion import suspects
from ssmdiag.model import Record
from ssmdiag.toml import parse_toml
from ssmdiag.values import dataclass

NOTHING = "nothing"


@dataclass(frozen=True)
class Stated:
    """One line of a fixture: what it is and where it stands."""

    pattern: str
    file: str
    number: int
    """The line of the fixture's file on which it begins."""
    data: dict[str, Any]

    @property
    def text(self) -> str:
        return str(self.data["text"])

    @property
    def known_as(self) -> str:
        return str(self.data.get("is", self.pattern))


def fixtures_of(folder: Path) -> Path:
    """Where the fixtures of the catalogue in ``folder`` stand: in ``fixtures`` inside it, or, for
    ours in a checkout, among the tests."""
    inside = folder / "fixtures"
    if inside.is_dir() or folder != shipped():
        return inside
    return folder.parent / "tests" / "fixtures" / "patterns"


def stated(
    patterns: Sequence[Pattern], fixtures: Path
) -> tuple[tuple[Stated, ...], tuple[Problem, ...]]:
    """Every line of the fixtures of ``patterns``, and which fixtures are missing or unreadable."""
    lines: list[Stated] = []
    problems: list[Problem] = []
    for pattern in patterns:
        path = fixtures / f"{pattern.id}.toml"
        try:
            lines.extend(lines_of(pattern, fixtures))
        except FileNotFoundError:
            problems.append(Problem(str(path), "", f"is missing: no line proves {pattern.id}"))
        except (OSError, ValueError, KeyError, TypeError) as error:
            problems.append(Problem(str(path), "", f"is no fixture: {error}"))
    known = {f"{pattern.id}.toml" for pattern in patterns}
    for path in sorted(fixtures.rglob("*.toml")) if fixtures.is_dir() else []:
        if path.relative_to(fixtures).as_posix() not in known:
            problems.append(Problem(str(path), "", "is a fixture of no pattern"))
    return tuple(lines), tuple(problems)


def lines_of(pattern: Pattern, fixtures: Path) -> tuple[Stated, ...]:
    """The lines of one fixture. Raises OSError, ValueError, KeyError or TypeError."""
    path = fixtures / f"{pattern.id}.toml"
    return tuple(_lines(pattern.id, path, path.read_text(encoding="utf-8")))


def _lines(pattern: str, path: Path, text: str) -> Iterator[Stated]:
    starts = [n for n, line in enumerate(text.splitlines(), 1) if line.strip() == "[[lines]]"]
    tables = parse_toml(text)["lines"]
    for number, data in zip(starts, tables):
        if not isinstance(data.get("text"), str) or not data.get("why"):
            raise ValueError(f"line {number}: a [[lines]] table needs text and why")
        yield Stated(pattern, str(path), number, data)


def failure_of(catalog: Catalog, line: Stated) -> Optional[str]:
    """How ``line`` was read instead of what is stated; None if it was read so."""
    record = Record(line.text, level=line.data.get("level"))
    found = list(hits(catalog, record))
    rivals = [hit.pattern.id for hit in found if hit.pattern.priority == found[0].pattern.priority]
    if len(rivals) > 1:
        return f"is claimed at the same priority by {' and '.join(rivals)}"
    got = found[0].pattern.id if found else NOTHING
    if got != line.known_as:
        return f"is known as {got}, not as {line.known_as}"
    return _told_otherwise(catalog, line, found[0]) if found else None


def _told_otherwise(catalog: Catalog, line: Stated, hit: Hit) -> Optional[str]:
    named, decided = suspects(catalog, catalog[line.pattern], hit.failure)
    told: dict[str, Any] = {
        "suspects": [f"{suspect.requirement} {suspect.resource}" for suspect in named],
        "decided": decided,
        "fields": dict(hit.fields),
    }
    for key, got in told.items():
        if key in line.data and line.data[key] != got:
            return f"has {key} {got}, not {line.data[key]}"
    return None


def idle_of(pattern: Pattern, lines: tuple[Stated, ...]) -> tuple[str, ...]:
    """Expressions and literals of ``pattern`` that no line of its own fixture needs."""
    texts = [
        " ".join(line.text.split())
        for line in lines
        if line.pattern == pattern.id and "is" not in line.data
    ]
    idle = [e for e in pattern.expressions if all(search(e, text) is None for text in texts)]
    dead = [literal for literal in pattern.literals if not any(literal in t for t in texts)]
    return (
        *(f"no line of its fixture is found by {expression!r}" for expression in idle),
        *(f"no line of its fixture holds {literal!r}" for literal in dead),
    )


def trial(
    catalog: Catalog, patterns: Sequence[Pattern], fixtures: Path
) -> tuple[int, tuple[Problem, ...]]:
    """How many lines were tried, and everything in which ``patterns``, among all of ``catalog``, do
    not do what their fixtures state."""
    lines, problems = stated(patterns, fixtures)
    found = list(problems)
    for line in lines:
        failure = failure_of(catalog, line)
        if failure:
            why = re.sub(r"\s+", " ", str(line.data["why"]))
            shown = " ".join(line.text.split())[:120]
            found.append(Problem(line.file, "", f"{shown!r} {failure} ({why})", line.number))
    for pattern in patterns:
        if any(line.pattern == pattern.id for line in lines):
            path = str(fixtures / f"{pattern.id}.toml")
            found.extend(Problem(path, "", text) for text in idle_of(pattern, lines))
    return len(lines), tuple(found)
