"""What it means that an endpoint could not be reached, and who must do what.

Sources: agent source ``agent/network`` (trust: the system's roots, read at start) and
``agent/proxyconfig``; Amazon VPC User Guide, "DNS attributes for your VPC"; AWS PrivateLink Guide,
"Access AWS services through AWS PrivateLink".
"""

from __future__ import annotations

from dataclasses import replace
from typing import Callable, Optional, Union

from ssmdiag.iam.arn import dns_suffix
from ssmdiag.model import Advice, Broken, Resource, Situation, Unverified, Verdict
from ssmdiag.requirements.agent.facts import restarting
from ssmdiag.requirements.contract import Gap, waits
from ssmdiag.requirements.host.clock_facts import WRONG, Clock, read_clock
from ssmdiag.requirements.network.endpoints import ServiceEndpoint, dialling
from ssmdiag.requirements.network.probe_facts import Probe
from ssmdiag.requirements.network.silence import Silence
from ssmdiag.values import dataclass
from ssmdiag.world.call import Ask


@dataclass(frozen=True)
class Fault:
    """What is wrong, with which resource, and what is to be done."""

    said: str
    resource: Resource
    advice: str
    restart: bool = False
    """The agent takes the mended thing into account only when it starts."""


def unreached(ask: Ask, situation: Situation, probe: Probe) -> Verdict:
    """The Verdict on an endpoint that a probe did not reach."""
    if probe.kind in ("expired", "not-yet-valid"):
        return _out_of_time(ask, situation, probe)
    evidence: tuple[str, ...] = (probe.told,)
    if probe.stage == "connect" and probe.kind == "silence":
        obstacle = _obstacle(ask, situation, probe)
        if isinstance(obstacle, Broken):
            return replace(obstacle, evidence=(*obstacle.evidence, *evidence))
        if probe.outdated:
            return _once_changed(probe, obstacle)
        if obstacle is not None:
            evidence += (f"the VPC could not be looked at whole: {obstacle.why}",)
    fault = _at_proxy(probe) if probe.stage == "proxy" else _FAULTS.get(probe.kind, _no)(probe)
    if fault is None:
        host = probe.endpoint.host
        said = f"{host} could not be reached, for a reason that is not known"
        settle = f"run {dialling(host)} on the node, as the agent dials"
        return Unverified(said, (_resource(probe),), settle, evidence)
    last = f"; then restart the agent: {restarting(ask)}" if fault.restart else ""
    return Broken(fault.said, fault.resource, evidence, (Advice(fault.advice + last),))


def _once_changed(probe: Probe, unread: Optional[Gap]) -> Unverified:
    """What can be said on paper: an obstacle is gone, but nobody can dial there."""
    host = probe.endpoint.host
    said = f"nothing in the VPC keeps the node from {host} any more"
    if unread is not None:
        said = f"whether anything else in the VPC keeps the node from {host} is not known"
    return Unverified(
        f"{said}; whether {host} answers then, only dialling it again tells",
        (),
        "once the change is made, run `ssmdiag check --only network` on the node",
        (f"before the change {probe.told}",),
    )


def _obstacle(ask: Ask, situation: Situation, probe: Probe) -> Union[Broken, Gap, None]:
    """What the VPC shows, if it is AWS's own regional host that did not answer."""
    # Loaded where a VPC is to be looked at, which in most runs it is not.
    from ssmdiag.requirements.network.obstacle import find_obstacle

    endpoint = probe.endpoint
    if not endpoint.host.endswith(f".{endpoint.region}.{dns_suffix(endpoint.region)}"):
        return None
    silence = Silence(endpoint.label, endpoint.region, probe.address, False, direct=True)
    return find_obstacle(ask, situation, silence)


def _out_of_time(ask: Ask, situation: Situation, probe: Probe) -> Verdict:
    host, fault = probe.endpoint.host, probe.kind.replace("-", " ")
    clock = read_clock(ask, situation)
    if not (isinstance(clock, Clock) and clock.skew is not None and abs(clock.skew) <= WRONG):
        said = f"the certificate of {host} is {fault} by the node's clock, which may be wrong"
        return waits("clock/skew", said)
    return Broken(
        f"the certificate that is shown for {host} is {fault}",
        _resource(probe),
        (probe.told, *clock.told),
        (Advice(f"have whoever runs what answers there renew it: {_whose(probe)} signed it"),),
    )


