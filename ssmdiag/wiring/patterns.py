"""``patterns`` and ``explain``: the catalogue itself, tried, shown, explained, added to."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Optional

from ssmdiag.catalog import draft as drafting
from ssmdiag.catalog import explain as explaining
from ssmdiag.catalog import lint as linting
from ssmdiag.catalog import load as loading
from ssmdiag.catalog import trial as trying
from ssmdiag.catalog.pattern import Pattern, Problem
from ssmdiag.render.layout import Layout
from ssmdiag.render.page import markdown, page
from ssmdiag.requirements import registry
from ssmdiag.values import dataclass
from ssmdiag.wiring.catalogues import Catalogue, catalogue
from ssmdiag.wiring.diagnosing import clusters
from ssmdiag.wiring.job import JobError, Surroundings


@dataclass(frozen=True)
class Tried:
    """How a catalogue did: counts, and everything that is wrong."""

    patterns: int
    lines: int
    problems: tuple[Problem, ...]


def tried(folder: Optional[Path]) -> Tried:
    """Load, lint and try the catalogue in ``folder``, beside the shipped one. Raises JobError."""
    shipped = loading.shipped()
    if folder is not None and not folder.is_dir():
        raise JobError(f"{folder} is not a folder that can be read")
    own, problems = loading.load([folder or shipped])
    whole, _ = loading.load([shipped, *([folder] if folder else [])])
    fixtures = trying.fixtures_of(folder or shipped)
    names = {f"{pattern.id}.toml" for pattern in own.patterns}
    unwise = [p for p in linting.lint(whole, registry.titles()) if p.file in names]
    lines, untrue = trying.trial(whole, own.patterns, fixtures)
    return Tried(len(own.patterns), lines, (*problems, *unwise, *untrue))


def pattern_file(pattern_id: str, own: Sequence[Path], around: Surroundings) -> str:
    """The text of the file that ``pattern_id`` was read from. Raises JobError."""
    known = catalogue(own, around)
    _the_pattern(known, pattern_id)
    for folder in reversed(known.folders):
        path = folder / f"{pattern_id}.toml"
        if path.is_file():
            return path.read_text(encoding="utf-8")
    raise JobError(f"the file of {pattern_id} is gone")


def _the_pattern(known: Catalogue, pattern_id: str) -> Pattern:
    if pattern_id in known.catalog:
        return known.catalog[pattern_id]
    ids = [pattern.id for pattern in known.catalog.patterns]
    near = [i for i in ids if pattern_id in i] or difflib.get_close_matches(pattern_id, ids, 3, 0.5)
    hint = f"; nearest: {', '.join(near[:5])}" if near else ""
    raise JobError(f"there is no pattern {pattern_id!r}{hint} (see `ssmdiag patterns list`)")


def explanation(pattern_id: str, own: Sequence[Path], around: Surroundings, layout: Layout) -> str:
    """The page about one pattern. Raises JobError."""
    known = catalogue(own, around)
    pattern = _the_pattern(known, pattern_id)
    return page(pattern.title, pattern.id, _sections(known, pattern), explaining.EXAMPLES, layout)


def _sections(known: Catalogue, pattern: Pattern) -> Sequence[explaining.Section]:
    lines: list[trying.Stated] = []
    for folder in known.folders:
        # Examples are welcome, and `patterns test` is there to tell why there are none.
        with suppress(OSError, ValueError, KeyError, TypeError):
            lines += trying.lines_of(pattern, trying.fixtures_of(folder))
    return explaining.sections(known.catalog, pattern, registry.titles(), lines)


def pattern_docs(own: Sequence[Path], around: Surroundings) -> str:
    """All patterns as the page of the docs."""
    known = catalogue(own, around)
    chapters = []
    for pattern in known.catalog.patterns:
        sections = _sections(known, pattern)
        chapters.append(markdown(pattern.title, pattern.id, sections, explaining.EXAMPLES))
    head = (
        "# What the agent writes, and what it means\n\n"
        "Made from the catalogue by `ssmdiag explain --all --output docs/patterns.md`.\n"
    )
    return "\n".join([head, *chapters])


def drafted(
    pattern_id: str, log: Optional[str], number: int, own: Sequence[Path], around: Surroundings
) -> tuple[tuple[str, str], tuple[str, str]]:
    """A draft for the ``number``-th unknown error of ``log``: names and texts of its two files.

    Raises JobError.
    """
    known = catalogue(own, around)
    if pattern_id in known.catalog:
        raise JobError(f"there is a pattern {pattern_id} already: choose another id")
    unknown = clusters(log, known.catalog, around)
    if number > len(unknown):
        raise JobError(f"the log has {len(unknown)} kinds of errors that no pattern knows")
    try:
        pattern, fixture = drafting.draft(pattern_id, unknown[number - 1])
    except drafting.DraftError as error:
        raise JobError(str(error)) from None
    return (f"{pattern_id}.toml", pattern), (f"fixtures/{pattern_id}.toml", fixture)


def write_new(folder: Path, files: Iterable[tuple[str, str]]) -> Iterator[Path]:
    """Write files into a catalogue's folder, none over another. Raises JobError."""
    paths = [(folder / name, text) for name, text in files]
    for path, _ in paths:
        if path.exists():
            raise JobError(f"{path} exists already")
    for path, text in paths:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise JobError(f"{path} cannot be written: {error.strerror}") from None
        yield path
