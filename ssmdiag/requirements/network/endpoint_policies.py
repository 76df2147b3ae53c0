"""Do the policies of the VPC endpoints let through what the agent asks for in sessions?

Every request that the configuration in force needs is judged at the endpoint that it goes through,
before AWS refuses it. Through a proxy it takes the endpoints of another network. Source: AWS
PrivateLink Guide, "Control access to VPC endpoints using endpoint policies".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

from ssmdiag.model import (
    Advice,
    Broken,
    Holds,
    NotApplicable,
    Remedy,
    Resource,
    Situation,
    Unverified,
    Verdict,
)
from ssmdiag.requirements.agent.facts import PROXY, told
from ssmdiag.requirements.contract import Gap, Requirement, waits
from ssmdiag.requirements.network.endpoint_opening import Passage, opening, passage, service_of
from ssmdiag.requirements.network.endpoints import ServiceEndpoint, find_endpoint
from ssmdiag.requirements.network.vpc_facts import Endpoint, Vpc, find_vpc
from ssmdiag.requirements.preferences.facts import READABLE, find_preferences
from ssmdiag.requirements.role.agent_requests import agent_requests
from ssmdiag.requirements.role.authorisation import Need
from ssmdiag.world.call import Ask, Denied, Unreachable
from ssmdiag.world.no_proxy import exempts


def _check(ask: Ask, situation: Situation) -> Verdict:
    if not situation.online:
        return NotApplicable("nothing in the log casts doubt on it")
    vpc = find_vpc(ask, situation)
    if vpc is None:
        return NotApplicable("the node is no EC2 instance: its network is not a VPC's")
    if isinstance(vpc, Gap):
        said = f"whether VPC endpoint policies let the agent through is not known: {vpc.why}"
        return Unverified(said, (), vpc.settle)
    if not vpc.endpoints:
        return NotApplicable(f"{vpc.id} has no VPC endpoints")
    needs = agent_requests(ask, situation)
    if not needs:
        return waits("identity/agent-role", "not known before the agent's role is")
    ways = [(need, _endpoint(ask, situation, vpc, need)) for need in needs]
    taken = [(need, endpoint) for need, endpoint in ways if endpoint is not None]
    if not taken:
        return NotApplicable(f"none of the agent's requests goes through an endpoint of {vpc.id}")
    unread = next((e for _, e in taken if e.policy is None), None)
    passages = [passage(vpc, e, need) for need, e in taken if e.policy is not None]
    verdict = _judged(passages, unread)
    if isinstance(verdict, Holds) and isinstance(find_preferences(ask, situation), Gap):
        return waits(READABLE, f"{verdict.said}; what logging needs, the preferences tell")
    return verdict


def _endpoint(ask: Ask, situation: Situation, vpc: Vpc, need: Need) -> Optional[Endpoint]:
    """The VPC endpoint that a request goes through, if it goes through one."""
    found = find_endpoint(ask, situation, service_of(need))
    if isinstance(found, Gap) or _by_proxy(ask, found):
        return None
    return vpc.taken(found.label, found.region)


def _by_proxy(ask: Ask, endpoint: ServiceEndpoint) -> bool:
    variables = told(ask(PROXY)).get("Variables") or {}
    exempt = exempts(variables.get("no_proxy", ""), endpoint.host, endpoint.port)
    return bool(variables.get("https_proxy")) and not exempt


def _judged(passages: Sequence[Passage], unread: Optional[Endpoint]) -> Verdict:
    denied = [p for p in passages if p.decision.outcome == "denied"]
    if denied:
        return _broken(denied)
    if unread:
        said = f"the policy of VPC endpoint {unread.id} is not valid JSON"
        return Unverified(said, (Resource("vpc-endpoint", unread.id),), "write the policy anew")
    open_ones = [p for p in passages if p.decision.outcome == "undetermined" and not _passes(p)]
    if open_ones:
        return _undetermined(open_ones)
    let_through: dict[str, list[str]] = {}
    for p in passages:
        name = f"{p.endpoint.id} ({service_of(p.need)})"
        let_through.setdefault(name, []).append(p.need.action)
    said = f"the policies of {', '.join(let_through)} let the agent through"
    evidence = (f"{name}: {', '.join(actions)}" for name, actions in let_through.items())
    return Holds(said, tuple(evidence))


def _passes(p: Passage) -> bool:
    """AWS answers the same request of the same role: no policy on its way refuses it."""
    if p.need.witness is None:
        return False
    return not isinstance(p.need.witness.ask(), (Denied, Unreachable))


def _broken(denied: Sequence[Passage]) -> Broken:
    endpoints = list(dict.fromkeys(p.endpoint for p in denied))
    said = "; ".join(_said([p for p in denied if p.endpoint == e]) for e in endpoints)
    evidence = dict.fromkeys(r for p in denied for r in p.decision.reasons)
    remedies = [r for e in endpoints for r in _remedies([p for p in denied if p.endpoint == e])]
    resource = Resource("vpc-endpoint", endpoints[0].id)
    return Broken(said, resource, tuple(evidence), tuple(remedies))


def _said(denied: Sequence[Passage]) -> str:
    """What one endpoint's policy does not let through, in one sentence."""
    first = denied[0]
    by_what: dict[str, list[str]] = {}
    for p in denied:
        by_what.setdefault(p.need.what, []).append(p.need.action)
    whole = "; nor ".join(f"{', '.join(names)} on {what}" for what, names in by_what.items())
    return (
        f"the policy of VPC endpoint {first.endpoint.id} ({service_of(first.need)}) does not let "
        f"role {first.need.role} do {whole}"
    )


def _remedies(denied: Sequence[Passage]) -> list[Remedy]:
    """Statements that are missing are added; a Deny must be narrowed by whoever owns it."""
    missing = [p.need for p in denied if not p.decision.explicit]
    found: list[Remedy] = [opening(denied[0].endpoint, missing)] if missing else []
    denying: dict[str, list[str]] = {}
    for p in denied:
        if p.decision.explicit:
            where = p.decision.cited.statement if p.decision.cited else ""
            denying.setdefault(where, []).append(p.need.action)
    role, name = denied[0].need.role, denied[0].endpoint.id
    return found + [
        Advice(
            f"exempt role {role} from the Deny statement {where} of {name}, for "
            f"{', '.join(actions)} (ec2:ModifyVpcEndpoint)"
        )
        for where, actions in denying.items()
    ]


def _undetermined(open_ones: Sequence[Passage]) -> Unverified:
    names = dict.fromkeys(p.endpoint.id for p in open_ones)
    actions = ", ".join(dict.fromkeys(p.need.action for p in open_ones))
    return Unverified(
        f"whether the policy of VPC endpoint {', '.join(names)} lets {actions} through depends on "
        "a value that is not known",
        tuple(Resource("vpc-endpoint", name) for name in names),
        "compare the condition with the request by hand, or start a session",
        tuple(dict.fromkeys(r for p in open_ones for r in p.decision.reasons)),
    )


REQUIREMENTS = (
    Requirement(
        "network/endpoint-policies",
        "The policies of the VPC endpoints allow what the agent asks for",
        "network",
        _check,
        standing=False,
    ),
)
