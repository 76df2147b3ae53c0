"""The node's own programs that tell of it: ``systemctl``, ``rpm``, ``snap``, ``sc`` …"""

from __future__ import annotations

import shutil
import subprocess
from typing import Optional

from ssmdiag.values import dataclass
from ssmdiag.world.host.place import Place

_SECONDS = 2.0
_MOST = 256 * 1024


@dataclass(frozen=True)
class Ran:
    """What a program gave back."""

    status: int
    output: str
    """Standard output."""
    complaint: str
    """Standard error."""


def run(place: Place, program: str, *arguments: str) -> Optional[Ran]:
    """Run a program that only reads; None if the node is not here, or lacks it, or it hangs.

    The program is looked for in the PATH of ``place.environ``, and speaks English.
    """
    path = shutil.which(program, path=place.environ.get("PATH", "")) if place.here else None
    if path is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603 - fixed names and arguments, no shell
            [path, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            env={**place.environ, "LC_ALL": "C"},
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    output, complaint = (
        raw[:_MOST].decode("utf-8", "replace") for raw in (done.stdout, done.stderr)
    )
    return Ran(done.returncode, output, complaint)


def output_of(place: Place, program: str, *arguments: str) -> Optional[str]:
    """What a program says if it succeeds; else None. As ``run``."""
    done = run(place, program, *arguments)
    return done.output if done is not None and done.status == 0 else None
