"""Rows for ``scripts/bench``: a whole ``diagnose`` that asks the embedded AWS account."""

from __future__ import annotations

import os
import sys
import tempfile
from datetime import datetime
from pathlib import Path

from bench_row import Row, in_turn, took

from ssmdiag.demo.account import running
from ssmdiag.demo.log import write_agent_log
from ssmdiag.demo.story import mistakes
from ssmdiag.wiring.reach import performing

_WITHIN = 800.0


def rows() -> list[Row]:
    """The account of the article, all its mistakes."""
    with tempfile.TemporaryDirectory() as folder, running() as account, account.entered(os.environ):
        story = mistakes(performing(account.region), account.id, account.region)
        account.act_as(story.caller)
        write_agent_log(Path(folder), story, "refused", datetime(2026, 11, 20, 14, 22, 7))
        command = [sys.executable, "-m", "ssmdiag", "diagnose", folder]
        environ = {n: v for n, v in os.environ.items() if n != "PYTHONDONTWRITEBYTECODE"}
        took(command, environ)
        account.received.clear()
        took(command, environ)
        calls = len(account.received)
        (ours,) = in_turn(lambda: took(command, environ))
    return [Row(f"`diagnose`, {calls} Calls to the embedded account", ours, bound=_WITHIN)]
