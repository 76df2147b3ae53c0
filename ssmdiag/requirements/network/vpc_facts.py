"""How an EC2 node reaches AWS, as facts: its VPC's endpoints and its subnet's routes.

Only the primary network interface counts, over which a node's own requests leave. What EC2 does not
show is never held against the VPC: a field that is missing, a route whose end is not known.

Sources: Amazon EC2 API Reference, DescribeInstances, DescribeVpcEndpoints and DescribeRouteTables;
AWS PrivateLink Guide, "Access AWS services through AWS PrivateLink" and "Gateway endpoints"; Amazon
VPC User Guide, "Share your VPC subnets with other accounts".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Optional, Union

from ssmdiag.model import Situation
from ssmdiag.policy.document import Policy, PolicyError, parse
from ssmdiag.requirements.contract import Gap, gap_of
from ssmdiag.requirements.identity.agent import node_id
from ssmdiag.values import dataclass
from ssmdiag.world.call import Answer, Ask, Denied, Known, call

Data = Mapping[str, Any]

READING = (
    "ec2:DescribeInstances",
    "ec2:DescribeVpcEndpoints",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeNetworkAcls",
    "ec2:DescribeSubnets",
)
ENDPOINT_POLICY = "network/endpoint-policy"

_NOT_WORKING = frozenset(
    ("pendingacceptance", "pending", "deleting", "deleted", "rejected", "failed", "expired")
)


@dataclass(frozen=True)
class Node:
    """Where an instance stands."""

    id: str
    account: str
    vpc: str
    subnet: str
    groups: tuple[str, ...]
    addresses: tuple[str, ...]
    """Its addresses inside the VPC."""
    public: bool
    """An internet gateway can be of use to it: it has a public IPv4 address, or IPv6."""
    windows: bool = False


@dataclass(frozen=True)
class Endpoint:
    """One VPC endpoint."""

    id: str
    service: str
    """As EC2 names it: ``com.amazonaws.eu-west-1.logs``."""
    state: str
    gateway: bool
    chosen: bool
    """Requests are led to it: private DNS is on, or the subnet's routes point to it."""
    groups: tuple[str, ...]
    policy: Optional[tuple[Policy, ...]]
    """Empty if it has none, which lets everything through; None if it could not be read."""
    subnets: tuple[str, ...] = ()
    """Where it has network interfaces, if it is no gateway."""
    prefix_list: Optional[str] = None
    """The addresses that the node's route table leads to it, if it is a gateway."""

    @property
    def works(self) -> bool:
        return self.state.lower() not in _NOT_WORKING


@dataclass(frozen=True)
class Vpc:
    """The surroundings of the node."""

    node: Node
    route_table: str
    has_way_out: bool
    """The subnet's routes lead beyond the VPC and its gateway endpoints: to a NAT or internet
    gateway, but also to a transit gateway or a peer, where a shared endpoint or a proxy may be."""
    shared: bool
    """It belongs to another account, whose endpoints EC2 does not show here."""
    endpoints: tuple[Endpoint, ...]
    lacks_address: bool = False
    """The routes lead to an internet gateway, which is of no use without a public address."""
    blocks: tuple[str, ...] = ()
    """Its own address ranges, as the routes show them."""

    @property
    def id(self) -> str:
        return self.node.vpc

    def of(self, service: str, region: str) -> tuple[Endpoint, ...]:
        """Every endpoint of one service, working or not."""
        return tuple(e for e in self.endpoints if e.service.endswith(f".{region}.{service}"))

    def taken(self, service: str, region: str) -> Optional[Endpoint]:
        """The endpoint that requests to a service go through, if they go through one.

        Private DNS comes before routes: its addresses are inside the VPC.
        """
        chosen = [e for e in self.of(service, region) if e.chosen and e.works]
        return min(chosen, key=lambda e: e.gateway, default=None)


def find_vpc(ask: Ask, situation: Situation) -> Union[Vpc, Gap, None]:
    """Read the node's surroundings; None if it is no EC2 instance."""
    name = node_id(ask, situation)
    if not name.startswith("i-"):
        return None
    answer = ask(call("ec2", "DescribeInstances", InstanceIds=[name]))
    found = [(r, i) for r in listed(answer, "Reservations") or () for i in r.get("Instances") or ()]
    if not found:
        return unread(answer, f"instance {name}")
    node = _node(name, *found[0])
    filters = [{"Name": "vpc-id", "Values": [node.vpc]}]
    answer = ask(call("ec2", "DescribeVpcEndpoints", Filters=filters))
    endpoints = listed(answer, "VpcEndpoints")
    if endpoints is None:
        return unread(answer, f"the VPC endpoints of {node.vpc}")
    table = _route_table(ask, node)
    if isinstance(table, Gap):
        return table
    routes = [route for route in table.get("Routes") or () if route.get("State") != "blackhole"]
    owner = str(table.get("OwnerId") or node.account)
    return Vpc(
        node,
        str(table.get("RouteTableId", "")),
        any(_leads_out(route, node) for route in routes),
        bool(node.account) and owner != node.account,
        tuple(_endpoint(e, table) for e in endpoints),
        not node.public and any(str(r.get("GatewayId", "")).startswith("igw-") for r in routes),
        tuple(_block(r) for r in routes if r.get("GatewayId") == "local" and _block(r)),
    )


