"""Whether the services that sessions need can be reached from this node.

That ssmdiag's own Call got through does not clear the agent: its proxy settings are its own. So a
Symptom that says "no answer" stays unverified unless the node's VPC shows what is in the way, or
ssmdiag gets no answer either. Where the log merely leaves it open, an own Answer settles it.

Sources: AWS PrivateLink Guide, "Access AWS services through AWS PrivateLink" and "Gateway
endpoints"; Systems Manager User Guide, "Create VPC endpoints".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Callable, Optional

from ssmdiag.iam.arn import dns_suffix
from ssmdiag.iam.failure import read_failure
from ssmdiag.model import (
    Advice,
    Broken,
    Holds,
    NotApplicable,
    Resource,
    Situation,
    Symptom,
    Unverified,
    Verdict,
)
from ssmdiag.requirements.bucket_facts import bucket_region
from ssmdiag.requirements.contract import Gap, Requirement, doubted
from ssmdiag.requirements.preferences_facts import find_preferences
from ssmdiag.requirements.vpc_facts import Endpoint, Vpc, find_vpc
from ssmdiag.world.call import Answer, Ask, Call, Unreachable, call

# Silence is also what a VPC endpoint that does not exist looks like; a refusal, a reset, a wrong
# certificate or a name that does not resolve is somebody's answer.
_SILENCE = re.compile(r"time(?:d )?out|no route|unreachable|deadline", re.IGNORECASE)

_PROBES: dict[str, Call] = {
    "logs": call("logs", "DescribeLogGroups"),
    "kms": call("kms", "ListAliases"),
    "s3": call("s3", "ListBuckets"),
    "ssm": call(
        "ssm", "GetDocument", Name="SSM-SessionManagerRunShell", DocumentVersion="$DEFAULT"
    ),
}
_WAYS = (
    "give the node a way to it: an interface endpoint com.amazonaws.{region}.{service} with "
    "private DNS and port 443 open to the node, or a NAT route, or a proxy that lets it through"
)


def _answers(service: str) -> Callable[[Ask, Situation], Verdict]:
    def check(ask: Ask, situation: Situation) -> Verdict:
        symptoms = doubted(situation, f"network/{service}")
        if not symptoms:
            return NotApplicable("nothing in the log casts doubt on it")
        failed = [s for s in symptoms if s.failure and s.failure.kind == "unreachable"]
        if situation.online and _silent(symptoms):
            blocked = _blocked(ask, situation, service)
            if blocked is not None:
                return blocked
        answer = ask(_PROBES[service]) if service in _PROBES and situation.online else None
        return _from_answer(situation, service, failed, answer)

    return check


def _silent(symptoms: Sequence[Symptom]) -> bool:
    """Did anybody wait in vain, and not for a proxy? Then the VPC may show why."""
    texts = [s.failure.text if s.failure else s.sample.message for s in symptoms]
    return any(_SILENCE.search(text) and "proxyconnect" not in text for text in texts)


def _from_answer(
    situation: Situation, service: str, failed: Sequence[Symptom], answer: Optional[Answer]
) -> Verdict:
    host = f"{service}.{situation.region}.{dns_suffix(situation.region)}"
    hosts = [s.failure.host for s in failed if s.failure and s.failure.host]
    name = hosts[-1] if hosts else host
    silent_too = isinstance(answer, Unreachable) and _is_network(answer)
    answered = answer is not None and not isinstance(answer, Unreachable)
    settle = f"run `curl -sv https://{name}/ -o /dev/null` on the node, in the agent's network"
    if not failed:
        if answered:
            return Holds(f"{host} answers ssmdiag's own Calls")
        return Unverified(f"whether {name} answers from this node is not known", (), settle)
    suspects: tuple[Resource, ...] = (Resource("endpoint-network", name),)
    if isinstance(answer, Unreachable) and silent_too:
        return Broken(
            f"{name} does not answer: neither the agent nor ssmdiag reached it from this node",
            suspects[0],
            (f"ssmdiag's own Call: {answer.why}",),
            (Advice(_WAYS.format(service=service, region=situation.region)),),
        )
    if _silent(failed):
        suspects += (Resource("vpc-endpoint", name),)
    said = f"the agent did not reach {name}"
    if answered:
        said += "; ssmdiag's own Call does get an answer now"
    return Unverified(said, suspects, settle)


def _is_network(answer: Unreachable) -> bool:
    # A Snapshot that lacks the Call is no dead network.
    failure = read_failure(answer.why)
    return failure is not None and failure.kind == "unreachable"


# --- what in the VPC is in the way --------------------------------------------------------------


def _blocked(ask: Ask, situation: Situation, service: str) -> Optional[Broken]:
    """What in the node's VPC keeps it from a service, if something surely does."""
    vpc = find_vpc(ask, situation)
    if not isinstance(vpc, Vpc):
        return None
    region = situation.region
    taken = vpc.taken(service, region)
    if not vpc.lets_https_out:
        host = f"{service}.{region}.{dns_suffix(region)}"
        said = f"the node's security groups let nothing out on port 443, so {host} is out of reach"
        advice = Advice("add an egress rule for tcp 443 (ec2:AuthorizeSecurityGroupEgress)")
        return Broken(said, Resource("endpoint-network", host), (), (advice,))
    if taken is not None and not taken.admits:
        return _shut(taken, service)
    if vpc.has_way_out:
        return None
    if taken is not None:
        return _elsewhere(ask, situation, taken) if service == "s3" else None
    idle = vpc.of(service, region)
    return _idle(idle[0], service, vpc) if idle else _missing(vpc, service, region)


