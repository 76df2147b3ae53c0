"""A network of a test's own: a program runs where there is nothing but loopback and the test's
resolver, so that it may look up and dial real names of AWS without leaving the machine.

Linux, as root: a new network and mount namespace (unshare(1)), ``/etc/resolv.conf`` under a bind
mount, routes by ip(8).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Optional

UNREACHABLE, DISCARDED = "10.8.0.1", "10.9.0.1"
"""Addresses without a route in the namespace: the table says so, or discards in silence."""

_FILES = {
    "/etc/resolv.conf": "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n",
    "/etc/nsswitch.conf": "hosts: files dns\n",
}
_SECONDS = 30.0
_ROOT = Path(__file__).parents[1]


def impossible() -> Optional[str]:
    """Why no such namespace can be made here; None if it can."""
    if not (sys.platform == "linux" and shutil.which("unshare") and shutil.which("ip")):
        return "needs Linux with unshare and ip"
    tried = subprocess.run(
        ["unshare", "--net", "--mount", "ip", "link", "set", "lo", "up"],
        capture_output=True,
        text=True,
        check=False,
    )
    return tried.stderr.strip() or "unshare failed" if tried.returncode else None


def in_namespace(
    argv: Sequence[object], folder: Path, environ: Optional[Mapping[str, str]] = None
) -> subprocess.CompletedProcess[str]:
    """Run a program in a namespace of its own, from the project's root.

    ``folder`` takes the files that lie over those of ``/etc``; ``environ`` is added to this
    process's environment.
    """
    steps = ["set -e", "ip link set lo up", f"ip route add unreachable {UNREACHABLE}"]
    steps.append(f"ip route add blackhole {DISCARDED}")
    for number, (path, text) in enumerate(_FILES.items()):
        if Path(path).exists():
            (folder / f"{number}.conf").write_text(text, encoding="utf-8")
            steps.append(f'mount --bind "$0/{number}.conf" {path}')
    inside = ["sh", "-c", "\n".join([*steps, 'exec "$@"']), str(folder), *map(str, argv)]
    # The account of other tests cannot be reached from there.
    ours = {name: value for name, value in os.environ.items() if name != "AWS_ENDPOINT_URL"}
    return subprocess.run(
        ["unshare", "--net", "--mount", *inside],
        cwd=_ROOT,
        env={**ours, **(environ or {})},
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
