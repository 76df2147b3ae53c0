"""The three causes behind one sentence, told apart by what the log does not say."""

from __future__ import annotations

import io
import json
from datetime import datetime
from typing import Any

import pytest

from ssmdiag.demo.log import agent_log
from ssmdiag.demo.story import Story
from ssmdiag.log.period import ALL
from ssmdiag.log.reading import read
from ssmdiag.render.json import to_json
from ssmdiag.wiring import diagnosing
from ssmdiag.wiring.catalogues import shipped_catalog
from ssmdiag.world.asking import Asking, nothing

_STORY = Story(
    account_id="444455556666",
    region="eu-west-1",
    role="NodeRole",
    instance_id="i-0f00dfeed00c0ffee",
    key_arn="arn:aws:kms:eu-west-1:444455556666:key/0f00dfee-0000-4000-8000-d00dfeed0000",
    alias="alias/sessions",
    log_group="audit",
    preferences="SSM-SessionManagerRunShell",
)
_WHOLE = agent_log(_STORY, "refused", datetime(2026, 11, 20, 3)).main
_DENIED = ("AccessDeniedException", "increasing error count")
_NOT_FOUND = ("either does not exist or unable to validate",)


def _without(*words: str) -> str:
    return "".join(x for x in _WHOLE.splitlines(True) if not any(w in x for w in words))


def _suspects(text: str) -> list[str]:
    records = read(["-"], stdin=io.BytesIO(text.encode()), span=ALL)
    heard = diagnosing.hear(shipped_catalog(), records)
    ask = Asking(nothing("AWS was not asked"))
    report: dict[str, Any] = json.loads(
        to_json(diagnosing.decide(heard, ask, "eu-west-1", online=False))
    )
    return list(dict.fromkeys(s["kind"] for f in report["findings"] for s in f["suspects"]))


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        (_WHOLE, ["role"]),
        (_without(*_DENIED), ["log-group"]),
        (_without(*_DENIED, *_NOT_FOUND), ["log-group"]),
    ],
    ids=["the lookup was refused", "the group was not found", "the group has no key"],
)
def test_a_whole_log_tells_the_causes_apart(text: str, kinds: list[str]) -> None:
    assert _suspects(text) == kinds


def test_one_line_alone_does_not() -> None:
    line = next(x for x in _WHOLE.splitlines(True) if "Validation failed" in x)
    assert set(_suspects(line)) == {"role", "log-group", "endpoint-network"}
