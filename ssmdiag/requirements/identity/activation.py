"""Whether Systems Manager knows the hybrid node, and lets sessions reach it.

Sources: Systems Manager User Guide, "Configuring instance tiers" (sessions to hybrid nodes need the
advanced tier, a setting of the account and region) and "Create a hybrid activation" (an activation
that expires does not concern nodes that are registered).
"""

from __future__ import annotations

from ssmdiag.model import (
    Advice,
    Broken,
    Holds,
    NotApplicable,
    Resource,
    Situation,
    Unverified,
    Verdict,
    Write,
)
from ssmdiag.requirements.agent.facts import restarting, told
from ssmdiag.requirements.contract import Gap, Requirement, as_logged, doubted, gap_of
from ssmdiag.requirements.identity.agent import kind_of_node, node_id
from ssmdiag.requirements.identity.node_facts import Managed, find_node
from ssmdiag.world.call import Ask, Known, call

_ID = "identity/activation"
_TIER = "/ssm/managed-instance/activation-tier"


def _activation(ask: Ask, situation: Situation) -> Verdict:
    symptoms, node = doubted(situation, _ID), node_id(ask, situation)
    settle = "make a new activation (`aws ssm create-activation`) and register with it"
    if kind_of_node(ask, situation) != "hybrid":
        if symptoms:
            return as_logged(_ID, symptoms, settle)
        return NotApplicable("the node is not registered by a hybrid activation")
    found = find_node(ask, node)
    if isinstance(found, Gap):
        if symptoms:
            return as_logged(_ID, symptoms, f"{found.settle}; {settle}")
        return Unverified(found.why, (), found.settle)
    if found is None:
        return Broken(
            f"Systems Manager does not know {node}: it was deregistered, or is of another account "
            "or region",
            Resource("agent-config", "the agent's registration"),
            (f"ssm:DescribeInstanceInformation in {situation.region} does not list it",),
            (Advice(f"{settle}; then {restarting(ask)}"),),
        )
    if symptoms and not found.online:
        return as_logged(_ID, symptoms, settle)
    return _tier(ask, situation, node, found)


def _tier(ask: Ask, situation: Situation, node: str, found: Managed) -> Verdict:
    known = f"Systems Manager says of {node}: {found.ping}, last heard of at {found.last_ping}"
    answer = ask(call("ssm", "GetServiceSetting", SettingId=_TIER))
    if not isinstance(answer, Known):
        gap = gap_of(answer, "the tier of hybrid nodes")
        return Unverified(gap.why, (), "allow ssm:GetServiceSetting", (known,))
    setting = told(answer).get("ServiceSetting")
    value = setting.get("SettingValue") if isinstance(setting, dict) else None
    if value == "standard":
        return Broken(
            f"hybrid nodes in {situation.region} are of the standard tier, to which no session can "
            "be started",
            Resource("service-side", _TIER),
            (f"service setting {_TIER}: {value}", known),
            (_advanced(situation),),
        )
    return Holds(f"{node} is a registered node of tier {value or 'not told'}", (known,))


def _advanced(situation: Situation) -> Write:
    raising = call("ssm", "UpdateServiceSetting", SettingId=_TIER, SettingValue="advanced")
    return Write(
        (raising,),
        f"make all hybrid nodes in {situation.region} advanced ones, which are billed by the hour",
    )


REQUIREMENTS = (
    Requirement(_ID, "The hybrid activation lets sessions in", "identity", _activation, False),
)
