"""The policy cases of ``fixtures/policy``: what several tests read."""

from __future__ import annotations

import json
from pathlib import Path

from ssmdiag.policy.case import Case, read_case

FILES = sorted((Path(__file__).parent / "fixtures/policy").glob("*.jsonl"))
LINES = [
    json.loads(line) for file in FILES for line in file.read_text(encoding="utf-8").splitlines()
]
CASES: list[Case] = [read_case(line) for line in LINES]
WELL_FORMED = [case for case in CASES if case.expected != "Malformed"]
