"""``ssmdiag demo``."""

from __future__ import annotations

import io
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import typer

from ssmdiag.cli.output import Format, fail, rendered
from ssmdiag.log.period import ALL
from ssmdiag.model import Report
from ssmdiag.wiring import diagnosing
from ssmdiag.wiring.job import JobError, Surroundings
from ssmdiag.wiring.reach import performing


def demo() -> None:
    """Show the main job on an AWS account embedded in this process (needs the extra `demo`)."""
    from ssmdiag.demo.account import DemoMissingError, running
    from ssmdiag.demo.show import DemoFailedError, Stage, show

    def diagnose(folder: Path) -> Report:
        around = Surroundings("linux", os.environ, io.BytesIO(), datetime.now())
        return diagnosing.diagnose(diagnosing.Job((str(folder),), span=ALL), around)

    terminal = sys.stdout.isatty()
    try:
        with running() as account, account.entered(os.environ), _folder() as folder:
            stage = Stage(
                say=typer.echo,
                perform=performing(account.region),
                diagnose=diagnose,
                rendered=lambda report: rendered(report, Format.text, terminal=terminal),
                folder=folder,
                now=datetime.now(),
            )
            show(account, stage)
    except (DemoMissingError, DemoFailedError) as error:
        fail(JobError(str(error)))
    except JobError as error:
        fail(error)


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="ssmdiag-demo-") as folder:
        yield Path(folder)
