"""Where the program keeps what must outlive a run."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
from pathlib import Path

from ssmdiag.folders import program_data
from ssmdiag.wiring.job import JobError, Surroundings, write_aside


def state_folder(around: Surroundings) -> Path:
    """The state folder of the platform: the system's for root, else the user's own."""
    environ = around.environ
    if around.platform == "win32":
        return Path(program_data(environ), "ssmdiag")
    if os.geteuid() == 0:
        return Path("/var/lib/ssmdiag")
    home = Path(environ.get("HOME", "~")).expanduser()
    return Path(environ.get("XDG_STATE_HOME") or home / ".local" / "state", "ssmdiag")


def backup(folder: Path, name: str, text: str) -> str:
    """Keep a document's text in ``folder``, readable by its owner only, in a file of its own: what
    was kept before stays. Returns where.

    Raises JobError.
    """
    stem = re.sub(r"[^\w.-]+", "-", name).strip("-")[:200]
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = _new(folder, stem)
    except OSError as error:
        raise JobError(f"{folder} cannot be used: {error.strerror}; see --backup") from None
    write_aside(file, text)
    return str(file)


def _new(folder: Path, stem: str) -> Path:
    """An empty file of a name that no other has. Raises OSError."""
    for number in itertools.count(1):
        file = folder / (f"{stem}.json" if number == 1 else f"{stem}-{number}.json")
        with contextlib.suppress(FileExistsError):
            file.open("x").close()
            return file
    raise AssertionError("numbers do not end")
