"""Whether the services that sessions need can be reached from this node.

A probe of the node settles it, since it dials as the agent does. That ssmdiag's own Call to AWS got
through does not clear the agent: its proxy settings are its own. So where no probe could be made, a
Symptom that says "no answer" stays unverified unless the node's VPC shows what is in the way, or
ssmdiag gets no answer either. Where the log merely leaves it open, an own Answer settles it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Callable, Optional, Union

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
from ssmdiag.requirements.agent import config as agent_config
from ssmdiag.requirements.contract import Gap, Requirement, doubted, moments, waits
from ssmdiag.requirements.network.endpoints import (
    HARMLESS,
    SERVICES,
    ServiceEndpoint,
    dialling,
    find_endpoint,
    is_host,
    why_idle,
)
from ssmdiag.requirements.network.probe_facts import Probe, find_probe
from ssmdiag.requirements.network.probe_failures import unreached
from ssmdiag.requirements.network.silence import Silence, is_silent, region_of, silence_of
from ssmdiag.requirements.network.vpc_facts import Vpc, find_vpc
from ssmdiag.requirements.preferences.facts import READABLE, find_preferences
from ssmdiag.world.call import Answer, Ask, Call, Unreachable, call

_OWN_CALLS: dict[str, Call] = {
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
        if symptoms:
            return _harmless(service, _doubted(ask, situation, service, symptoms))
        if not situation.online:
            return NotApplicable("nothing in the log casts doubt on it")
        return _harmless(service, _probed(ask, situation, service))

    return check


def _harmless(service: str, verdict: Verdict) -> Verdict:
    """Nothing is broken by the silence of a service that sessions can do without."""
    if service not in HARMLESS or not isinstance(verdict, Broken):
        return verdict
    return NotApplicable(f"{verdict.said}, which does no harm: {HARMLESS[service]}")


# --- with nothing but the configuration ---------------------------------------------------------


def _probed(ask: Ask, situation: Situation, service: str) -> Verdict:
    idle = why_idle(ask, situation, service)
    if isinstance(idle, str):
        return NotApplicable(idle)
    endpoint = find_endpoint(ask, situation, service)
    if isinstance(endpoint, Gap):
        return waits(
            agent_config.VALID.id, f"which host the agent dials is not known: {endpoint.why}"
        )
    probe = find_probe(ask, endpoint)
    if isinstance(probe, Gap):
        said = f"whether {endpoint.host} answers from this node is not known: {probe.why}"
        return Unverified(said, (), probe.settle)
    if probe.done:
        return _reached(ask, situation, probe)
    verdict = unreached(ask, situation, probe)
    if isinstance(idle, Gap) and isinstance(verdict, Broken):
        return waits(READABLE, f"{verdict.said}; whether that matters, the preferences tell")
    return verdict


def _reached(ask: Ask, situation: Situation, probe: Probe) -> Holds:
    notes = [probe.told, *_way(ask, situation, probe)]
    if probe.endpoint.setting:
        notes.append(f"the host comes from {probe.endpoint.setting}")
    shown = probe.certificate
    if shown and shown.issuer and not shown.of_aws:
        notes.append(
            f"{shown.signer} signed the certificate, not Amazon: a proxy that inspects TLS stands "
            "between, and some of them cut the long connections that sessions need"
        )
    if shown and shown.trusted is None:
        notes.append("whether the agent trusts its signer depends on the system's key store")
    return Holds(f"{probe.endpoint.host} answers", tuple(notes))


def _way(ask: Ask, situation: Situation, probe: Probe) -> tuple[str, ...]:
    """Which way the VPC leads there, as far as it may be looked at."""
    if probe.address is None:
        return ()
    vpc = find_vpc(ask, situation)
    label, region = probe.endpoint.label, probe.endpoint.region
    taken = vpc.taken(label, region) if isinstance(vpc, Vpc) else None
    if taken and (taken.gateway or probe.inside):
        return (f"the node gets there through VPC endpoint {taken.id}",)
    if taken:
        return (
            f"the name leads to a public address, past VPC endpoint {taken.id} with its private "
            "DNS: the node's resolver is not the VPC's",
        )
    return (f"{probe.address} is a {'private' if probe.inside else 'public'} address",)


# --- with what the log says of it ---------------------------------------------------------------


def _doubted(ask: Ask, situation: Situation, service: str, symptoms: Sequence[Symptom]) -> Verdict:
    failed = [s for s in symptoms if s.failure and s.failure.kind == "unreachable"]
    probe = _probe_of(ask, situation, service, symptoms) if situation.online else None
    if probe is not None and probe.done:
        before = f"; it did not when the log said so ({moments(failed[-1])})" if failed else ""
        holds = _reached(ask, situation, probe)
        return Holds(f"{holds.said} now, as the agent dials it{before}", holds.evidence)
    if probe is not None:
        return unreached(ask, situation, probe)
    misled = _misled(ask, situation, service, failed)
    if misled is not None:
        return misled
    silence = _silence(ask, situation, service, symptoms) if situation.online else None
    obstacle = _obstacle(ask, situation, silence) if silence else None
    if isinstance(obstacle, Broken):
        return obstacle
    own = _OWN_CALLS.get(service)
    answer = ask(own) if own and situation.online else None
    return _from_answer(situation, service, failed, answer, obstacle)


def _misled(
    ask: Ask, situation: Situation, service: str, failed: Sequence[Symptom]
) -> Optional[Broken]:
    """The agent's configuration names the host that the log complains of, and wrongly."""
    endpoint = find_endpoint(ask, situation, service)
    if not isinstance(endpoint, ServiceEndpoint) or not endpoint.setting:
        return None
    if all(s.failure is None or s.failure.host != endpoint.host for s in failed):
        return None
    verdict = agent_config.VALID.check(ask, replace(situation, symptoms=()))
    return verdict if isinstance(verdict, Broken) else None


def _probe_of(
    ask: Ask, situation: Situation, service: str, symptoms: Sequence[Symptom]
) -> Optional[Probe]:
    """A probe of the host that the log complains of; None if there is none to be had."""
    endpoint = _complained_of(find_endpoint(ask, situation, service), service, symptoms)
    probe = find_probe(ask, endpoint) if endpoint else None
    return probe if isinstance(probe, Probe) else None


def _complained_of(
    endpoint: Union[ServiceEndpoint, Gap], service: str, symptoms: Sequence[Symptom]
) -> Optional[ServiceEndpoint]:
    if isinstance(endpoint, Gap):
        return None
    hosts = [s.failure.host for s in symptoms if s.failure and s.failure.host]
    host = hosts[-1] if hosts else endpoint.host
    if host == endpoint.host or not any(c.isalpha() for c in host):
        return endpoint
    # Buckets have hosts of their own. A log is hostile: no other host is dialled for its sake.
    region = region_of(host, service) if service == "s3" and is_host(host) else None
    return ServiceEndpoint(service, host, region) if region else None


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


def _obstacle(ask: Ask, situation: Situation, silence: Silence) -> Union[Broken, Gap, None]:
    # Loaded where a VPC is to be looked at, which in most runs it is not.
    from ssmdiag.requirements.network.obstacle import find_obstacle

    return find_obstacle(ask, situation, silence)


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
    settle = f"run {dialling(name)} on the node, in the agent's network"
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
    evidence = (f"the VPC could not be looked at whole: {unread.why}",) if unread else ()
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
    for service in SERVICES
)
