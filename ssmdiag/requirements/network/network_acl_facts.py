"""Network ACLs on the way of a request, as facts: which of its packets do they drop?

They know no connections: the request counts at both subnets, and so do the answers, which come back
to a port that the node's system picked. Within one subnet they do not apply. What is not shown (a
subnet's address range, a rule's field) is taken to let through.

Sources: Amazon VPC User Guide, "Control subnet traffic with network access control lists" and
"Custom network ACLs" (ephemeral ports); Linux kernel documentation, ``ip_local_port_range``; Amazon
EC2 API Reference, NetworkAclEntry.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from typing import Optional, Union

from ssmdiag.requirements.contract import Gap
from ssmdiag.requirements.network.silence import is_inside
from ssmdiag.requirements.network.vpc_facts import Data, Endpoint, Node, Vpc, listed, unread
from ssmdiag.values import dataclass
from ssmdiag.world.call import Ask, call

Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]
Ports = tuple[int, int]

HTTPS: Ports = (443, 443)
_LINUX: Ports = (32768, 60999)
_WINDOWS: Ports = (49152, 65535)
_EVERYWHERE = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))
LAST_RULE = 32767
"""The rule that EC2 shows as ``*``: it denies what no other decides."""


@dataclass(frozen=True)
class Crossing:
    """The packets of one direction at one network ACL."""

    acl: str
    subnet: str
    egress: bool
    networks: tuple[Network, ...]
    """Where they may go to, or come from: one of these."""
    ports: Ports


@dataclass(frozen=True)
class Shut:
    """A Crossing that is not let through."""

    crossing: Crossing
    rule: int
    """The lowest rule that denies it."""
    numbers: frozenset[int]
    """Of all rules of this direction."""
    whole: bool
    """False if some of the ports are open: too few of those among which the node picks."""

    @property
    def packets(self) -> str:
        """What is dropped: ``answers from 10.0.1.0/24 (tcp 32768-60999)``."""
        crossing, what = self.crossing, "requests" if self.crossing.ports == HTTPS else "answers"
        where = crossing.networks[0]
        other = "anywhere" if where in _EVERYWHERE else in_short(where)
        at = "to" if crossing.egress else "from"
        most = "" if self.whole else "most "
        return f"{most}{what} {at} {other} (tcp {in_words(crossing.ports)})"

    @property
    def proof(self) -> str:
        """Which rule drops it, as a line of evidence."""
        rule = "*" if self.rule >= LAST_RULE else self.rule
        way = "outbound" if self.crossing.egress else "inbound"
        return (
            f"{way} rule {rule} of {self.crossing.acl}, the ACL of {self.crossing.subnet}, denies "
            f"{self.packets}"
        )


def in_words(ports: Ports) -> str:
    """``443``, ``1024-65535``."""
    return f"{ports[0]}" if ports[0] == ports[1] else f"{ports[0]}-{ports[1]}"


def in_short(network: Network) -> str:
    """A network, or a single address as such."""
    single = network.prefixlen == network.max_prefixlen
    return str(network.network_address if single else network)


def networks_of(texts: Iterable[object]) -> tuple[Network, ...]:
    """The addresses and address ranges among ``texts``."""
    found = []
    for text in texts:
        try:
            found.append(ipaddress.ip_network(str(text)))
        except ValueError:
            continue
    return tuple(found)


def covers(block: Network, network: Network) -> bool:
    """Is all of ``network`` inside ``block``?"""
    return (
        block.version == network.version
        and int(block.network_address) <= int(network.network_address)
        and int(network.broadcast_address) <= int(block.broadcast_address)
    )


@dataclass(frozen=True)
class _Rule:
    number: int
    allows: bool
    ports: Ports
    """Of tcp; none if it is about another protocol."""
    block: Network


@dataclass(frozen=True)
class NetworkAcls:
    """The network ACLs of a VPC, and the address ranges of some of its subnets."""

    acls: tuple[Data, ...]
    ranges: Mapping[str, tuple[Network, ...]]

    def shut(self, vpc: Vpc, endpoint: Optional[Endpoint], dialled: Optional[str]) -> list[Shut]:
        """What surely keeps the node's requests, or the answers, back; empty if a way is open.

        ``dialled`` is the address that they go to; None if it is not known.
        """
        ways = [
            self._crossings(vpc.node, *target) for target in self._targets(vpc, endpoint, dialled)
        ]
        shut = [[s for s in map(self._judged, crossings) if s] for crossings in ways]
        # With several subnets to go to, the name server may name another one the next time.
        return list(dict.fromkeys(s for each in shut for s in each)) if all(shut) else []

    def _targets(
        self, vpc: Vpc, endpoint: Optional[Endpoint], dialled: Optional[str]
    ) -> list[tuple[Optional[str], tuple[Network, ...]]]:
        """The subnets that requests may go to (None: beyond the VPC), and the addresses there."""
        address = ipaddress.ip_network(dialled) if dialled else None
        if endpoint is None or endpoint.gateway:
            if dialled and address and is_inside(dialled):
                return [] if self._may_hold(vpc.node.subnet, address) else [(None, (address,))]
            return [(None, (address,) if address else _everywhere(vpc.node))]
        return [
            (subnet, (address,) if address else self.ranges.get(subnet) or _everywhere(vpc.node))
            for subnet in endpoint.subnets
            if address is None or self._may_hold(subnet, address)
        ]

    def _may_hold(self, subnet: str, address: Network) -> bool:
        known = self.ranges.get(subnet)
        return known is None or any(covers(block, address) for block in known)

    def _crossings(
        self, node: Node, subnet: Optional[str], there: tuple[Network, ...]
    ) -> list[Crossing]:
        """Where a request to ``subnet`` and its answers meet an ACL that is known."""
        if subnet == node.subnet:
            return []
        back = _WINDOWS if node.windows else _LINUX
        crossings = []
        acl = self._of(node.subnet)
        if acl:
            crossings += [
                Crossing(acl, node.subnet, True, there, HTTPS),
                Crossing(acl, node.subnet, False, there, back),
            ]
        acl = self._of(subnet) if subnet else None
        if acl and subnet:
            versions = {network.version for network in there}
            here = tuple(n for n in networks_of(node.addresses) if n.version in versions)
            crossings += [
                Crossing(acl, subnet, False, here, HTTPS),
                Crossing(acl, subnet, True, here, back),
            ]
        return crossings

    def _of(self, subnet: str) -> Optional[str]:
        """The ACL of a subnet: the VPC's default one if it has none of its own."""
        default = None
        for acl in self.acls:
            associations = acl.get("Associations")
            named = [a.get("SubnetId") for a in associations or ()]
            if associations is None or not all(named):
                return None
            if subnet in named:
                return str(acl.get("NetworkAclId") or "") or None
            if acl.get("IsDefault") is True:
                default = str(acl.get("NetworkAclId") or "") or None
        return default

    def _judged(self, crossing: Crossing) -> Optional[Shut]:
        rules = self._rules(crossing)
        if not rules or not crossing.networks:
            return None
        closed: dict[int, int] = {}
        for start, end in _pieces(crossing.ports, rules):
            number = _denying(rules, crossing.networks, start)
            if number is not None:
                closed[number] = closed.get(number, 0) + end - start
        dropped, ports = sum(closed.values()), crossing.ports[1] - crossing.ports[0] + 1
        if dropped * 2 <= ports:
            return None
        numbers = frozenset(rule.number for rule in rules)
        return Shut(crossing, min(closed), numbers, dropped == ports)

    def _rules(self, crossing: Crossing) -> list[_Rule]:
        """The rules of one direction in their order; none if a part of them is not shown."""
        acl = next((a for a in self.acls if a.get("NetworkAclId") == crossing.acl), {})
        try:
            entries = [(entry["Egress"], _rule(entry)) for entry in acl.get("Entries") or ()]
        except (KeyError, TypeError, ValueError):
            return []
        found = (rule for egress, rule in entries if egress is crossing.egress)
        return sorted(found, key=lambda rule: rule.number)


