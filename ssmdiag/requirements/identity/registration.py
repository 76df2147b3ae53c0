"""The registration of a hybrid node: there, of this machine, and not left over on an EC2 instance.

Sources: Systems Manager User Guide, "Create a hybrid activation" and "Deregister and reregister a
managed node"; agent source ``common/identity/identity_selector.go`` (OnPrem is tried before EC2),
``core/agent_parser.go`` (``-register -clear`` empties the vault and leaves the registration file,
so the file alone proves nothing) and ``agent/managedInstances/fingerprint``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Optional

from ssmdiag.model import (
    Advice,
    Broken,
    Holds,
    NotApplicable,
    Resource,
    Situation,
    Unverified,
    Verdict,
)
from ssmdiag.requirements.agent.facts import (
    METADATA,
    REGISTRATION,
    STATE,
    find_config,
    in_short,
    manager,
    restarting,
    told,
)
from ssmdiag.requirements.contract import Gap, Requirement, as_logged, doubted, gap_of, unread
from ssmdiag.requirements.identity.agent import kind_of_node, node_id
from ssmdiag.requirements.identity.node_facts import find_node
from ssmdiag.world.call import Absent, Ask, Known

_ID = "identity/registration"
_KEY = "RegistrationKey"
_FINGERPRINT = re.compile(
    r"Cannot connect to AWS Systems Manager\. |MachineFingerprintDoesNotMatch", re.ASCII
)


def _registration(ask: Ask, situation: Situation) -> Verdict:
    answer, symptoms = ask(REGISTRATION), doubted(situation, _ID)
    data, kind = told(answer), kind_of_node(ask, situation)
    if not isinstance(answer, (Known, Absent)):
        gap = gap_of(answer, "the agent's registration")
        return unread(gap, _ID, symptoms)
    hybrid = data.get("Hybrid") if isinstance(data.get("Hybrid"), dict) else None
    if kind == "hybrid":
        if symptoms and not isinstance(ask(STATE), Known):
            return as_logged(_ID, symptoms, f"look at the end of the agent's log; {_register(ask)}")
        return _of_hybrid_node(ask, situation, hybrid, data.get("Vault"))
    if hybrid is None:
        return NotApplicable("the node is not registered by a hybrid activation")
    name = str(hybrid.get("ManagedInstanceID") or "mi-...")
    if kind == "EC2":
        note = (
            "`amazon-ssm-agent -register -clear` leaves this file; if the agent's vault still "
            f"holds the registration, the agent runs as {name} from its next start on"
        )
        said = f"the agent runs as EC2 instance; a registration file still names {name}"
        return Holds(said, (note,))
    said = f"a registration file names {name}, but as what the agent runs is not known"
    return Unverified(said, (), "run ssmdiag on the node, as root")


def _of_hybrid_node(
    ask: Ask, situation: Situation, hybrid: Optional[Mapping[str, Any]], vault: Any
) -> Verdict:
    node = node_id(ask, situation) or "this node"
    instance = told(ask(METADATA)).get("Identity")
    if isinstance(instance, dict):
        return _left_over(ask, node, str(instance.get("InstanceId") or "an instance"))
    if hybrid is None and isinstance(vault, list) and _KEY not in vault:
        return Broken(
            f"the registration of {node} is lost: neither its file nor its key is there",
            Resource("agent-config", "the agent's registration"),
            (f"the agent's vault holds {', '.join(map(str, vault)) or 'nothing'}",),
            (Advice(_register(ask)),),
        )
    error = told(ask(STATE)).get("LastCredentialError")
    if isinstance(error, str) and _FINGERPRINT.search(error):
        return _another_machine(ask, node, error)
    return _in_region(situation, node, hybrid or {})


def _in_region(situation: Situation, node: str, hybrid: Mapping[str, Any]) -> Verdict:
    region, written = str(hybrid.get("Region") or ""), hybrid.get("ManagedInstanceID")
    evidence = (f"the registration file: {in_short(dict(hybrid))}",) if hybrid else ()
    if region and situation.region and region != situation.region:
        return Unverified(
            f"{node} is registered in {region}, while ssmdiag looks at {situation.region}",
            (),
            f"run ssmdiag with --region {in_short(region)}; or, if the node belongs into "
            f"{situation.region}, register it there",
            evidence,
        )
    if written and written != node and node.startswith("mi-"):
        said = f"the agent runs as {node}, its registration file names {written}"
        return Unverified(said, (), "restart the agent, and run ssmdiag again", evidence)
    return Holds(f"{node} is registered{f' in {region}' if region else ''}", evidence)


def _left_over(ask: Ask, node: str, instance: str) -> Verdict:
    evidence = [f"the agent runs as {node}; instance metadata says {instance}"]
    config = find_config(ask)
    order = None if isinstance(config, Gap) else config.get("Identity", "ConsumptionOrder")
    tried = in_short(order) if order else "by default OnPrem before EC2"
    evidence.append(f"Identity.ConsumptionOrder: {tried}")
    found = find_node(ask, node)
    if not isinstance(found, Gap) and found and found.online:
        said = f"EC2 instance {instance} is registered as hybrid node {node}, which is online"
        evidence.append(f"sessions reach it as {node} alone, under the activation's role")
        return Holds(said, tuple(evidence))
    return Broken(
        f"a hybrid registration left on EC2 instance {instance} wins: the agent runs as {node}, so "
        "sessions do not find the instance",
        Resource("agent-config", "the agent's registration"),
        tuple(evidence),
        (Advice(f"{_clear(ask)}; then {restarting(ask)}"),),
    )


def _another_machine(ask: Ask, node: str, error: str) -> Broken:
    return Broken(
        f"the machine is not the one that was registered as {node}: its hardware differs",
        Resource("agent-config", "the agent's registration"),
        (f"the agent's last error: {error}",),
        (
            Advice(
                f"{_register(ask)}; only if the hardware of this very machine changed: "
                f"`{_program(ask)} -fingerprint -similarityThreshold 25` (40 without it), then "
                f"{restarting(ask)}"
            ),
        ),
    )


def _register(ask: Ask) -> str:
    return (
        "make a new activation (`aws ssm create-activation --iam-role ROLE`), and with its code "
        f"and id, as root: `{_program(ask)} -register -code CODE -id ID -region REGION`; then "
        f"{restarting(ask)}"
    )


def _clear(ask: Ask) -> str:
    return f"as root: `{_program(ask)} -register -clear`"


def _program(ask: Ask) -> str:
    if manager(ask) == "snap":
        return "/snap/amazon-ssm-agent/current/amazon-ssm-agent"
    return "amazon-ssm-agent"


REQUIREMENTS = (
    Requirement(
        _ID, "The node's registration is its own", "identity", _registration, standing=False
    ),
)
