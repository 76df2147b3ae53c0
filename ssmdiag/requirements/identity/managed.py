"""Whether Systems Manager has the node in its list and hears from it: what starting a session asks.

Sources: Systems Manager API Reference, DescribeInstanceInformation (``PingStatus``), StartSession
(``TargetNotConnected``).
"""

from __future__ import annotations

from ssmdiag.model import Advice, Broken, Holds, Resource, Situation, Unverified, Verdict
from ssmdiag.requirements.agent.facts import restarting
from ssmdiag.requirements.contract import Gap, Requirement, waits
from ssmdiag.requirements.identity.agent import kind_of_node, node_id
from ssmdiag.requirements.identity.node_facts import find_node
from ssmdiag.world.call import Ask


def _managed(ask: Ask, situation: Situation) -> Verdict:
    node = node_id(ask, situation)
    if not node:
        return waits("identity/agent-role", "not known before the node's id is")
    found = find_node(ask, node)
    if isinstance(found, Gap):
        return Unverified(found.why, (), found.settle)
    if found is None and kind_of_node(ask, situation) == "hybrid":
        return waits("identity/activation", "not known before the registration is")
    if found is not None and found.online:
        return Holds(f"Systems Manager hears from {node}", (f"last at {found.last_ping}",))
    if found is None:
        said = f"Systems Manager of {situation.region} does not list {node}"
    else:
        said = f"Systems Manager does not hear from {node}: {found.ping}, last at {found.last_ping}"
    return Broken(
        f"{said}; a session to it ends with TargetNotConnected",
        Resource("service-side", node),
        ("ssm:DescribeInstanceInformation is what StartSession goes by",),
        (
            Advice(
                "mend what is broken below; if nothing is, the agent waits before it tries again: "
                f"{restarting(ask)}"
            ),
        ),
    )


REQUIREMENTS = (
    Requirement(
        "identity/managed", "Systems Manager hears from the node", "credentials", _managed, False
    ),
)
