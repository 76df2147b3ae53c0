"""The person who starts sessions: with a session key, their side of the handshake calls KMS first.

The client asks KMS for a data key with the caller's own credentials, before the agent decrypts it;
the node cannot mend what is missing there. Source: Systems Manager User Guide, "Turn on KMS key
encryption of session data".
"""

from __future__ import annotations

from typing import Optional

from ssmdiag.iam.arn import parse_arn, partition_of, role_name_of
from ssmdiag.model import (
    Admit,
    Allow,
    NotApplicable,
    Resource,
    Situation,
    Symptom,
    Unverified,
    Verdict,
)
from ssmdiag.requirements.authorisation import Need, permission
from ssmdiag.requirements.contract import Gap, Requirement, doubted, moments, waits
from ssmdiag.requirements.key_facts import Key, grants, key_policy, session_key
from ssmdiag.requirements.preferences_facts import Preferences
from ssmdiag.requirements.role_policies import read_role
from ssmdiag.world.call import Ask

ID = "caller/generate-data-key"
_ACTION = "kms:GenerateDataKey"


def _check(ask: Ask, situation: Situation) -> Verdict:
    symptoms = doubted(situation, ID)
    if not symptoms:
        return NotApplicable("no session failed on the caller's side")
    caller = _caller(situation, symptoms[-1])
    role_name = role_name_of(caller) if caller else None
    key = session_key(ask, situation)
    if isinstance(key, Preferences):
        return waits("preferences/session-key", "kmsKeyId has to be mended first")
    if key is None:
        return NotApplicable("sessions are no longer encrypted with a KMS key")
    evidence = tuple(f"{s.title} ({moments(s)})" for s in symptoms)
    if not isinstance(key, Key):
        why = key.why if isinstance(key, Gap) else "the session key does not exist"
        if situation.online:
            return waits("preferences/session-key", why)
        return NotApplicable(why)
    policy = key_policy(ask, key.arn)
    if caller is None or role_name is None:
        suspects: tuple[Resource, ...] = (Resource("caller", caller or "who starts the session"),)
        if isinstance(policy, Gap):
            suspects = (Resource("key-policy", key.arn), *suspects)
        settle = f"check that they may {_ACTION} on {key.arn}"
        said = "whether the person who starts sessions may use the session key is not known here"
        return Unverified(said, suspects, settle, evidence)
    return _judge(ask, situation, caller, role_name, key, policy)


def _judge(
    ask: Ask, situation: Situation, caller: str, role_name: str, key: Key, policy: object
) -> Verdict:
    role = read_role(ask, role_name)
    arn = parse_arn(caller)
    account = arn.account if arn else ""
    partition = partition_of(situation.region)
    readable = policy if isinstance(policy, Gap) else (policy,)
    need = Need(
        requirement=ID,
        action=_ACTION,
        resource=key.arn,
        what=f"the session key {key.arn}",
        role=role_name,
        role_arn=role.arn or f"arn:{partition}:iam::{account}:role/{role_name}",
        principal=caller,
        account=account,
        context={"kms:ViaService": None, "kms:CallerAccount": account},
        owner=key.account,
        resource_policy=readable,  # type: ignore[arg-type]
        resource_policy_of=Resource("key-policy", key.arn),
        remedy=Allow(role_name, (_ACTION,), key.arn, "SessionKey"),
        admission=Admit(
            key.arn,
            "SessionManagerCaller",
            ("AWS", role.arn or f"arn:{partition}:iam::{account}:role/{role_name}"),
            (_ACTION,),
        ),
        grants=lambda: grants(ask, key.arn),
        kind="caller",
    )
    return permission(situation, need, role)


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
