"""Rows for ``scripts/bench``: how soon a run is over that has little to do.

Beside it stands a Typer application without content, with as many commands, on the same
interpreter: what nobody who uses Typer can go below.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

import bench_logs
from bench_row import Row, in_turn, took

from ssmdiag.cli.app import COMMANDS

_EMPTY = """
import typer
app = typer.Typer()
def made(name):
    def command(text: str = "x", number: int = 1):
        pass
    return app.command(name)(command)
for name in {names!r}:
    made(name)
app()
"""
_SETTLES = 3.0
_MB = 10**6


def rows() -> list[Row]:
    """``--version``, completion, a timer that finds nothing new, and a small log offline."""
    ours = [str(Path(sys.executable).with_name("ssmdiag"))]
    empty = [sys.executable, "-c", _EMPTY.format(names=list(COMMANDS)), "demo"]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "amazon-ssm-agent.log"
        bench_logs.one_log(log, _MB)
        quiet = [*ours, "watch", "--once", "--offline", "--state", f"{folder}/w.json", str(log)]
        environ = _environ()
        took(quiet, environ)
        time.sleep(_SETTLES)
        took(quiet, environ)
        completion = {
            **environ,
            "_SSMDIAG_COMPLETE": "complete_bash",
            "COMP_WORDS": "ssmdiag ch",
            "COMP_CWORD": "1",
        }
        measured = in_turn(
            lambda: took(empty, environ),
            lambda: took([*ours, "--version"], environ),
            lambda: took(ours, completion),
            lambda: took(quiet, environ),
            lambda: took([*ours, "diagnose", "--offline", str(log)], environ),
        )
    theirs = measured[0]
    said = (
        "`--version`",
        "completion",
        "`watch --once`, nothing new",
        "`diagnose --offline`, 1 MB",
    )
    bounds = (1.3, 1.3, 1.3, 1.6)
    return [
        Row(f"{what}, against an empty Typer application", milliseconds, theirs, bound=bound)
        for what, milliseconds, bound in zip(said, measured[1:], bounds)
    ]


def _environ() -> dict[str, str]:
    """A user's: compiled modules are kept."""
    kept = {n: v for n, v in os.environ.items() if n != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "AWS_EC2_METADATA_DISABLED": "true"}
