"""The person who starts sessions: with a session key, their side of the handshake calls KMS first.

The client asks KMS for a data key with the caller's own credentials, before the agent decrypts it;
the node cannot mend what is missing there. Source: Systems Manager User Guide, "Turn on KMS key
encryption of session data".
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Optional

from ssmdiag.iam.arn import parse_arn, partition_of, role_name_of
from ssmdiag.model import (
    Admit,
    Advice,
    Allow,
    Denial,
    NotApplicable,
    Remedy,
    Resource,
    Situation,
    Symptom,
    Unverified,
    Verdict,
)
from ssmdiag.requirements.caller.principals import Nobody, Who, named
from ssmdiag.requirements.contract import Gap, Requirement, doubted, moments, waits
from ssmdiag.requirements.key.facts import Key, grants, key_policy, session_key
from ssmdiag.requirements.preferences.facts import NO_KEY, Preferences
from ssmdiag.requirements.role.authorisation import Need, permission
from ssmdiag.requirements.role.policies import RolePolicies
from ssmdiag.world.call import Ask

ID = "caller/generate-data-key"
_ACTION = "kms:GenerateDataKey"


def allowing(who: Who, action: str, resource: str, sid: str) -> Remedy:
    """What makes the identity policies of ``who`` allow ``action`` on ``resource``."""
    if who.role is not None:
        return Allow(who.role, (action,), resource, sid)
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return Advice(f"add to a policy of {who.words}: {json.dumps(statement)}")


def _check(ask: Ask, situation: Situation) -> Verdict:
    symptoms = doubted(situation, ID)
    if not symptoms and situation.caller is None:
        return NotApplicable("no session failed on the caller's side")
    key = session_key(ask, situation)
    if isinstance(key, Preferences):
        return waits("preferences/session-key", "kmsKeyId has to be mended first")
    if key is None:
        if symptoms:
            return NotApplicable("sessions are no longer encrypted with a KMS key")
        return NO_KEY
    if not isinstance(key, Key):
        why = key.why if isinstance(key, Gap) else "the session key does not exist"
        if situation.online:
            return waits("preferences/session-key", why)
        return NotApplicable(why)
    caller = situation.caller or _caller(situation, symptoms[-1])
    who = named(ask, situation, caller) if caller else Nobody("")
    if isinstance(who, Nobody):
        return _unknown(ask, key, caller, who, symptoms)
    return _judge(ask, _about(situation, who), who, key)


def _unknown(
    ask: Ask, key: Key, caller: Optional[str], who: Nobody, symptoms: tuple[Symptom, ...]
) -> Verdict:
    suspects: tuple[Resource, ...] = (Resource("caller", caller or "who starts the session"),)
    if isinstance(key_policy(ask, key.arn), Gap):
        suspects = (Resource("key-policy", key.arn), *suspects)
    settle = f"check that they may {_ACTION} on {key.arn}"
    said = "whether the person who starts sessions may use the session key is not known here"
    evidence = tuple(f"{s.title} ({moments(s)})" for s in symptoms)
    return Unverified(said, suspects, settle, (*evidence, who.why) if who.why else evidence)


def _about(situation: Situation, who: Who) -> Situation:
    """Without the refusals of others, if the question is about one person."""
    if situation.caller is None:
        return situation
    own = tuple(s for s in situation.symptoms if _concerns(s, who))
    return replace(situation, symptoms=own)


def _concerns(symptom: Symptom, who: Who) -> bool:
    denial = symptom.failure.denial if symptom.failure else None
    return denial is None or refused_to(denial, who)


def refused_to(denial: Denial, who: Who) -> bool:
    """Was it this caller whom AWS refused?"""
    principal = denial.principal or ""
    if who.role is None:
        return principal == who.principal
    arn = parse_arn(principal)
    return arn is not None and (role_name_of(principal), arn.account) == (who.role, who.account)


def _judge(ask: Ask, situation: Situation, who: Who, key: Key) -> Verdict:
    policies = RolePolicies(
        identity=None if who.identity is None else tuple(who.identity),
        boundary=None if who.boundary is None else tuple(who.boundary),
        arn=who.principal_arn or "",
        boundary_arn=who.boundary_arn,
        gap=who.gap,
    )
    policy = key_policy(ask, key.arn)
    arn = who.principal_arn or (
        f"arn:{partition_of(situation.region)}:iam::{who.account}:role/{who.name}"
    )
    need = Need(
        requirement=ID,
        action=_ACTION,
        resource=key.arn,
        what=f"the session key {key.arn}",
        role=who.name,
        role_arn=arn,
        principal=who.principal,
        account=who.account,
        context={"kms:ViaService": None, "kms:CallerAccount": who.account, **who.context},
        owner=key.account,
        resource_policy=policy if isinstance(policy, Gap) else (policy,),
        resource_policy_of=Resource("key-policy", key.arn),
        remedy=allowing(who, _ACTION, key.arn, "SessionKey"),
        admission=Admit(key.arn, "SessionManagerCaller", ("AWS", arn), (_ACTION,)),
        grants=lambda: grants(ask, key.arn),
        kind="caller",
        words=who.words,
    )
    return permission(situation, need, policies)


def _caller(situation: Situation, symptom: Symptom) -> Optional[str]:
    denial = symptom.failure.denial if symptom.failure else None
    if denial is not None and denial.principal:
        return denial.principal
    owners = [s.owner for s in situation.starts if s.session in symptom.sessions and s.owner]
    return owners[-1] if owners else None


REQUIREMENTS = (
    Requirement(
        ID, "Who starts the session may use the session key", "permission", _check, standing=False
    ),
)
