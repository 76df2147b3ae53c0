"""What IAM would answer: every case is one rule of the IAM or KMS documentation.

``fixtures/iam/cases.jsonl``: a request, the policies by layer (a layer left out: known to be none;
null: could not be read) and what is expected, with a note naming the rule and its document.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Optional

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ssmdiag.iam.evaluate import evaluate
from ssmdiag.iam.policy import Decision, Grant, Policies, Policy, Request
from ssmdiag.model import PolicyType

LINES = (Path(__file__).parent / "fixtures/iam/cases.jsonl").read_text("utf-8").splitlines()
CASES: list[dict[str, Any]] = [json.loads(line) for line in LINES]


def _policies(case: dict[str, Any], layer: str, kind: PolicyType) -> Optional[Sequence[Policy]]:
    documents = case.get(layer, [])
    if documents is None:
        return None
    return [Policy(f"{layer} {n}", kind, doc) for n, doc in enumerate(documents, start=1)]


def _grants(case: dict[str, Any]) -> Optional[Sequence[Grant]]:
    grants = case.get("grants", [])
    if grants is None:
        return None
    return [Grant(g["grantee"], tuple(g["operations"]), g.get("constraints")) for g in grants]


def read_case(case: dict[str, Any]) -> tuple[Request, Policies]:
    assumes = case["request"]["action"].startswith("sts:AssumeRole")
    policies = Policies(
        identity=_policies(case, "identity", "identity"),
        resource=_policies(case, "resource", "trust" if assumes else "resource"),
        boundary=_policies(case, "boundary", "boundary"),
        scps=_policies(case, "scps", "scp"),
        session=_policies(case, "session", "session"),
        endpoint=_policies(case, "endpoint", "vpc-endpoint"),
        grants=_grants(case),
    )
    return Request(**case["request"]), policies


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
def test_the_decision_is_what_the_documentation_says(case: dict[str, Any]) -> None:
    decision = evaluate(*read_case(case))
    expected = case["expected"]
    assert (decision.outcome, decision.layer) == (expected["outcome"], expected["layer"]), decision
    if decision.outcome == "denied":
        assert decision.explicit is expected.get("explicit", False)
    if "statement" in expected:
        assert decision.statement == tuple(expected["statement"])
    assert expected.get("said", "") in " ".join(decision.reasons)


def test_every_decision_gives_its_reasons() -> None:
    for case in CASES:
        assert all(evaluate(*read_case(case)).reasons), case["id"]


def test_every_case_names_its_rule_and_has_its_own_id() -> None:
    assert len({case["id"] for case in CASES}) == len(CASES)
    assert all("Guide, " in case["note"] for case in CASES)


ACTIONS = st.sampled_from(["*", "kms:*", "kms:Decrypt", "logs:*", "s3:PutObject"])


def _with(policies: Policies, statement: dict[str, Any], layer: str) -> Policies:
    """``policies`` with one more policy beside those of ``layer``."""
    kind: PolicyType = "identity" if layer == "identity" else "resource"
    more = Policy("added", kind, {"Version": "2012-10-17", "Statement": [statement]})
    return replace(policies, **{layer: [*getattr(policies, layer), more]})


@given(
    case=st.sampled_from(CASES),
    action=ACTIONS,
    layer=st.sampled_from(["identity", "resource"]),
)
def test_one_more_deny_never_opens_anything(case: dict[str, Any], action: str, layer: str) -> None:
    request, policies = read_case(case)
    assume(getattr(policies, layer) is not None)
    deny = {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": "*"}
    before = evaluate(request, policies)
    after = evaluate(request, _with(policies, deny, layer))
    assert not _opened(before, after)


def _opened(before: Decision, after: Decision) -> bool:
    return after.outcome == "allowed" and before.outcome != "allowed"


@given(
    case=st.sampled_from(CASES),
    action=ACTIONS,
    layer=st.sampled_from(["identity", "resource"]),
)
def test_one_more_allow_never_closes_anything(
    case: dict[str, Any], action: str, layer: str
) -> None:
    request, policies = read_case(case)
    assume(getattr(policies, layer) is not None)
    assume(evaluate(request, policies).outcome == "allowed")
    allow = {"Effect": "Allow", "Principal": "*", "Action": action, "Resource": "*"}
    assert evaluate(request, _with(policies, allow, layer)).outcome == "allowed"


@given(case=st.sampled_from(CASES), layer=st.sampled_from(["identity", "resource", "boundary"]))
def test_what_cannot_be_read_never_contradicts_what_can(case: dict[str, Any], layer: str) -> None:
    request, policies = read_case(case)
    known = evaluate(request, policies)
    hidden = evaluate(request, replace(policies, **{layer: None}))
    assert hidden.outcome in (known.outcome, "undetermined")


@given(case=st.sampled_from(CASES))
def test_knowing_less_of_the_request_never_contradicts(case: dict[str, Any]) -> None:
    request, policies = read_case(case)
    known = evaluate(request, policies)
    vague = evaluate(replace(request, complete=False), policies)
    assert vague.outcome in (known.outcome, "undetermined")


JUNK = st.recursive(
    st.none() | st.booleans() | st.text() | st.integers(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(statement=JUNK)
def test_a_document_that_is_no_policy_allows_nothing(statement: object) -> None:
    request = Request("s3:PutObject", "arn:aws:s3:::b/k", "arn:aws:iam::210987654321:user/rosa")
    odd = Policy("odd", "identity", {"Statement": statement})
    assert evaluate(request, Policies(identity=[odd])).outcome == "denied"


@given(condition=JUNK, principal=JUNK)
def test_elements_of_any_shape_are_judged_without_an_exception(
    condition: object, principal: object
) -> None:
    request = Request("s3:PutObject", "arn:aws:s3:::b/k", "arn:aws:iam::210987654321:user/rosa")
    odd = {"Effect": "Deny", "Action": "*", "Principal": principal, "Condition": condition}
    policies = Policies(identity=[], resource=[Policy("odd", "resource", {"Statement": [odd]})])
    assert evaluate(request, policies).outcome == "denied"
