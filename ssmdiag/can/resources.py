"""What is asked for: the ARN that AWS checks, and the policy that hangs on it.

Sources: Service Authorization Reference; Amazon CloudWatch Logs User Guide, "Overview of managing
access permissions"; AWS KMS Developer Guide, "Using aliases to control access to KMS keys".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Callable, Optional, Union

from ssmdiag.can.question import Question
from ssmdiag.iam.arn import parse_arn, partition_of
from ssmdiag.iam.names import is_key_id
from ssmdiag.model import Situation
from ssmdiag.policy.caller import assumes_role, manages_alias
from ssmdiag.policy.document import Policy
from ssmdiag.policy.request import ContextValue, Grant
from ssmdiag.requirements.caller.principals import asking
from ssmdiag.requirements.contract import Gap, gap_of
from ssmdiag.requirements.destination.bucket_facts import bucket_policy
from ssmdiag.requirements.key.facts import Key, aliases, find_key, grants, key_policy
from ssmdiag.requirements.role.policies import read_role
from ssmdiag.values import dataclass
from ssmdiag.world.call import Absent, Ask, call

_WITHOUT_POLICY = {
    *("ssm", "ssmmessages", "ec2messages", "ec2", "iam", "sts", "organizations"),
    *("logs", "cloudwatch", "tag", "kms", "s3"),
}
"""Services of which ssmdiag knows whether a resource has a policy that counts for its caller."""

_OF_GROUP_ITSELF = ("logs:tagresource", "logs:untagresource", "logs:listtagsforresource")
_OF_NO_GROUP = ("logs:describeloggroups",)

_GLOBAL = ("iam", "sts", "organizations", "s3")
"""Services whose requests need not be to the region that is asked about."""


class NoSuchResourceError(Exception):
    """The resource does not exist, or cannot be told from its name; the message says more."""


@dataclass(frozen=True)
class What:
    """A resource. ``policies`` is a Gap if its policy could not be read."""

    arn: str
    owner: Optional[str] = None
    policies: Union[Sequence[Policy], Gap] = ()
    grants: Optional[Callable[[], Optional[Sequence[Grant]]]] = None
    """Reads KMS grants; called only if policies alone do not allow."""
    context: Mapping[str, ContextValue] = field(default_factory=dict, hash=False)
    written: Optional[str] = None
    """How an identity-based policy writes it, where that is not ``arn``."""


def find_what(ask: Ask, situation: Situation, question: Question, account: str) -> What:
    """Read the resource of ``question`` as AWS would check it; ``account`` is the caller's.

    Raises NoSuchResourceError.
    """
    service, text = question.service, question.resource
    account = account or asking(ask).get("Account", "")
    if assumes_role(question.action):
        return _role(ask, situation, text, account)
    if service == "kms" and text != "*" and not manages_alias(question.action):
        return _key(ask, situation, text)
    if service == "s3" and text != "*":
        return _bucket(ask, situation, text)
    regional: dict[str, ContextValue] = {}
    if service not in _GLOBAL:
        regional["aws:RequestedRegion"] = situation.region
    if service == "logs" and (text != "*" or question.action.lower() in _OF_NO_GROUP):
        arn, written = _log_group(situation, question, account)
        owner = _account_in(arn) or account
        policies = () if owner == account else _logs_of_another(owner)
        return What(arn, owner, policies, context=regional, written=written)
    if text != "*" and not text.startswith("arn:"):
        raise NoSuchResourceError(f"{text!r} is no ARN: write the resource of {service} as one")
    named = _account_in(text)
    if service in _WITHOUT_POLICY:
        return What(text, named, context=regional)
    gap = Gap(
        f"ssmdiag does not read the resource policies of {service}",
        f"look whether {text} has a policy with a Deny that means the caller",
    )
    return What(text, named, gap, context=regional)


def _account_in(arn: str) -> Optional[str]:
    """The account that ``arn`` names; None where it names none, or AWS's own."""
    parsed = parse_arn(arn)
    return parsed.account if parsed and parsed.account.isdigit() else None


