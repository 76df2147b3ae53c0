"""Every file that is installed, whole: the units are read in review, not in the code.

``fixtures/install`` holds one file a wish: each path with its mode and text, the commands that come
after, and the notes. After a change: ``SSMDIAG_REGENERATE=1 python -m pytest
tests/test_install_files.py``; then read the diff.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Callable

import pytest

from ssmdiag.install import cron, launchd, systemd, windows_task
from ssmdiag.install.installation import MARK, Installation, Wish

FIXTURES = Path(__file__).parent / "fixtures/install"

_USUAL = "/usr/local/bin/ssmdiag"
_ODD = '/opt/Tëst\'s 100% "new" \\ tools/ssmdiag'
_ODD_TELL = ("--tell", "exec:/opt/say it --to 'a;b' \"c\" 50% $HOME \\ ; ü")
_WINDOWS = r"C:\Program Files\ssmdiag\ssmdiag.exe"

Made = Callable[[Wish], Installation]


def wish(executable: str = _USUAL, *arguments: str, **more: Any) -> Wish:
    return Wish(executable, arguments, node="ip-10-0-0-1", **more)


WISHES: Mapping[str, tuple[Made, Wish]] = {
    "systemd-every-5-minutes": (systemd.installation, wish()),
    "systemd-for-ever": (systemd.installation, wish(_USUAL, "--tell", "journald", every=None)),
    "systemd-own-user": (systemd.installation, wish(every=None, user="ssmdiag", memory="1G")),
    "systemd-odd": (
        systemd.installation,
        wish("/opt/Tëst 100% (new)/ssmdiag", *_ODD_TELL, every=90, writes=("/var/log/50% $HOME",)),
    ),
    "systemd-at-home": (systemd.installation, wish("/home/alice/.local/bin/ssmdiag")),
    "cron-every-5-minutes": (cron.installation, wish()),
    "cron-every-2-hours": (cron.installation, wish(every=120, user="ssmdiag")),
    "cron-odd": (cron.installation, wish(_ODD, *_ODD_TELL)),
    "launchd-every-5-minutes": (launchd.installation, wish()),
    "launchd-for-ever": (launchd.installation, wish(every=None, user="_ssmdiag")),
    "launchd-odd": (launchd.installation, wish(_ODD, *_ODD_TELL)),
    "windows-task-every-5-minutes": (windows_task.installation, wish(_WINDOWS)),
    "windows-task-for-ever": (
        windows_task.installation,
        wish(_WINDOWS, "--tell", "eventlog", every=None),
    ),
    "windows-task-odd": (
        windows_task.installation,
        wish(r"D:\Tëst's 100% & (more)\ssmdiag.exe", "--tell", 'exec:<say> "it" \\', every=7),
    ),
}


def _shown(made: Installation) -> Iterator[str]:
    for file in made.files:
        yield f"=== {file.path} {file.mode:04o} {file.encoding}"
        yield file.text
    for title, commands in (("then", made.then), ("back", made.kind.back)):
        yield f"=== {title}"
        yield from commands.here
        yield from (f"in an image: {command}" for command in commands.image)
    yield "=== notes"
    yield from made.notes


@pytest.mark.parametrize("name", WISHES)
def test_what_is_installed_is_what_was_reviewed(name: str) -> None:
    made, wished = WISHES[name]
    shown = "\n".join(_shown(made(wished))) + "\n"
    file = FIXTURES / f"{name}.txt"
    if os.environ.get("SSMDIAG_REGENERATE"):
        file.write_text(shown, encoding="utf-8")
    assert shown == file.read_text(encoding="utf-8")


def test_no_reviewed_file_is_left_over() -> None:
    assert {file.stem for file in FIXTURES.iterdir()} == set(WISHES)


@pytest.mark.parametrize("name", WISHES)
def test_every_file_says_whose_it_is_and_is_known_to_its_kind(name: str) -> None:
    made, wished = WISHES[name]
    for file in made(wished).files:
        assert MARK in file.text
        assert file.path in made(wished).kind.paths
        assert file.mode == 0o644
        assert file.text.endswith("\n")


_ABSOLUTE = "is not the absolute path"
_CONTROL = "holds characters that no file of ours can carry"


@pytest.mark.parametrize(
    ("made", "wished", "said"),
    [
        (systemd.installation, {"executable": "bin/ssmdiag"}, _ABSOLUTE),
        (systemd.installation, {"executable": "-/bin/ssmdiag"}, _ABSOLUTE),
        (systemd.installation, {"executable": "/opt/"}, _ABSOLUTE),
        (systemd.installation, {"executable": ""}, _ABSOLUTE),
        (systemd.installation, {"executable": "/opt/$HOME/x"}, "with $, a quote or"),
        (systemd.installation, {"executable": "/opt/it's/x"}, "with $, a quote or"),
        (systemd.installation, {"executable": '/opt/"x"'}, "with $, a quote or"),
        (systemd.installation, {"executable": "/opt/\\x"}, "with $, a quote or"),
        (systemd.installation, {"executable": "/tmp/venv/bin/ssmdiag"}, "hidden from the service"),
        (systemd.installation, {"folders": ("/var/tmp/python",)}, "hidden from the service"),
        (systemd.installation, {"writes": ("/home/alice",)}, "hidden from the service"),
        (systemd.installation, {"executable": "/x\n[Service]\nUser=evil"}, _CONTROL),
        (systemd.installation, {"arguments": ("a\\\n",)}, _CONTROL),
        (systemd.installation, {"arguments": ("\0",)}, _CONTROL),
        (systemd.installation, {"arguments": ("\ud800",)}, _CONTROL),
        (systemd.installation, {"arguments": ("\u202e",)}, _CONTROL),
        (systemd.installation, {"writes": ("/a\nExecStartPre=/bin/evil",)}, _CONTROL),
        (systemd.installation, {"user": "root\nExecStartPre=/bin/evil"}, "name of a user"),
        (systemd.installation, {"user": "0"}, "name of a user"),
        (systemd.installation, {"user": "%h"}, "name of a user"),
        (systemd.installation, {"user": ""}, "name of a user"),
        (systemd.installation, {"memory": "infinity"}, "no amount of memory"),
        (systemd.installation, {"memory": "256M\n"}, "no amount of memory"),
        (systemd.installation, {"memory": "٢٥٦M"}, "no amount of memory"),
        (systemd.installation, {"memory": "16M"}, "too little"),
        (systemd.installation, {"every": 0}, "it may be 1 to 1440"),
        (systemd.installation, {"every": 1441}, "it may be 1 to 1440"),
        (cron.installation, {"executable": "ssmdiag"}, _ABSOLUTE),
        (cron.installation, {"every": 7}, "cron cannot run it every 7 minutes"),
        (cron.installation, {"every": 90}, "cron cannot run it every 90 minutes"),
        (cron.installation, {"every": 300}, "cron cannot run it every 300 minutes"),
        (cron.installation, {"every": None}, "cron cannot keep a program running"),
        (cron.installation, {"arguments": ("é" * 500,)}, "too long for cron"),
        (cron.installation, {"arguments": ("a\n* * * * * root evil",)}, _CONTROL),
        (launchd.installation, {"executable": "ssmdiag"}, _ABSOLUTE),
        (launchd.installation, {"arguments": ("\x1b[2J",)}, _CONTROL),
        (windows_task.installation, {"executable": "/usr/bin/ssmdiag"}, _ABSOLUTE),
        (windows_task.installation, {"executable": r"\\server\share\ssmdiag.exe"}, _ABSOLUTE),
        (windows_task.installation, {"executable": r"C:ssmdiag.exe"}, _ABSOLUTE),
        (windows_task.installation, {"executable": 'C:\\a" & evil.exe'}, _ABSOLUTE),
        (windows_task.installation, {"executable": r"C:\a.exe:stream"}, _ABSOLUTE),
        (windows_task.installation, {"executable": "C:\\folder\\"}, _ABSOLUTE),
        (windows_task.installation, {"executable": r"%TEMP%\x.exe"}, _ABSOLUTE),
        (windows_task.installation, {"executable": r"C:\%TEMP%\x.exe"}, "fill in a variable"),
        (
            windows_task.installation,
            {"executable": r"C:\x.exe", "arguments": ("$(Arg0)",)},
            "fill in a variable",
        ),
        (
            windows_task.installation,
            {"executable": r"C:\x.exe", "arguments": ("5%", "6%")},
            "fill in a variable",
        ),
    ],
    ids=lambda value: value.__module__ if callable(value) else repr(value),
)
def test_what_no_file_can_carry_is_refused_in_one_line(
    made: Made, wished: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - what it says is looked at
        made(Wish(**{"executable": _USUAL, **wished}))
    text = str(refused.value)
    assert said in text
    assert text.isascii()
    assert text.isprintable()
