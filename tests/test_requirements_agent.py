"""What a node's host and AWS answer in; what is wrong with its agent, and the fix, out.

Every case of the fixture is a healthy node with one thing changed. Add a case to add a test.
"""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssmdiag.model import Broken, Denial, Holds, NotApplicable, Situation, Unverified
from ssmdiag.requirements.agent.config_keys import KEYS
from ssmdiag.requirements.agent.facts import Release, instant, version_of
from ssmdiag.world.asking import Asking
from ssmdiag.world.call import Denied, Unreachable
from ssmdiag.world.host import door as host
from ssmdiag.world.host.place import Place
from tests.node_answers import (
    BASE,
    CHECKS,
    REGION,
    complaints,
    decided,
    door,
    fixture,
    patched,
    without_a_field,
)

CASES: list[dict[str, Any]] = fixture("agent")["cases"]
AGENT = [name for name in CHECKS if name.startswith("agent/")]
OWN = (*AGENT, *(name for name in CHECKS if name.startswith("identity/")))


@pytest.mark.parametrize("case", CASES, ids=[c["id"] for c in CASES])
def test_what_the_node_answers_decides(case: dict[str, Any]) -> None:
    assert complaints(case, decided(case, patched(case.get("world", {})))) == []


@pytest.mark.parametrize("name", OWN)
def test_on_a_healthy_node_everything_holds(name: str) -> None:
    verdict = CHECKS[name](Asking(door(BASE)), Situation(REGION))
    assert isinstance(verdict, (Holds, NotApplicable)), verdict


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize(
    "answer",
    [Unreachable("cannot be asked"), Denied(Denial(message="only root", action="read it"))],
    ids=["unreachable", "denied"],
)
def test_what_nobody_tells_is_neither_right_nor_wrong(name: str, answer: Any) -> None:
    verdict = CHECKS[name](Asking(lambda _: answer), Situation(REGION))
    assert isinstance(verdict, (Unverified, NotApplicable)), verdict


def test_a_field_that_is_not_told_is_never_held_against_the_node() -> None:
    # Without its role a profile that was read holds none, and a list that was read is whole.
    telling = ("GetMetadataService without Role", "GetInstanceMetadata")
    for left_out, world in without_a_field(BASE):
        ask = Asking(door(world))
        verdicts = {name: CHECKS[name](ask, Situation(REGION)) for name in OWN}
        broken = [name for name, verdict in verdicts.items() if isinstance(verdict, Broken)]
        assert not broken or left_out in telling, (left_out, broken)


@pytest.mark.parametrize(
    ("tree", "wrong"),
    [
        ("healthy-ec2", []),
        ("snap", []),
        ("deb-proxy", ["agent/proxy"]),
        ("hibernating", ["agent/hibernation"]),
        ("damaged", ["agent/config", "agent/log-config"]),
    ],
)
def test_the_files_of_a_node_are_enough_to_judge_its_agent(tree: str, wrong: list[str]) -> None:
    root = Path(__file__).parent / "fixtures" / "hosts" / tree
    node = host.door(Place("linux", {"AWS_EC2_METADATA_DISABLED": "true"}, root))
    ask = Asking(lambda q: node(q) if q.service == "host" else Unreachable("AWS is not asked"))
    broken = [n for n in AGENT if isinstance(CHECKS[n](ask, Situation("eu-west-1")), Broken)]
    assert broken == wrong


def test_what_is_wrong_with_one_case_has_one_home() -> None:
    """No two Requirements of the agent call the same fault broken."""
    for case in CASES:
        if case["verdict"] == "Broken" and "log" not in case:
            ask = Asking(door(patched(case.get("world", {}))))
            broken = [n for n in AGENT if isinstance(CHECKS[n](ask, Situation(REGION)), Broken)]
            assert broken == [case["check"]], case["id"]


@given(st.datetimes(min_value=datetime(1970, 1, 1)), st.integers(0, 999))
def test_times_are_read_as_go_writes_them(moment: datetime, nanoseconds: int) -> None:
    text = f"{moment:%Y-%m-%dT%H:%M:%S.%f}"
    text = f"{moment.year:04d}{text[text.index('-') :]}{nanoseconds:03d}Z"
    assert instant(text) == moment.replace(tzinfo=timezone.utc)


@given(st.one_of(st.text(), st.none(), st.from_regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|\+99:99)")))
def test_any_text_for_a_time_or_a_version_is_read_without_an_error(text: Any) -> None:
    instant(text)
    version_of(text)


@pytest.mark.parametrize("text", ["2026-01-01T00:00:00+99:99", "1.x", None])
def test_what_is_no_time_and_no_version_is_none(text: Any) -> None:
    assert instant(text) is None
    assert version_of(text) is None


def test_versions_are_compared_by_number() -> None:
    release = Release("3.0.1124.0", (3, 0, 1124, 0), "the log")
    assert release.lacks("3.0.1124.1")
    assert not release.lacks("3.0.1124.0")
    assert not release.lacks("3.0.284.0")
    assert not Release("3.1", (3, 1), "the log").lacks("3.1.0.0")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*KEYS, *(k for section in KEYS.values() for k in section), "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=60)
@given(_JSON)
def test_no_configuration_is_too_odd_to_be_looked_at(content: Any) -> None:
    world = {**BASE, "GetAgentConfig": {"Path": "/etc/x.json", "Content": content}}
    for name in ("agent/config", "agent/session-limit", "agent/version"):
        verdict = CHECKS[name](Asking(door(world)), Situation(REGION))
        assert isinstance(verdict, (Holds, Broken, Unverified))
