"""A Snapshot holds every Answer of a run and gives it back unchanged."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssmdiag.model import Denial
from ssmdiag.world import snapshot
from ssmdiag.world.call import Absent, Answer, Call, Denied, Known, Unreachable, call

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_ANSWERS = st.one_of(
    st.dictionaries(st.text(), _JSON, max_size=3).map(Known),
    st.text().map(Absent),
    st.text().map(Unreachable),
    st.builds(lambda message, action: Denied(Denial(message, action=action)), st.text(), st.text()),
)
_CALLS = st.builds(
    lambda service, operation, value: call(service, operation, Name=value),
    st.sampled_from(["kms", "logs", "host"]),
    st.sampled_from(["DescribeKey", "GetRole"]),
    _JSON,
)


@given(st.dictionaries(_CALLS, _ANSWERS, max_size=5))
def test_what_is_saved_is_read_back(answers: dict[Call, Answer]) -> None:
    text = snapshot.dump(answers, "eu-central-1")
    assert snapshot.load(text) == (answers, "eu-central-1")
    assert snapshot.dump(snapshot.load(text)[0], "eu-central-1") == text


def test_what_was_not_asked_then_is_not_known_now() -> None:
    answer = snapshot.door({})(call("kms", "DescribeKey", KeyId="alias/x"))
    assert answer == Unreachable("the snapshot does not hold this Call")


def test_instance_metadata_is_text() -> None:
    answers: dict[Call, Answer] = {call("host", "GetInstanceMetadata", Path="x"): Known("NodeRole")}
    assert snapshot.load(snapshot.dump(answers, "us-gov-west-1")) == (answers, "us-gov-west-1")


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"answer": {"known": 3}}, "the answer to ssm:GetDocument has not the form of one"),
        ({"answer": {"known": None}}, "has not the form"),
        ({"answer": {"absent": ["x"]}}, "has not the form"),
        ({"answer": {"unreachable": None}}, "has not the form"),
        ({"answer": {"denied": {"message": 5}}}, "has not the form"),
        ({"answer": {"denied": {"message": "no", "action": {}}}}, "has not the form"),
        ({"answer": {"denied": {"message": "no", "colour": "red"}}}, "not complete"),
        ({"answer": []}, "not complete"),
        ({"service": 5}, "the answer to 5:GetDocument is to no Call"),
        ({"operation": None}, "is to no Call"),
        ({"region": "x; touch /tmp/pwn #"}, "is of the region 'x; touch /tmp/pwn #', which is"),
        ({"region": 5}, "is of the region 5, which is none"),
        ({"parameters": ["Name"]}, "not complete"),
    ],
)
def test_an_entry_has_the_form_of_a_call_and_its_answer(
    changed: dict[str, Any], complaint: str
) -> None:
    entry = {
        "service": "ssm",
        "operation": "GetDocument",
        "parameters": {"Name": "x"},
        "answer": {"known": {}},
    }
    assert len(snapshot.load(_written(entry))[0]) == 1
    with pytest.raises(snapshot.SnapshotError, match=complaint) as refusal:
        snapshot.load(_written({**entry, **changed}))
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("region", ["x; touch /tmp/pwn #", 5, None, ""])
def test_a_snapshot_is_of_a_region(region: object) -> None:
    with pytest.raises(snapshot.SnapshotError, match="which is none"):
        snapshot.load(_written(region=region))


def _written(*entries: object, region: object = "eu-central-1") -> str:
    return json.dumps({"schema": snapshot.SCHEMA, "region": region, "answers": entries})


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "not JSON"),
        ("[]", "its schema is 'list'"),
        ('{"schema": "ssmdiag.snapshot/99"}', "this version reads 'ssmdiag.snapshot/1'"),
        ('{"schema": "ssmdiag.snapshot/1"}', "an entry is not complete"),
        ('{"schema": "ssmdiag.snapshot/1", "answers": [{"service": "kms"}]}', "not complete"),
        ('{"schema": "ssmdiag.snapshot/1", "answers": 5}', "not complete"),
        ('{"schema": "ssmdiag.snapshot/1", "answers": [5]}', "not complete"),
        ("[" * 100_000, "it is nested too deeply"),
    ],
)
def test_what_is_not_a_snapshot_is_refused_in_one_line(text: str, complaint: str) -> None:
    with pytest.raises(snapshot.SnapshotError, match=complaint) as refusal:
        snapshot.load(text)
    assert "\n" not in str(refusal.value)
