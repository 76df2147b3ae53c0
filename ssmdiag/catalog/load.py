"""Folders of TOML files → Catalog. Whether one *should* ship is another question: see ``lint``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import field
from pathlib import Path
from typing import Any, Optional, cast

from ssmdiag.catalog.index import indexed
from ssmdiag.catalog.pattern import (
    LEVELS,
    TROUBLE,
    WHENS,
    Catalog,
    Doubt,
    Pattern,
    Problem,
    When,
    compiled,
)
from ssmdiag.model import RESOURCE_KINDS, SEVERITIES, ResourceKind, Severity
from ssmdiag.toml import parse_toml
from ssmdiag.values import dataclass

FAILURES = "failures.toml"
"""Beside the area folders: what a failed request means whatever Pattern it was found in."""

_PATTERN_KEYS = frozenset(Pattern.__dataclass_fields__) - {"id"}
_DOUBT_KEYS = frozenset(Doubt.__dataclass_fields__)


def shipped() -> Path:
    """The folder of the catalogue that comes with the program."""
    package = Path(__file__).parent.parent
    inside_wheel = package / "patterns"
    return inside_wheel if inside_wheel.is_dir() else package.parent / "patterns"


def load(folders: Sequence[Path]) -> tuple[Catalog, tuple[Problem, ...]]:
    """Read every ``<area>/<name>.toml`` below ``folders``; later folders override by id.

    A file that cannot be used becomes Problems and is left out; the others load. What ships is
    taken from its index where that is of these very files.
    """
    patterns: dict[str, Pattern] = {}
    failures: tuple[Doubt, ...] = ()
    problems: list[Problem] = []
    for folder in folders:
        ready = indexed(folder) if folder == shipped() else None
        catalog, wrong = (ready, ()) if ready else read_folder(folder)
        patterns.update((pattern.id, pattern) for pattern in catalog.patterns)
        failures = catalog.failures + failures
        problems.extend(wrong)
    ordered = tuple(patterns[name] for name in sorted(patterns))
    return Catalog(ordered, failures), tuple(problems)


def read_folder(folder: Path) -> tuple[Catalog, tuple[Problem, ...]]:
    """The Catalog in the TOML files of one folder, whatever its index says."""
    patterns: list[Pattern] = []
    problems: list[Problem] = []
    if not folder.is_dir():
        problems.append(Problem(str(folder), "", "is not a folder that can be read"))
    own = folder != shipped()
    for path in sorted(folder.glob("*/*.toml")):
        sheet = _Sheet.read(path)
        pattern = _pattern(sheet, folder)
        if own and not sheet.problems:
            _try_expressions(sheet, pattern)
        problems.extend(sheet.problems)
        if not sheet.problems:
            patterns.append(pattern)
    failures, wrong = _failures(folder / FAILURES)
    ordered = tuple(sorted(patterns, key=lambda pattern: pattern.id))
    return Catalog(ordered, failures), (*problems, *wrong)


def _failures(path: Path) -> tuple[tuple[Doubt, ...], Sequence[Problem]]:
    if not path.is_file():
        return (), ()
    sheet = _Sheet.read(path)
    sheet.known({"suspects"})
    rows = tuple(_doubts(sheet))
    return ((), sheet.problems) if sheet.problems else (rows, ())


@dataclass
class _Sheet:
    """One TOML file being read, collecting everything that is wrong with it."""

    path: Path
    text: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path) -> _Sheet:
        sheet = cls(path)
        try:
            sheet.text = path.read_text(encoding="utf-8")
            sheet.data = parse_toml(sheet.text)
        except OSError as error:
            sheet.wrong("", f"cannot be read: {error.strerror}")
        except UnicodeDecodeError:
            sheet.wrong("", "is not UTF-8 text")
        except ValueError as error:
            sheet.wrong("", f"is not TOML: {error}")
        return sheet

    def wrong(self, key: str, text: str) -> None:
        self.problems.append(Problem(str(self.path), key, text, self.line_of(key)))

    def line_of(self, key: str, after: int = 0) -> int:
        """The line on which ``key`` is written, from 1, below line ``after``; else that one."""
        written = re.compile(rf"\s*(?:\[\[)?{re.escape(key)}(?:\]\]|\s*=)")
        for number, line in enumerate(self.text.splitlines(), 1):
            if key and number > after and written.match(line):
                return number
        return after

    def part(self, table: str, number: int, row: dict[str, Any]) -> _Sheet:
        """The ``number``-th ``[[table]]``, as a sheet of its own that begins on its line."""
        start = 0
        for _ in range(number):
            start = self.line_of(table, start)
        rest = self.text.splitlines()[start:]
        return _Sheet(self.path, "\n" * start + "\n".join(rest), row)

    def known(self, keys: Set[str]) -> None:
        for key in sorted(set(self.data) - keys):
            self.wrong(key, "is not a key of this kind of file")

    def word(self, key: str, default: Optional[str] = "") -> str:
        value = self.data.get(key, default)
        if not isinstance(value, str):
            self.wrong(key, "is missing" if value is None else "must be a string")
            return ""
        return value

    def flag(self, key: str) -> bool:
        value = self.data.get(key, False)
        if not isinstance(value, bool):
            self.wrong(key, "must be true or false")
        return value is True

    def words(self, key: str, default: Optional[Sequence[str]] = ()) -> tuple[str, ...]:
        value = self.data.get(key, default)
        if value is None:
            self.wrong(key, "is missing")
        elif not isinstance(value, (list, tuple)) or not all(isinstance(v, str) for v in value):
            self.wrong(key, "must be a list of strings")
        else:
            return tuple(value)
        return ()

    def one_of(self, key: str, value: str, allowed: Sequence[str]) -> str:
        if value not in allowed:
            self.wrong(key, f"{value!r} is none of {', '.join(allowed)}")
        return value


def _pattern(sheet: _Sheet, folder: Path) -> Pattern:
    if sheet.problems:
        return Pattern("", "", "", "info", "", (), ())
    sheet.known(_PATTERN_KEYS)
    name = sheet.path.relative_to(folder).with_suffix("").as_posix()
    benign = sheet.word("benign")
    severity = sheet.word("severity", "info" if benign else None)
    if severity:
        sheet.one_of("severity", severity, SEVERITIES)
    levels = sheet.words("levels", TROUBLE)
    for level in levels:
        sheet.one_of("levels", level, LEVELS)
    priority = sheet.data.get("priority", 0)
    if not isinstance(priority, int):
        sheet.wrong("priority", "must be a whole number")
    pattern = Pattern(
        id=name,
        title=sheet.word("title", None),
        area=sheet.word("area", None),
        severity=cast(Severity, severity),
        source=sheet.word("source"),
        literals=sheet.words("literals", None),
        expressions=sheet.words("expressions", None),
        explanation=sheet.word("explanation").strip(),
        agents=sheet.word("agents"),
        levels=levels,
        subject=sheet.words("subject"),
        benign=benign,
        echo_of=sheet.words("echo_of"),
        clue_to=sheet.words("clue_to"),
        suspects=tuple(_doubts(sheet)),
        priority=priority,
    )
    _consistent(sheet, pattern)
    return pattern


def _consistent(sheet: _Sheet, pattern: Pattern) -> None:
    if pattern.area != pattern.id.split("/")[0]:
        sheet.wrong("area", f"must be the name of the folder, {pattern.id.split('/')[0]!r}")
    if not pattern.literals or not all(pattern.literals):
        sheet.wrong("literals", "must name texts of which one always occurs, none of them empty")
    if not pattern.expressions:
        sheet.wrong("expressions", "must hold at least one expression")
    if pattern.benign and pattern.suspects:
        sheet.wrong("benign", "a Record that is benign casts doubt on nothing")


def _doubts(sheet: _Sheet) -> Iterator[Doubt]:
    rows = sheet.data.get("suspects", [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        sheet.wrong("suspects", "must be written as [[suspects]] tables")
        return
    for number, row in enumerate(rows, 1):
        where = f"suspects {number}"
        part = sheet.part("suspects", number, row)
        part.known(_DOUBT_KEYS)
        when = part.one_of("when", part.word("when", None), WHENS)
        resource = part.word("resource")
        if resource:
            part.one_of("resource", resource, RESOURCE_KINDS)
        elif when != "denial":
            part.wrong("resource", "is missing: only a denial can tell by itself")
        yield Doubt(
            when=cast(When, when),
            requirement=part.word("requirement", None),
            resource=cast(ResourceKind, resource) if resource else None,
            likely=part.flag("likely"),
            leaves_trace=part.flag("leaves_trace"),
            action=part.word("action") if "action" in row else None,
            host=part.word("host") if "host" in row else None,
            text=part.word("text") if "text" in row else None,
        )
        sheet.problems.extend(
            Problem(p.file, f"{where}: {p.key}", p.text, p.line) for p in part.problems
        )


def _try_expressions(sheet: _Sheet, pattern: Pattern) -> None:
    """Users' own files are compiled at once: one that never matches would be worse than slow."""
    texts = [doubt.text for doubt in pattern.suspects if doubt.text]
    for key, expressions in (("expressions", pattern.expressions), ("suspects", texts)):
        for expression in expressions:
            try:
                compiled(expression)
            except ValueError as error:
                sheet.wrong(key, f"{expression!r} is not an expression: {error}")
