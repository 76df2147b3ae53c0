"""Rows for ``scripts/bench``: latency, idle CPU and memory of ``ssmdiag watch``. Linux only.

Latency is from the end of the write of an error to its line on standard output; CPU and memory are
those of the watching process, from /proc.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO

from bench_row import Row

_ERROR = "ERROR [ssm-session-worker] [a-0123456789abcdef0] Failed to open pty number"
_LINES = 300
_IDLE = 60.0
_MANY = 1_000_000


def rows() -> list[Row]:
    """With JSON on standard output, and for memory with text."""
    with _watching() as (log, watcher, out):
        found = [*_latency(log, out), _idle(watcher)]
    with _watching("--format", "text") as (log, watcher, out):
        return [*found, *_memory(log, watcher)]


@contextmanager
def _watching(*arguments: str) -> Iterator[tuple[Path, subprocess.Popen[bytes], IO[bytes]]]:
    with tempfile.TemporaryDirectory(prefix="ssmdiag-watch-") as folder:
        log = Path(folder, "ssm", "amazon-ssm-agent.log")
        log.parent.mkdir()
        _write(log, 0)
        command = [sys.executable, "-m", "ssmdiag", "watch", str(log.parent), "--offline"]
        command += ["--state", f"{folder}/w.json", *(arguments or ("--format", "json"))]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdout=pipe, stderr=pipe) as watcher:  # noqa: S603
            assert watcher.stdout is not None
            assert watcher.stderr is not None
            watcher.stderr.readline()  # it says that it watches
            time.sleep(1)
            yield log, watcher, watcher.stdout
            watcher.terminate()


def _write(log: Path, number: int) -> float:
    with log.open("a", encoding="utf-8") as file:
        file.write(f"{datetime.now():%Y-%m-%d %H:%M:%S.%f} {_ERROR} {number}\n")
    return time.perf_counter()


def _latency(log: Path, out: IO[bytes]) -> list[Row]:
    taken = []
    for number in range(1, _LINES + 1):
        wrote = _write(log, number)
        while b'"seen"' not in out.readline():
            pass
        taken.append((time.perf_counter() - wrote) * 1000)
        time.sleep(0.02)
    taken.sort()
    what = f"from a written error to its line, of {_LINES}"
    return [
        Row(f"{what}: median", statistics.median(taken)),
        Row(f"{what}: p99", taken[int(len(taken) * 0.99)]),
    ]


def _idle(watcher: subprocess.Popen[bytes]) -> Row:
    time.sleep(5)  # what was told is decided and remembered
    before = _cpu(watcher.pid)
    time.sleep(_IDLE)
    used = _cpu(watcher.pid) - before
    return Row(f"CPU while idle, in {_IDLE:.0f} s", used * 1000)


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory(log: Path, watcher: subprocess.Popen[bytes]) -> list[Row]:
    before = _resident(watcher.pid)
    start = time.perf_counter()
    with log.open("a", encoding="utf-8") as file:
        for number in range(_MANY):
            file.write(f"{datetime.now():%Y-%m-%d %H:%M:%S.%f} {_ERROR} {number}\n")
    wrote = time.perf_counter() - start
    quiet = _cpu(watcher.pid)
    while True:  # until it has caught up
        time.sleep(3)
        now = _cpu(watcher.pid)
        if now - quiet < 0.1:
            break
        quiet = now
    after = _resident(watcher.pid)
    after_many = f"memory after {_MANY:,} errors, written at {_MANY / wrote:,.0f} a second"
    return [Row("memory at first", before, unit="MB"), Row(after_many, after, unit="MB")]


def _resident(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024
