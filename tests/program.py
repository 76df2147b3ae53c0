"""``ssmdiag`` as a person runs it, but in this process: arguments and input in, output and exit
code out. A process of its own is for tests in which that matters: signals, locks, what it loads.
"""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from ssmdiag.__main__ import main


@dataclass(frozen=True)
class Done:
    """A run that has ended."""

    returncode: int
    stdout: str
    stderr: str


def ssmdiag(
    *arguments: object,
    stdin: str = "",
    folder: Optional[Path] = None,
    environ: Optional[Mapping[str, str]] = None,
) -> Done:
    """Run it once, in ``folder`` if given, with ``environ`` beside this process's environment."""
    whole = {"TERM": "dumb", "COLUMNS": "100", **(environ or {})}
    with _stream(stdin) as entered, _stream() as out, _stream() as err, _place(folder, whole):
        before = sys.argv, sys.stdin, sys.stdout, sys.stderr
        sys.argv = ["ssmdiag", *map(str, arguments)]
        sys.stdin, sys.stdout, sys.stderr = entered, out, err
        try:
            code = _ended()
        finally:
            sys.argv, sys.stdin, sys.stdout, sys.stderr = before
        return Done(code, _written(out), _written(err))


def process(*arguments: object, environ: Optional[Mapping[str, str]] = None) -> Done:
    """Run it in a process of its own, with which end the Calls that nobody answers."""
    done = subprocess.run(
        [sys.executable, "-m", "ssmdiag", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "TERM": "dumb", "COLUMNS": "100", **(environ or {})},
    )
    return Done(done.returncode, done.stdout, done.stderr)


def _ended() -> int:
    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except Exception:
        traceback.print_exc()
        return 1
    return 0


def _stream(text: str = "") -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8", newline="")


def _written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue().decode()


@contextlib.contextmanager
def _place(folder: Optional[Path], environ: Mapping[str, str]) -> Iterator[None]:
    environment, here = dict(os.environ), Path.cwd()
    os.environ.update(environ)
    try:
        if folder is not None:
            os.chdir(folder)
        yield
    finally:
        os.chdir(here)
        os.environ.clear()
        os.environ.update(environment)
