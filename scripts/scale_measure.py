"""Measures the inputs of ``scripts/scale``: CPU of a run, and AWS calls of a look by its outcome.

CPU is user and system time of a whole process (wait4(2)), the median of several runs, with byte
code present; the calls are those of the Report of ``diagnose`` on the demonstration account.
"""

from __future__ import annotations

import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Optional

from ssmdiag.demo.account import Account, running
from ssmdiag.demo.log import Outcome, write_agent_log
from ssmdiag.demo.story import Story, mistakes, preferences
from ssmdiag.model import Report
from ssmdiag.wiring.diagnosing import Job, diagnose
from ssmdiag.wiring.job import Reach, Surroundings
from ssmdiag.wiring.reach import performing
from ssmdiag.world.call import call

_ROUNDS = 7
_AT = datetime(2026, 11, 20, 14, 22, 7)
_IDLE_MS_A_MINUTE = 20.0
"""CPU of the form that runs for ever while nothing happens: `scripts/bench watch`."""
_BUCKET = "session-logs-of-the-demo"

Calls = dict[str, int]


def measured() -> dict[str, Any]:
    """All inputs, as they stand in ``scripts/scale-inputs.json``."""
    with running() as account, account.entered(os.environ):
        calls = dict(outcomes(account))
        story = _story(account)
        idle, asking = (_cpu_of_once(account, story, line) for line in ("", _refusal(story)))
    return {
        "python": ".".join(map(str, sys.version_info[:2])),
        "cpu_ms": {
            "run_with_nothing_new": idle,
            "run_that_asks": asking,
            "idle_minute_for_ever": _IDLE_MS_A_MINUTE,
        },
        "calls": calls,
    }


# --- calls --------------------------------------------------------------------------------------


def outcomes(account: Account) -> Iterator[tuple[str, Calls]]:
    """AWS calls of one look by service and operation, for each outcome."""
    story = _story(account)
    yield "role, group and key wrong (the article)", _calls(account, story, "refused")
    account.faults.refuse("iam", reason="identity")
    account.faults.refuse("kms", reason="identity")
    yield "the same, but IAM and KMS may not be read", _calls(account, story, "refused")
    account.faults.clear()
    for service in ("iam", "kms", "logs", "ssm", "sts"):
        account.faults.break_off(service)
    yield "no service answers (none of it arrives)", _calls(account, story, "refused")
    account.faults.clear()
    _mend(account, story)
    yield "healthy, logs to CloudWatch", _calls(account, story, "logged", "ok")
    _spoil_key(account, story)
    yield "the key policy alone is wrong", _calls(account, story, "logged")
    _mend(account, story)
    _to_s3(account, story)
    _mend(account, story)
    yield "healthy, logs to S3", _calls(account, story, "logged", "ok")


def first_outcome(account: Account) -> Calls:
    """The first of them: the fault that the simulation lets a whole Region have."""
    return next(outcomes(account))[1]


def _story(account: Account) -> Story:
    account.reset()
    story = mistakes(performing(account.region), account.id, account.region)
    account.act_as(story.caller)
    account.add_node(story.instance_id)
    return story


def _look(story: Story, outcome: Outcome) -> Report:
    with tempfile.TemporaryDirectory(prefix="ssmdiag-scale-") as folder:
        write_agent_log(Path(folder), story, outcome, _AT)
        around = Surroundings("linux", os.environ, io.BytesIO(), _AT)
        return diagnose(Job(places=(folder,), reach=Reach(root=Path(folder))), around)


def _calls(account: Account, story: Story, outcome: Outcome, verdict: str = "") -> Calls:
    account.received.clear()
    report = _look(story, outcome)
    if verdict and report.verdict != verdict:
        raise SystemExit(f"the demonstration account is {report.verdict}: {report.headline}")
    asked = (each.call.partition("(")[0] for each in report.calls)
    return dict(sorted(Counter(name for name in asked if not name.startswith("host:")).items()))


def _mend(account: Account, story: Story) -> None:
    perform = performing(account.region)
    for finding in _look(story, "logged").findings:
        for order in finding.change.calls if finding.change else ():
            perform(order)


def _spoil_key(account: Account, story: Story) -> None:
    root = {"AWS": f"arn:aws:iam::{account.id}:root"}
    statement = {"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    order = call("kms", "PutKeyPolicy", KeyId=story.key_arn, PolicyName="default", Policy=policy)
    performing(account.region)(order)


def _to_s3(account: Account, story: Story) -> None:
    perform = performing(account.region)
    content = preferences(story.key_arn)
    content["inputs"].update(cloudWatchLogGroupName="", s3BucketName=_BUCKET)
    perform(call("s3", "CreateBucket", Bucket=_BUCKET))
    document = {"Name": story.preferences, "DocumentFormat": "JSON", "DocumentVersion": "$LATEST"}
    perform(call("ssm", "UpdateDocument", Content=json.dumps(content), **document))
    perform(
        call("ssm", "UpdateDocumentDefaultVersion", Name=story.preferences, DocumentVersion="2")
    )


# --- CPU ----------------------------------------------------------------------------------------


def _refusal(story: Story) -> str:
    """An error of the agent, as it stands in the log of the demonstration."""
    with tempfile.TemporaryDirectory(prefix="ssmdiag-scale-") as folder:
        write_agent_log(Path(folder), story, "refused", _AT)
        lines = Path(folder, "amazon-ssm-agent.log").read_text(encoding="utf-8").splitlines()
    return next(line for line in lines if "Error Calling DescribeLogGroups" in line)


def _cpu_of_once(account: Account, story: Story, line: str) -> float:
    """Milliseconds of CPU of ``watch --once`` that finds ``line`` to be new, or nothing."""
    taken = []
    with tempfile.TemporaryDirectory(prefix="ssmdiag-scale-") as folder:
        write_agent_log(Path(folder), story, "logged", _AT)
        log = Path(folder, "amazon-ssm-agent.log")
        state = Path(folder, "state", "watch.json")
        command = [sys.executable, "-m", "ssmdiag", "watch", str(log), "--once"]
        command += ["--state", str(state)]
        environ = {**os.environ, **account.environ}
        _cpu(command, environ)  # it notes how far it came
        kept = state.read_bytes()
        for _ in range(_ROUNDS):
            state.write_bytes(kept)
            if line:
                with log.open("a", encoding="utf-8") as file:
                    file.write(line + "\n")
            taken.append(_cpu(command, environ))
    return round(statistics.median(taken), 1)


def _cpu(command: list[str], environ: Mapping[str, str]) -> float:
    with subprocess.Popen(  # noqa: S603
        command, env=dict(environ), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as child:
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in (0, 1, 4):
        raise SystemExit(f"{' '.join(command)}: exit code {child.returncode}")
    return (used.ru_utime + used.ru_stime) * 1000


def text(inputs: Optional[dict[str, Any]] = None) -> str:
    """The inputs as the file holds them."""
    return json.dumps(inputs or measured(), indent=2) + "\n"
