"""``ssmdiag patterns`` and ``ssmdiag explain`` as an author of patterns runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ssmdiag.catalog.load import load, shipped
from tests.program import ssmdiag

UNKNOWN = (
    "2026-11-20 14:22:07.2932 ERROR [ssm-agent-worker] the printer at /dev/lp0 is on fire since "
    "12 minutes\n"
)
OWN = """
title = "The printer is on fire"
area = "printer"
severity = "degraded"
source = "lp0.c"
literals = ["is on fire since"]
expressions = ['''the printer at (?<path>\\S++) is on fire''']
explanation = "Fetch water."

[[suspects]]
when = "always"
requirement = "local/host"
resource = "local-os"
"""
EXPRESSION = r"the printer at (?<path>\S++) is on fire"
LINE = """
[[lines]]
text = "the printer at /dev/lp0 is on fire since 12 minutes"
level = "ERROR"
why = "as it was"
suspects = ["local/host local-os"]
"""


def _catalogue(folder: Path, pattern: str = OWN, fixture: str = LINE) -> Path:
    for name, text in (("printer/fire.toml", pattern), ("fixtures/printer/fire.toml", fixture)):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_every_pattern_is_listed_with_what_is_lost() -> None:
    listed = ssmdiag("patterns", "list").stdout.splitlines()
    catalog, _ = load([shipped()])
    assert [line.split()[0] for line in listed] == [p.id for p in catalog.patterns]
    assert ssmdiag("patterns", "list", "--area", "kms").stdout.count("\nkms/") > 5
    assert "there are agent, " in ssmdiag("patterns", "list", "--area", "printer").stderr


def test_a_pattern_is_shown_as_its_file() -> None:
    shown = ssmdiag("patterns", "show", "local/inotify")
    assert shown.stdout == (shipped() / "local/inotify.toml").read_text(encoding="utf-8")
    missing = ssmdiag("patterns", "show", "local/inotfy")
    assert missing.returncode == 3
    assert "nearest: local/inotify" in missing.stderr


def test_explain_tells_meaning_causes_checks_and_examples() -> None:
    said = ssmdiag("explain", "cloudwatch/describe-log-groups").stdout
    headings = [line for line in said.splitlines() if line.endswith(":") and line[0] != " "]
    assert headings == [
        "What it means:",
        "What you lose:",
        "What the agent was doing:",
        "Typical causes: one of these does not hold, the likeliest first:",
        "What to check:",
        "Said in other words:",
        "Examples:",
        "References:",
    ]
    assert "[role/describe-log-groups]" in said
    assert "ERROR Error Calling DescribeLogGroups:AccessDeniedException" in said
    assert ssmdiag("explain").returncode == 2


def test_the_page_of_the_docs_is_what_explain_says() -> None:
    page = (Path(__file__).parent.parent / "docs/patterns.md").read_text(encoding="utf-8")
    assert page == ssmdiag("explain", "--all").stdout, "run scripts/rewrite-fixtures"


def test_the_shipped_catalogue_does_what_its_fixtures_state() -> None:
    done = ssmdiag("patterns", "test")
    assert done.stdout.splitlines()[-1].endswith(" lines, 0 wrong")
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("pattern", "fixture", "said"),
    [
        (OWN, LINE, "1 patterns, 1 lines, 0 wrong"),
        (
            OWN,
            LINE.replace("is on fire", "is wet"),
            "fire.toml:2: 'the printer at /dev/lp0 is wet since",
        ),
        (OWN, LINE.replace("local/host", "local/disk"), "not ['local/disk local-os']"),
        (OWN, "", "is no fixture"),
        (OWN.replace("degraded", "awful"), LINE, "fire.toml:4: severity: 'awful' is none of"),
        (OWN.replace("local/host", "local/water"), LINE, "'local/water' is no Requirement"),
        (
            OWN.replace(EXPRESSION, "is on fire since(?:a|a)*b"),
            LINE,
            "is slow on hostile",
        ),
        (OWN.replace("is on fire since", "boils over"), LINE, "is dead"),
        (OWN + "x = = 1", LINE, "is not TOML"),
        (
            OWN.replace("the printer at", "Failed to read system certificate pool:").replace(
                "is on fire since", "Failed to read system certificate pool:"
            ),
            LINE.replace("the printer at", "Failed to read system certificate pool:"),
            "is claimed at the same priority by local/certificates and printer/fire",
        ),
    ],
    ids=[
        *("right", "not-matched", "suspects", "no-lines", "severity", "requirement", "slow"),
        *("dead-literal", "no-toml", "overlap"),
    ],
)
def test_a_catalogue_on_trial_says_exactly_what_is_wrong(
    tmp_path: Path, pattern: str, fixture: str, said: str
) -> None:
    done = ssmdiag("patterns", "test", _catalogue(tmp_path, pattern, fixture))
    assert said in done.stdout, done.stdout
    assert done.returncode == (0 if said.endswith(" 0 wrong") else 1)


def test_an_unknown_error_becomes_a_pattern(tmp_path: Path) -> None:
    log = tmp_path / "errors.log"
    log.write_text(UNKNOWN)
    before = json.loads(ssmdiag("diagnose", "--offline", log, "--format", "json").stdout)
    assert [cluster["count"] for cluster in before["unrecognised"]] == [1]

    own = tmp_path / "own"
    written = ssmdiag("patterns", "new", "printer/fire", log, "--write", own)
    assert written.returncode == 0, written.stderr
    after = ssmdiag("diagnose", "--offline", log, "--format", "json", "--patterns", own)
    report = json.loads(after.stdout)
    assert report["unrecognised"] == []
    assert [s["pattern"] for s in report["unexplained"]] == ["printer/fire"]
    again = ssmdiag("patterns", "new", "printer/fire", log, "--write", own)
    assert (again.returncode, "exists already" in again.stderr) == (3, True)


def test_a_broken_pattern_is_told_with_its_place_and_the_rest_still_works(tmp_path: Path) -> None:
    own = _catalogue(tmp_path / "own", OWN.replace("degraded", "awful"))
    log = tmp_path / "errors.log"
    log.write_text(UNKNOWN)
    done = ssmdiag("diagnose", "--offline", log, "--format", "json", "--patterns", own)
    report = json.loads(done.stdout)
    assert any("fire.toml:4: severity: 'awful'" in note for note in report["notes"])
    assert len(report["unrecognised"]) == 1


def test_a_users_pattern_overrides_the_shipped_one(tmp_path: Path) -> None:
    own = tmp_path / "local"
    own.mkdir()
    shipped_text = (shipped() / "local/inotify.toml").read_text(encoding="utf-8")
    lines = shipped_text.splitlines()
    lines[0] = 'title = "Too many watches"'
    (own / "inotify.toml").write_text("\n".join(lines))
    said = ssmdiag("explain", "local/inotify", "--patterns", tmp_path).stdout
    assert said.startswith("Too many watches [local/inotify]")
