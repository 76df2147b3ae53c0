"""Measures a whole ``ssmdiag check`` where no endpoint answers. Linux, as root.

In a network namespace of its own, on the healthy node of the tests: nothing but loopback is
reached. Run it through ``scripts/benchmark check``.
"""

from __future__ import annotations

import re
import statistics
import sys
import tempfile
from pathlib import Path

from tests.namespace import impossible
from tests.node_network import beside
from tests.nodes import HEALTHY, SERVICES

_ROUNDS = 5
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


def figures() -> None:
    """Print the figures, one a line."""
    why = impossible()
    if why:
        sys.exit(f"benchmark: {why}")
    for words, fare in _FARES.items():
        times = [_seconds(fare) for _ in range(_ROUNDS)]
        middle = f"{statistics.median(times):.1f} s ({min(times):.1f} to {max(times):.1f})"
        print(f"{words}: {middle}", flush=True)  # noqa: T201


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
        sys.exit(f"benchmark: {done.stderr}")
    return float(found[1])
