"""What is wished of an installation, and what it is made of."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Optional

from ssmdiag.values import dataclass

MARK = "written by ssmdiag install"
"""Stands in every file of ours, and tells it from those that others wrote."""

LONGEST_PAUSE = 24 * 60

_USER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,30}")
_MEMORY = re.compile(r"([1-9][0-9]{0,5})([MG])")
_LEAST_MEMORY = 128
_OF_USERS = ("/home", "/Users", "/tmp", "/var/tmp")  # noqa: S108 - only compared with


@dataclass(frozen=True)
class Wish:
    """How ``ssmdiag watch`` shall run.

    Raises ValueError, in one line, for what no file can carry.
    """

    executable: str
    """The absolute path of ssmdiag on the machine that the installation is for."""
    arguments: tuple[str, ...] = ()
    """What follows ``watch`` or ``watch --once``."""
    every: Optional[int] = 5
    """Minutes between two runs of ``watch --once``; None for one that runs for ever."""
    user: str = "root"
    memory: str = "256M"
    """The most that it may use, where the system can limit it."""
    node: str = ""
    """A name that no other node has: it decides at which minute this one runs."""
    folders: tuple[str, ...] = ()
    """Where the program's interpreter and libraries are, if not beside the executable."""
    writes: tuple[str, ...] = ()
    """Folders that it writes to, besides its state folder."""

    def __post_init__(self) -> None:
        for text in (self.executable, *self.arguments, *self.folders, *self.writes):
            if not text.isprintable():
                raise ValueError(f"{text!a} holds characters that no file of ours can carry")
        if self.every is not None and not 1 <= self.every <= LONGEST_PAUSE:
            raise ValueError(f"every {self.every} minutes: it may be 1 to {LONGEST_PAUSE}")
        if not _USER.fullmatch(self.user):
            raise ValueError(f"{self.user!a} cannot be the name of a user")
        size = _MEMORY.fullmatch(self.memory)
        if not size:
            raise ValueError(f"{self.memory!a} is no amount of memory: write 256M or 1G")
        if int(size[1]) * (1024 if size[2] == "G" else 1) < _LEAST_MEMORY:
            raise ValueError(
                f"{self.memory} of memory is too little: {_LEAST_MEMORY}M is the least"
            )

    @property
    def words(self) -> tuple[str, ...]:
        """The command, word by word."""
        once = () if self.every is None else ("--once",)
        return (self.executable, "watch", *once, *self.arguments)

    @property
    def program(self) -> tuple[str, ...]:
        """Everything that the program is made of."""
        return (self.executable, *self.folders)

    @property
    def offset(self) -> int:
        """At which minute of the pause this node runs: always the same, and not that of others."""
        digest = sha256(self.node.encode("utf-8", "replace")).digest()
        return int.from_bytes(digest[:8], "big") % (self.every or 1)


@dataclass(frozen=True)
class UnitFile:
    """One file that makes the system run the program."""

    path: str
    """Absolute, as the machine that it is for names it."""
    text: str
    mode: int = 0o644
    encoding: str = "utf-8"
    own_folder: bool = False
    """True if its folder is ours, too, and may be made."""


@dataclass(frozen=True)
class Commands:
    """What a person runs, in this order."""

    here: tuple[str, ...] = ()
    image: tuple[str, ...] = ()
    """For a folder that stands in place of /; ``{root}`` in them is that folder."""

    def of(self, root: Optional[str]) -> tuple[str, ...]:
        """Those for the running system, or those for the folder ``root``."""
        if root is None:
            return self.here
        return tuple(command.replace("{root}", shlex.quote(root)) for command in self.image)


@dataclass(frozen=True)
class Kind:
    """What is true of every installation of a kind, whatever is wished."""

    name: str
    paths: tuple[str, ...]
    """Every file that an installation of this kind may have."""
    back: Commands
    """To be run after the files were taken away."""


@dataclass(frozen=True)
class Installation:
    """The files of one Wish."""

    kind: Kind
    files: tuple[UnitFile, ...]
    then: Commands = Commands()
    """To be run after the files were written."""
    notes: tuple[str, ...] = ()
    """What a person should know of this installation: one sentence each."""


def below(path: str, folders: tuple[str, ...]) -> bool:
    """Whether a path is one of the folders, or in one of them."""
    whole = PurePosixPath(path)
    return any(PurePosixPath(folder) in (whole, *whole.parents) for folder in folders)


def risks(wish: Wish) -> Iterator[str]:
    """What makes it dangerous to let root run the program, in words."""
    shared = [path for path in wish.program if below(path, _OF_USERS)]
    if shared and wish.user == "root":
        yield f"Whoever may write to {shared[0]} decides what root runs: install it elsewhere."


def mark(kind: str) -> str:
    """The comment that every file of a kind begins with."""
    return f"{MARK} {kind}; changes made here are lost when it is installed again"
