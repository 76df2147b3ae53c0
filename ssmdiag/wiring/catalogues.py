"""The catalogue that is in use: what is shipped, the host's, and the user's own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ssmdiag.catalog import load as loading
from ssmdiag.catalog.pattern import Catalog, Problem
from ssmdiag.folders import program_data
from ssmdiag.values import dataclass
from ssmdiag.wiring.job import JobError, Surroundings


def shipped_catalog() -> Catalog:
    """The patterns that come with the program. Raises JobError if they are damaged."""
    return _loaded(())[0]


def _loaded(own: Sequence[Path]) -> tuple[Catalog, tuple[Problem, ...]]:
    """The shipped patterns with those of ``own`` folders. Raises JobError if ours are damaged."""
    shipped = loading.shipped()
    catalog, problems = loading.load([shipped, *own])
    for problem in problems:
        if shipped in (Path(problem.file), *Path(problem.file).parents):
            raise JobError(f"the pattern catalogue is damaged: {problem}; reinstall ssmdiag")
    return catalog, problems


@dataclass(frozen=True)
class Catalogue:
    """The catalogue that is in use, and what of the user's own files could not be used."""

    catalog: Catalog
    problems: tuple[Problem, ...]
    folders: tuple[Path, ...]


def catalogue(own: Sequence[Path], around: Surroundings) -> Catalogue:
    """The shipped patterns with those of the host and of ``own`` folders, which override by id."""
    usual = _usual_patterns(around)
    folders = (*([usual] if usual.is_dir() else []), *own)
    catalog, problems = _loaded(folders)
    return Catalogue(catalog, problems, (loading.shipped(), *folders))


def _usual_patterns(around: Surroundings) -> Path:
    if around.platform == "win32":
        return Path(program_data(around.environ), "ssmdiag", "patterns.d")
    return Path("/etc/ssmdiag/patterns.d")