def read_acls(ask: Ask, vpc: Vpc, endpoint: Optional[Endpoint]) -> Union[NetworkAcls, Gap]:
    """Read the network ACLs of the VPC that the node's requests cross."""
    filters = [{"Name": "vpc-id", "Values": [vpc.id]}]
    acls = ask(call("ec2", "DescribeNetworkAcls", Filters=filters))
    found = listed(acls, "NetworkAcls")
    if found is None:
        return unread(acls, f"the network ACLs of {vpc.id}")
    names = sorted({vpc.node.subnet, *(endpoint.subnets if endpoint else ())} - {""})
    subnets = listed(ask(call("ec2", "DescribeSubnets", SubnetIds=names)), "Subnets")
    ranges = {str(subnet.get("SubnetId")): _ranges(subnet) for subnet in subnets or ()}
    return NetworkAcls(tuple(found), {name: known for name, known in ranges.items() if known})


def _ranges(subnet: Data) -> tuple[Network, ...]:
    six = subnet.get("Ipv6CidrBlockAssociationSet") or ()
    return networks_of((subnet.get("CidrBlock"), *(each.get("Ipv6CidrBlock") for each in six)))


def _everywhere(node: Node) -> tuple[Network, ...]:
    return tuple(n for n in _EVERYWHERE if n.version == 4 or any(":" in a for a in node.addresses))


def _rule(entry: Data) -> _Rule:
    """Raises KeyError, TypeError or ValueError if a part of it is missing or not known."""
    protocol, ports = str(entry["Protocol"]), (1, 0)
    if protocol == "-1":
        ports = (0, 65535)
    elif protocol in ("6", "tcp"):
        ports = (int(entry["PortRange"]["From"]), int(entry["PortRange"]["To"]))
    action = entry["RuleAction"]
    if action not in ("allow", "deny"):
        raise ValueError(action)
    block = entry.get("CidrBlock") or entry["Ipv6CidrBlock"]
    return _Rule(int(entry["RuleNumber"]), action == "allow", ports, ipaddress.ip_network(block))


def _pieces(ports: Ports, rules: Iterable[_Rule]) -> list[tuple[int, int]]:
    """``ports`` in pieces [start, end) that every rule treats as one."""
    low, high = ports
    bounds = {b for rule in rules for b in (rule.ports[0], rule.ports[1] + 1) if low < b <= high}
    starts = sorted({low, *bounds})
    return list(zip(starts, [*starts[1:], high + 1]))


def _denying(rules: Sequence[_Rule], networks: Sequence[Network], port: int) -> Optional[int]:
    """The lowest of the rules by which a packet of one port is surely dropped; None if by none."""
    found = [_decided(rules, network, port) for network in networks]
    return None if None in found else min(n for n in found if n is not None)


def _decided(rules: Sequence[_Rule], network: Network, port: int) -> Optional[int]:
    for rule in rules:
        if not rule.ports[0] <= port <= rule.ports[1]:
            continue
        if covers(rule.block, network):
            return None if rule.allows else rule.number
        # What is allowed to a part of the network may be what this packet is; denied, may not be.
        if rule.allows and covers(network, rule.block):
            return None
    return None
