"""launchd: a property list for /Library/LaunchDaemons.

The facts are those of launchd.plist(5) and launchctl(1).
"""

from __future__ import annotations

import plistlib
from collections.abc import Iterator
from typing import Any

from ssmdiag.install.installation import Commands, Installation, Kind, UnitFile, Wish, mark, risks

LABEL = "ssmdiag.watch"
PATH = f"/Library/LaunchDaemons/{LABEL}.plist"
LOG = "/var/log/ssmdiag-watch.log"

KIND = Kind("launchd", (PATH,), Commands((f"launchctl bootout system/{LABEL}",)))

_SECONDS_BETWEEN_STARTS = 60


def installation(wish: Wish) -> Installation:
    """The property list for the wish. Raises ValueError for a path that is not absolute."""
    if not wish.executable.startswith("/"):
        raise ValueError(f"{wish.executable!a} is not the absolute path of a program")
    whole = plistlib.dumps(_job(wish), sort_keys=False).decode("utf-8")
    head, start, body = whole.partition("<plist")
    text = f"{head}<!-- {mark(KIND.name)} -->\n{start}{body}"
    return Installation(
        KIND,
        (UnitFile(PATH, text),),
        Commands(
            (
                f"launchctl bootout system/{LABEL} 2>/dev/null",
                f"launchctl bootstrap system {PATH}",
            )
        ),
        tuple(_notes(wish)),
    )


def _job(wish: Wish) -> dict[str, Any]:
    if wish.every is None:
        # A clean end is meant; anything else is a crash, and it is started again.
        runs: dict[str, Any] = {
            "KeepAlive": {"SuccessfulExit": False},
            "ThrottleInterval": _SECONDS_BETWEEN_STARTS,
        }
    else:
        runs = {"StartInterval": wish.every * 60}
    return {
        "Label": LABEL,
        "ProgramArguments": list(wish.words),
        "UserName": wish.user,
        "RunAtLoad": True,
        **runs,
        "ProcessType": "Background",
        "LowPriorityIO": True,
        "Nice": 10,
        "Umask": 0o077,
        "StandardOutPath": LOG,
        "StandardErrorPath": LOG,
    }


def _notes(wish: Wish) -> Iterator[str]:
    yield f"What it says goes to {LOG}, which nothing rotates: see newsyslog.conf(5)."
    yield from risks(wish)
    if wish.every is None:
        yield f"It reads its catalogue again on: launchctl kill HUP system/{LABEL}"
    if wish.user != "root":
        yield f"Only root may read the agent's logs: {wish.user} must be given that right."
