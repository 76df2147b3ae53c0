"""Rows for ``scripts/bench``: a whole ``ssmdiag check`` where no endpoint answers. Linux, as root.

In a network namespace of its own, on the healthy node of the tests: nothing but loopback is
reached.
"""

from __future__ import annotations

import re
import sys
import tempfile
from functools import partial
from pathlib import Path

from bench_row import Row, in_turn

from tests.namespace import impossible
from tests.node_network import beside
from tests.nodes import HEALTHY, SERVICES

_REGION = "us-east-1"
_FARES = {
    "names resolve, and nobody answers": "silence",
    "no name server answers": "no-name-server",
    "nobody listens": "refused",
}
_TIMED = (
    "import subprocess, sys, time\n"
    "start = time.perf_counter()\n"
    "subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)\n"
    "print('seconds', time.perf_counter() - start)"
)


def rows() -> list[Row]:
    """With the default deadline of 10 s; process start and page included."""
    why = impossible()
    if why:
        sys.stderr.write(f"bench: check is left out: {why}\n")
        return []
    found = {words: in_turn(partial(_seconds, fare), rounds=3) for words, fare in _FARES.items()}
    return [Row(f"`check`, {words}", seconds, unit="s") for words, (seconds,) in found.items()]


def _seconds(fare: str) -> float:
    names = [f"{service}.{_REGION}.amazonaws.com" for service in (*SERVICES, "ec2")]
    fares = dict.fromkeys([*names, "iam.amazonaws.com"], fare)
    command = [sys.executable, "-m", "ssmdiag", "check", "--root", HEALTHY, "--region", _REGION]
    credentials = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    with tempfile.TemporaryDirectory() as folder:
        done = beside(
            fares,
            Path(folder),
            *(sys.executable, "-c", _TIMED, *command),
            AWS_EC2_METADATA_DISABLED="true",
            **credentials,
        )
    found = re.search(r"seconds ([\d.]+)", done.stdout)
    if found is None:
        sys.exit(f"bench: {done.stderr}")
    return float(found[1])
