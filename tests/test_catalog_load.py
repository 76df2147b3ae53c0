"""A folder of TOML files in; a Catalog and what is wrong with it out."""

from __future__ import annotations

from pathlib import Path

import pytest

from ssmdiag.catalog.load import load, shipped
from ssmdiag.catalog.match import match
from ssmdiag.model import Record

GOOD = """
title = "The printer is on fire"
area = "printer"
severity = "degraded"
source = "lp0"
literals = ["lp0 on fire"]
expressions = ["lp0 on fire"]
explanation = "It is."

[[suspects]]
when = "always"
requirement = "local/host"
resource = "local-os"
"""


def _folder(tmp_path: Path, **files: str) -> Path:
    folder = tmp_path / "patterns.d"
    (folder / "printer").mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / "printer" / f"{name}.toml").write_text(text)
    return folder


def test_the_path_of_a_file_is_the_id_of_its_pattern(tmp_path: Path) -> None:
    catalog, problems = load([_folder(tmp_path, fire=GOOD)])

    assert problems == ()
    assert catalog["printer/fire"].title == "The printer is on fire"


def test_a_later_folder_overrides_by_id(tmp_path: Path) -> None:
    first = _folder(tmp_path / "one", fire=GOOD)
    second = _folder(tmp_path / "two", fire=GOOD.replace("on fire", "burning"))

    catalog, _ = load([first, second])

    assert [pattern.title for pattern in catalog.patterns] == ["The printer is burning"]


def test_users_own_patterns_stand_beside_the_shipped_ones(tmp_path: Path) -> None:
    catalog, problems = load([shipped(), _folder(tmp_path, fire=GOOD)])

    hit = match(catalog, Record("lp0 on fire", level="ERROR"))

    assert problems == ()
    assert hit is not None
    assert hit.pattern.id == "printer/fire"


@pytest.mark.parametrize(
    ("spoilt", "key", "text"),
    [
        ("title = ", "", "is not TOML"),
        (GOOD.replace("title", "titel"), "titel", "is not a key"),
        (GOOD.replace('title = "The printer is on fire"', ""), "title", "is missing"),
        (GOOD.replace('"degraded"', '"dreadful"'), "severity", "'dreadful' is none of info"),
        (GOOD.replace('area = "printer"', 'area = "plotter"'), "area", "name of the folder"),
        (GOOD.replace('["lp0 on fire"]', '"lp0"', 1), "literals", "must be a list of strings"),
        (GOOD.replace('["lp0 on fire"]', "[]", 1), "literals", "must name texts"),
        (GOOD.replace('"always"', '"sometimes"'), "suspects 1: when", "'sometimes' is none of"),
        (GOOD.replace('resource = "local-os"', ""), "suspects 1: resource", "only a denial"),
        (GOOD.replace('"local-os"', '"toner"'), "suspects 1: resource", "'toner' is none of role"),
        (GOOD.replace('"local-os"', '"local-os"\nlikely = 1'), "suspects 1: likely", "true or"),
        (GOOD.replace('source = "lp0"', 'levels = ["LOUD"]'), "levels", "'LOUD' is none of TRACE"),
        (GOOD.replace('source = "lp0"', "priority = 'high'"), "priority", "a whole number"),
        (GOOD.replace('source = "lp0"', 'benign = "warm"'), "benign", "casts doubt on nothing"),
        (
            GOOD.replace('expressions = ["lp0 on', 'expressions = ["(lp0 on'),
            "expressions",
            "not an",
        ),
    ],
)
def test_a_broken_file_is_told_with_its_key_and_the_rest_loads(
    tmp_path: Path, spoilt: str, key: str, text: str
) -> None:
    folder = _folder(tmp_path, fire=GOOD, spoilt=spoilt)

    catalog, problems = load([folder])

    assert [pattern.id for pattern in catalog.patterns] == ["printer/fire"]
    assert {problem.file for problem in problems} == {str(folder / "printer" / "spoilt.toml")}
    assert (key, True) in [(problem.key, text in problem.text) for problem in problems]


def test_a_folder_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    catalog, problems = load([tmp_path / "nowhere"])

    assert catalog.patterns == ()
    assert [problem.text for problem in problems] == ["is not a folder that can be read"]


def test_what_a_failed_request_means_can_be_added_to(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    (folder / "failures.toml").write_text(
        '[[suspects]]\nwhen = "clock"\nrequirement = "house/clock"\nresource = "clock"\n'
    )

    catalog, problems = load([shipped(), folder])

    assert problems == ()
    assert catalog.failures[0].requirement == "house/clock"
    assert len(catalog.failures) > 1
