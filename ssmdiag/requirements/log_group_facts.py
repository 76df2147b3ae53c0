"""The log group that the preferences mean: the exact one, a near miss, or one to be created.

Source: Amazon CloudWatch Logs API Reference, DescribeLogGroups.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any, Optional, Union

from ssmdiag.iam.arn import parse_arn, partition_of
from ssmdiag.model import Situation
from ssmdiag.requirements.contract import Gap, gap_of
from ssmdiag.world.call import Ask, Known, call

_NEAR = 0.9
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

    @property
    def exact(self) -> bool:
        return self.exists and self.name == self.written

    def arn(self, account: str = "") -> str:
        """The ARN as the encryption context and key policies have it: without ``:*``."""
        owner = self.account or account
        return f"arn:{partition_of(self.region)}:logs:{self.region}:{owner}:log-group:{self.name}"


def find_group(ask: Ask, situation: Situation, written: str) -> Union[Group, Gap]:
    """Look a log group up by its name; if it is not there, look for the one that was meant."""
    name = written.split(":log-group:")[-1].removesuffix(":*").strip()
    answer = ask(call("logs", "DescribeLogGroups", logGroupNamePrefix=name))
    if not isinstance(answer, Known):
        return gap_of(answer, f"log group {name}")
    for group in answer.data.get("logGroups", []):
        if group.get("logGroupName") == name:
            return _group(written, group, situation)
    near = _nearest(ask, name)
    if near is not None:
        return _group(written, near, situation)
    return Group(written, name, exists=False, key=None, region=situation.region, account="")


def _nearest(ask: Ask, name: str) -> Optional[dict[str, Any]]:
    answer = ask(call("logs", "DescribeLogGroups"))
    if not isinstance(answer, Known):
        return None
    groups = {str(g.get("logGroupName")): g for g in answer.data.get("logGroups", [])}
    folded = [n for n in groups if n.casefold() == name.casefold()]
    close = folded or difflib.get_close_matches(name, sorted(groups), n=1, cutoff=_NEAR)
    return groups[close[0]] if close else None


def _group(written: str, data: dict[str, Any], situation: Situation) -> Group:
    arn = parse_arn(str(data.get("arn", "")))
    return Group(
        written,
        str(data["logGroupName"]),
        exists=True,
        key=data.get("kmsKeyId") or None,
        region=situation.region,
        account=arn.account if arn else "",
    )
