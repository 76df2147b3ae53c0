"""The log group that the preferences mean: the exact one, a near miss, or one to be created.

Source: Amazon CloudWatch Logs API Reference, DescribeLogGroups.
"""

from __future__ import annotations

import difflib
from typing import Any, Optional, Union

from ssmdiag.iam.arn import parse_arn, partition_of
from ssmdiag.model import Situation
from ssmdiag.requirements.contract import Gap, gap_of
from ssmdiag.requirements.identity.agent import Agent, find_agent
from ssmdiag.requirements.role.policies import read_role, resources
from ssmdiag.values import dataclass
from ssmdiag.world.asking import Door
from ssmdiag.world.call import Ask, Call, Known, call

_NEAR = 0.85
"""How like two names must be (difflib ratio) to call one a slip of the pen for the other."""


@dataclass(frozen=True)
class Group:
    """A log group of the node's own account and region, the only ones that the agent searches."""

    written: str
    """The name in the preferences."""
    name: str
    """The name of the group that exists, or ``written`` if none like it does."""
    exists: bool
    key: Optional[str]
    """ARN of the KMS key of the group; None if it has only the default encryption."""
    region: str
    account: str
    log_class: str = "STANDARD"
    """``STANDARD``, ``INFREQUENT_ACCESS`` or ``DELIVERY``; fixed when the group is created."""

    @property
    def exact(self) -> bool:
        return self.exists and self.name == self.written

    def arn(self, account: str = "") -> str:
        """The ARN as the encryption context and key policies have it: without ``:*``."""
        owner = self.account or account
        return f"arn:{partition_of(self.region)}:logs:{self.region}:{owner}:log-group:{self.name}"


def listing(name: str) -> Call:
    """The Call that looks a log group up, as the agent makes it."""
    return call("logs", "DescribeLogGroups", logGroupNamePrefix=name)


def described(ask: Door, name: str) -> Union[dict[str, Any], Gap, None]:
    """The log group of exactly this name, as AWS describes it; None if there is none."""
    answer = ask(listing(name))
    if not isinstance(answer, Known):
        return gap_of(answer, f"log group {name}")
    groups: list[dict[str, Any]] = answer.data.get("logGroups", [])
    return next((group for group in groups if group.get("logGroupName") == name), None)


def find_group(ask: Ask, situation: Situation, written: str) -> Union[Group, Gap]:
    """Look a log group up by its name; if it is not there, look for the one that was meant."""
    name = written.split(":log-group:")[-1].removesuffix(":*").strip()
    group = described(ask, name)
    if isinstance(group, Gap):
        return group
    found = group or _meant(ask, situation, name)
    if found is not None:
        return _group(written, found, situation)
    return Group(written, name, exists=False, key=None, region=situation.region, account="")


def _meant(ask: Ask, situation: Situation, name: str) -> Optional[dict[str, Any]]:
    """The group that was meant, if that is beyond doubt.

    Another case or a missing slash is a slip of the pen. A name that is merely alike may be that
    of another group, unless the agent's role was given permissions on that one and not on this.
    """
    answer = ask(call("logs", "DescribeLogGroups"))
    if not isinstance(answer, Known):
        return None
    found: list[dict[str, Any]] = answer.data.get("logGroups", [])
    groups = {str(g.get("logGroupName")): g for g in found}
    same = [n for n in groups if n.casefold().strip("/") == name.casefold().strip("/")]
    if same:
        return groups[same[0]]
    alike = difflib.get_close_matches(name, sorted(groups), n=1, cutoff=_NEAR)
    return groups[alike[0]] if alike and _prepared(ask, situation, alike[0], name) else None


def _prepared(ask: Ask, situation: Situation, group: str, instead_of: str) -> bool:
    """Do the agent's own policies name ``group``, and not ``instead_of``?"""
    named = prepared_for(ask, situation)
    return group in named and instead_of not in named


def prepared_for(ask: Ask, situation: Situation) -> tuple[str, ...]:
    """The log groups of this region that the agent's policies name; none if they are unreadable."""
    agent = find_agent(ask, situation)
    role = read_role(ask, agent.role) if isinstance(agent, Agent) else None
    if role is None or role.identity is None:
        return ()
    arns = [parse_arn(r) for policy in role.identity for r in resources(policy.document)]
    names = [
        arn.resource.split(":")[1]
        for arn in arns
        if arn and arn.region == situation.region and arn.resource.startswith("log-group:")
    ]
    return tuple(dict.fromkeys(n for n in names if n and "*" not in n))


def _group(written: str, data: dict[str, Any], situation: Situation) -> Group:
    arn = parse_arn(str(data.get("arn", "")))
    return Group(
        written,
        str(data["logGroupName"]),
        exists=True,
        key=data.get("kmsKeyId") or None,
        region=situation.region,
        account=arn.account if arn else "",
        log_class=str(data.get("logGroupClass") or "STANDARD"),
    )
