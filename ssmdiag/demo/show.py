"""The demonstration: a broken account, its diagnosis, the printed fixes run, and all well again.

What it shows is the program itself: the report comes from ``diagnose`` over HTTP, and every command
it prints is run as it stands, by a shell, with the real AWS CLI.
"""

from __future__ import annotations

import subprocess
import textwrap
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Callable

from ssmdiag.demo.account import Account
from ssmdiag.demo.log import write_agent_log
from ssmdiag.demo.story import Story, mistakes
from ssmdiag.model import Report
from ssmdiag.values import dataclass
from ssmdiag.world.call import Call

_WIDTH = 80
_REPAIR_TAKES = timedelta(minutes=10)


class DemoFailedError(Exception):
    """A step did not go as it has to; the message says which."""


@dataclass(frozen=True)
class Stage:
    """What the demonstration is given to act with."""

    say: Callable[[str], None]
    perform: Callable[[Call], Any]
    """Carries out one write Call and returns what AWS answered."""
    diagnose: Callable[[Path], Report]
    """Diagnoses the agent log in a folder against the embedded account."""
    rendered: Callable[[Report], str]
    folder: Path
    now: datetime


def show(account: Account, stage: Stage) -> None:
    """Play the whole demonstration. Raises DemoFailedError."""
    say = stage.say
    say(_title("1. An AWS account with the mistakes of a well-known article"))
    story = mistakes(stage.perform, account.id, account.region)
    account.act_as(story.caller)
    account.add_node(story.instance_id)
    say(_wrapped(_told(story)))
    write_agent_log(stage.folder, story, "refused", stage.now - _REPAIR_TAKES)
    say(_wrapped(_GREP))
    for line in _grep(stage.folder / "amazon-ssm-agent.log"):
        say(f"   {line}")

    say(_title("2. ssmdiag diagnose"))
    before = _timed(stage)
    if before.verdict != "broken":
        raise DemoFailedError("the diagnosis did not find the mistakes")

    say(_title("3. The commands above, run unchanged with the AWS CLI"))
    for finding in before.findings:
        if finding.change:
            # One shell for one Change: a command may use what the one before it printed.
            _run("\n".join(finding.change.commands), account.environ, say)

    say(_title("4. A new session, and ssmdiag diagnose again"))
    write_agent_log(stage.folder, story, "logged", stage.now - timedelta(minutes=1))
    after = _timed(stage)
    if after.verdict != "ok":
        raise DemoFailedError("after the fixes something is still wrong")


def _timed(stage: Stage) -> Report:
    start = time.perf_counter()
    report = stage.diagnose(stage.folder)
    seconds = time.perf_counter() - start
    stage.say(stage.rendered(report).rstrip("\n"))
    stage.say(f"\n(diagnosed in {seconds:.2f} s)")
    return report


def _run(commands: str, environ: Mapping[str, str], say: Callable[[str], None]) -> None:
    say(f"$ {commands}")
    done = subprocess.run(  # noqa: S603 - the very commands of the report
        ["/bin/sh", "-eu", "-c", commands],
        env=dict(environ),
        capture_output=True,
        text=True,
        check=False,
    )
    for line in (done.stdout + done.stderr).splitlines():
        say(f"   {line}")
    if done.returncode:
        raise DemoFailedError(f"the command failed with exit code {done.returncode}")


def _told(story: Story) -> str:
    return (
        f"Sessions are to be encrypted and logged to log group {story.log_group}, and the "
        f"preferences insist on an encrypted group. But role {story.role} may not call "
        "logs:DescribeLogGroups, the log group has no KMS key, and the key policy does not let "
        "CloudWatch Logs in. Sessions refuse to start."
    )


_GREP = "All that people have today is `grep ERROR amazon-ssm-agent.log | grep ssm-session-worker`:"


def _grep(log: Path) -> list[str]:
    lines = log.read_text(encoding="utf-8").splitlines()
    found = [line for line in lines if " ERROR " in line and "ssm-session-worker" in line]
    return [line[: _WIDTH - 7] + " ..." for line in found]


def _title(text: str) -> str:
    return f"\n{'=' * _WIDTH}\n{text}\n{'=' * _WIDTH}"


def _wrapped(text: str) -> str:
    return textwrap.fill(text, _WIDTH)
