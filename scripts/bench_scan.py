"""Rows for ``scripts/bench``: reading logs, beside the pipeline of grep that the tool replaces.

A side of ours is a process that imports, loads the catalogue and then measures itself, so that
start-up is off; grep's is its pipeline less the same pipeline on an empty file. Every side of a row
reads the same bytes from the page cache, in turn. ``python scripts/bench_scan.py`` prints the rows.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import bench_logs
from bench_row import Row, in_turn, took

_MB, _GB = 10**6, 1 << 30
_MEMORY = 80.0
"""Megabytes that a run may take beyond the interpreter and its imports."""

_CHILD = """
import io, sys, time
if {without}:
    sys.modules["ahocorasick_rs"] = sys.modules["stringzilla"] = None
import regex
from ssmdiag.catalog.match import interesting
from ssmdiag.diagnose.evidence import LITERALS
from ssmdiag.log import period, reading
from ssmdiag.wiring.catalogues import shipped_catalog
from ssmdiag.wiring.diagnosing import hear

def peak():
    lines = open("/proc/self/status").readlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1000

catalog = shipped_catalog()
span = period.ALL if {everything} else period.Span()
before, start = peak(), time.perf_counter()
stdin = sys.stdin.buffer if {place!r} == "-" else io.BytesIO()
wanted = interesting(catalog, LITERALS)
records = reading.read([{place!r}], stdin=stdin, span=span, interesting=wanted)
if {whole}:
    hear(catalog, records)
else:
    for record in records:
        pass
print((time.perf_counter() - start) * 1000, peak() - before)
"""
_LOOP = """
import re, sys, time
start = time.perf_counter()
level = re.compile(rb"[0-9]{4}-..-.. ..:..:..(?:[.][0-9]+)? (?:ERROR|WARN|CRITICAL) ")
with open(sys.argv[1], "rb") as log:
    found = sum(1 for line in log if level.match(line))
print((time.perf_counter() - start) * 1000)
"""
_WORD = """
import sys, time
start = time.perf_counter()
with open(sys.argv[1], "rb", buffering=0) as log:
    while block := log.read(1 << 18):
        block.count(b"ERROR")
print((time.perf_counter() - start) * 1000)
"""
_BUILD = """
import io, sys, time
from ssmdiag.catalog.match import interesting
from ssmdiag.diagnose.evidence import LITERALS
from ssmdiag.log import layout, period, reading
from ssmdiag.wiring.catalogues import shipped_catalog

wanted = interesting(shipped_catalog(), LITERALS)
records = reading.read([sys.argv[1]], stdin=io.BytesIO(), span=period.ALL, interesting=wanted)
lines = [layout.written(record) for record in records]
start = time.perf_counter()
for line in lines:
    layout.parse(line)
print((time.perf_counter() - start) * 1000)
"""


def rows() -> list[Row]:
    """Build the logs below a temporary folder and measure."""
    with tempfile.TemporaryDirectory(prefix="ssmdiag-bench-") as folder:
        largest = bench_logs.largest_set(Path(folder, "largest"))
        big = bench_logs.one_log(Path(folder, "big", "amazon-ssm-agent.log"), _GB).parent
        line = bench_logs.one_line(Path(folder, "line.log"), _GB)
        small = bench_logs.one_log(Path(folder, "small", "amazon-ssm-agent.log"), _MB).parent
        return [*_day(largest), *_everything(big), *_memory(small, big, line)]


def _day(largest: Path) -> list[Row]:
    ours, fast, grep = in_turn(
        lambda: _ours(largest, whole=True, everything=False)[0],
        lambda: _ours(largest, whole=True, everything=False, fast=True)[0],
        lambda: _grep(largest),
    )
    what = "the last day of the largest set of logs, to Symptoms, to grep ERROR | grep | tail"
    return [Row(what, ours, grep, bound=1.0), Row(f"{what}, with [fast]", fast, grep, bound=1.0)]


def _everything(big: Path) -> list[Row]:
    """Reading has bounds; what the catalogue makes of a Record is measured with the catalogue."""
    log = next(big.iterdir())
    ours, fast, grep, loop, whole, whole_fast, word, build = in_turn(
        lambda: _ours(big)[0],
        lambda: _ours(big, fast=True)[0],
        lambda: _grep(big),
        lambda: _program(_LOOP, log),
        lambda: _ours(big, whole=True)[0],
        lambda: _ours(big, whole=True, fast=True)[0],
        lambda: _program(_WORD, log),
        lambda: _program(_BUILD, log),
        rounds=5,
    )
    what = "all of 1 GiB to Records"
    return [
        Row(f"{what}, to grep ERROR | grep | tail", ours, grep, bound=3.0),
        Row(f"{what}, to a loop over lines with re for three levels", ours, loop, bound=1.0),
        Row(f"{what} with [fast], to grep ERROR | grep | tail", fast, grep, bound=1.2),
        Row(f"{what} with [fast], to a loop over lines with re", fast, loop, bound=1.0),
        Row("all of 1 GiB to Symptoms, to the pipeline", whole, grep),
        Row("all of 1 GiB to Symptoms with [fast], to the pipeline", whole_fast, grep),
        Row("to read 1 GiB and count one word with `bytes.count`, to the pipeline", word, grep),
        Row("to build the Records of 1 GiB from their own lines, to the pipeline", build, grep),
    ]


def _memory(small: Path, big: Path, line: Path) -> list[Row]:
    places = {
        "1 MB of log": str(small),
        "1 GiB of log": str(big),
        "one line of 1 GiB in a file": str(line),
    }
    found = {what: _ours(Path(place), whole=True)[1] for what, place in places.items()}
    found["one line of 1 GiB through a pipe"] = _ours(Path("-"), whole=True, piped=line)[1]
    return [Row(f"memory for {w}", mb, unit="MB", bound=_MEMORY) for w, mb in found.items()]


def _ours(
    place: Path,
    *,
    whole: bool = False,
    everything: bool = True,
    fast: bool = False,
    piped: Path = Path(os.devnull),
) -> tuple[float, float]:
    """Milliseconds, and megabytes at the peak beyond what was there before."""
    program = _CHILD.format(without=not fast, everything=everything, place=str(place), whole=whole)
    with subprocess.Popen(["cat", str(piped)], stdout=subprocess.PIPE) as cat:  # noqa: S603, S607
        ours = [sys.executable, "-c", program]
        said = subprocess.run(ours, stdin=cat.stdout, stdout=subprocess.PIPE, check=True)  # noqa: S603
    milliseconds, megabytes = said.stdout.split()
    return float(milliseconds), float(megabytes)


def _program(text: str, log: Path) -> float:
    command = [sys.executable, "-c", text, str(log)]
    return float(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)  # noqa: S603


def _grep(folder: Path) -> float:
    logs = " ".join(shlex.quote(str(each)) for each in sorted(folder.iterdir()))
    return _pipeline(logs) - _pipeline(os.devnull)


def _pipeline(logs: str) -> float:
    line = f"grep ERROR {logs} | grep ssm-session-worker | tail"
    return took(["/bin/sh", "-c", line], dict(os.environ))


def main() -> None:
    """Print the rows, one a line."""
    for row in rows():
        theirs = f" : {row.theirs:.0f}" if row.theirs else ""
        ratio = f" {row.ratio:.2f}x" if row.ratio else ""
        kept = {True: "kept", False: "NOT KEPT", None: "no bound"}[row.kept]
        print(f"{row.what}: {row.ours:.1f}{theirs} {row.unit}{ratio}, {kept}")  # noqa: T201


if __name__ == "__main__":
    main()
