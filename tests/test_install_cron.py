"""The file for cron, read as crontab(5) says that cron reads it."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssmdiag.install.cron import PATH, installation
from ssmdiag.install.installation import Wish

_DAY = 24 * 60


@dataclass(frozen=True)
class Entry:
    """One line of a crontab that runs something."""

    minutes: frozenset[int]
    """Minutes of the day."""
    user: str
    command: str
    stdin: str


def read(text: str) -> tuple[dict[str, str], list[Entry]]:
    """A file of /etc/cron.d: its environment and its entries (crontab(5))."""
    assert text.endswith("\n")
    environment, entries = {}, []
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        setting = re.fullmatch(r"(\w+)\s*=\s*(.*)", line)
        if setting:
            environment[setting[1]] = setting[2]
            continue
        minute, hour, day, month, weekday, user, rest = line.split(None, 6)
        assert (day, month, weekday) == ("*", "*", "*")
        hours, minutes = _numbers(hour, 24), _numbers(minute, 60)
        times = frozenset(h * 60 + m for h in hours for m in minutes)
        command, _, stdin = re.sub(r"\\%|%", _percent, rest).partition("\n")
        entries.append(Entry(times, user, command, stdin))
    return environment, entries


def _percent(found: re.Match[str]) -> str:
    return "%" if found[0] == r"\%" else "\n"


def _numbers(field: str, end: int) -> set[int]:
    span, _, step = field.partition("/")
    first, last = (0, end - 1) if span == "*" else _ends(span)
    assert 0 <= first <= last < end
    return set(range(first, last + 1, int(step or 1)))


def _ends(span: str) -> tuple[int, int]:
    first, _, last = span.partition("-")
    return int(first), int(last or first)


def entry(**wished: Any) -> Entry:
    made = installation(Wish(**{"executable": "/usr/bin/ssmdiag", "node": "a", **wished}))
    _, entries = read(made.files[0].text)
    (only,) = entries
    return only


def test_the_file_is_one_that_cron_reads() -> None:
    made = installation(Wish("/usr/bin/ssmdiag"))
    (file,) = made.files
    assert file.path == PATH
    assert re.fullmatch("/etc/cron.d/[A-Za-z0-9_-]+", file.path)
    environment, _ = read(file.text)
    assert environment["SHELL"] == "/bin/sh"
    assert "/usr/bin" in environment["PATH"].split(":")
    assert made.then.here == ()


def test_the_line_names_the_user_and_the_command() -> None:
    one = entry(user="watcher", arguments=("--tell", "syslog"))
    assert one.user == "watcher"
    assert one.command == "/usr/bin/ssmdiag watch --once --tell syslog"


_PAUSES = [n for n in range(1, _DAY + 1) if 60 % n == 0 or (n % 60 == 0 and _DAY % n == 0)]


@pytest.mark.parametrize("every", _PAUSES)
@pytest.mark.parametrize("node", ["ip-10-0-0-1", "ip-10-0-0-2", "", "Ünïcode"])
def test_it_runs_with_the_same_pause_all_day_long(every: int, node: str) -> None:
    times = sorted(entry(every=every, node=node).minutes)
    assert len(times) == _DAY // every
    assert {later - sooner for sooner, later in zip(times, times[1:])} <= {every}
    assert times[0] == Wish("/x", every=every, node=node).offset


def test_nodes_do_not_all_run_at_one_minute() -> None:
    firsts = [min(entry(every=60, node=f"ip-10-0-0-{n}").minutes) for n in range(600)]
    assert max(firsts.count(minute) for minute in range(60)) < 30
    assert set(firsts) == set(range(60))


def test_a_node_keeps_its_minute() -> None:
    assert entry(node="i-0a1b").minutes == entry(node="i-0a1b").minutes


_PRINTABLE = st.text(st.characters(blacklist_categories=("C", "Z")), max_size=60) | st.text(
    st.sampled_from(" '\"\\%$;&|a é#"), max_size=60
)


@given(st.lists(_PRINTABLE, max_size=3))
def test_every_word_arrives_as_it_was(words: list[str]) -> None:
    words = ["--tell", *words]
    one = entry(arguments=tuple(words))
    assert shlex.split(one.command) == ["/usr/bin/ssmdiag", "watch", "--once", *words]
    assert one.stdin == ""


@given(st.text(max_size=60))
def test_no_text_whatever_adds_an_entry(text: str) -> None:
    try:
        one = entry(arguments=(text,))
    except ValueError as refused:
        assert str(refused).isprintable()  # noqa: PT017 - what it says is looked at
        return
    assert shlex.split(one.command)[-1] == text
