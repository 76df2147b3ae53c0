"""A Snapshot holds every Answer of a run and gives it back unchanged."""

from __future__ import annotations

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
    _JSON.map(Known),
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


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "not JSON"),
        ("[]", "its schema is 'list'"),
        ('{"schema": "ssmdiag.snapshot/99"}', "this version reads 'ssmdiag.snapshot/1'"),
        ('{"schema": "ssmdiag.snapshot/1"}', "an entry is not complete"),
        ('{"schema": "ssmdiag.snapshot/1", "answers": [{"service": "kms"}]}', "not complete"),
    ],
)
def test_what_is_not_a_snapshot_is_refused_in_one_line(text: str, complaint: str) -> None:
    with pytest.raises(snapshot.SnapshotError, match=complaint) as refusal:
        snapshot.load(text)
    assert "\n" not in str(refusal.value)
