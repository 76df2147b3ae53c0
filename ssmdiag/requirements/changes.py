"""Remedies to Changes: merged into what is there, never replacing it, never wider than needed.

Sources: IAM User Guide, "IAM and AWS STS quotas" (10,240 characters of inline policies a role);
AWS KMS Developer Guide, "Quotas" (a key policy has at most 32 kB).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Optional, Union

from ssmdiag.model import Admit, Advice, Allow, Remedy, Write
from ssmdiag.policy.document import statements_of
from ssmdiag.policy.merge import QUOTAS, Statement, listed, size_of, with_statements
from ssmdiag.requirements.contract import Gap
from ssmdiag.requirements.key.facts import key_policy
from ssmdiag.requirements.preferences.rewrites import together
from ssmdiag.requirements.role.managed_policy import allow_in_managed
from ssmdiag.requirements.role.policies import inline_policies
from ssmdiag.values import dataclass
from ssmdiag.world.call import Ask, Call, call

NEW_POLICY = "SessionManagerLogging"
_IDENTITY_CENTER = "AWSReservedSSO_"
"""How the names of its roles begin (IAM Identity Center User Guide, "Referencing permission sets in
resource policies, Amazon EKS Cluster config maps, and AWS KMS key policies")."""


@dataclass(frozen=True)
class Edit:
    """The write Calls for some Remedies, what they do in words, and what no Call can do."""

    calls: tuple[Call, ...]
    summary: str
    advice: tuple[str, ...]


def compose(ask: Ask, remedies: Sequence[Remedy]) -> Edit:
    """Turn Remedies for one resource into one Edit."""
    parts: list[Union[Write, Advice]] = []
    allows = [r for r in remedies if isinstance(r, Allow)]
    admits = [r for r in remedies if isinstance(r, Admit)]
    for role in dict.fromkeys(r.role for r in allows):
        parts.append(_role_policy(ask, role, [r for r in allows if r.role == role]))
    for key in dict.fromkeys(r.key for r in admits):
        parts.append(_key_policy(ask, key, [r for r in admits if r.key == key]))
    parts.extend(r for r in remedies if isinstance(r, (Write, Advice)))
    parts = together(ask, list(dict.fromkeys(parts)))
    writes = [p for p in parts if isinstance(p, Write)]
    return Edit(
        calls=tuple(c for w in writes for c in w.calls),
        summary="; ".join(w.summary for w in writes),
        advice=tuple(p.text for p in parts if isinstance(p, Advice)),
    )


# --- a role's inline policy ---------------------------------------------------------------------


def _role_policy(ask: Ask, role: str, allows: Sequence[Allow]) -> Union[Write, Advice]:
    if role.startswith(_IDENTITY_CENTER):
        actions = ", ".join(sorted({a for r in allows for a in r.actions}))
        return Advice(f"{role} belongs to IAM Identity Center: add {actions} to its permission set")
    existing = inline_policies(ask, role)
    policies = [] if isinstance(existing, Gap) else list(existing)
    name, document = _home(policies, allows)
    if isinstance(existing, Gap):
        # Unread policies must not be overwritten: a name that only this content can have.
        digest = hashlib.sha256(repr(_grouped(allows)).encode()).hexdigest()
        name = f"{NEW_POLICY}-{digest[:8]}"
    statements = [_allow_statement(r) for r in _grouped(allows)]
    merged = with_statements(document, statements)
    size = sum(size_of(d) for n, d in policies if n != name) + size_of(merged)
    if size > QUOTAS["inline"]:
        return allow_in_managed(ask, role, NEW_POLICY, statements)
    order = call(
        "iam",
        "PutRolePolicy",
        RoleName=role,
        PolicyName=name,
        PolicyDocument=json.dumps(merged, indent=2),
    )
    what = "; ".join(f"{', '.join(r.actions)} on {r.resource}" for r in _grouped(allows))
    return Write((order,), f'allow role {role} {what} (inline policy "{name}")')


def _home(
    policies: Sequence[tuple[str, dict[str, Any]]], allows: Sequence[Allow]
) -> tuple[str, dict[str, Any]]:
    """The inline policy that already deals with the same services and resources, or a new one."""
    services = {a.split(":")[0] + ":" for r in allows for a in r.actions}
    resources = {r.resource for r in allows} - {"*"}
    best, best_score = ("", {}), 0  # type: tuple[str, dict[str, Any]], int
    for name, document in policies:
        score = 0
        for statement in statements_of(document):
            if statement.get("Effect") != "Allow":
                continue
            score += len(resources & set(listed(statement.get("Resource")))) * 2
            score += any(
                str(a).startswith(tuple(services)) for a in listed(statement.get("Action"))
            )
        if score > best_score:
            best, best_score = (name, document), score
    if best_score:
        return best
    taken = {name for name, _ in policies}
    name = NEW_POLICY
    while name in taken:
        name += "-more"
    return name, {"Version": "2012-10-17", "Statement": []}


def _grouped(allows: Sequence[Allow]) -> list[Allow]:
    """One Allow a purpose, resource and condition, with all its actions."""
    groups: dict[tuple[str, str, str], list[Allow]] = {}
    for r in allows:
        groups.setdefault((r.sid, r.resource, json.dumps(r.condition)), []).append(r)
    return [
        Allow(
            g[0].role,
            tuple(dict.fromkeys(a for r in g for a in r.actions)),
            g[0].resource,
            g[0].sid,
            g[0].condition,
        )
        for g in groups.values()
    ]


def _allow_statement(allow: Allow) -> Statement:
    statement: Statement = {
        "Sid": allow.sid,
        "Effect": "Allow",
        "Action": list(allow.actions) if len(allow.actions) > 1 else allow.actions[0],
        "Resource": allow.resource,
    }
    return {**statement, "Condition": allow.condition} if allow.condition else statement


# --- a key policy -------------------------------------------------------------------------------


def _key_policy(ask: Ask, key: str, admits: Sequence[Admit]) -> Union[Write, Advice]:
    region = admits[0].region
    policy = key_policy(ask, key, region)
    statements = [admitting(a) for a in admits]
    if isinstance(policy, Gap):
        return Advice(f"the owner of key {key} has to add to its policy: {json.dumps(statements)}")
    short = next((who for a in admits if _lacks_path(who := a.principal[1])), None)
    if short:
        return Advice(
            f"the policy of key {key} has to admit {short} by its whole ARN, and roles of IAM "
            "Identity Center have a path: run ssmdiag where iam:GetRole is allowed, or look it up "
            "with `aws iam get-role`"
        )
    gone = _gone(policy.document)
    if gone:
        return Advice(
            f"the policy of key {key} names {gone}, which is nobody any more: KMS takes no policy "
            f"that does. Take it out, and add: {json.dumps(statements)}"
        )
    merged = with_statements(dict(policy.document), statements)
    if size_of(merged) > QUOTAS["key"]:
        return Advice(f"the policy of key {key} would be larger than {QUOTAS['key']} bytes")
    order = call(
        "kms",
        "PutKeyPolicy",
        region,
        KeyId=key,
        PolicyName="default",
        Policy=json.dumps(merged, indent=2),
    )
    who = ", ".join(a.principal[1] for a in admits)
    return Write((order,), f"admit {who} in the policy of key {key.rsplit('/', 1)[-1]}")


def _lacks_path(arn: str) -> bool:
    return f":role/{_IDENTITY_CENTER}" in arn


def _gone(document: Mapping[str, Any]) -> Optional[str]:
    """The id that stands in a key policy for a role or user that was deleted, if there is one (IAM
    User Guide, "AWS JSON policy elements: Principal")."""
    for statement in statements_of(document):
        principal = statement.get("Principal")
        named = listed(principal.get("AWS")) if isinstance(principal, Mapping) else []
        for who in named:
            if re.fullmatch(r"A(?:ROA|IDA)[A-Z0-9]{8,124}", str(who)):
                return str(who)
    return None


def admitting(admit: Admit) -> Statement:
    """The statement of a key policy that carries out an Admit."""
    kind, who = admit.principal
    statement: Statement = {
        "Sid": admit.sid,
        "Effect": "Allow",
        "Principal": {kind: who},
        "Action": list(admit.actions) if len(admit.actions) > 1 else admit.actions[0],
        "Resource": "*",
    }
    return {**statement, "Condition": admit.condition} if admit.condition else statement
