"""Nobody may lock himself out of a key: whoever writes its policy must be able to write it again.

KMS checks the same by itself (AWS KMS API Reference, PutKeyPolicy, BypassPolicyLockoutSafetyCheck);
this says it before anything is done, and in words.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Optional

from ssmdiag.policy.document import Policy
from ssmdiag.policy.evaluate import evaluate
from ssmdiag.policy.request import Policies, Request
from ssmdiag.world.call import Call

KEY_POLICY_WRITES = ("CreateKey", "PutKeyPolicy")
_ACTION = "kms:PutKeyPolicy"


@dataclass(frozen=True)
class Author:
    """Who carries a plan out. ``identity`` and ``boundary`` are None if they were not readable."""

    principal: str
    principal_arn: Optional[str]
    account: str
    identity: Optional[Sequence[Policy]]
    boundary: Optional[Sequence[Policy]]


def lockouts(calls: Sequence[Call], author: Author) -> Iterator[str]:
    """One line for each key policy that would lock its author out."""
    for call in calls:
        if call.operation not in KEY_POLICY_WRITES:
            continue
        parameters = call.parameters
        arn = call.gives.stand_in if call.gives else parameters.get("KeyId", "")
        policy = Policy("key policy", "resource", json.loads(parameters["Policy"]))
        request = Request(
            _ACTION,
            arn,
            author.principal,
            author.principal_arn,
            resource_account=author.account,
            context={"kms:BypassPolicyLockoutSafetyCheck": "false"},
        )
        policies = Policies(author.identity, (policy,), author.boundary)
        decision = evaluate(request, policies)
        if decision.outcome == "denied":
            who, why = author.principal, "; ".join(decision.reasons)
            yield f"the policy of key {arn} would not let {who} edit it again: {why}"
