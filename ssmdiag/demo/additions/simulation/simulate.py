"""IAM's policy simulator: what a role's or user's policies allow, without asking any service.

It answers in the form of 2026: one result an action, with the resources one by one within it (IAM
API Reference, "EvaluationResult").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, Optional

from ssmdiag.demo.additions.entities import Entity
from ssmdiag.demo.additions.extending import add
from ssmdiag.demo.additions.simulation.simulated import (
    Simulated,
    actions_of,
    resources_of,
    simulated_by,
)
from ssmdiag.iam.arn import parse_arn
from ssmdiag.policy.caller import assumes_role
from ssmdiag.policy.context import lookup_for
from ssmdiag.policy.decision import Decision
from ssmdiag.policy.document import Policy
from ssmdiag.policy.evaluate import evaluate
from ssmdiag.policy.pattern import Template
from ssmdiag.policy.reading import read_policies
from ssmdiag.policy.request import ContextValue, Policies, Request
from ssmdiag.values import dataclass

Word = Literal["allowed", "implicitDeny", "explicitDeny"]

_BY_STRICTNESS: tuple[Word, ...] = ("allowed", "implicitDeny", "explicitDeny")
_VARIABLE = re.compile(r"\$\{\s*([A-Za-z][^{},]*?)\s*[,}]")

# What IAM prints, which is none of the words that "Statement" lists in the API Reference.
_SOURCES = {
    "identity": "IAM Policy",
    "resource": "Resource Policy",
    "boundary": "Permissions Boundary Policy",
}

_KEY = "arn:${Partition}:kms:${Region}:${Account}:key/${KeyId}"
_GROUP = "arn:${Partition}:logs:${Region}:${Account}:log-group:${LogGroupName}"
_TEMPLATES = {
    "kms:decrypt": _KEY,
    "kms:encrypt": _KEY,
    "kms:generatedatakey": _KEY,
    "logs:createlogstream": _GROUP,
    "logs:describelogstreams": _GROUP,
    "logs:putlogevents": f"{_GROUP}:log-stream:${{LogStreamName}}",
    "s3:getencryptionconfiguration": "arn:${Partition}:s3:::${BucketName}",
    "s3:putobject": "arn:${Partition}:s3:::${BucketName}/${KeyName}",
}
"""Service Authorization Reference, "Resource types defined by ...", for the actions that sessions
with logs are made of; all others are answered like those that have none."""


def install() -> None:
    """Add SimulatePrincipalPolicy."""
    from moto.iam.responses import IamResponse

    add(IamResponse, simulate_principal_policy)


def simulate_principal_policy(response: Any) -> Any:
    """IAM API Reference, "SimulatePrincipalPolicy"."""
    from moto.core.responses import ActionResult

    actions, resources = actions_of(response), resources_of(response)
    simulated = simulated_by(response)
    results = [_evaluation(simulated, action, resources) for action in actions]
    return ActionResult({"EvaluationResults": results, "IsTruncated": False})


@dataclass(frozen=True)
class _Outcome:
    """The answer for one action on one resource."""

    resource: str
    word: Word
    matched: tuple[Policy, ...]
    missing: tuple[str, ...]
    bounded: Optional[bool]
    """Whether the boundary allows it (IAM API Reference, "PermissionsBoundaryDecisionDetail"); None
    without one."""


def _evaluation(
    simulated: Simulated, action: str, resources: Sequence[str]
) -> Mapping[str, object]:
    """IAM API Reference, "EvaluationResult": the strictest decision, and each by itself."""
    outcomes = [_outcome(simulated, action, resource) for resource in resources]
    word = max((outcome.word for outcome in outcomes), key=_BY_STRICTNESS.index)
    bounded = [outcome.bounded for outcome in outcomes if outcome.bounded is not None]
    whole = _Outcome(
        resource=_TEMPLATES.get(action.lower(), "*"),
        word=word,
        matched=tuple(p for outcome in outcomes if outcome.word == word for p in outcome.matched),
        missing=tuple(name for outcome in outcomes for name in outcome.missing),
        bounded=all(bounded) if bounded else None,
    )
    result = {"EvalActionName": action, "EvalDecision": word, **_shown(whole)}
    if list(resources) == ["*"]:
        return result
    each = [{"EvalResourceDecision": o.word, **_shown(o)} for o in outcomes]
    return {**result, "ResourceSpecificResults": each}


def _shown(outcome: _Outcome) -> dict[str, object]:
    shown: dict[str, object] = {
        "EvalResourceName": outcome.resource,
        "MatchedStatements": [
            {"SourcePolicyId": policy.name, "SourcePolicyType": _SOURCES[policy.type]}
            for policy in {policy.name: policy for policy in outcome.matched}.values()
        ],
        "MissingContextValues": list(dict.fromkeys(outcome.missing)),
    }
    if outcome.bounded is not None:
        detail = {"AllowedByPermissionsBoundary": outcome.bounded}
        shown["PermissionsBoundaryDecisionDetail"] = detail
    return shown


def _outcome(simulated: Simulated, action: str, resource: str) -> _Outcome:
    held = simulated.held
    request = _request(simulated, action, resource)
    # A trust policy is overlooked: https://github.com/aws/aws-cli/issues/10314
    given = () if assumes_role(request.action) else simulated.resource
    by_account = (simulated.account_policy,)
    word = _word(evaluate(request, Policies(held.identity, given or by_account, held.boundary)))
    alone = evaluate(request, Policies(held.boundary, by_account))
    return _Outcome(
        resource=resource,
        word=word,
        matched=_matched(word, held, given, request),
        missing=_missing((*held.identity, *given), simulated.context, request),
        bounded=alone.outcome == "allowed" if held.boundary else None,
    )


def _request(simulated: Simulated, action: str, resource: str) -> Request:
    arn = parse_arn(resource)
    return Request(
        action=action,
        resource=resource,
        principal=simulated.caller,
        resource_account=None if arn and arn.account else simulated.owner,
        context=simulated.context,
        complete=True,
    )


def _word(decision: Decision) -> Word:
    if decision.outcome == "allowed":
        return "allowed"
    if decision.outcome == "undetermined":
        from moto.iam.exceptions import IAMException

        raise IAMException("PolicyEvaluation", "; ".join(decision.reasons))
    return "explicitDeny" if decision.explicit else "implicitDeny"


def _matched(
    word: Word, held: Entity, given: tuple[Policy, ...], request: Request
) -> tuple[Policy, ...]:
    """Whose statements decided; denials by the boundary are listed, what it allows is not."""
    if word == "implicitDeny":
        return ()
    effect, boundary = ("Allow", ()) if word == "allowed" else ("Deny", held.boundary)
    considered = (*given, *held.identity, *boundary)
    readings = read_policies(considered, request, lookup_for(request), bool(held.boundary))
    return tuple(r.policy for r in readings if r.applies and r.statement.effect == effect)


def _missing(
    policies: Sequence[Policy], context: Mapping[str, ContextValue], request: Request
) -> tuple[str, ...]:
    """The keys that any statement names, about this action or not, and that have no value."""
    given = {name.lower() for name, value in context.items() if value is not None}
    lookup = lookup_for(request)
    named = dict.fromkeys(key for policy in policies for key in _keys(policy))
    return tuple(key for key in named if key.lower() not in given and not lookup(key))


def _keys(policy: Policy) -> Iterator[str]:
    for statement in policy.statements:
        yield from _variables(statement.resources.listed if statement.resources else ())
        for condition in statement.conditions:
            yield condition.key
            yield from _variables(condition.expected)


def _variables(templates: Iterable[Template]) -> Iterator[str]:
    for template in templates:
        if template.version == "2012-10-17":
            yield from _VARIABLE.findall(template.text)
