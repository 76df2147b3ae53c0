"""How a Report leaves the program: format, file, colour, exit code."""

from __future__ import annotations

import codecs
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Optional

import typer

from ssmdiag.streams import drop, is_unread, unwritten
from ssmdiag.wiring.job import JobError, MisuseError, write_aside

if TYPE_CHECKING:
    from ssmdiag.model import Report
    from ssmdiag.policy.judgement import Judgement
    from ssmdiag.render.layout import Layout

EXIT_CODES = {"ok": 0, "broken": 1, "unverified": 4}
MISUSED = 2
JOB_FAILED = 3

_WIDEST = 100
TRACEBACK = "SSMDIAG_TRACEBACK"
"""The environment variable that shows where an error comes from."""


class Format(str, Enum):
    """What a Report can be written as."""

    text = "text"
    json = "json"


def put(report: Report, form: Format, output: Optional[Path], *, redact: bool) -> None:
    """Write the Report to standard output, or to a file that only its owner may read."""
    put_text(rendered(report, form, terminal=_to_terminal(output)), output, redact=redact)


def put_check(
    report: Report, form: Format, output: Optional[Path], *, redact: bool, quiet: bool
) -> None:
    """As ``put``, for the Report of a check; ``quiet``: in text only what does not hold."""
    if form is Format.json:
        put(report, form, output, redact=redact)
        return
    from ssmdiag.render.check import text

    terminal = _to_terminal(output)
    whole = text(report, _layout(terminal=terminal), terminal=terminal, quiet=quiet)
    put_text(whole, output, redact=redact)


def put_judgement(
    judgement: Judgement, form: Format, output: Optional[Path], *, redact: bool
) -> None:
    """As ``put``, for the answer to ``ssmdiag can``."""
    from ssmdiag.render import json
    from ssmdiag.render import judgement as words

    if form is Format.json:
        whole = json.judgement_to_json(judgement)
    else:
        whole = words.text(judgement, _layout(terminal=_to_terminal(output)))
    put_text(whole, output, redact=redact)


def put_text(whole: str, output: Optional[Path], *, redact: bool) -> None:
    """Write text to standard output, or to a file that only its owner may read."""
    if redact:
        from ssmdiag.render.redact import redact as mask

        whole = mask(whole)
    if output is not None:
        write_aside(output, whole)
        return
    sys.stdout.write(whole)
    sys.stdout.flush()


def rendered(report: Report, form: Format, *, terminal: bool) -> str:
    """The Report as text."""
    if form is Format.json:
        from ssmdiag.render.json import to_json

        return to_json(report)
    from ssmdiag.render.text import text

    layout = _layout(terminal=terminal)
    return text(
        report,
        width=layout.width,
        colour=layout.colour,
        ascii_only=layout.ascii_only,
        terminal=terminal,
    )


def _to_terminal(output: Optional[Path]) -> bool:
    return output is None and sys.stdout.isatty()


def page_layout(output: Optional[Path]) -> Layout:
    """The page that standard output, or a file, is."""
    return _layout(terminal=_to_terminal(output))


def _layout(*, terminal: bool) -> Layout:
    from ssmdiag.render.layout import Layout

    width = min(shutil.get_terminal_size((80, 24)).columns, _WIDEST) if terminal else 80
    colour = terminal and not os.environ.get("NO_COLOR")
    return Layout(max(width, 40), colour, ascii_only=not _speaks_unicode())


def _speaks_unicode() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")


def fail(error: JobError) -> NoReturn:
    """Say on standard error in one line why the job could not be done."""
    raise typer.Exit(say_why(error))


# --- what every command rests on ----------------------------------------------------------------


def make_lasting(*, ends_unread: bool) -> None:
    """Make standard output one that takes whatever is written to it and, unless the command
    ``ends_unread``, read or not; what else keeps it from being written is a JobError."""
    lasting: Any = _Lasting(sys.stdout)
    codecs.register_error("ssmdiag.escape", _escaped)
    lasting.reconfigure(errors="ssmdiag.escape")
    if not ends_unread:
        sys.stdout = lasting


class _Lasting:
    """A stream that may lose its reader, as in ``ssmdiag diagnose | head``: that is no error, and
    the command goes on to its verdict."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with self._read_or_not():
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with self._read_or_not():
            self._stream.flush()

    def reconfigure(self, **how: Any) -> None:
        # It writes what is left first.
        with self._read_or_not():
            self._stream.reconfigure(**how)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    @contextmanager
    def _read_or_not(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if not is_unread(error):
                raise JobError(unwritten(error)) from None
            drop(self._stream)


def _escaped(error: UnicodeError) -> tuple[str, int]:
    r"""What an encoding lacks, as ``\uXXXX``: that is JSON's way, too."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4)), error.end


def say_why(error: Exception) -> int:
    """Say on standard error in one line why there is no answer; returns the exit code."""
    from ssmdiag.render.layout import visible
    from ssmdiag.render.scrub import scrub

    said, code = _why(error)
    try:
        sys.stdout.flush()
    except (OSError, JobError):
        drop(sys.stdout)
    try:
        if os.environ.get(TRACEBACK):
            import traceback

            traceback.print_exception(type(error), error, error.__traceback__)
        typer.echo(f"ssmdiag: {visible(scrub(' '.join(said.split())))}", err=True)
    except OSError:
        drop(sys.stderr)
    return code


def _why(error: Exception) -> tuple[str, int]:
    if isinstance(error, MisuseError):
        return str(error), MISUSED
    if isinstance(error, JobError):
        return str(error), JOB_FAILED
    return (
        f"this is a defect of ssmdiag: {type(error).__name__}: {error}. "
        f"Please report it, with the traceback that {TRACEBACK}=1 in the environment shows"
    ), JOB_FAILED
