"""``install``: choices become an installation; its files are written or taken away."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from platform import node
from typing import Callable, Optional

import ssmdiag
from ssmdiag.install import cron, launchd, systemd, windows_task, write
from ssmdiag.install.installation import Installation, Kind, Wish
from ssmdiag.tell.address import parse
from ssmdiag.values import dataclass
from ssmdiag.wiring.job import JobError, MisuseError, Surroundings


@dataclass(frozen=True)
class Choices:
    """What was chosen for one installation."""

    every: Optional[int] = None
    """Minutes; None for the usual pause."""
    tell: tuple[str, ...] = ()
    user: str = Wish.user
    memory: str = Wish.memory
    program: Optional[str] = None
    """Where ssmdiag is on the machine that it is for; None for the one that runs."""
    root: Optional[Path] = None
    """A folder that stands in place of /."""


_IMAGE_NOTES = {
    "cron": (
        "The minute follows from the name of this machine: nodes of one image all run at once. "
        "Where they are many, install it on each node.",
    )
}


@dataclass(frozen=True)
class Done:
    """Which files were written or taken away, and what is to be run now."""

    files: tuple[Path, ...]
    commands: tuple[str, ...]
    notes: tuple[str, ...] = ()


_KINDS: Mapping[str, tuple[Kind, Callable[[Wish], Installation], tuple[str, ...]]] = {
    "cron": (cron.KIND, cron.installation, ("linux", "freebsd", "darwin")),
    "systemd": (systemd.KIND, systemd.installation, ("linux",)),
    "launchd": (launchd.KIND, launchd.installation, ("darwin",)),
    "windows-task": (windows_task.KIND, windows_task.installation, ("win32",)),
}
"""What makes each kind, and the platforms (``sys.platform``) that have it."""


def installation(
    kind: str, chosen: Choices, started: str, around: Surroundings, *, forever: bool = False
) -> Installation:
    """What would be written. ``started`` is how this program was called. Raises JobError."""
    _, made, _ = _KINDS[kind]
    ours = chosen.program is None
    every = Wish.every if chosen.every is None else chosen.every
    try:
        return made(
            Wish(
                executable=_program(started, around) if chosen.program is None else chosen.program,
                arguments=(*_spread(kind, forever), *_telling(chosen.tell)),
                every=None if forever else every,
                user=chosen.user,
                memory=chosen.memory,
                node=node(),
                folders=_folders() if ours else (),
                writes=_written_to(chosen.tell),
            )
        )
    except ValueError as error:
        raise MisuseError(str(error)) from None


def _spread(kind: str, forever: bool) -> tuple[str, ...]:
    """How a fleet is kept from asking at once; timers of systemd and Windows spread themselves."""
    if forever:
        return ("--spread", "5m")
    return ("--spread", "1m") if kind == "cron" else ()


def _telling(places: tuple[str, ...]) -> tuple[str, ...]:
    """The options that name ``places``. Raises ValueError if ``watch`` would refuse one."""
    for name in places:
        address = parse(name)
        if address.scheme == "file" and not _is_absolute(address.value):
            raise ValueError(f"{name} is no place to tell here: what starts it has another folder")
    return tuple(word for name in places for word in ("--tell", name))


def _is_absolute(path: str) -> bool:
    return PurePosixPath(path).is_absolute() or PureWindowsPath(path).is_absolute()


def write_down(
    kind: str, chosen: Choices, started: str, around: Surroundings, *, forever: bool = False
) -> Done:
    """Write the files. Raises JobError."""
    made = installation(kind, chosen, started, around, forever=forever)
    _has(kind, chosen.root, around)
    try:
        written = write.write(made, chosen.root)
    except write.InstallError as error:
        raise JobError(str(error)) from None
    notes = made.notes if chosen.root is None else (*made.notes, *_IMAGE_NOTES.get(kind, ()))
    return Done(written, made.then.of(_text(chosen.root)), notes)


def take_away(kind: str, root: Optional[Path], around: Surroundings) -> Done:
    """Remove the files that ``write_down`` wrote. Raises JobError."""
    known, _, _ = _KINDS[kind]
    _has(kind, root, around)
    try:
        gone = write.remove(known, root)
    except write.InstallError as error:
        raise JobError(str(error)) from None
    return Done(gone, known.back.of(_text(root)))


def _has(kind: str, root: Optional[Path], around: Surroundings) -> None:
    _, _, platforms = _KINDS[kind]
    if root is None and not around.platform.startswith(platforms):
        raise MisuseError(f"this platform has no {kind}; --root names a folder that stands for /")
    if root is not None and not root.is_dir():
        raise JobError(f"there is no folder {root}")


def _text(root: Optional[Path]) -> Optional[str]:
    return None if root is None else str(root.absolute())


def _program(started: str, around: Surroundings) -> str:
    """The absolute path of this program; links stay, so that an update behind them is met."""
    windows = around.platform == "win32"
    path = Path(started)
    if windows and not path.suffix:
        # What pip makes takes the .exe off before the program sees how it was called.
        path = path.with_suffix(".exe")
    beside = around.interpreter.with_name("ssmdiag.exe" if windows else "ssmdiag")
    found = shutil.which("ssmdiag", path=around.environ.get("PATH"))
    named = (path,) if path.stem == "ssmdiag" else ()
    for each in (*named, beside, *((Path(found),) if found else ())):
        if each.is_file():
            return str(each.absolute())
    raise JobError("it is not known where ssmdiag is installed: give --program")


def _written_to(tell: tuple[str, ...]) -> tuple[str, ...]:
    """The folders of the files that it shall tell, which a sandbox must leave open."""
    kinds = (name.partition(":") for name in tell)
    paths = (PurePosixPath(path) for kind, _, path in kinds if kind == "file")
    return tuple(dict.fromkeys(str(path.parent) for path in paths if path.is_absolute()))


def _folders() -> tuple[str, ...]:
    package = Path(ssmdiag.__file__).parent
    return tuple(dict.fromkeys((sys.prefix, sys.base_prefix, str(package))))
