"""Who carries a plan out, and whether he may.

KMS refuses a key policy that locks its author out by itself (AWS KMS API Reference, PutKeyPolicy,
BypassPolicyLockoutSafetyCheck); this says it before anything is done, and in words.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Optional

from ssmdiag.policy.decision import Decision
from ssmdiag.policy.document import Policy
from ssmdiag.policy.evaluate import evaluate
from ssmdiag.policy.request import Policies, Request
from ssmdiag.setup.permissions import needed_for
from ssmdiag.setup.plan import Place
from ssmdiag.values import dataclass
from ssmdiag.world.call import Call

_EDIT = "kms:PutKeyPolicy"
# A resource that exists may allow by its own policy what identity policies do not.
_ALONE = ("iam", "logs", "ssm", "cloudwatch")


@dataclass(frozen=True)
class Author:
    """Who carries a plan out. ``identity`` and ``boundary`` are None if they were not readable."""

    principal: str
    principal_arn: Optional[str]
    account: str
    identity: Optional[Sequence[Policy]]
    boundary: Optional[Sequence[Policy]]

    def decision(self, action: str, resource: str, *policies: Policy) -> Decision:
        """Is the author allowed ``action``, as far as these policies and his own tell?"""
        request = Request(
            action,
            resource,
            self.principal,
            self.principal_arn,
            resource_account=self.account,
            context={"kms:BypassPolicyLockoutSafetyCheck": "false"},
        )
        return evaluate(request, Policies(self.identity, policies, self.boundary))


def lockouts(calls: Sequence[Call], author: Author) -> Iterator[str]:
    """One line for each key policy that would lock its author out."""
    for call in calls:
        if call.operation not in ("CreateKey", "PutKeyPolicy"):
            continue
        parameters = call.parameters
        arn = call.gives.stand_in if call.gives else parameters.get("KeyId", "")
        policy = Policy("key policy", "resource", json.loads(parameters["Policy"]))
        decision = author.decision(_EDIT, arn, policy)
        if decision.outcome == "denied":
            who, why = author.principal, "; ".join(decision.reasons)
            yield f"the policy of key {arn} would not let {who} edit it again: {why}"


def refusals(calls: Sequence[Call], author: Author, place: Place) -> tuple[str, ...]:
    """The actions of ``calls`` that the author is surely not allowed."""
    refused = {
        action: None
        for call in calls
        if call.service in _ALONE or call.operation == "CreateKey"
        for action, resource in needed_for(place, call)
        if author.decision(action, resource).outcome == "denied"
    }
    return tuple(refused)