# --- faults on the way to the endpoint ----------------------------------------------------------


def _unresolved(probe: Probe) -> Fault:
    endpoint = probe.endpoint
    said = f"{endpoint.host} does not resolve"
    if endpoint.setting:
        said += f"; it comes from {endpoint.setting}"
        advice = f"correct or remove {endpoint.setting}, if there is no such host"
        return Fault(said, _setting(endpoint), advice, restart=True)
    advice = (
        f"make the node's resolver answer for it (`getent hosts {endpoint.host}`, "
        "/etc/resolv.conf): in a VPC the Amazon resolver, with enableDnsSupport, and "
        "enableDnsHostnames for endpoints with private DNS; elsewhere one that asks public DNS"
    )
    return Fault(said, _resource(probe), advice)


def _silent(probe: Probe) -> Fault:
    host = probe.endpoint.host
    if probe.stage == "name":
        return _nameless(probe)
    if probe.stage != "connect":
        advice = (
            "look for what swallows large packets (path MTU: `ping -M do -s 1400`; a tunnel or "
            f"VPN on the way) or holds back what it inspects on the way to {host}"
        )
        said = f"{host}{_at(probe)} takes connections, but then nothing comes ({probe.stage})"
        return Fault(said, _resource(probe), advice)
    if probe.inside:
        advice = (
            f"let the node reach {probe.address} on port {probe.endpoint.port}: security group of "
            "the VPC endpoint (tcp 443 in), network ACLs, routes to the network that it is in"
        )
    else:
        advice = (
            f"give the node a way to {host} on port {probe.endpoint.port}: an interface endpoint "
            "with private DNS, a NAT route, or a proxy that lets it through; or open the firewall"
        )
    return Fault(f"nobody answers at {host}{_at(probe)}", _resource(probe), advice)


def _nameless(probe: Probe) -> Fault:
    advice = (
        "make a name server answer the node: look at /etc/resolv.conf (`resolvectl status`) and "
        f"whether udp and tcp 53 are let out to it; `getent hosts {probe.endpoint.host}` tests it"
    )
    said = f"no name server answers the node, so {probe.endpoint.host} cannot be found"
    return Fault(said, Resource("endpoint-network", "the node's name servers"), advice)


def _refused(probe: Probe) -> Fault:
    advice = (
        f"look for a firewall on the way that rejects (`iptables -nL OUTPUT`), and for an entry "
        f"in /etc/hosts or a private hosted zone that leads {probe.endpoint.host} astray"
    )
    said = f"the connection to {probe.endpoint.host}{_at(probe)} is refused"
    return Fault(said, _resource(probe), advice)


def _no_route(probe: Probe) -> Fault:
    advice = "give the node a default route (`ip route`), or an interface endpoint in its VPC"
    if probe.address and ":" in probe.address:
        advice = "give the node an IPv6 route (`ip -6 route`), or take UseDualStackEndpoint away"
    said = f"the node has no route to {probe.endpoint.host}{_at(probe)}"
    return Fault(said, Resource("endpoint-network", "the node's routes"), advice)


def _reset(probe: Probe) -> Fault:
    advice = (
        f"have the firewall on the way let {probe.endpoint.host} through: one that closes "
        "connections as soon as it has read the server's name shows itself like this"
    )
    said = f"the connection to {probe.endpoint.host}{_at(probe)} is cut while it is set up"
    return Fault(said, _resource(probe), advice)


def _at(probe: Probe) -> str:
    return f" ({probe.address})" if probe.address else ""


# --- faults of the proxy ------------------------------------------------------------------------


