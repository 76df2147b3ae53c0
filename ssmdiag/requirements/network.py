"""Whether the services that sessions need can be reached from this node.

That ssmdiag's own Call got through does not clear the agent: its proxy settings are its own. So a
Symptom that says "no answer" stays unverified unless the node's VPC shows what is in the way, or
ssmdiag gets no answer either. Where the log merely leaves it open, an own Answer settles it.
"""

from __future__ import annotations

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
from ssmdiag.requirements.contract import Gap, Requirement, doubted
from ssmdiag.requirements.obstacle import find_obstacle
from ssmdiag.requirements.preferences_facts import find_preferences
from ssmdiag.requirements.silence import Silence, is_silent, silence_of
from ssmdiag.world.call import Answer, Ask, Call, Unreachable, call

_PROBES: dict[str, Call] = {
    "logs": call("logs", "DescribeLogGroups"),
    "kms": call("kms", "ListAliases"),
    "s3": call("s3", "ListBuckets"),
    "ssm": call(
        "ssm", "GetDocument", Name="SSM-SessionManagerRunShell", DocumentVersion="$DEFAULT"
    ),
}


def _answers(service: str) -> Callable[[Ask, Situation], Verdict]:
    def check(ask: Ask, situation: Situation) -> Verdict:
        symptoms = doubted(situation, f"network/{service}")
        if not symptoms:
            return NotApplicable("nothing in the log casts doubt on it")
        failed = [s for s in symptoms if s.failure and s.failure.kind == "unreachable"]
        silence = _silence(ask, situation, service, symptoms) if situation.online else None
        obstacle = find_obstacle(ask, situation, silence) if silence else None
        if isinstance(obstacle, Broken):
            return obstacle
        answer = ask(_PROBES[service]) if service in _PROBES and situation.online else None
        return _from_answer(situation, service, failed, answer, obstacle)

    return check


def _silence(
    ask: Ask, situation: Situation, service: str, symptoms: Sequence[Symptom]
) -> Optional[Silence]:
    """The newest of the requests to ``service`` that nobody answered."""
    found = [silence_of(s, service, situation.region) for s in symptoms]
    told = next((x for x in reversed(found) if x), None)
    if told is None or not told.presumed:
        return told
    # The agent asks KMS during the handshake only for a session key.
    preferences = find_preferences(ask, situation)
    return None if isinstance(preferences, Gap) or not preferences.key else told


def _from_answer(
    situation: Situation,
    service: str,
    failed: Sequence[Symptom],
    answer: Optional[Answer],
    unread: Optional[Gap],
) -> Verdict:
    host = f"{service}.{situation.region}.{dns_suffix(situation.region)}"
    hosts = [s.failure.host for s in failed if s.failure and s.failure.host]
    name = hosts[-1] if hosts else host
    answered = answer is not None and not isinstance(answer, Unreachable)
    settle = f"run `curl -sv https://{name}/ -o /dev/null` on the node, in the agent's network"
    if unread is not None:
        settle = f"{unread.settle}; or {settle}"
    if not failed:
        if answered:
            return Holds(f"{host} answers ssmdiag's own Calls")
        return Unverified(f"whether {name} answers from this node is not known", (), settle)
    suspects: tuple[Resource, ...] = (Resource("endpoint-network", name),)
    if isinstance(answer, Unreachable) and _is_network(answer):
        ways = (
            "an interface endpoint with private DNS, a NAT route, or a proxy that lets it through"
        )
        return Broken(
            f"{name} does not answer: neither the agent nor ssmdiag reached it from this node",
            suspects[0],
            (f"ssmdiag's own Call: {answer.why}",),
            (Advice(f"give the node a way to {name} on port 443: {ways}"),),
        )
    if any(s.failure and is_silent(s.failure.text) for s in failed):
        suspects += (Resource("vpc-endpoint", name),)
    said = f"the agent did not reach {name}"
    if answered:
        said += "; ssmdiag's own Call does get an answer now"
    evidence = (f"the VPC could not be looked at: {unread.why}",) if unread else ()
    return Unverified(said, suspects, settle, evidence)


def _is_network(answer: Unreachable) -> bool:
    # A Snapshot that lacks the Call is no dead network.
    failure = read_failure(answer.why)
    return failure is not None and failure.kind == "unreachable"


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
