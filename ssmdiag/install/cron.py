"""cron: a file for /etc/cron.d.

The facts are those of crontab(5) and cron(8): a line there has a user field, % is a line feed
unless a backslash is before it, and a file's name has no dot.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from ssmdiag.install.installation import (
    LONGEST_PAUSE,
    Commands,
    Installation,
    Kind,
    UnitFile,
    Wish,
    mark,
    risks,
)

PATH = "/etc/cron.d/ssmdiag"
KIND = Kind("cron", (PATH,), Commands())

# MAX_COMMAND of Vixie cron is 1000: it cuts off what is longer without a word.
_LONGEST = 998
_HOUR = 60


def installation(wish: Wish) -> Installation:
    """The file for the wish.

    Raises ValueError for a pause that no line of a crontab can say, and for a command that is too
    long for one.
    """
    if not wish.executable.startswith("/"):
        raise ValueError(f"{wish.executable!a} is not the absolute path of a program")
    line = f"{_times(wish)} {wish.user} {_command(wish)}"
    text = f"""\
# {mark(KIND.name)}
# Cron mails what a run says to its user; MAILTO=ops@example.com sends it to others, MAILTO=""
# to nobody.
SHELL=/bin/sh
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
# The minute follows from the node's name, so that not all nodes ask AWS at once.
{line}
"""
    return Installation(KIND, (UnitFile(PATH, text),), notes=tuple(_notes(wish)))


def _times(wish: Wish) -> str:
    every, offset = wish.every, wish.offset
    if every is None:
        raise ValueError("cron cannot keep a program running: give the minutes between two runs")
    minute, hour = offset % _HOUR, offset // _HOUR
    if every == 1:
        return "* * * * *"
    if every < _HOUR and _HOUR % every == 0:
        return f"{minute}-59/{every} * * * *"
    if every == _HOUR:
        return f"{minute} * * * *"
    if every == LONGEST_PAUSE:
        return f"{minute} {hour} * * *"
    if every % _HOUR == 0 and LONGEST_PAUSE % every == 0:
        return f"{minute} {hour}-23/{every // _HOUR} * * *"
    raise ValueError(
        f"cron cannot run it every {every} minutes: the minutes must divide an hour, or be whole "
        "hours that divide a day"
    )


def _command(wish: Wish) -> str:
    command = shlex.join(wish.words).replace("%", r"\%")
    if len(command.encode("utf-8")) > _LONGEST:
        raise ValueError(f"the command is too long for cron, which reads {_LONGEST} bytes of it")
    return command


def _notes(wish: Wish) -> Iterator[str]:
    yield "Cron reads the file by itself within a minute."
    yield from risks(wish)
    if wish.user != "root":
        yield (
            f"Only root may read the agent's logs: {wish.user} must be given that right, and needs "
            "a home folder, where the state is kept."
        )
