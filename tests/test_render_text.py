"""The text for people: order, marks with words, commands that can be copied, nothing invisible."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssmdiag.model import Report
from ssmdiag.render.brief import brief
from ssmdiag.render.text import text
from tests.reports.article import ARTICLE
from tests.reports.every import REPORTS
from tests.reports.healthy import HEALTHY
from tests.reports.hostile import SECRETS, hostile
from tests.reports.many import MANY, many
from tests.reports.unverified import UNVERIFIED

SGR = re.compile(r"\x1b\[[0-9;]+m")
COMMANDS = [
    (report, command)
    for report in (ARTICLE, MANY)
    for finding in report.findings
    if finding.change
    for command in finding.change.commands
]


def test_the_parts_come_in_the_order_in_which_they_are_needed() -> None:
    told = text(ARTICLE)
    parts = [
        "Sessions are refused",
        "1. The role SessionNode",
        "   Why  ",
        "   Seen  ",
        "   Fix  ",
        "   Run by  ",
        "aws iam put-role-policy",
        "   Proved  ",
        "2. The key policy",
        "3. The log group",
        "   Not proved ",
        "Requirements",
        "Seen in the log, but what they point to holds now",
        "Seen in the log, and explained by nothing above",
        "Errors that no pattern knows",
        "Notes",
        "Read 2 files",
    ]
    places = [told.index(part) for part in parts]
    assert places == sorted(places)
    assert places[0] == 0


def test_a_healthy_report_is_its_headline_the_chain_and_the_account() -> None:
    assert text(HEALTHY, terminal=False) == text(HEALTHY)
    assert len(text(HEALTHY).split("\n\n")) == 3


def test_what_could_not_be_verified_is_never_called_broken_or_its_remedy_a_fix() -> None:
    told = text(UNVERIFIED, terminal=False)
    assert "1. Could not verify: The role SessionNode may lack" in told
    assert "To settle  - Run ssmdiag on the node" in told
    assert "BROKEN" not in told
    assert "Fix" not in told


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize(("report", "command"), COMMANDS)
def test_commands_stand_unchanged_at_the_left_margin(
    report: Report, command: str, width: int
) -> None:
    for told in (text(report, width=width), text(report, width=width, colour=True)):
        assert f"\n\n{command}\n" in told or f"\n{command}\n" in told
    subprocess.run(["sh", "-n"], input=command.encode(), check=True)


@pytest.mark.parametrize("width", [60, 80, 100])
@pytest.mark.parametrize("report", [ARTICLE, UNVERIFIED, HEALTHY, MANY])
def test_prose_keeps_within_the_width_unless_one_identifier_is_wider(
    report: Report, width: int
) -> None:
    copied = {line for _, command in COMMANDS for line in command.split("\n")}
    for line in text(report, width=width).split("\n"):
        identifier = max(map(len, line.split()), default=0)
        assert len(line) <= width or line in copied or identifier > width // 2


@pytest.mark.parametrize("name", REPORTS)
def test_colour_adds_nothing_but_colour(name: str) -> None:
    painted = text(REPORTS[name], colour=True)
    assert painted != text(REPORTS[name])
    assert SGR.sub("", painted) == text(REPORTS[name])


@pytest.mark.parametrize("name", REPORTS)
def test_ascii_text_holds_ascii_and_the_same_words(name: str) -> None:
    told = text(REPORTS[name], ascii_only=True, terminal=False)
    assert told.isascii()
    for word in ("holds", "BROKEN", "could not verify", "not applicable"):
        assert told.count(f" {word} ") == text(REPORTS[name], terminal=False).count(f" {word} ")


@given(st.text(st.characters(), max_size=60))
def test_nothing_invisible_reaches_the_terminal(foreign: str) -> None:
    report = hostile(foreign + "\x1b[2J\u202e")
    for told in (text(report, terminal=False), text(report, ascii_only=True)):
        assert told.replace("\n", "").isprintable()
        assert "\\x1b[2J\\u202e" in told


@pytest.mark.parametrize("secret", SECRETS)
def test_credentials_are_masked_without_being_asked(secret: str) -> None:
    assert secret not in text(REPORTS["hostile"], terminal=False)


@pytest.mark.parametrize(
    ("first", "last", "told"),
    [
        (datetime(2026, 3, 2, 9), datetime(2026, 3, 2, 9), ", at 2026-03-02 09:00:00,"),
        (
            datetime(2026, 3, 2, 9),
            datetime(2026, 3, 2, 10),
            ", from 2026-03-02 09:00:00 to 10:00:00,",
        ),
        (
            datetime(2026, 3, 2, 9),
            datetime(2026, 3, 3, 9),
            ", from 2026-03-02 09:00:00 to 2026-03-03 09:00:00,",
        ),
        (datetime(2026, 3, 2, 9), None, ", at 2026-03-02 09:00:00,"),
        (None, None, "42 times, in 4 sessions"),
    ],
)
def test_times_are_told_as_far_as_they_are_known(
    first: datetime, last: datetime, told: str
) -> None:
    symptom = replace(UNVERIFIED.findings[0].symptoms[0], first=first, last=last)
    report = replace(UNVERIFIED, findings=(replace(UNVERIFIED.findings[0], symptoms=(symptom,)),))
    assert told in text(report, width=500)


def test_where_output_may_be_cut_off_every_cause_and_its_fix_come_first() -> None:
    told = text(ARTICLE, terminal=False)
    assert told.startswith(brief(ARTICLE))
    for finding in ARTICLE.findings:
        assert finding.said in told[:2500]
        assert finding.change is not None
        assert finding.change.summary in told[:2500]
    assert told.endswith(text(ARTICLE))


def test_with_twenty_causes_each_still_names_its_resource_and_begins_its_fix() -> None:
    block = brief(MANY)
    assert len(block) <= 2500
    for number in range(1, 21):
        assert f"department-{number:02}-session-node" in block
    assert block.count(" Allow logs:CreateLogStream") == 20


@pytest.mark.parametrize("ascii_only", [False, True])
@pytest.mark.parametrize("limit", [200, 900, 2500])
@pytest.mark.parametrize("number", [0, 1, 3, 20, 60, 300])
def test_the_block_never_grows_beyond_its_limit(number: int, limit: int, ascii_only: bool) -> None:
    block = brief(many(number), limit, ascii_only)
    assert len(block) <= limit
    listed = len(re.findall(r"^\d+\. ", block, re.MULTILINE))
    unlisted = re.search(r"\.\.\. and (\d+) more", block)
    assert listed + (int(unlisted.group(1)) if unlisted else 0) == number


@given(st.text(max_size=3000), st.integers(20, 2500))
def test_the_block_keeps_its_limit_whatever_the_report_says(foreign: str, limit: int) -> None:
    assert len(brief(hostile(foreign), limit)) <= limit


def test_identifiers_are_cut_between_their_parts_so_that_no_half_id_is_left() -> None:
    assert "31098" not in brief(replace(MANY, headline=f"{'x' * 50}:{'310987654321' * 90}"), 900)
