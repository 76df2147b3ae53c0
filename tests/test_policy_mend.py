"""From a denial to the least addition: it opens the request, and nothing beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Optional

import pytest

from ssmdiag.policy.case import Case
from ssmdiag.policy.evaluate import evaluate
from ssmdiag.policy.mend import added_to, mend
from ssmdiag.policy.request import Policies, Request
from tests.policies import CASES, WELL_FORMED

DENIED = [c for c in WELL_FORMED if evaluate(c.request, c.policies).outcome == "denied"]
BY_ID = {case.id: case for case in CASES}


def _probes(request: Request) -> Iterator[Request]:
    """Requests beside the one that is to be allowed: none of them may come along."""
    service = request.action.partition(":")[0]
    yield replace(request, action=f"{service}:DeleteEverything")
    # The policy of a key and the trust policy of a role belong to that one alone.
    has_its_own = ":key/" in request.resource or service == "sts"
    if request.resource != "*" and not has_its_own:
        yield replace(request, resource=f"{request.resource}-other")
        yield replace(request, resource=f"{request.resource[:-1]}?")
    for name in ("role/Other", "user/other"):
        arn = f"arn:aws:iam::111122223333:{name}"
        yield replace(request, principal=arn, principal_arn=arn, context={})
    yield replace(request, principal="other.amazonaws.com", principal_arn=None)
    kept = ("kms:viaservice", "kms:encryptioncontext:", "aws:sourcearn", "aws:sourceaccount")
    service_called = "." in request.principal and not request.principal.startswith("arn:")
    for key in request.context:
        if key.lower().startswith(kept if service_called else kept[:1]):
            yield replace(request, context={**request.context, key: "something else"})


@pytest.mark.parametrize("case", DENIED, ids=lambda case: case.id)
def test_a_mending_opens_the_request_and_nothing_beside_it(case: Case) -> None:
    mending = mend(case.request, case.policies)
    if mending.obstacle:
        assert mending.proof.outcome == "denied"
        assert str(mending.obstacle)
        return
    policies = case.policies
    for addition in mending.additions:
        policies = added_to(policies, addition)
    assert evaluate(case.request, policies) == mending.proof
    assert mending.proof.outcome in ("allowed", "undetermined")
    assert 1 <= len(mending.additions) <= 2
    for probe in _probes(case.request):
        if evaluate(probe, case.policies).outcome == "denied":
            assert evaluate(probe, _of_caller(policies, case, probe)).outcome == "denied", probe


def _of_caller(policies: Policies, case: Case, probe: Request) -> Policies:
    """What is added to one identity is not there for another."""
    same = probe.principal == case.request.principal
    return policies if same else replace(policies, identity=case.policies.identity)


@pytest.mark.parametrize(
    ("case", "additions", "obstacle"),
    [
        (
            "key-delegates-role-silent",
            [
                (
                    "identity",
                    {
                        "Sid": "AllowedBySsmdiag",
                        "Effect": "Allow",
                        "Action": "kms:Decrypt",
                        "Resource": "arn:aws:kms:eu-west-1:210987654321:key/"
                        "7d1e0a52-3c4b-4f6a-9b8c-2e5f70819a3b",
                    },
                )
            ],
            None,
        ),
        (
            "key-not-delegated",
            [
                (
                    "resource",
                    {
                        "Sid": "AllowedBySsmdiag",
                        "Effect": "Allow",
                        "Principal": {"AWS": "arn:aws:iam::210987654321:role/app-node"},
                        "Action": "kms:Decrypt",
                        "Resource": "*",
                    },
                )
            ],
            None,
        ),
        (
            "logs-of-another-region",
            [
                (
                    "resource",
                    {
                        "Sid": "AllowedBySsmdiag",
                        "Effect": "Allow",
                        "Principal": {"Service": "logs.eu-west-1.amazonaws.com"},
                        "Action": "kms:GenerateDataKey",
                        "Resource": "*",
                        "Condition": {
                            "StringEquals": {
                                "kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:eu-west-1:"
                                "210987654321:log-group:/sessions/prod"
                            }
                        },
                    },
                )
            ],
            None,
        ),
        (
            "boundary-does-not-mention",
            [],
            'extend permissions boundary "permission_boundary 1", so that it allows',
        ),
        ("deny-wins", [], "narrow or remove the Deny"),
        ("mgs-endpoint-policy-too-narrow", [], "the owner of the VPC (ec2:ModifyVpcEndpoint) can"),
    ],
)
def test_what_is_to_be_done(
    case: str, additions: list[tuple[str, dict[str, Any]]], obstacle: Optional[str]
) -> None:
    mending = mend(BY_ID[case].request, BY_ID[case].policies)
    assert [(a.to, a.statement) for a in mending.additions] == additions
    assert obstacle is None or obstacle in str(mending.obstacle)
    assert (mending.proof.outcome == "allowed") is (obstacle is None)


def test_characters_that_a_policy_would_expand_are_written_literally() -> None:
    request = Request(
        "s3:PutObject", "arn:aws:s3:::logs/a*b?${x}", "arn:aws:iam::210987654321:user/rosa"
    )
    mending = mend(request, Policies(identity=[]))
    assert mending.proof.outcome == "allowed"
    (addition,) = mending.additions
    policies = added_to(Policies(identity=[]), addition)
    other = replace(request, resource="arn:aws:s3:::logs/aab?${x}")
    assert evaluate(other, policies).outcome == "denied"
