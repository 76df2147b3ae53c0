"""Which files are meant: default places, folders, globs, and the order of rolled-over files."""

from __future__ import annotations

import glob
import os
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Optional, Union

from ssmdiag.model import SourceFile
from ssmdiag.values import dataclass

STDIN = "-"
_STDIN_NAMES = (STDIN, "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0")

_ROLLED = re.compile(r"(?P<family>.+?\.(?:log|txt))(?:[.-](?P<roll>\d+))?(?:\.gz)?", re.IGNORECASE)
_AGENT = re.compile(
    r"(?:amazon-ssm-agent|ssm-(?:agent|session|document)-worker|ssm-session-logger|errors|hibernate)"
    r"\.log(?:[.-]\d+)?(?:\.gz)?",
    re.IGNORECASE,
)
_ANY_LOG = re.compile(r".*\.log.*|.*\.txt|.*\.gz", re.IGNORECASE)


@dataclass(frozen=True)
class LogFile:
    """A file to be read, or standard input (``-``)."""

    path: str
    family: str = ""
    """What the file and those rolled over from it have in common: the path without a number."""
    roll: Optional[int] = None
    """The number in a rolled-over file's name; the file still written to has none."""

    @property
    def repeats_errors(self) -> bool:
        """Whether this is an errors.log, which says again what the main log says."""
        return "error" in Path(self.path).name.lower()

    @property
    def hibernates(self) -> bool:
        """Whether this is a hibernate.log, written while the main log is silent."""
        return "hibernate" in Path(self.path).name.lower()


Found = Union[LogFile, SourceFile]
"""A file, or a place where nothing can be read with the reason in words."""


def find(places: Sequence[str]) -> list[Found]:
    """Files, folders, globs and ``-`` → every file meant, once, and what is wrong with the rest."""
    found: list[Found] = []
    seen: set[str] = set()
    for place in places:
        for each in _at(place):
            if isinstance(each, LogFile):
                identity = each.path if each.path == STDIN else os.path.realpath(each.path)
                if identity in seen:
                    continue
                seen.add(identity)
            found.append(each)
    return found


def streams(files: Sequence[LogFile]) -> list[list[LogFile]]:
    """One list for each log with those rolled over from it: the oldest first, as numbered.

    The agent's seelog gives the newest roll the highest number, and the numbers keep growing. Logs
    that repeat others come last, so that of two Records of one moment the main log's is first.
    """
    families: dict[str, list[LogFile]] = {}
    for file in files:
        families.setdefault(file.family, []).append(file)
    for members in families.values():
        members.sort(key=lambda file: (file.roll is None, file.roll or 0))
    return sorted(families.values(), key=lambda members: _rank(members[0]))


def _rank(file: LogFile) -> int:
    return 2 if file.hibernates else int(file.repeats_errors)


def _at(place: str) -> Iterator[Found]:
    if place in _STDIN_NAMES:
        yield LogFile(STDIN, STDIN)
    elif glob.has_magic(place) and not os.path.lexists(place):
        matches = sorted(glob.glob(place, recursive=True))  # noqa: PTH207 - Path.glob needs a relative one
        if not matches:
            yield SourceFile(place, problem="no file matches this pattern")
        for match in matches:
            yield from _path(match)
    else:
        yield from _path(place)


def _path(path: str) -> Iterator[Found]:
    try:
        mode = Path(path).stat().st_mode
        if stat.S_ISDIR(mode):
            yield from _folder(path)
        elif stat.S_ISREG(mode):
            yield named(path)
        else:
            yield SourceFile(
                path, problem="not a regular file; a pipe is read from standard input, as '-'"
            )
    except (OSError, ValueError) as error:
        yield SourceFile(path, problem=in_words(error))


def _folder(folder: str) -> Iterator[Found]:
    files = sorted(entry.path for entry in os.scandir(folder) if entry.is_file())
    chosen = [path for path in files if _AGENT.fullmatch(Path(path).name)]
    chosen = chosen or [path for path in files if _ANY_LOG.fullmatch(Path(path).name)]
    if not chosen:
        yield SourceFile(folder, problem="there is no log in this folder")
    for path in chosen:
        yield named(path)


def named(path: str) -> LogFile:
    """What the name of a file tells: the log that it belongs to, and its number in it."""
    name = _ROLLED.fullmatch(Path(path).name)
    if not name:
        return LogFile(path, path)
    roll = name["roll"]
    family = str(Path(path).with_name(name["family"]))
    return LogFile(path, family, int(roll) if roll else None)


def in_words(error: Exception) -> str:
    """Why a file or folder could not be read, for people."""
    if isinstance(error, FileNotFoundError):
        return "there is no such file or folder"
    if isinstance(error, PermissionError):
        return "not readable by this user: run as root or administrator, or as a reader of the logs"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error) or type(error).__name__
