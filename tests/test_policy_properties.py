"""What is true of every decision, whatever the policies: held against all cases of the fixtures."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssmdiag.policy.case import Case
from ssmdiag.policy.decision import Decision
from ssmdiag.policy.document import Policy, statements_of
from ssmdiag.policy.evaluate import evaluate
from ssmdiag.policy.request import Policies
from tests.policies import WELL_FORMED

ONE_LEVEL = ("identity", "resource", "boundary", "session", "rcps", "endpoint")
CASES = st.sampled_from(WELL_FORMED)
WITH_KIND = st.sampled_from(
    [(case, kind) for case in WELL_FORMED for kind in ONE_LEVEL if getattr(case.policies, kind)]
)
"""A case, and a kind of policies of which it has one."""
ACTIONS = st.sampled_from(["*", "kms:*", "kms:Decrypt", "logs:*", "s3:PutObject", "sts:*"])
CONDITIONS: st.SearchStrategy[Mapping[str, Any]] = st.sampled_from(
    [
        {},
        {"StringEquals": {"aws:PrincipalAccount": "111122223333"}},
        {"StringNotEqualsIfExists": {"aws:SourceVpce": "vpce-0123456789abcdef0"}},
        {"Null": {"kms:ViaService": "true"}},
    ]
)


def _statement(effect: str, action: str, condition: Mapping[str, Any], policy: Policy) -> Any:
    statement: dict[str, Any] = {"Effect": effect, "Action": action, "Condition": condition}
    if policy.type != "trust":
        statement["Resource"] = "*"
    if policy.type in ("resource", "rcp", "vpc-endpoint", "trust"):
        statement["Principal"] = "*"
    return statement


def _mapped(policies: Policies, kind: str, change: Any) -> Policies:
    """``policies`` with ``change`` done to the first of one kind."""
    old: Sequence[Policy] = getattr(policies, kind)
    document = {**old[0].document, "Statement": change(old[0])}
    return replace(policies, **{kind: [replace(old[0], document=document), *old[1:]]})  # type: ignore[arg-type]


def _more(policies: Policies, kind: str, effect: str, action: str, condition: Any) -> Policies:
    def change(policy: Policy) -> list[Any]:
        more = _statement(effect, action, condition, policy)
        return [*statements_of(policy.document), more]

    return _mapped(policies, kind, change)


@given(chosen=WITH_KIND, action=ACTIONS, condition=CONDITIONS)
def test_one_more_deny_never_opens_anything(
    chosen: tuple[Case, str], action: str, condition: Any
) -> None:
    case, kind = chosen
    before = evaluate(case.request, case.policies)
    after = evaluate(case.request, _more(case.policies, kind, "Deny", action, condition))
    assert _rank(after) <= _rank(before)


@given(chosen=WITH_KIND, action=ACTIONS, condition=CONDITIONS)
def test_one_more_allow_never_closes_anything(
    chosen: tuple[Case, str], action: str, condition: Any
) -> None:
    case, kind = chosen
    before = evaluate(case.request, case.policies)
    after = evaluate(case.request, _more(case.policies, kind, "Allow", action, condition))
    assert _rank(after) >= _rank(before)


def _rank(decision: Decision) -> int:
    return ("denied", "undetermined", "allowed").index(decision.outcome)


@given(chosen=WITH_KIND, seed=st.integers(0, 9))
def test_the_order_of_statements_and_policies_never_matters(
    chosen: tuple[Case, str], seed: int
) -> None:
    case, kind = chosen
    order = random.Random(seed)

    def shuffled(policy: Policy) -> list[Any]:
        statements = list(statements_of(policy.document))
        order.shuffle(statements)
        return statements

    mixed = _mapped(case.policies, kind, shuffled)
    mixed = replace(mixed, **{kind: list(reversed(getattr(mixed, kind)))})
    before, after = evaluate(case.request, case.policies), evaluate(case.request, mixed)
    assert (before.outcome, before.explicit) == (after.outcome, after.explicit)


@given(case=CASES, kind=st.sampled_from([*ONE_LEVEL, "scps", "grants"]))
def test_what_cannot_be_read_never_contradicts_what_can(case: Case, kind: str) -> None:
    known = evaluate(case.request, case.policies)
    hidden = evaluate(case.request, replace(case.policies, **{kind: None}))
    assert hidden.outcome in (known.outcome, "undetermined")


@given(case=CASES, data=st.data())
def test_knowing_less_of_the_request_never_contradicts(case: Case, data: st.DataObject) -> None:
    known = evaluate(case.request, case.policies)
    keys = sorted(case.request.context) or ["aws:SourceIp"]
    forgotten = frozenset(data.draw(st.sets(st.sampled_from(keys))))
    complete = case.request.complete and data.draw(st.booleans())
    unknown = case.request.unknown | forgotten
    vague = evaluate(replace(case.request, unknown=unknown, complete=complete), case.policies)
    assert vague.outcome in (known.outcome, "undetermined")


@pytest.mark.parametrize("case", WELL_FORMED, ids=lambda case: case.id)
def test_a_decision_cites_what_decided_it(case: Case) -> None:
    decision = evaluate(case.request, case.policies)
    if decision.explicit:
        assert decision.cited
        assert decision.cited.named in decision.reasons[0]
    if decision.nearest:
        assert decision.nearest.why in decision.reasons[-1]
