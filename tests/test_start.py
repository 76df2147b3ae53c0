"""What a start loads: nothing that the run does not need. Structure, not time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

LOG = Path(__file__).parent / "fixtures" / "excerpts" / "cloudwatch.log"
_MODULES = """
import json, sys
sys.argv = ["ssmdiag", *sys.argv[1:]]
from ssmdiag.__main__ import main
try:
    main()
except SystemExit:
    pass
sys.stdout.write("\\n" + json.dumps(sorted(sys.modules)))
"""
_ALWAYS = {"boto3", "botocore", "watchdog", "rich", "yaml", "cryptography"}
_JUDGING = {"ssmdiag.catalog", "ssmdiag.requirements", "ssmdiag.policy", "ssmdiag.render", "regex"}


def loaded(*arguments: object, **environ: str) -> set[str]:
    """The modules that a run loaded, and the packages that they are in."""
    done = subprocess.run(
        [sys.executable, "-c", _MODULES, *map(str, arguments)],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=True,
    )
    names = json.loads(done.stdout.splitlines()[-1])
    return {name.rsplit(".", n)[0] for name in names for n in range(name.count(".") + 1)}


def test_a_log_is_judged_offline_without_what_asks_or_paints() -> None:
    there = loaded("diagnose", "--offline", LOG)
    assert "regex" in there
    assert there.isdisjoint(_ALWAYS)
    assert "ssmdiag.world.aws" not in there
    assert "ssmdiag.requirements.network.answering" not in there
    # From the log alone no policy is evaluated, and no VPC looked at.
    assert "ssmdiag.policy.evaluate" not in there
    assert "ssmdiag.policy.grammar" not in there
    assert "ssmdiag.requirements.network.obstacle" not in there


def test_a_timer_that_finds_nothing_new_loads_no_judge(tmp_path: Path) -> None:
    log = tmp_path / "amazon-ssm-agent.log"
    log.write_text("2026-11-20 10:00:00 INFO all is quiet\n", "utf-8")
    # What was written a while ago has settled.
    os.utime(log, (1_790_000_000, 1_790_000_000))
    run = ("watch", "--once", "--offline", "--state", tmp_path / "w.json", log)
    first = loaded(*run)
    assert "ssmdiag.catalog" in first
    again = loaded(*run)
    assert again.isdisjoint(_ALWAYS | _JUDGING)


@pytest.mark.parametrize("line", ["ssmdiag ch", "ssmdiag watch --on"])
def test_completing_a_line_loads_at_most_the_command(line: str) -> None:
    words = {"COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
    there = loaded(_SSMDIAG_COMPLETE="complete_bash", **words)
    assert there.isdisjoint(_ALWAYS | _JUDGING)
    assert "ssmdiag.wiring.diagnosing" not in there