def listed(answer: Answer, name: str) -> Optional[list[Data]]:
    """The objects of one list of an Answer; None if it was not answered."""
    found = answer.data.get(name) if isinstance(answer, Known) else None
    if not isinstance(found, list):
        return None
    return [item for item in found if isinstance(item, Mapping)]


def unread(answer: Answer, what: str) -> Gap:
    """A Gap that names, if a permission is missing, all that are needed: one is of no use alone."""
    gap = gap_of(answer, what)
    return replace(gap, settle=f"allow {', '.join(READING)}") if isinstance(answer, Denied) else gap


def _node(name: str, reservation: Data, instance: Data) -> Node:
    interfaces = [i for i in instance.get("NetworkInterfaces") or () if isinstance(i, Mapping)]
    six = [str(a.get("Ipv6Address")) for i in interfaces for a in i.get("Ipv6Addresses") or ()]
    own = [str(a) for a in (instance.get("PrivateIpAddress"),) if a]
    associated = any(i.get("Association") for i in interfaces)
    return Node(
        name,
        str(reservation.get("OwnerId", "")),
        str(instance.get("VpcId", "")),
        str(instance.get("SubnetId", "")),
        tuple(str(g.get("GroupId")) for g in instance.get("SecurityGroups") or ()),
        (*own, *six),
        bool(instance.get("PublicIpAddress") or associated or six),
        str(instance.get("Platform", "")).lower() == "windows",
    )


def _route_table(ask: Ask, node: Node) -> Union[Data, Gap]:
    own = [{"Name": "association.subnet-id", "Values": [node.subnet]}]
    main = [
        {"Name": "vpc-id", "Values": [node.vpc]},
        {"Name": "association.main", "Values": ["true"]},
    ]
    # A subnet without an association of its own uses the VPC's main table.
    for filters in (own, main):
        answer = ask(call("ec2", "DescribeRouteTables", Filters=filters))
        tables = listed(answer, "RouteTables")
        if tables is None:
            return unread(answer, f"the routes of subnet {node.subnet}")
        if tables:
            return tables[0]
    return Gap(f"EC2 shows no route table of subnet {node.subnet}", "look at the subnet's routes")


def _leads_out(route: Data, node: Node) -> bool:
    gateway = str(route.get("GatewayId", ""))
    if gateway == "local":
        return False
    if gateway.startswith("vpce-"):
        # A prefix list belongs to a gateway endpoint; an address range to a Gateway Load Balancer
        # endpoint, behind which a firewall and then the world may be.
        return "DestinationPrefixListId" not in route
    return node.public or not gateway.startswith("igw-")


def _block(route: Data) -> str:
    block = route.get("DestinationCidrBlock") or route.get("DestinationIpv6CidrBlock")
    return str(block or "")


def _endpoint(data: Data, table: Data) -> Endpoint:
    name = str(data.get("VpcEndpointId", ""))
    gateway = data.get("VpcEndpointType") == "Gateway"
    return Endpoint(
        name,
        str(data.get("ServiceName", "")),
        str(data.get("State") or "available"),
        gateway,
        _is_routed_to(data, table) if gateway else _has_private_dns(data),
        tuple(str(g.get("GroupId")) for g in data.get("Groups") or ()),
        _policy(name, data.get("PolicyDocument")),
        () if gateway else tuple(str(s) for s in data.get("SubnetIds") or ()),
        next((r.get("DestinationPrefixListId") for r in _routes_to(data, table)), None),
    )


def _is_routed_to(data: Data, table: Data) -> bool:
    tables = data.get("RouteTableIds")
    return tables is None or table.get("RouteTableId") in tables or bool(_routes_to(data, table))


def _routes_to(data: Data, table: Data) -> list[Data]:
    name = data.get("VpcEndpointId")
    return [r for r in table.get("Routes") or () if name and r.get("GatewayId") == name]


def _has_private_dns(data: Data) -> bool:
    options = data.get("DnsOptions") or {}
    # Then only resolvers outside the VPC are given its private addresses (S3 alone has this).
    elsewhere = options.get("PrivateDnsOnlyForInboundResolverEndpoint") is True
    return data.get("PrivateDnsEnabled") is not False and not elsewhere


def _policy(endpoint: str, document: Any) -> Optional[tuple[Policy, ...]]:
    if not document:
        return ()
    try:
        parsed = parse(document) if isinstance(document, str) else document
    except PolicyError:
        return None
    if not isinstance(parsed, dict):
        return None
    return (Policy(f"the policy of {endpoint}", "vpc-endpoint", parsed),)
