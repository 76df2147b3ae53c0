"""Malformed policies: named with the place, never judged."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssmdiag.model import PolicyType
from ssmdiag.policy.document import Policy, PolicyError, parse
from ssmdiag.policy.evaluate import evaluate
from ssmdiag.policy.request import Policies, Request

REQUEST = Request("s3:PutObject", "arn:aws:s3:::b/k", "arn:aws:iam::210987654321:user/rosa")
ALLOW = {"Effect": "Allow", "Action": "*", "Resource": "*"}
TO_ALL = {**ALLOW, "Principal": "*"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it is not JSON: Expecting value at line 1, column 1"),
        ('{"Version": "2012-10-17",\n "Statement": [}', "line 2, column 16"),
        ('{"Statement": [{"Action": "a:b", "Action": "c:d"}]}', 'has the key "Action" twice'),
        ('{"Statement": [{"Condition": {"Bool": {}, "Bool": {}}}]}', 'has the key "Bool" twice'),
        ("[" * 500_000 + "]" * 500_000, "nested deeper than any policy"),
        ('{"a":' * 200_000 + "1" + "}" * 200_000, "nested deeper than any policy"),
        ('{"Statement": NaN}', "NaN is no JSON value"),
    ],
    ids=["empty", "syntax", "twice", "twice-deep", "lists", "objects", "nan"],
)
def test_what_is_not_json_is_refused_with_its_place(text: str, said: str) -> None:
    with pytest.raises(PolicyError, match=said):
        parse(text)


@pytest.mark.parametrize(
    ("kind", "document", "problem"),
    [
        ("identity", [], "it is a list, not an object"),
        ("identity", {"Version": "2012-10-17"}, "it has no Statement"),
        (
            "identity",
            {"Version": "2012-10-18", "Statement": [ALLOW]},
            'Version is "2012-10-18", not 2012-10-17 or 2008-10-17',
        ),
        (
            "identity",
            {"Statement": [ALLOW], "Statment": []},
            'the policy has an element "Statment", which policies do not have',
        ),
        ("identity", {"Statement": ["*"]}, "statement 1 is a string, not an object"),
        (
            "identity",
            {"Statement": [ALLOW, {**ALLOW, "Sid": "Logs", "Effect": "allow"}]},
            'statement 2 (Sid "Logs"): Effect is "allow", not Allow or Deny',
        ),
        (
            "identity",
            {"Statement": {**ALLOW, "NotAction": "s3:*"}},
            "statement 1 has both Action and NotAction",
        ),
        (
            "identity",
            {"Statement": {"Effect": "Allow", "Action": "s3:*"}},
            "statement 1 has neither Resource nor NotResource",
        ),
        (
            "identity",
            {"Statement": {**ALLOW, "Action": "Decrypt"}},
            'statement 1: Action "Decrypt" names no service before a colon',
        ),
        (
            "identity",
            {"Statement": {**ALLOW, "Resource": "my-bucket"}},
            'statement 1: Resource "my-bucket" is neither an ARN nor "*"',
        ),
        (
            "identity",
            {"Statement": TO_ALL},
            "statement 1 has Principal, which an identity-based policy does not have",
        ),
        (
            "resource",
            {"Statement": ALLOW},
            "statement 1 has no Principal, which a resource-based policy needs",
        ),
        (
            "resource",
            {"Statement": {**TO_ALL, "Principal": "arn:aws:iam::210987654321:user/rosa"}},
            'statement 1: Principal is "arn:aws:iam::210987654321:user/rosa", neither "*" nor an '
            "object",
        ),
        (
            "resource",
            {"Statement": {**TO_ALL, "Principal": {"Aws": "*"}}},
            'statement 1: Principal has "Aws", which is no type of principal',
        ),
        (
            "trust",
            {"Statement": TO_ALL},
            "statement 1 has Resource, which a role trust policy does not have",
        ),
        (
            "identity",
            {"Statement": {**ALLOW, "Condition": {"StringEqual": {"aws:username": "x"}}}},
            'statement 1: "StringEqual" is no condition operator',
        ),
        (
            "identity",
            {"Statement": {**ALLOW, "Condition": {"NullIfExists": {"aws:username": "true"}}}},
            'statement 1: "NullIfExists" is no condition operator',
        ),
        (
            "identity",
            {"Statement": {**ALLOW, "Condition": {"StringEquals": {"aws:username": {}}}}},
            "statement 1: Condition StringEquals aws:username holds an object, not a string",
        ),
    ],
)
def test_a_malformed_policy_names_the_place(kind: PolicyType, document: Any, problem: str) -> None:
    policy = Policy("logs", kind, document)
    assert policy.problem == problem
    assert policy.statements == ()


def test_a_malformed_policy_leaves_the_question_open_and_is_named() -> None:
    fine = Policy("fine", "identity", {"Statement": ALLOW})
    slip = Policy("slip", "identity", {"Statement": {**ALLOW, "Effect": "allow"}})
    assert evaluate(REQUEST, Policies(identity=[fine])).outcome == "allowed"
    decision = evaluate(REQUEST, Policies(identity=[fine, slip]))
    assert decision.outcome == "undetermined"
    assert decision.reasons == (
        'inline policy "slip" is malformed: statement 1: Effect is "allow", not Allow or Deny, and '
        "could deny it",
    )


def test_a_sure_deny_decides_beside_a_malformed_policy() -> None:
    deny = Policy("no", "identity", {"Statement": {**ALLOW, "Effect": "Deny"}})
    slip = Policy("slip", "identity", {"Statement": 3})
    assert evaluate(REQUEST, Policies(identity=[slip, deny])).explicit


JUNK = st.recursive(
    st.none() | st.booleans() | st.text() | st.integers(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(statement=JUNK)
def test_a_document_that_is_no_policy_allows_nothing(statement: object) -> None:
    odd = Policy("odd", "identity", {"Statement": statement})
    assert evaluate(REQUEST, Policies(identity=[odd])).outcome != "allowed"


@given(element=st.sampled_from(["Action", "Resource", "Principal", "Condition"]), junk=JUNK)
def test_elements_of_any_shape_are_judged_without_an_exception(element: str, junk: object) -> None:
    odd = Policy("odd", "resource", {"Statement": {**TO_ALL, "Effect": "Deny", element: junk}})
    decision = evaluate(REQUEST, Policies(identity=[], resource=[odd]))
    assert decision.outcome == ("undetermined" if odd.problem else "denied")


@given(JUNK)
def test_reading_json_gives_back_what_was_written(value: object) -> None:
    assert parse(json.dumps(value)) == value
