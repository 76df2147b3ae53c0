"""How a Report leaves the program: format, file, colour, exit code."""

from __future__ import annotations

import os
import shutil
import sys
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, Optional

import typer

from ssmdiag.wiring.job import JobError, MisuseError, write_aside

if TYPE_CHECKING:
    from ssmdiag.model import Report
    from ssmdiag.policy.judgement import Judgement
    from ssmdiag.render.layout import Layout

EXIT_CODES = {"ok": 0, "broken": 1, "unverified": 4}
MISUSED = 2
JOB_FAILED = 3

_WIDEST = 100


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
    try:
        sys.stdout.write(whole)
        sys.stdout.flush()
    except BrokenPipeError:
        # `ssmdiag diagnose | head` is no error; Python would complain again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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
    typer.echo(f"ssmdiag: {' '.join(str(error).split())}", err=True)
    raise typer.Exit(MISUSED if isinstance(error, MisuseError) else JOB_FAILED)
