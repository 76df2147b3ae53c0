"""Whether the agent may decrypt the session's data key: its side of the KMS handshake.

The agent calls KMS itself, so ``kms:ViaService`` is absent, with an encryption context of the
session and the node. Sources: agent source ``agent/session/crypto/kmsservice.go``; Systems Manager
User Guide, "Turn on KMS key encryption of session data".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Optional, Union

from ssmdiag.model import (
    Admit,
    Allow,
    Broken,
    Resource,
    Situation,
    Unverified,
    Verdict,
)
from ssmdiag.policy.document import statements_of
from ssmdiag.requirements.contract import Gap, Requirement, doubted, waits
from ssmdiag.requirements.identity.agent import Agent, same_identity, the_agent
from ssmdiag.requirements.key.facts import Key, aliases, grants, key_policy, session_key
from ssmdiag.requirements.preferences.facts import NO_KEY, Preferences, find_preferences
from ssmdiag.requirements.role.authorisation import Need, Witness, last_denial, permission
from ssmdiag.requirements.role.dry_run import IN_WORDS, dry_run, testify
from ssmdiag.requirements.role.permissions import agent_need
from ssmdiag.requirements.role.policies import RolePolicies, read_role
from ssmdiag.world.call import Absent, Ask

_ID = "role/kms-decrypt"
_CONTEXT = "kms:EncryptionContext:"
_SESSION = "aws:ssm:SessionId"
_ALWAYS_SENT = (_SESSION, "aws:ssm:TargetId")
_SENT_BY_NEWER_CLIENTS = "aws:ssm:RandomChallenge"
_KEY_ARN = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+")
_SAMPLE_SESSION = "session-0123456789abcdef0"


def _check(ask: Ask, situation: Situation) -> Verdict:
    agent = the_agent(ask, situation)
    if not isinstance(agent, Agent):
        return agent
    key = _key(ask, situation)
    return _judged(ask, situation, agent, key) if isinstance(key, Key) else key


def decrypting(
    ask: Ask, situation: Situation, agent: Agent, role: RolePolicies
) -> tuple[Need, ...]:
    """What the agent needs of the session key; nothing without one."""
    key = _key(ask, situation)
    if not isinstance(key, Key):
        return ()
    sent = (*_ALWAYS_SENT, _SENT_BY_NEWER_CLIENTS)
    return (_need(ask, situation, agent, role, key, sent),)


def _key(ask: Ask, situation: Situation) -> Union[Key, Verdict]:
    """The session key, as it is written, or as far as the configuration and the log tell it."""
    key = session_key(ask, situation)
    if key is None:
        return NO_KEY
    if isinstance(key, Preferences):
        return waits("preferences/session-key", "kmsKeyId has to be mended first")
    if isinstance(key, Absent):
        return waits("key/state", "the key has to exist first")
    if isinstance(key, Key):
        return waits("key/state", "another key has to be named first") if key.of_aws else key
    found = find_preferences(ask, situation)
    written = found.key if isinstance(found, Preferences) else ""
    arn = written if ":key/" in written else _key_in_log(situation)
    if arn is None:
        return waits("preferences/session-key", "not known before the session key is")
    return Key(written, arn, "", "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")


def _key_in_log(situation: Situation) -> Optional[str]:
    """The key ARN that AWS named when it refused, if it did."""
    for symptom in reversed(doubted(situation, _ID)):
        denial = symptom.failure.denial if symptom.failure else None
        # A log is hostile: only what can be a key's ARN may find its way into a command.
        if denial and denial.resource and _KEY_ARN.fullmatch(denial.resource):
            return denial.resource
    return None


def _judged(ask: Ask, situation: Situation, agent: Agent, key: Key) -> Verdict:
    """Judge with and without the context key that only newer clients send."""
    role = read_role(ask, agent.role)
    older = _need(ask, situation, agent, role, key, _ALWAYS_SENT)
    newer = _need(ask, situation, agent, role, key, (*_ALWAYS_SENT, _SENT_BY_NEWER_CLIENTS))
    verdicts = [permission(situation, need, role) for need in (newer, older)]
    broken = next((v for v in verdicts if isinstance(v, Broken)), None)
    refused, _ = last_denial(situation, newer)
    if broken is None or refused or all(isinstance(v, Broken) for v in verdicts):
        return broken or verdicts[0]
    return Unverified(
        f"{broken.said}, if the client sends the random challenge ({_SENT_BY_NEWER_CLIENTS})",
        (broken.resource,),
        "start a session with an up-to-date Session Manager plugin",
        broken.evidence,
        broken.remedies,
    )


def _need(
    ask: Ask,
    situation: Situation,
    agent: Agent,
    role: RolePolicies,
    key: Key,
    sent: Sequence[str],
) -> Need:
    policy = key_policy(ask, key.arn)
    documents = [*role.documents(), *(() if isinstance(policy, Gap) else (policy.document,))]
    context: dict[str, Union[str, Sequence[str], None]] = {
        "kms:ViaService": None,
        "kms:CallerAccount": agent.account,
        "kms:EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        "kms:EncryptionContextKeys": sent,
        f"{_CONTEXT}aws:ssm:TargetId": agent.session,
        "kms:GrantIsForAWSResource": None,
        "aws:CalledVia": None,
        "aws:SourceArn": None,
        "aws:SourceAccount": None,
    }
    if "alias/" not in key.written:
        # Newer agents send the configured name along, older ones none: with an alias it is unknown.
        context["kms:RequestAlias"] = None
    if not _asks_for_the_value(documents, _CONTEXT + _SESSION):
        context[_CONTEXT + _SESSION] = _SAMPLE_SESSION
    if "ResourceAliases" in json.dumps(documents, default=dict):
        context.update(aliases(ask, key))
    pairs = {_SESSION: _SAMPLE_SESSION, "aws:ssm:TargetId": agent.session}
    same = same_identity(ask, agent)
    question = dry_run("Decrypt", key.arn, pairs)
    return agent_need(
        situation,
        agent,
        role,
        requirement=_ID,
        action="kms:Decrypt",
        resource=key.arn,
        what=f"the session key {key.arn}",
        context=context,
        owner=key.account,
        resource_policy=policy if isinstance(policy, Gap) else (policy,),
        resource_policy_of=Resource("key-policy", key.arn),
        remedy=Allow(agent.role, ("kms:Decrypt",), key.arn, "SessionKey"),
        admission=Admit(
            key.arn,
            "SessionManagerNode",
            ("AWS", role.arn or agent.arn(situation.region)),
            ("kms:Decrypt",),
        ),
        grants=lambda: grants(ask, key.arn),
        witness=Witness(IN_WORDS, partial(testify, ask, question)) if same else None,
    )


def _asks_for_the_value(documents: Iterable[Mapping[str, Any]], key: str) -> bool:
    """Does a condition compare this key's value, rather than ask whether it is there?"""
    for document in documents:
        for statement in statements_of(document):
            for operator, block in (statement.get("Condition") or {}).items():
                if operator != "Null" and key.lower() in (name.lower() for name in block):
                    return True
    return False


REQUIREMENTS = (Requirement(_ID, "The role may use the session key", "permission", _check),)
