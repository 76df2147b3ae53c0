"""What Systems Manager knows of the node. Source: API Reference, DescribeInstanceInformation."""

from __future__ import annotations

from typing import Any, Optional, Union

from ssmdiag.requirements.agent.facts import told
from ssmdiag.requirements.contract import Gap, gap_of
from ssmdiag.values import dataclass
from ssmdiag.world.call import Ask, Known, call


@dataclass(frozen=True)
class Managed:
    """A managed node, as Systems Manager lists it."""

    ping: str
    """``Online``, ``ConnectionLost`` or ``Inactive``."""
    last_ping: str
    version: str
    """The agent's; empty if not told."""

    @property
    def online(self) -> bool:
        return self.ping == "Online"


def find_node(ask: Ask, node: str) -> Union[Managed, Gap, None]:
    """The node under this id; None if Systems Manager does not know it."""
    filters = [{"Key": "InstanceIds", "Values": [node]}]
    answer = ask(call("ssm", "DescribeInstanceInformation", Filters=filters))
    listed = told(answer).get("InstanceInformationList")
    if not isinstance(answer, Known) or not isinstance(listed, list):
        return gap_of(answer, f"what Systems Manager knows of {node}")
    found = next((n for n in listed if n.get("InstanceId") == node), None)
    if listed and not (found and found.get("PingStatus")):
        return gap_of(answer, f"what Systems Manager knows of {node}")
    return None if found is None else _managed(found)


def _managed(found: dict[str, Any]) -> Managed:
    last: Optional[Any] = found.get("LastPingDateTime")
    return Managed(
        str(found["PingStatus"]),
        str(last or "not told"),
        str(found.get("AgentVersion") or ""),
    )
