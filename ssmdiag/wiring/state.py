"""Where the program keeps what must outlive a run."""

from __future__ import annotations

import os
import re
from pathlib import Path

from ssmdiag.wiring.job import JobError, Surroundings, write_aside


def state_folder(around: Surroundings) -> Path:
    """The state folder of the platform: the system's for root, else the user's own."""
    environ = around.environ
    if around.platform == "win32":
        return Path(environ.get("ProgramData", r"C:\ProgramData"), "ssmdiag")
    if os.geteuid() == 0:
        return Path("/var/lib/ssmdiag")
    home = Path(environ.get("HOME", "~")).expanduser()
    return Path(environ.get("XDG_STATE_HOME") or home / ".local" / "state", "ssmdiag")


def backup(folder: Path, name: str, text: str) -> str:
    """Keep a document's text in ``folder``, readable by its owner only; returns where.

    Raises JobError.
    """
    file = re.sub(r"[^\w.-]+", "-", name).strip("-")[:200] + ".json"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise JobError(f"{folder} cannot be made: {error.strerror}; see --backup") from None
    write_aside(folder / file, text)
    return str(folder / file)
