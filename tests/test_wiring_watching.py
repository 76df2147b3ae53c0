"""When a run that goes on asks AWS: what it was told counts for a while."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from ssmdiag.demo.account import Account
from ssmdiag.demo.story import ROLE, mistakes
from ssmdiag.diagnose.news import News
from ssmdiag.wiring.job import Surroundings
from ssmdiag.wiring.reach import performing
from ssmdiag.wiring.watch_job import WatchJob
from ssmdiag.wiring.watching import Watch
from ssmdiag.world.call import Call

NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
_WORKER = "ERROR [ssm-session-worker] [{who}-0123456789abcdef0] [DataBackend] "
REFUSED = (
    f"{_WORKER.format(who='alice')}Error Calling DescribeLogGroups:AccessDeniedException: User: "
    f"arn:aws:sts::123456789012:assumed-role/{ROLE}/i-0123456789abcdef0 is not authorized to "
    "perform: logs:DescribeLogGroups on resource: arn:aws:logs:us-east-1:123456789012:log-group::"
    "log-stream: because no identity-based policy allows the logs:DescribeLogGroups action"
)
UNENCRYPTED = (
    f"{_WORKER.format(who='bob')}We couldn't start the session because encryption is not set up "
    "on the selected CloudWatch Logs log group"
)
DECRYPT = REFUSED.replace("Calling DescribeLogGroups", "calling KMS Decrypt API").replace(
    "logs:DescribeLogGroups", "kms:Decrypt"
)
UNKNOWN = f"{_WORKER.format(who='carol')}the flux is gone"


class Run:
    """A watch of one log at times that the test gives, and what it asked."""

    def __init__(self, account: Account, folder: Path, *, offline: bool = False) -> None:
        self._account = account
        self._log = folder / "amazon-ssm-agent.log"
        self._log.write_text("2026-03-01 12:00:00 INFO [amazon-ssm-agent] begin\n", "utf-8")
        job = WatchJob(
            places=(str(self._log),),
            start="start",
            state=folder / "watch.json",
            offline=offline,
        )
        around = Surroundings("linux", os.environ, io.BytesIO(), NOON.replace(tzinfo=None))
        self._job, self._around = job, around
        self._watch = Watch(job, around)

    def begins_anew(self) -> None:
        """As ``watch --once`` does every time: all that it knows is in the checkpoint."""
        self._watch.save(NOON)
        self._watch = Watch(self._job, self._around)

    def reads(self, *messages: str, after: float = 0) -> datetime:
        """Lines come ``after`` so many minutes, and are read and not decided."""
        with self._log.open("a", encoding="utf-8") as file:
            file.writelines(f"2026-03-01 12:00:00 {message}\n" for message in messages)
        now = NOON + timedelta(minutes=after)
        list(self._watch.sightings(now))
        return now

    def hears(self, *messages: str, after: float = 0) -> tuple[Sequence[News], bool]:
        """What is told ``after`` so many minutes, if lines come then; and was AWS asked?"""
        self._account.received.clear()
        now = self.reads(*messages, after=after)
        told = self._watch.decide(now)[0] if self._watch.due(now) else ()
        return told, bool(self._account.requests)


@pytest.fixture
def run(account: Account, tmp_path: Path) -> Run:
    story = mistakes(performing(account.region), account.id, account.region)
    account.act_as(story.caller)
    return Run(account, tmp_path)


def test_what_goes_on_is_asked_about_once_until_it_is_looked_at_again(run: Run) -> None:
    told, asked = run.hears(REFUSED)
    assert told
    assert asked
    for minutes in (1, 2, 14):
        assert run.hears(REFUSED, after=minutes) == ((), False)
    assert run.hears(REFUSED, after=15) == ((), True)
    assert run.hears(after=29) == ((), False)
    assert run.hears(after=30) == ((), True)


@pytest.mark.parametrize(("line", "asked"), [(UNENCRYPTED, True), (UNKNOWN, False)])
def test_a_symptom_that_was_not_there_is_asked_about_at_once(
    line: str, asked: bool, run: Run
) -> None:
    run.hears(REFUSED)
    assert run.hears(line, after=1)[1] is asked
    assert run.hears(line, REFUSED, after=2)[1] is False


def test_a_symptom_that_comes_again_after_its_cause_was_gone_is_asked_about_at_once(
    run: Run, account: Account
) -> None:
    told, _ = run.hears(REFUSED)
    for order in _fixes(told):
        performing(account.region)(order)
    resolved, _ = run.hears(after=15)
    assert {each.kind for each in resolved} == {"resolved"}
    assert run.hears(REFUSED, after=16) == ((), True)
    assert run.hears(REFUSED, after=17) == ((), False)


def test_what_goes_on_is_asked_about_no_more_often_where_every_run_is_a_new_one(run: Run) -> None:
    told, asked = run.hears(REFUSED)
    assert told
    assert asked
    for minutes, line, asks in (
        (5, REFUSED, False),
        (10, REFUSED, False),
        (11, DECRYPT, True),
        (16, DECRYPT, False),
        (26, DECRYPT, True),
    ):
        run.begins_anew()
        assert run.hears(line, after=minutes)[1] is asks


@pytest.mark.parametrize("first", [True, False])
def test_what_was_read_and_not_decided_is_read_again_by_the_next_run(first: bool, run: Run) -> None:
    if not first:
        run.hears()
    run.reads(REFUSED)
    run.begins_anew()
    told, _ = run.hears(after=1)
    assert {each.kind for each in told} == {"appeared"}
    run.begins_anew()
    assert run.hears(after=2) == ((), False)


def test_a_cause_that_nobody_looks_into_lasts_as_long_as_its_lines_come(
    account: Account, tmp_path: Path
) -> None:
    run = Run(account, tmp_path, offline=True)
    day = 24 * 60
    assert [each.kind for each in run.hears(REFUSED)[0]] == ["appeared"]
    run.begins_anew()
    assert run.hears(REFUSED, after=10) == ((), False)
    for minutes, kinds in ((day + 5, []), (day + 20, ["resolved"])):
        run.begins_anew()
        assert [each.kind for each in run.hears(after=minutes)[0]] == kinds


def test_what_cannot_be_read_is_noted_when_that_changes(tmp_path: Path) -> None:
    log, other = tmp_path / "a.log", tmp_path / "other"
    around = Surroundings("linux", os.environ, io.BytesIO(), NOON.replace(tzinfo=None))
    job = WatchJob(places=(str(log), str(other)), state=tmp_path / "watch.json", offline=True)
    watch = Watch(job, around)
    none = "there is no such file or folder"

    def noted() -> list[str]:
        list(watch.sightings(NOON))
        notes = [*watch.notes]
        watch.notes.clear()
        return notes

    assert (noted(), watch.blind) == ([], f"{log}: {none}; {other}: {none}")
    log.touch()
    assert (noted(), watch.blind) == ([f"{other}: {none}"], "")
    assert noted() == []
    other.mkdir()
    assert noted() == [f"{other}: there is no log in this folder"]


def test_a_log_without_a_suffix_is_a_file(tmp_path: Path) -> None:
    log = tmp_path / "messages"
    log.touch()
    around = Surroundings("linux", os.environ, io.BytesIO(), NOON.replace(tzinfo=None))
    job = WatchJob(places=(str(log), str(tmp_path / "later.log")), state=tmp_path / "watch.json")
    assert Watch(job, around).folders == (str(tmp_path),)


def test_a_look_that_aws_throttles_is_no_news_and_puts_the_next_one_off(
    run: Run, account: Account
) -> None:
    """The quotas are the account's: a fleet that asks on keeps them exhausted, and a cause that
    cannot be looked at is not gone."""
    run.hears(REFUSED)
    # A code that botocore does not try again: the test need not wait for it.
    account.faults.fail("logs", code="ThrottlingFault", message="Rate exceeded")
    assert run.hears(after=15) == ((), True)
    account.faults.clear()
    assert run.hears(after=29) == ((), False)
    run.begins_anew()
    assert run.hears(REFUSED, after=29.5) == ((), False)
    assert run.hears(after=46) == ((), True)


def test_what_could_not_be_verified_is_not_gone_once_it_is_known_what_is_broken(
    run: Run, account: Account
) -> None:
    for service in ("iam", "kms", "logs", "ssm", "sts"):
        account.faults.fail(service, code="ThrottlingFault", message="Rate exceeded")
    told, _ = run.hears(REFUSED)
    assert [(each.kind, each.cause.verdict) for each in told] == [("appeared", "unverified")]
    account.faults.clear()
    run.begins_anew()
    told, _ = run.hears(after=31)
    assert {(each.kind, each.cause.verdict) for each in told} == {("appeared", "broken")}
    run.begins_anew()
    again, _ = run.hears(after=60 * 25)
    assert [(each.kind, each.key) for each in again] == [("reminder", each.key) for each in told]


def test_where_aws_is_not_asked_nobody_waits_for_a_moment_to_ask(tmp_path: Path) -> None:
    around = Surroundings("linux", os.environ, io.BytesIO(), NOON.replace(tzinfo=None))
    job = WatchJob(
        places=(str(tmp_path),), state=tmp_path / "watch.json", spread=timedelta(hours=1)
    )
    assert 0 <= Watch(job, around).moment() <= 3600
    assert Watch(replace(job, offline=True), around).moment() == 0


def _fixes(told: Sequence[News]) -> Iterator[Call]:
    for finding in (finding for news in told for finding in news.findings):
        yield from finding.change.calls if finding.change else ()