def _at_proxy(probe: Probe) -> Fault:
    host, port = probe.endpoint.host, probe.endpoint.port
    resource = Resource("endpoint-network", f"proxy {probe.proxy}")
    direct = f"or, if the node can do without a proxy there, add {host} to no_proxy"
    where = probe.proxy_source
    if probe.kind == "proxy-refused" and probe.problem[:3] in ("502", "503", "504"):
        said = f"the agent's proxy {probe.proxy} cannot reach {host} itself"
        return Fault(said, resource, f"give the proxy a way to {host}:{port}; {direct} in {where}")
    if probe.kind == "proxy-refused":
        said = f"the agent's proxy {probe.proxy} refuses to connect to {host}"
        advice = f"allow CONNECT {host}:{port} in the proxy; {direct} in {where}"
        return Fault(said, resource, advice)
    if probe.kind == "proxy-auth":
        advice = (
            f"exempt {host} from authentication in the proxy; or put user and password into the "
            f"proxy's URL, the only place where the agent looks for them; {direct}: in {where}"
        )
        said = f"the agent's proxy {probe.proxy} wants a user and password"
        return Fault(said, resource, advice, restart=True)
    if probe.kind == "proxy-name":
        said = f"the agent's proxy {probe.proxy} does not resolve"
        setting = Resource("agent-config", probe.proxy_source)
        return Fault(said, setting, f"correct the proxy's name in {where}", restart=True)
    said = f"the agent's proxy {probe.proxy} does not answer as a proxy ({probe.kind})"
    advice = f"make the proxy reachable from the node; or correct it in {where}"
    return Fault(said, resource, advice, restart=True)


# --- faults of TLS ------------------------------------------------------------------------------


def _untrusted(probe: Probe) -> Fault:
    host, shown = probe.endpoint.host, probe.certificate
    said = f"the node does not trust the certificate of {host}: {_whose(probe)} signed it"
    if shown and shown.of_aws:
        advice = "bring the system's roots up to date: `yum update ca-certificates`, or `apt-get "
        advice += "install --only-upgrade ca-certificates`"
        resource = Resource("local-os", "the system's CA certificates")
        return Fault(said, resource, advice, restart=True)
    advice = (
        f"exempt {host} from TLS inspection; or trust the inspecting CA on the node (its "
        "certificate into /etc/pki/ca-trust/source/anchors, then `update-ca-trust`; Debian and "
        "Ubuntu: /usr/local/share/ca-certificates, `update-ca-certificates`; Windows: "
        "`Import-Certificate -CertStoreLocation Cert:\\LocalMachine\\Root`)"
    )
    resource = Resource("endpoint-network", f"TLS inspection by {_whose(probe)}")
    return Fault(f"{said}, a proxy that inspects TLS", resource, advice, restart=True)


def _wrong_name(probe: Probe) -> Fault:
    endpoint, shown = probe.endpoint, probe.certificate
    names = ", ".join(shown.names[:3]) if shown and shown.names else "another host"
    said = f"what answers as {endpoint.host} has a certificate for {names}"
    if endpoint.setting:
        advice = f"correct or remove {endpoint.setting}"
        return Fault(said, _setting(endpoint), advice, restart=True)
    advice = (
        f"find what leads {endpoint.host} to another machine: /etc/hosts, a private hosted zone, "
        "a proxy or a login page on the way"
    )
    return Fault(said, _resource(probe), advice)


def _protocol(probe: Probe) -> Fault:
    host = probe.endpoint.host
    advice = (
        f"find what answers instead of AWS at {host}:{probe.endpoint.port}{_at(probe)}: a login "
        "page, a proxy that is not set as one, or one that speaks less than TLS 1.2"
    )
    said = f"what answers at {host} does not speak TLS or HTTP as AWS does"
    return Fault(said, _resource(probe), advice)


def _no(_: Probe) -> None:
    return None


_FAULTS: dict[str, Callable[[Probe], Union[Fault, None]]] = {
    "name": _unresolved,
    "silence": _silent,
    "refused": _refused,
    "no-route": _no_route,
    "reset": _reset,
    "untrusted": _untrusted,
    "wrong-name": _wrong_name,
    "protocol": _protocol,
}


def _whose(probe: Probe) -> str:
    return probe.certificate.signer if probe.certificate else "somebody unknown"


def _resource(probe: Probe) -> Resource:
    return Resource("endpoint-network", probe.endpoint.host)


def _setting(endpoint: ServiceEndpoint) -> Resource:
    return Resource("agent-config", endpoint.setting or "amazon-ssm-agent.json")