def _shut(endpoint: Endpoint, service: str) -> Broken:
    return Broken(
        f"the security groups of VPC endpoint {endpoint.id} ({service}) do not let the node in",
        Resource("endpoint-network", endpoint.id),
        ("no inbound rule for port 443 fits the node's address or security groups",),
        (
            Advice(
                "admit tcp 443 from the node's subnet or security group in the groups of "
                f"{endpoint.id} (ec2:AuthorizeSecurityGroupIngress)"
            ),
        ),
    )


def _idle(endpoint: Endpoint, service: str, vpc: Vpc) -> Broken:
    said = f"VPC endpoint {endpoint.id} ({service}) takes none of the node's requests: "
    if endpoint.gateway:
        said += "the subnet's routes do not lead to it"
        advice = Advice("put the gateway endpoint into the subnet's route table")
    else:
        said += "private DNS is off"
        advice = Advice(f"switch private DNS on for {endpoint.id} (ec2:ModifyVpcEndpoint)")
    return Broken(said, Resource("endpoint-network", endpoint.id), (_no_way(vpc),), (advice,))


def _missing(vpc: Vpc, service: str, region: str) -> Broken:
    return Broken(
        f"{vpc.id} has no endpoint for {service}, and the node has no other way to it",
        Resource("vpc-endpoint", f"com.amazonaws.{region}.{service}"),
        (_no_way(vpc),),
        (Advice(_WAYS.format(service=service, region=region)),),
    )


def _no_way(vpc: Vpc) -> str:
    return f"the routes of the node's subnet lead nowhere beyond {vpc.id}"


def _elsewhere(ask: Ask, situation: Situation, endpoint: Endpoint) -> Optional[Broken]:
    """A gateway endpoint serves the buckets of its own region only."""
    found = find_preferences(ask, situation)
    if isinstance(found, Gap) or not (found.bucket and endpoint.gateway):
        return None
    place = bucket_region(ask, found.bucket, situation.region)
    if not place:
        return None
    return Broken(
        f"bucket {found.bucket} is in {place}; gateway endpoint {endpoint.id} serves only "
        f"{situation.region}, and the node has no other way out",
        Resource("endpoint-network", endpoint.id),
        (),
        (Advice(f"use a bucket of {situation.region}, or give the subnet a NAT route"),),
    )


REQUIREMENTS = tuple(
    Requirement(
        f"network/{service}",
        f"The endpoint of {service} answers",
        "network",
        _answers(service),
        standing=False,
    )
    for service in ("ssm", "ssmmessages", "ec2messages", "logs", "kms", "s3")
)
