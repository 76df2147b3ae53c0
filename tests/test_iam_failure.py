"""One grammar for everything that AWS and its SDKs say when a request failed.

``fixtures/iam/denials.jsonl``: refusals, what is read from them and what they point to.
``fixtures/iam/failures.jsonl``: every other failure, and texts (kind null) that tell of none.
"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssmdiag.iam.failure import LONGEST, denied_resource, read_failure
from ssmdiag.model import Denial, PolicyType

FIXTURES = Path(__file__).parent / "fixtures/iam"


def _lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FIXTURES / name).read_text("utf-8").splitlines()]


DENIALS = _lines("denials.jsonl")
FAILURES = _lines("failures.jsonl")


def _denial_in(text: str) -> Denial:
    failure = read_failure(text)
    assert failure is not None, text
    assert failure.kind == "denial"
    assert failure.denial is not None
    assert failure.code == failure.denial.code
    return failure.denial


@pytest.mark.parametrize("line", DENIALS, ids=lambda line: str(line["id"]))
def test_a_refusal_tells_who_what_on_what_and_which_policy(line: dict[str, Any]) -> None:
    denial = _denial_in(line["text"])
    assert replace(denial, message="") == Denial(message="", **line["expected"])
    assert denied_resource(denial) == line["points_to"]


@pytest.mark.parametrize("line", DENIALS, ids=lambda line: str(line["id"]))
def test_reading_a_refusals_own_message_again_gives_the_same(line: dict[str, Any]) -> None:
    denial = _denial_in(line["text"])
    again = _denial_in(denial.message)
    assert replace(again, code=denial.code) == denial
    assert denied_resource(again) == denied_resource(denial)


@pytest.mark.parametrize("line", DENIALS, ids=lambda line: str(line["id"]))
def test_a_refusal_is_read_inside_a_longer_message_too(line: dict[str, Any]) -> None:
    around = f"Encountered an error while at work: {line['text']}\n(see the documentation)"
    inside = replace(_denial_in(around), message="")
    assert inside == Denial(message="", **line["expected"])


@pytest.mark.parametrize("line", FAILURES, ids=lambda line: f"{line['kind']}: {line['note']}")
def test_a_failure_is_told_by_its_kind_code_and_host(line: dict[str, Any]) -> None:
    failure = read_failure(line["text"])
    if line["kind"] is None:
        assert failure is None
    else:
        assert failure is not None
        read = (failure.kind, failure.code, failure.host, failure.denial)
        assert read == (line["kind"], line["code"], line["host"], None)


# --- properties ---------------------------------------------------------------------------------

WORDS: dict[PolicyType, str] = {
    "identity": "identity-based policy",
    "resource": "resource-based policy",
    "boundary": "permissions boundary",
    "session": "session policy",
    "scp": "service control policy",
    "rcp": "resource control policy",
    "vpc-endpoint": "VPC endpoint policy",
    "trust": "role trust policy",
}
NAMES = st.text("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789_-", min_size=1, max_size=20)
ACCOUNTS = st.integers(0, 10**12 - 1).map(lambda number: f"{number:012}")
PRINCIPALS = st.builds(
    "arn:aws:sts::{}:assumed-role/{}/{}".format, ACCOUNTS, NAMES, NAMES
) | st.builds("arn:aws-cn:iam::{}:user/{}".format, ACCOUNTS, NAMES)
ACTIONS = st.builds("{}:{}".format, NAMES, st.text("ABCxyz", min_size=1))
RESOURCES = (
    st.none() | st.just("*") | st.builds("arn:aws:logs:r:{}:log-group:{}:".format, ACCOUNTS, NAMES)
)


def _spell_out(denial: Denial, gap: str) -> str:
    """``denial`` as AWS words it, with ``gap`` for every space."""
    text = f"User: {denial.principal} is not authorized to perform: {denial.action}"
    if denial.resource:
        text += f" on resource: {denial.resource}"
    if denial.policy_type and denial.explicit:
        text += f" with an explicit deny in a {WORDS[denial.policy_type]}"
    elif denial.policy_type:
        text += f" because no {WORDS[denial.policy_type]} allows the {denial.action} action"
    if denial.policy_arn:
        text += f": {denial.policy_arn}"
    return text.replace(" ", gap)


@given(
    principal=PRINCIPALS,
    action=ACTIONS,
    resource=RESOURCES,
    policy_type=st.none() | st.sampled_from(list(WORDS)),
    explicit=st.booleans(),
    with_arn=st.booleans(),
    gap=st.sampled_from([" ", "\n", "\r\n    ", "\\n", "\t"]),
)
def test_every_refusal_that_can_be_worded_is_read_back(
    principal: str,
    action: str,
    resource: Optional[str],
    policy_type: Optional[PolicyType],
    explicit: bool,
    with_arn: bool,
    gap: str,
) -> None:
    named = policy_type is not None
    arn = "arn:aws:iam::210987654321:policy/limits" if with_arn and named and explicit else None
    denial = Denial("", action, principal, resource, explicit if named else None, policy_type, arn)
    assert replace(_denial_in(_spell_out(denial, gap)), message="") == denial


FRAGMENTS = st.sampled_from(
    [" is not authorized to perform: ", "User: ", "arn:aws:", " on resource: ", '"', " because ",
     "AccessDenied", "Exception: ", "<Code>", "&quot;", "status code: 4", "https://", "\\", "\n"]
)  # fmt: skip


@given(st.text())
def test_no_text_is_too_strange(text: str) -> None:
    failure = read_failure(text)
    assert failure is None or failure.text


PIECES = st.lists(FRAGMENTS | st.text(max_size=5), max_size=8).map("".join)


@given(before=PIECES, after=PIECES)
def test_a_strange_refusal_reads_the_same_again(before: str, after: str) -> None:
    denial = _denial_in(f"{before} is not authorized to perform: kms:Decrypt{after}")
    again = _denial_in(denial.message)
    assert replace(again, code=denial.code, message=denial.message) == denial


HOSTILE = [
    " is not authorized to perform: ", "is ", "User: ", "a", "a ", "A", "AError: ", "<", "<A ",
    "https://", "lookup ", '"code":"', "\\", '\\"', " because no ", "key/a",
    "with an explicit deny ", "An error occurred (", "x509", "because the resource does not ",
    "User: a is not authorized to perform: a:b on resource: ", "\n", "Exception", "(", "[",
]  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_text_costs_time_in_proportion_to_its_length(piece: str) -> None:
    text = (piece * LONGEST)[: 4 * LONGEST]
    start = time.process_time()
    read_failure(text)
    assert time.process_time() - start < 1
