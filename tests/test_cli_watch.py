"""``ssmdiag watch`` with real files, real rotation by another process, real inotify and signals."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest

from ssmdiag.demo.account import Account
from ssmdiag.demo.story import ROLE, Story, mistakes
from ssmdiag.wiring.reach import performing
from ssmdiag.world.call import call
from tests.stress import stress

_REFUSED = (
    "ERROR [ssm-session-worker] [alice-0123456789abcdef0] [DataBackend] "
    "[pluginName=Standard_Stream] Error Calling DescribeLogGroups:AccessDeniedException: User: "
    "arn:aws:sts::123456789012:assumed-role/{role}/i-0123456789abcdef0 is not authorized to "
    "perform: logs:DescribeLogGroups on resource: arn:aws:logs:us-east-1:123456789012:log-group::"
    "log-stream: because no identity-based policy allows the logs:DescribeLogGroups action"
)
_PATIENCE = 60.0
_PTY = "ERROR [ssm-session-worker] [alice-0123456789abcdef0] Failed to open pty number {n}"


class Node:
    """A folder of agent logs, and a watch of it."""

    def __init__(self, folder: Path) -> None:
        self.logs = folder / "ssm"
        self.log = self.logs / "amazon-ssm-agent.log"
        self.state = folder / "state" / "watch.json"

    def write(self, text: str) -> None:
        self.logs.mkdir(exist_ok=True)
        with self.log.open("a", encoding="utf-8") as file:
            file.write(f"{datetime.now():%Y-%m-%d %H:%M:%S.%f} {text}\n")

    def command(self, *arguments: str) -> list[str]:
        watch = [sys.executable, "-m", "ssmdiag", "watch", str(self.logs)]
        return [*watch, "--state", str(self.state), *arguments]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments), capture_output=True, text=True, check=False, timeout=60
        )

    @contextmanager
    def watched(self, *arguments: str, **environ: str) -> Iterator[subprocess.Popen[str]]:
        pipe = subprocess.PIPE
        with subprocess.Popen(
            self.command(*arguments),
            stdout=pipe,
            stderr=pipe,
            text=True,
            env={**os.environ, **environ},
        ) as watcher:
            # Who waits for a line in vain comes to the end of the output then.
            deadline = threading.Timer(_PATIENCE, watcher.kill)
            deadline.start()
            try:
                assert watcher.stderr is not None
                assert any(line.startswith("ssmdiag: watching ") for line in watcher.stderr)
                yield watcher
            finally:
                deadline.cancel()
                watcher.kill()


@pytest.fixture
def node(tmp_path: Path) -> Node:
    made = Node(tmp_path)
    made.write("INFO [amazon-ssm-agent] amazon-ssm-agent - v3.3.987.0")
    return made


def seen(watcher: subprocess.Popen[str], kind: str = "seen") -> dict[str, object]:
    """The next line of this kind."""
    assert watcher.stdout is not None
    for line in watcher.stdout:
        told: dict[str, object] = json.loads(line)
        if told["kind"] == kind:
            return told
    raise AssertionError("the watcher ended")


# --- once, from cron ----------------------------------------------------------------------------


def test_no_news_is_silence(node: Node) -> None:
    for _ in range(2):
        done = node.run("--once", "--offline")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_only_what_came_since_is_told_and_not_twice(node: Node) -> None:
    node.write(_REFUSED.format(role="R"))
    assert node.run("--once", "--offline").stdout == ""  # the first run begins now
    node.write(_REFUSED.format(role="R"))
    done = node.run("--once", "--offline")
    assert done.returncode == 4
    assert done.stdout.startswith("NEW AWS refused role R logs:DescribeLogGroups")
    node.write(_REFUSED.format(role="R"))
    assert node.run("--once", "--offline").stdout == ""
    assert "open since" in node.run("--status").stdout


@pytest.mark.parametrize(
    ("start", "told"), [("start", True), ("24h", True), ("999999d", True), ("now", False)]
)
def test_the_first_run_begins_where_it_is_told_to(start: str, told: bool, node: Node) -> None:
    node.write(_REFUSED.format(role="R"))
    done = node.run("--once", "--offline", "--from", start)
    assert done.stdout.startswith("NEW") is told


@pytest.fixture
def story(account: Account) -> Story:
    made = mistakes(performing(account.region), account.id, account.region)
    account.act_as(made.caller)
    return made


def test_a_cause_is_told_when_it_appears_and_once_it_is_mended(
    node: Node, story: Story, account: Account
) -> None:
    node.run("--once")
    node.write(_REFUSED.format(role=ROLE))
    first = node.run("--once", "--format", "json")
    told = [json.loads(line) for line in first.stdout.splitlines()]
    assert first.returncode == 1
    assert ROLE in told[0]["subject"]
    assert {each["kind"] for each in told} == {"appeared"}

    perform = performing(account.region)
    for each in told:
        for finding in each["findings"]:
            for order in (finding["change"] or {}).get("calls", []):
                perform(call(order["service"], order["operation"], **order["parameters"]))
    account.received.clear()
    assert node.run("--once").stdout == ""  # not looked at again yet
    assert account.requests == []

    again = node.run("--once", "--recheck", "0s")
    assert again.returncode == 0
    assert again.stdout.count("RESOLVED ") == len(told)
    assert story.role == ROLE


def test_a_damaged_checkpoint_is_put_aside_and_said(node: Node) -> None:
    node.run("--once", "--offline")
    node.state.write_text("{", encoding="utf-8")
    node.write(_PTY.format(n=1))
    done = node.run("--once", "--offline")
    assert "is put aside as watch.json.damaged" in done.stderr
    assert node.run("--once", "--offline").stderr == ""


def test_who_only_asks_how_it_stands_leaves_a_damaged_checkpoint_where_it_is(node: Node) -> None:
    node.run("--once", "--offline")
    node.state.write_text("{", encoding="utf-8")
    done = node.run("--status")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1)
    assert node.state.read_text(encoding="utf-8") == "{"


@pytest.mark.parametrize("form", ["--once", "--status"])
@pytest.mark.parametrize("kind", ["a folder", "a device"])
def test_a_state_that_is_no_file_is_left_where_it_is(
    kind: str, form: str, node: Node, tmp_path: Path
) -> None:
    folder = tmp_path / "important"
    folder.mkdir()
    (folder / "a file").touch()
    node.state = folder if kind == "a folder" else tmp_path / "null"
    if kind == "a device":
        node.state.symlink_to(os.devnull)
    before = sorted(each.name for each in tmp_path.rglob("*"))
    done = node.run(form, "--offline")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "is no file" in done.stderr
    assert sorted(each.name for each in tmp_path.rglob("*")) == before


def test_where_no_log_can_be_read_every_run_says_so(tmp_path: Path) -> None:
    node = Node(tmp_path)
    for _ in range(2):
        done = node.run("--once", "--offline")
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1)
        assert f"{node.logs}: there is no such file or folder" in done.stderr
    node.write(_REFUSED.format(role="R"))
    assert node.run("--once", "--offline").stdout.startswith("NEW ")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is full")
def test_a_full_disk_behind_standard_output_stops_no_alarm(node: Node, tmp_path: Path) -> None:
    news = tmp_path / "news.jsonl"
    node.run("--once", "--offline")
    node.write(_REFUSED.format(role="R"))
    command = node.command("--once", "--offline", "--tell", f"file:{news}")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60
        )
    assert (done.returncode, done.stderr.count("\n")) == (4, 1)
    assert "standard output cannot be written: No space left on device" in done.stderr
    assert json.loads(news.read_text(encoding="utf-8"))["kind"] == "appeared"
    assert node.run("--once", "--offline").stdout == ""


def test_what_the_terminal_cannot_show_is_escaped(node: Node) -> None:
    node.run("--once", "--offline")
    node.write("ERROR [x] \u65e5\u672c broke")
    done = subprocess.run(
        node.command("--once", "--offline"),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "PYTHONIOENCODING": "latin-1"},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert r"\u65e5\u672c broke" in done.stdout


# --- for ever -----------------------------------------------------------------------------------


def test_an_error_is_told_at_once_and_cross_checked_a_moment_later(
    node: Node, story: Story
) -> None:
    with node.watched("--format", "json") as watcher:
        node.write(_REFUSED.format(role=ROLE))
        wrote = time.monotonic()
        first = seen(watcher)
        assert time.monotonic() - wrote < 2  # the figures are measured elsewhere
        assert first["pattern"] == "cloudwatch/describe-log-groups"
        assert ROLE in str(seen(watcher, "appeared")["subject"])
    assert story.role == ROLE


def test_idle_it_asks_nobody(node: Node, account: Account) -> None:
    with node.watched("--format", "json"):
        time.sleep(2)
    assert account.requests == []


def test_a_second_run_leaves_with_one_clear_line(node: Node) -> None:
    with node.watched("--offline"):
        done = node.run("--once", "--offline")
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1)
        assert "another run of ssmdiag watch is at work" in done.stderr
        assert "a run is at work" in node.run("--status").stdout


def test_a_folder_that_comes_later_is_watched(tmp_path: Path) -> None:
    node = Node(tmp_path)
    with node.watched("--offline", "--format", "json") as watcher:
        node.write(_PTY.format(n=1))
        assert "number 1" in str(seen(watcher)["message"])
        node.log.rename(node.log.with_name("amazon-ssm-agent.log.1"))
        node.write(_PTY.format(n=2))
        assert "number 2" in str(seen(watcher)["message"])


def test_sigterm_ends_it_with_a_checkpoint(node: Node) -> None:
    with node.watched("--offline", "--format", "json") as watcher:
        node.write(_PTY.format(n=1))
        seen(watcher)
        watcher.send_signal(signal.SIGTERM)
        assert watcher.wait(20) == 0
    size = node.log.stat().st_size
    marks = json.loads(node.state.read_text(encoding="utf-8"))["marks"][str(node.log)]
    assert 0 < max(mark["offset"] for mark in marks.values()) <= size


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_trouble_that_was_not_cross_checked_when_it_ended_is_read_again(
    end: signal.Signals, node: Node, tmp_path: Path
) -> None:
    news = tmp_path / "news.jsonl"
    told = ("--offline", "--format", "json", "--tell", f"file:{news}")
    with node.watched(*told) as watcher:
        node.write(_REFUSED.format(role="R"))
        first = seen(watcher)
        watcher.send_signal(end)
        watcher.wait(20)
    assert not news.exists()
    with node.watched(*told) as watcher:
        assert seen(watcher)["id"] == first["id"]
        assert seen(watcher, "appeared")
        watcher.send_signal(signal.SIGTERM)
        watcher.wait(20)
    assert len(news.read_text(encoding="utf-8").splitlines()) == 1


def test_a_reload_forgets_no_trouble_and_leaves_it_idle(node: Node) -> None:
    node.run("--once", "--offline")
    node.write(_REFUSED.format(role="R"))
    node.run("--once", "--offline")
    with node.watched("--offline", "--format", "json") as watcher:
        node.write(_REFUSED.format(role="Other"))
        seen(watcher)
        watcher.send_signal(signal.SIGHUP)
        assert "Other" in str(seen(watcher, "appeared")["subject"])
        assert watcher.stderr is not None
        assert any("was read anew" in line for line in watcher.stderr)


def test_sighup_reads_the_catalogue_anew(node: Node, tmp_path: Path) -> None:
    own = tmp_path / "own"
    (own / "mine").mkdir(parents=True)
    with node.watched("--offline", "--format", "json", "--patterns", str(own)) as watcher:
        node.write("ERROR [x] the flux is gone")
        assert seen(watcher)["pattern"] == "unrecognised"
        (own / "mine" / "flux.toml").write_text(
            'title = "The flux is gone"\nseverity = "degraded"\nsource = "ours"\n'
            'literals = ["the flux is gone"]\nlevels = ["ERROR"]\n'
            'expressions = ["the flux is gone"]\n'
            'explanation = "It was there before."\nsuspects = []\n',
            encoding="utf-8",
        )
        watcher.send_signal(signal.SIGHUP)
        assert watcher.stderr is not None
        assert any("was read anew" in line for line in watcher.stderr)


def test_systemd_is_told_that_it_is_ready_and_alive(node: Node, tmp_path: Path) -> None:
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(path))
        systemd.settimeout(20)
        environ = {"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "400000"}
        with node.watched("--offline", **environ) as watcher:
            assert systemd.recv(100) == b"READY=1"
            assert [systemd.recv(100) for _ in range(3)] == [b"WATCHDOG=1"] * 3
            watcher.send_signal(signal.SIGTERM)
            watcher.wait(20)
        states = {systemd.recv(100)}
        while states and b"STOPPING=1" not in states:
            states.add(systemd.recv(100))


@pytest.mark.exhaustive
def test_nothing_is_lost_under_rotation_truncation_and_kill() -> None:
    """The short form of ``scripts/stress``."""
    outcome = stress(8, seed=7)
    assert (outcome.lost, outcome.doubled) == ([], [])
    assert outcome.written > 100
    assert outcome.kills + outcome.rotations + outcome.truncations > 5


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("--from", "yesterday"), "write it like 90s, 15m, 24h or 7d"),
        (("--remind", "1"), "write it like"),
        (("--tell", "smoke"), "smoke"),
        (("-",), "standard input is read by ssmdiag diagnose -"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(asked: tuple[str, ...], said: str, node: Node) -> None:
    done = node.run("--once", "--offline", *asked)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert said in done.stderr


def test_news_are_told_wherever_it_is_asked_for(node: Node, tmp_path: Path) -> None:
    file, heard = tmp_path / "news.jsonl", tmp_path / "heard.json"
    node.run("--once", "--offline")
    node.write(_REFUSED.format(role="R"))
    told = ("--tell", f"file:{file}", "--tell", f"exec:tee {heard}")
    done = node.run("--once", "--offline", *told)
    assert (done.returncode, done.stderr) == (4, "")
    news = json.loads(file.read_text(encoding="utf-8"))
    assert (news["kind"], news["open_causes"]) == ("appeared", 1)
    assert json.loads(heard.read_text(encoding="utf-8")) == news


def test_what_could_not_be_told_waits_for_the_next_run(node: Node, tmp_path: Path) -> None:
    folder = tmp_path / "later"
    told = ("--tell", f"file:{folder}/news.jsonl")
    node.run("--once", "--offline")
    node.write(_REFUSED.format(role="R"))
    assert "news.jsonl" in node.run("--once", "--offline", *told).stderr
    folder.mkdir()
    node.run("--once", "--offline", *told)
    assert json.loads((folder / "news.jsonl").read_text(encoding="utf-8"))["kind"] == "appeared"


def test_a_command_that_is_under_way_at_the_end_is_waited_for(node: Node, tmp_path: Path) -> None:
    pages = tmp_path / "pages"
    node.run("--once", "--offline")
    node.write(_REFUSED.format(role="R"))
    slow = ("--tell", f"exec:sh -c 'sleep 6; echo page >> {pages}'")
    for _ in range(2):
        node.run("--once", "--offline", *slow)
    assert pages.read_text(encoding="utf-8") == "page\n"
