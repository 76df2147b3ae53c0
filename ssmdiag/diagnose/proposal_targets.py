"""What a proposed document replaces: as it is named, or as the configuration in force leaves it.

Nothing is guessed: where more than one thing comes into question, all of them are named. Sources:
IAM User Guide, "IAM and AWS STS quotas" (names); AWS KMS Developer Guide, "Key identifiers"; Amazon
S3 User Guide, "Bucket naming rules"; AWS PrivateLink Guide, "Control access to VPC endpoints using
endpoint policies".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal, Optional, Union

from ssmdiag.iam.arn import Arn, parse_arn
from ssmdiag.iam.names import is_alias, is_key_id, is_policy_name, is_role_name
from ssmdiag.model import Situation
from ssmdiag.policy.document import statements_of
from ssmdiag.policy.merge import listed
from ssmdiag.requirements.contract import Gap
from ssmdiag.requirements.destination.bucket_facts import bucket_exists, bucket_key
from ssmdiag.requirements.destination.log_group_facts import Group, find_group
from ssmdiag.requirements.identity.agent import Agent, find_agent
from ssmdiag.requirements.key.facts import Key, find_key, session_key
from ssmdiag.requirements.network.vpc_facts import Vpc, find_vpc
from ssmdiag.requirements.preferences.facts import (
    Preferences,
    document_in_use,
    find_preferences,
    is_bucket_name,
)
from ssmdiag.requirements.role.policies import inline_policies
from ssmdiag.values import dataclass
from ssmdiag.world.call import Absent, Ask, Known, call, reason

Content = Literal["document", "identity", "resource", "trust"]
TargetKind = Literal[
    "document", "role-policy", "managed-policy", "trust", "key", "bucket", "vpc-endpoint"
]

_CONTENT: Mapping[TargetKind, Content] = {
    "document": "document",
    "role-policy": "identity",
    "managed-policy": "identity",
    "trust": "trust",
    "key": "resource",
    "bucket": "resource",
    "vpc-endpoint": "resource",
}
_CONTENT_WORDS: Mapping[Content, str] = {
    "document": "a session document",
    "identity": "a policy without a Principal",
    "resource": "a policy with a Principal",
    "trust": "a role trust policy",
}
_DOCUMENT_NAME = re.compile(r"[\w.-]{3,128}\Z", re.ASCII)
_ENDPOINT = re.compile(r"vpce-[0-9a-z]{1,32}\Z")
_FORMS = (
    "a key (ARN, id or alias/NAME), ROLE/POLICY, the ARN of a managed policy, the name of a role, "
    "vpce-ID, s3://BUCKET, or the name of a session document"
)


class ProposalError(ValueError):
    """What is proposed cannot be, or is not clear; the message says why in one line."""


class UnreadableError(ProposalError):
    """AWS does not let see what would be replaced, so nothing can be said."""


@dataclass(frozen=True)
class Target:
    """One document in force that a file is to replace."""

    kind: TargetKind
    name: str
    role: str = ""
    """Of an inline policy: the role that has it."""

    @property
    def words(self) -> str:
        """It in words: ``the policy of key …``."""
        return {
            "document": f"document {self.name}",
            "role-policy": f"inline policy {self.name} of role {self.role}",
            "managed-policy": f"managed policy {self.name}",
            "trust": f"the trust policy of role {self.name}",
            "key": f"the policy of key {self.name}",
            "bucket": f"the policy of bucket {self.name}",
            "vpc-endpoint": f"the policy of VPC endpoint {self.name}",
        }[self.kind]

    @property
    def written(self) -> str:
        """As one names it on the command line."""
        if self.kind == "role-policy":
            return f"{self.role}/{self.name}"
        return f"s3://{self.name}" if self.kind == "bucket" else self.name


# --- as it is named -----------------------------------------------------------------------------


def named_target(text: str, content: Content, ask: Ask, situation: Situation) -> Target:
    """The target that ``text`` names. Raises ProposalError if there is none, or none that takes
    what the file holds; UnreadableError if that cannot be seen."""
    target = _read(text, content)
    if _CONTENT[target.kind] != content:
        wanted, held = _CONTENT_WORDS[_CONTENT[target.kind]], _CONTENT_WORDS[content]
        raise ProposalError(f"it is {held}, and {target.words} is {wanted}")
    return _existing(target, ask, situation)


def _read(text: str, content: Content) -> Target:
    arn = parse_arn(text)
    if arn is not None:
        return _of_arn(text, arn)
    if _ENDPOINT.match(text):
        return Target("vpc-endpoint", text)
    if is_alias(text) or is_key_id(text):
        return Target("key", text)
    if text.startswith("s3://") and is_bucket_name(text[5:].rstrip("/")):
        return Target("bucket", text[5:].rstrip("/"))
    role, _, policy = text.partition("/")
    if policy and is_role_name(role) and is_policy_name(policy):
        return Target("role-policy", policy, role)
    if content == "trust" and is_role_name(text):
        return Target("trust", text)
    if content == "document" and _DOCUMENT_NAME.match(text):
        return Target("document", text)
    raise ProposalError(f"{text!r} names nothing that it could replace: give {_FORMS}")


def _of_arn(text: str, arn: Arn) -> Target:
    kind, _, rest = arn.resource.partition("/")
    name = rest.rpartition("/")[2]
    if arn.service == "kms" and kind in ("key", "alias") and rest:
        return Target("key", text)
    if arn.service == "iam" and kind == "policy" and is_policy_name(name):
        return Target("managed-policy", text)
    if arn.service == "iam" and kind == "role" and is_role_name(name):
        return Target("trust", name)
    if arn.service == "ec2" and kind == "vpc-endpoint" and _ENDPOINT.match(rest):
        return Target("vpc-endpoint", rest)
    if arn.service == "s3" and is_bucket_name(arn.resource):
        return Target("bucket", arn.resource)
    if arn.service == "ssm" and kind == "document" and _DOCUMENT_NAME.match(name):
        return Target("document", name)
    raise ProposalError(f"{text} names nothing that it could replace: give {_FORMS}")


def _existing(target: Target, ask: Ask, situation: Situation) -> Target:
    """The target as AWS names it, once it is seen that there is such a thing."""
    if target.kind == "key":
        return _key(target, ask)
    if target.kind == "vpc-endpoint":
        return _endpoint(target, ask, situation)
    if target.kind == "bucket" and bucket_exists(ask, target.name) is False:
        raise ProposalError(f"bucket {target.name} does not exist")
    if target.kind == "managed-policy":
        arn = parse_arn(target.name)
        if arn is not None and arn.account == "aws":
            raise ProposalError(f"{target.name} belongs to AWS, and nobody may change it")
        _seen(ask, target, "GetPolicy", PolicyArn=target.name)
    if target.kind in ("role-policy", "trust"):
        name = target.role or target.name
        _seen(ask, target, "GetRole", RoleName=name)
        others = inline_policies(ask, name) if target.role else ()
        if isinstance(others, Gap):
            # What stays beside the new policy must be known, or it would seem to be gone.
            raise UnreadableError(f"{others.why}: {others.settle}")
    return target


def _seen(ask: Ask, target: Target, operation: str, **parameters: str) -> None:
    answer = ask(call("iam", operation, **parameters))
    if isinstance(answer, Absent):
        raise ProposalError(f"there is nothing to replace: {target.words} ({answer.why})")
    if not isinstance(answer, Known):
        raise UnreadableError(f"{target.words} cannot be seen: {reason(answer)}")


def _key(target: Target, ask: Ask) -> Target:
    found = find_key(ask, target.name)
    if isinstance(found, Absent):
        raise ProposalError(f"there is no key {target.name} in this account and region")
    if isinstance(found, Gap):
        if ":key/" in target.name:
            return target
        raise UnreadableError(f"which key {target.name} is cannot be seen: {found.settle}")
    if found.manager == "AWS":
        raise ProposalError(f"key {target.name} is managed by AWS, and nobody may edit its policy")
    return Target("key", found.arn)


def _endpoint(target: Target, ask: Ask, situation: Situation) -> Target:
    vpc = find_vpc(ask, situation)
    if isinstance(vpc, Gap):
        raise UnreadableError(f"the node's VPC cannot be seen: {vpc.why}; {vpc.settle}")
    known = [e.id for e in vpc.endpoints] if vpc else []
    if target.name not in known:
        where = f"{vpc.id} has {', '.join(known) or 'none'}" if vpc else "the node is in no VPC"
        raise ProposalError(f"no request of the node goes through {target.name}: {where}")
    return target


# --- as the configuration in force leaves it ----------------------------------------------------


def only_target(
    value: Mapping[str, Any], content: Content, ask: Ask, situation: Situation
) -> Target:
    """What a document can only be meant to replace. Raises ProposalError that names the choices."""
    if content == "document":
        return Target("document", document_in_use(ask, situation))
    agent = find_agent(ask, situation)
    if content == "trust":
        if isinstance(agent, Agent):
            return _existing(Target("trust", agent.role), ask, situation)
        raise ProposalError("it is a role trust policy, and the agent's role is not known: name it")
    if content == "identity":
        raise ProposalError(_of_identity(agent.role if isinstance(agent, Agent) else "", ask))
    vpc = find_vpc(ask, situation)
    choices = list(dict.fromkeys(_choices(value, vpc, ask, situation)))
    if len(choices) == 1 and not isinstance(vpc, Gap):
        return choices[0]
    told = ", ".join(c.written for c in choices) or f"none of these is in use: {_FORMS}"
    if isinstance(vpc, Gap):
        told += f"; or a VPC endpoint, which cannot be seen ({vpc.settle})"
    raise ProposalError(f"it is {_CONTENT_WORDS[content]}: say which one it replaces: {told}")


def _of_identity(role: str, ask: Ask) -> str:
    if not role:
        return f"it is a policy without a Principal: say whose it is to be: {_FORMS}"
    inline = inline_policies(ask, role)
    names = [] if isinstance(inline, Gap) else [f"{role}/{name}" for name, _ in inline]
    attached = ask(call("iam", "ListAttachedRolePolicies", RoleName=role))
    policies = attached.data.get("AttachedPolicies", []) if isinstance(attached, Known) else []
    arns = [str(p["PolicyArn"]) for p in policies if "::aws:" not in str(p["PolicyArn"])]
    return (
        "it is a policy without a Principal: say which one it replaces: "
        f"{', '.join([*names, *arns, f'or {role}/NEW-NAME for one more'])}"
    )


def _choices(
    value: Mapping[str, Any], vpc: Union[Vpc, Gap, None], ask: Ask, situation: Situation
) -> Iterator[Target]:
    services = _services(value)
    if services is None or services == {"kms"}:
        yield from _keys_in_use(ask, situation)
    preferences = find_preferences(ask, situation)
    if isinstance(preferences, Preferences) and preferences.bucket and services in (None, {"s3"}):
        yield Target("bucket", preferences.bucket)
    for endpoint in vpc.endpoints if isinstance(vpc, Vpc) else ():
        if services is None or endpoint.service.rpartition(".")[2] in services:
            yield Target("vpc-endpoint", endpoint.id)


def _services(value: Mapping[str, Any]) -> Optional[set[str]]:
    """The services whose actions a policy names; None if it names those of all."""
    found: set[str] = set()
    for statement in statements_of(value):
        actions = listed(statement.get("Action"))
        if not actions or "*" in actions:
            return None
        found |= {str(action).partition(":")[0].lower() for action in actions}
    return found


def _keys_in_use(ask: Ask, situation: Situation) -> Iterator[Target]:
    preferences = find_preferences(ask, situation)
    if isinstance(preferences, Gap):
        return
    names: list[Optional[str]] = []
    session = session_key(ask, situation)
    names.append(session.arn if isinstance(session, Key) else None)
    if preferences.group:
        group = find_group(ask, situation, preferences.group)
        names.append(group.key if isinstance(group, Group) else None)
    if preferences.bucket:
        bucket = bucket_key(ask, preferences.bucket)
        names.append(bucket if isinstance(bucket, str) else None)
    for name in names:
        key = find_key(ask, name) if name else None
        if isinstance(key, Key) and key.manager != "AWS":
            yield Target("key", key.arn)
