"""The catalogue's index: the same Patterns as in the TOML files, or no index.

After a change of the catalogue: ``SSMDIAG_REGENERATE=1 python -m pytest
tests/test_catalog_index.py``, which ``scripts/rewrite-fixtures`` does as well.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from ssmdiag.catalog.index import INDEX, checksum, index_of, indexed
from ssmdiag.catalog.load import load, read_folder, shipped

FIRE = """
title = "The printer is on fire"
area = "printer"
severity = "degraded"
source = "lp0"
literals = ["lp0 on fire"]
expressions = ['lp0 on fire: (?<error>.*)']
explanation = "It is – as it says."

[[suspects]]
when = "denial"
requirement = "local/host"
text = "no"
"""

FAILURES = """
[[suspects]]
when = "clock"
requirement = "clock/skew"
resource = "clock"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A catalogue of one Pattern, with its index."""
    (tmp_path / "printer").mkdir()
    (tmp_path / "printer/fire.toml").write_text(FIRE, encoding="utf-8")
    (tmp_path / "failures.toml").write_text(FAILURES, encoding="utf-8")
    (tmp_path / "printer/notes.txt").write_text("not of the catalogue", encoding="utf-8")
    catalog, problems = read_folder(tmp_path)
    assert problems == ()
    (tmp_path / INDEX).write_text(index_of(catalog, tmp_path), encoding="utf-8")
    return tmp_path


def test_the_shipped_index_is_that_of_the_shipped_files() -> None:
    catalog, _ = read_folder(shipped())
    if os.environ.get("SSMDIAG_REGENERATE"):
        (shipped() / INDEX).write_text(index_of(catalog, shipped()), encoding="utf-8")

    ready = indexed(shipped())

    assert ready is not None, "the index is out of date: run scripts/rewrite-fixtures"
    assert len(ready.patterns) == len(catalog.patterns)
    for ours, theirs in zip(ready.patterns, catalog.patterns):
        assert asdict(ours) == asdict(theirs)
        assert hash(ours) == hash(theirs)
    assert ready.failures == catalog.failures
    assert load([shipped()]) == (catalog, ())


def test_an_index_holds_what_the_files_say(folder: Path) -> None:
    assert indexed(folder) == read_folder(folder)[0]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"checksum": 0}', "\xff"])
def test_a_damaged_index_is_no_index(folder: Path, text: str) -> None:
    (folder / INDEX).write_text(text, encoding="latin-1")

    assert indexed(folder) is None


def test_an_index_of_another_version_is_no_index(folder: Path) -> None:
    text = (folder / INDEX).read_text(encoding="utf-8")
    (folder / INDEX).write_text(text.replace('"title"', '"headline"'), encoding="utf-8")

    assert indexed(folder) is None


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("printer/fire.toml", FIRE.replace("degraded", "offline")),
        ("printer/water.toml", FIRE),
        ("failures.toml", ""),
    ],
)
def test_an_index_is_out_of_date_after_any_edit(folder: Path, file: str, text: str) -> None:
    (folder / file).write_text(text, encoding="utf-8")

    assert indexed(folder) is None


def test_an_index_is_out_of_date_after_a_file_was_renamed_or_removed(folder: Path) -> None:
    before = checksum(folder)
    fire = (folder / "printer/fire.toml").rename(folder / "printer/flood.toml")
    renamed = checksum(folder)
    fire.unlink()

    assert len({before, renamed, checksum(folder)}) == 3


def test_what_is_no_toml_file_does_not_count(folder: Path) -> None:
    (folder / "printer/notes.txt").unlink()

    assert indexed(folder) is not None


def test_a_folder_without_index_has_none(tmp_path: Path) -> None:
    assert indexed(tmp_path) is None


def test_users_own_patterns_override_those_of_the_index(folder: Path) -> None:
    id_ = indexed(shipped()).patterns[0].id  # type: ignore[union-attr]
    area, name = id_.split("/")
    (folder / area).mkdir()
    own = FIRE.replace('"printer"', f'"{area}"')
    (folder / area / f"{name}.toml").write_text(own, encoding="utf-8")

    catalog, problems = load([shipped(), folder])

    assert problems == ()
    assert catalog[id_].title == "The printer is on fire"
    assert "printer/fire" in catalog
    assert catalog.failures[0].requirement == "clock/skew"


_NO_HIT = """
import sys
from ssmdiag.catalog.fold import Folder
from ssmdiag.catalog.load import load, shipped
from ssmdiag.diagnose.evidence import Evidence
from ssmdiag.model import Record

unknown = Record("Failed to find the way home", level="ERROR")
folder = Folder(load([shipped()])[0])
Evidence().look(unknown)
assert folder.take(unknown) is None
print(*{"regex", "tomllib", "tomli"}.intersection(sys.modules))
"""


def test_the_packages_that_parse_and_compile_are_left_alone_until_a_literal_hits() -> None:
    started = subprocess.run([sys.executable, "-c", _NO_HIT], capture_output=True, text=True)

    assert (started.stdout.strip(), started.stderr) == ("", "")
