"""KMS keys as facts: which key a name means, and what its policy is.

Sources: AWS KMS API Reference, DescribeKey and GetKeyPolicy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional, Union

from ssmdiag.iam.arn import parse_arn
from ssmdiag.model import Situation
from ssmdiag.policy.document import Policy, PolicyError, parse
from ssmdiag.policy.request import Grant
from ssmdiag.requirements.contract import Gap, gap_of
from ssmdiag.requirements.preferences.facts import Preferences, find_preferences
from ssmdiag.values import dataclass
from ssmdiag.world.call import Absent, Ask, Known, call


@dataclass(frozen=True)
class Key:
    """One KMS key as DescribeKey shows it."""

    written: str
    """As the configuration names it: id, ARN, alias or alias ARN."""
    arn: str
    state: str
    spec: str
    usage: str
    manager: str = "CUSTOMER"
    region: str = ""
    """Where it has to be asked for; empty for the node's own region."""

    @property
    def of_aws(self) -> bool:
        """Whether it is an AWS managed key: its policy is AWS's, and nobody may edit it (KMS
        Developer Guide, "Change a key policy")."""
        return self.manager == "AWS"

    @property
    def id(self) -> str:
        return self.arn.rsplit("/", 1)[-1]

    @property
    def account(self) -> str:
        arn = parse_arn(self.arn)
        return arn.account if arn else ""


def find_key(ask: Ask, written: str, region: str = "") -> Union[Key, Gap, Absent]:
    """Resolve a key id, ARN or alias. ``Absent`` if KMS says that there is no such key.

    ``region`` is where to look, if that is not the node's own.
    """
    answer = ask(call("kms", "DescribeKey", region, KeyId=written))
    if isinstance(answer, Absent):
        return answer
    if not isinstance(answer, Known):
        return gap_of(answer, f"KMS key {written}")
    data = answer.data.get("KeyMetadata", {})
    return Key(
        written,
        str(data.get("Arn", written)),
        str(data.get("KeyState", "")),
        str(data.get("KeySpec") or data.get("CustomerMasterKeySpec") or "SYMMETRIC_DEFAULT"),
        str(data.get("KeyUsage") or "ENCRYPT_DECRYPT"),
        str(data.get("KeyManager") or "CUSTOMER"),
        region,
    )


def key_policy(ask: Ask, key_arn: str, region: str = "") -> Union[Policy, Gap]:
    """The policy of one key. GetKeyPolicy works in the owning account only."""
    answer = ask(call("kms", "GetKeyPolicy", region, KeyId=key_arn, PolicyName="default"))
    if not isinstance(answer, Known):
        return gap_of(answer, f"the policy of key {key_arn}")
    try:
        document = parse(answer.data["Policy"])
    except PolicyError as error:
        return Gap(f"the policy of key {key_arn} is malformed: {error}", "write it anew")
    return Policy("key policy", "resource", document)


def foreign(arn: str, region: str) -> bool:
    """True if a key ARN belongs to another region than ``region``."""
    parsed = parse_arn(arn)
    return bool(parsed and parsed.region and parsed.region != region)


def session_key(ask: Ask, situation: Situation) -> Union[Key, Gap, Absent, Preferences, None]:
    """The session key: a Key; Absent; a Gap; None if unused; Preferences if those are wrong."""
    found = find_preferences(ask, situation)
    if isinstance(found, Gap):
        return found
    if not found.key:
        return None
    if foreign(found.key, situation.region):
        return found
    return find_key(ask, found.key)


def grants(ask: Ask, key_arn: str, region: str = "") -> Optional[Sequence[Grant]]:
    """The grants of a key, or None if they may not be read."""
    answer = ask(call("kms", "ListGrants", region, KeyId=key_arn))
    if not isinstance(answer, Known):
        return None
    return [
        Grant(g.get("GranteePrincipal", ""), tuple(g.get("Operations", ())), g.get("Constraints"))
        for g in answer.data.get("Grants", [])
    ]


def aliases(ask: Ask, key: Key) -> dict[str, Sequence[str]]:
    """The request's ``kms:ResourceAliases``, for policies that ask for it."""
    answer = ask(call("kms", "ListAliases", KeyId=key.arn))
    if not isinstance(answer, Known):
        return {}
    return {"kms:ResourceAliases": [a["AliasName"] for a in answer.data.get("Aliases", [])]}
