"""What IAM would answer: every line of ``fixtures/policy`` is one rule of the documentation.

``ssmdiag/policy/case.py`` tells the form. ``scripts/score policy FILE`` prints the same judgement.
"""

from __future__ import annotations

import pytest

from ssmdiag.policy.case import Case, CaseError, answer_of, is_right, read_case
from tests.policies import CASES, LINES


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_answer_is_what_the_documentation_says(case: Case) -> None:
    answer, decision = answer_of(case)
    assert is_right(case, answer, decision), f"{answer}, not {case.expected}: {decision}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_every_answer_gives_its_reasons(case: Case) -> None:
    _, decision = answer_of(case)
    assert decision.reasons
    assert all(decision.reasons)
    assert decision.layer is not None


def test_every_case_names_its_document_and_has_its_own_id() -> None:
    ids = [case.id for case in CASES]
    assert len(set(ids)) == len(ids)
    assert all(line["origin"] and line["note"] for line in LINES)


@pytest.mark.parametrize(
    ("spoiled", "said"),
    [
        ({"sesion_policies": []}, "sesion_policies is not of the form"),
        ({"request": {"action": "s3:GetObject"}}, "KeyError '(resource|principal)'"),
        ({"request": {"acton": "s3:GetObject"}}, "acton is not of a request's form"),
        ({"kms_grants": [{}]}, "KeyError 'grantee_principal'"),
    ],
)
def test_a_case_that_is_not_in_the_form_is_said_to_be(
    spoiled: dict[str, object], said: str
) -> None:
    with pytest.raises(CaseError, match=said):
        read_case({**LINES[0], **spoiled})
