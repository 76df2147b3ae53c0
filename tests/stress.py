"""Stress for ``ssmdiag watch``: numbered errors under rotation, truncation and kill -9.

A writer numbers its errors; the log is rotated as the agent does, copied and truncated, deleted and
made anew; the watcher is killed at random and started again. Then every number must have been told:
none lost, and none under two identities.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

_ERROR = "ERROR [ssm-session-worker] [a-0123456789abcdef0] Failed to open pty number"


@dataclass
class Outcome:
    """What happened, and what came of it."""

    written: int = 0
    rotations: int = 0
    truncations: int = 0
    kills: int = 0
    told: int = 0
    lost: list[int] = field(default_factory=list)
    doubled: list[int] = field(default_factory=list)


class Stress:
    """One run of the stress in a folder of its own."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.log = folder / "ssm" / "amazon-ssm-agent.log"
        self.log.parent.mkdir()
        self.chance = random.Random(seed)
        self.outcome = Outcome()
        self.rolls = 0
        self.out = folder / "out.jsonl"
        self.watcher = self._start()

    def run(self, seconds: float) -> Outcome:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._step()
        self._write(1)
        time.sleep(3.0)
        self.watcher.send_signal(signal.SIGTERM)
        self.watcher.wait(30)
        self._judge()
        return self.outcome

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "ssmdiag", "watch", str(self.log.parent), "--offline"]
        command += ["--format", "json", "--from", "start", "--state", str(self.folder / "w.json")]
        with self.out.open("ab") as out:
            return subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL)

    def _step(self) -> None:
        dice = self.chance.random()
        if dice < 0.80:
            self._write(self.chance.randint(1, 20))
        elif dice < 0.86:
            self._rotate()
        elif dice < 0.90:
            self._copy_and_truncate()
        elif dice < 0.97:
            self.watcher.kill()
            self.watcher.wait()
            self.outcome.kills += 1
            self.watcher = self._start()
        time.sleep(self.chance.random() * 0.1)

    def _write(self, lines: int) -> None:
        with self.log.open("a", encoding="utf-8") as file:
            for _ in range(lines):
                self.outcome.written += 1
                file.write(
                    f"{datetime.now():%Y-%m-%d %H:%M:%S.%f} {_ERROR} {self.outcome.written}\n"
                )
                if self.chance.random() < 0.1:
                    file.flush()
                    time.sleep(0.002)
                    file.write("\tstatus code: 400\n")

    def _rotate(self) -> None:
        """As seelog: the highest number is the newest. The oldest goes once it was surely read."""
        if self.log.exists():
            self.rolls += 1
            self.outcome.rotations += 1
            self.log.rename(self.log.with_name(f"{self.log.name}.{self.rolls}"))
            old = self.log.with_name(f"{self.log.name}.{self.rolls - 60}")
            old.unlink(missing_ok=True)

    def _copy_and_truncate(self) -> None:
        if self.log.exists() and self.log.stat().st_size:
            self.rolls += 1
            self.outcome.truncations += 1
            shutil.copy(self.log, self.log.with_name(f"{self.log.name}.{self.rolls}"))
            os.truncate(self.log, 0)

    def _judge(self) -> None:
        identities: dict[int, set[str]] = {}
        for line in self.out.read_text(encoding="utf-8").splitlines():
            try:
                told = json.loads(line)
            except ValueError:
                continue  # kill -9 cut it short; the next run said it again
            if told["kind"] == "seen":
                number = int(told["message"].split("number ")[1].split()[0])
                identities.setdefault(number, set()).add(told["id"])
                self.outcome.told += 1
        everything = range(1, self.outcome.written + 1)
        self.outcome.lost = [n for n in everything if n not in identities]
        self.outcome.doubled = [n for n, ids in identities.items() if len(ids) > 1]


def stress(seconds: float, seed: int) -> Outcome:
    """Run it in a folder that is removed again."""
    with tempfile.TemporaryDirectory(prefix="ssmdiag-stress-") as folder:
        return Stress(Path(folder), seed).run(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    outcome = stress(asked.seconds, asked.seed)
    told = {**outcome.__dict__, "lost": len(outcome.lost), "doubled": len(outcome.doubled)}
    print(json.dumps(told))  # noqa: T201
    sys.exit(1 if outcome.lost or outcome.doubled else 0)


if __name__ == "__main__":
    main()