def _logs_of_another(account: str) -> Union[Sequence[Policy], Gap]:
    """Not none: CloudWatch Logs heeds resource policies for AWS services only (API Reference,
    PutResourcePolicy), but there are other ways in."""
    return Gap(
        f"ssmdiag does not read what account {account} shares of its logs (destinations, "
        "cross-account observability)",
        f"do it as somebody of account {account}",
    )


def _role(ask: Ask, situation: Situation, text: str, account: str) -> What:
    arn = parse_arn(text)
    if arn is not None and arn.account != account:
        settle = f"ask with credentials of account {arn.account}"
        return What(text, arn.account, Gap(f"the trust policy of {text} is not in reach", settle))
    name = text.rpartition("/")[2]
    found = ask(call("iam", "GetRole", RoleName=name))
    if isinstance(found, Absent):
        raise NoSuchResourceError(f"role {name} does not exist in this account ({found.why})")
    role = read_role(ask, name)
    if role.trust is None:
        guess = f"arn:{partition_of(situation.region)}:iam::{account}:role/{name}"
        gap = gap_of(found, f"the trust policy of role {name}")
        return What(text if arn else guess, account, gap)
    return What(role.arn, account, (role.trust,))


def _key(ask: Ask, situation: Situation, text: str) -> What:
    arn = text
    context: dict[str, ContextValue] = {}
    if ":key/" not in text:
        named = text if "alias/" in text or is_key_id(text) else f"alias/{text}"
        key = find_key(ask, named)
        if not isinstance(key, Key):
            raise NoSuchResourceError(f"KMS key {named} is not known: {key.why}")
        arn = key.arn
        if "alias/" in named:
            context["kms:RequestAlias"] = named[named.index("alias/") :]
    parsed = parse_arn(arn)
    if parsed is None:
        raise NoSuchResourceError(f"{arn!r} is no ARN of a KMS key")
    region = "" if parsed.region == situation.region else parsed.region
    policy = key_policy(ask, arn, region)
    if isinstance(policy, Policy) and "ResourceAliases" in str(policy.document):
        context.update(aliases(ask, Key(arn, arn, "", "", "")))
    return What(
        arn,
        parsed.account,
        policy if isinstance(policy, Gap) else (policy,),
        lambda: grants(ask, arn, region),
        context,
    )


def _bucket(ask: Ask, situation: Situation, text: str) -> What:
    prefix = f"arn:{partition_of(situation.region)}:s3:::"
    arn = text if text.startswith("arn:") else prefix + text.replace("s3://", "", 1)
    name = arn.split(":", 5)[5].partition("/")[0]
    policy = bucket_policy(ask, name)
    # S3 tells a bucket's policy to the account that owns the bucket, and to no other (Amazon S3 API
    # Reference, GetBucketPolicy).
    own = None if isinstance(policy, Gap) else asking(ask).get("Account")
    return What(arn, _account_in(arn) or own, policy)


def _log_group(situation: Situation, question: Question, account: str) -> tuple[str, Optional[str]]:
    """The literal that CloudWatch Logs checks, and how a policy writes it.

    That is a group with an empty stream for what is about a group, and no group at all for a list.
    """
    base = f"arn:{partition_of(situation.region)}:logs:{situation.region}:{account}:log-group:"
    arn = question.resource if question.resource.startswith("arn:") else base + question.resource
    action = question.action.lower()
    if action in _OF_NO_GROUP:
        return f"{':'.join(arn.split(':')[:5])}:log-group::log-stream:", "*"
    if action in _OF_GROUP_ITSELF or ":log-group:" not in arn or ":log-stream:" in arn:
        return arn, None
    group = arn[:-2] if arn.endswith(":*") else arn
    return f"{group}:log-stream:", f"{group}:*"
