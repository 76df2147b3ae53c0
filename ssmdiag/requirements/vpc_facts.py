"""How an EC2 node reaches AWS: its VPC's endpoints, routes and security groups, as EC2 shows them.

Sources: Amazon EC2 API Reference, DescribeVpcEndpoints, DescribeRouteTables and
DescribeSecurityGroups; AWS PrivateLink Guide, "Access AWS services through AWS PrivateLink" and
"Gateway endpoints".
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional, Union

from ssmdiag.model import Situation
from ssmdiag.requirements.contract import Gap, gap_of
from ssmdiag.requirements.identity import node_id
from ssmdiag.world.call import Answer, Ask, Known, call

_HTTPS = 443


@dataclass(frozen=True)
class Endpoint:
    """One available VPC endpoint."""

    id: str
    service: str
    """As EC2 names it: ``com.amazonaws.eu-west-1.logs``."""
    gateway: bool
    takes_traffic: bool
    """The node's requests go through it: private DNS is on, or the subnet's routes point to it."""
    admits: bool
    """Its security groups let the node in on port 443."""

    def serves(self, service: str, region: str) -> bool:
        return self.service.endswith(f".{region}.{service}")


@dataclass(frozen=True)
class Vpc:
    """The surroundings of the node."""

    id: str
    endpoints: tuple[Endpoint, ...]
    has_way_out: bool
    """The subnet's route table leads anywhere beyond the VPC and its gateway endpoints: to a NAT or
    internet gateway, but also to a transit gateway or a peer, where a shared endpoint may be."""
    lets_https_out: bool
    """The node's security groups let port 443 out."""

    def of(self, service: str, region: str) -> tuple[Endpoint, ...]:
        return tuple(e for e in self.endpoints if e.serves(service, region))

    def taken(self, service: str, region: str) -> Optional[Endpoint]:
        """The endpoint that requests to a service go through, if they go through one."""
        return next((e for e in self.of(service, region) if e.takes_traffic), None)


def find_vpc(ask: Ask, situation: Situation) -> Union[Vpc, Gap, None]:
    """Read the node's surroundings; None if it is no EC2 instance."""
    node = node_id(ask, situation)
    if not node.startswith("i-"):
        return None
    answer = ask(call("ec2", "DescribeInstances", InstanceIds=[node]))
    listed_instances = [i for r in _list(answer, "Reservations") or () for i in r["Instances"]]
    if not listed_instances:
        return gap_of(answer, f"instance {node}")
    instance = listed_instances[0]
    vpc = str(instance.get("VpcId", ""))
    own = [g["GroupId"] for g in instance.get("SecurityGroups", ())]
    filters = [{"Name": "vpc-id", "Values": [vpc]}]
    endpoints = ask(call("ec2", "DescribeVpcEndpoints", Filters=filters))
    table = _route_table(ask, vpc, str(instance.get("SubnetId", "")))
    listed = _list(endpoints, "VpcEndpoints")
    others = [g["GroupId"] for e in listed or () for g in e.get("Groups", ())]
    wanted = sorted({*own, *others})
    groups = ask(call("ec2", "DescribeSecurityGroups", GroupIds=wanted))
    rules = _list(groups, "SecurityGroups")
    if listed is None:
        return gap_of(endpoints, f"the VPC endpoints of {vpc}")
    if rules is None:
        return gap_of(groups, f"the security groups of {vpc}")
    if isinstance(table, Gap):
        return table
    by_id = {g["GroupId"]: g for g in rules}
    address = str(instance.get("PrivateIpAddress", ""))
    return Vpc(
        vpc,
        tuple(
            _endpoint(e, by_id, own, address, str(table.get("RouteTableId")))
            for e in listed
            if str(e.get("State", "")).lower() == "available"
        ),
        any(_leads_out(route) for route in table.get("Routes", ())),
        any(_opens(p) for g in own for p in by_id.get(g, {}).get("IpPermissionsEgress", ())),
    )


def _list(answer: Answer, name: str) -> Optional[list[dict[str, Any]]]:
    return list(answer.data.get(name, ())) if isinstance(answer, Known) else None


def _route_table(ask: Ask, vpc: str, subnet: str) -> Union[dict[str, Any], Gap]:
    own = [{"Name": "association.subnet-id", "Values": [subnet]}]
    main = [
        {"Name": "vpc-id", "Values": [vpc]},
        {"Name": "association.main", "Values": ["true"]},
    ]
    # A subnet without an association of its own uses the VPC's main table.
    for filters in (own, main):
        answer = ask(call("ec2", "DescribeRouteTables", Filters=filters))
        tables = _list(answer, "RouteTables")
        if tables is None:
            return gap_of(answer, f"the routes of subnet {subnet}")
        if tables:
            return tables[0]
    return Gap(f"subnet {subnet} has no route table", "look at the subnet")


def _leads_out(route: Mapping[str, Any]) -> bool:
    inside = route.get("GatewayId") == "local" or str(route.get("GatewayId")).startswith("vpce-")
    return not inside and route.get("State", "active") == "active"


def _endpoint(
    data: Mapping[str, Any],
    groups: Mapping[str, Mapping[str, Any]],
    own: Sequence[str],
    address: str,
    table: str,
) -> Endpoint:
    gateway = data.get("VpcEndpointType") == "Gateway"
    named = [groups.get(g["GroupId"], {}) for g in data.get("Groups", ())]
    rules = [p for group in named for p in group.get("IpPermissions", ())]
    return Endpoint(
        str(data["VpcEndpointId"]),
        str(data["ServiceName"]),
        gateway,
        table in data.get("RouteTableIds", ()) if gateway else bool(data.get("PrivateDnsEnabled")),
        gateway or any(_opens(p) and _lets_in(p, own, address) for p in rules),
    )


def _opens(permission: Mapping[str, Any]) -> bool:
    protocol = str(permission.get("IpProtocol"))
    if protocol == "-1":
        return True
    low, high = permission.get("FromPort", 0), permission.get("ToPort", 65535)
    return protocol in ("tcp", "6") and low <= _HTTPS <= high


def _lets_in(permission: Mapping[str, Any], own: Sequence[str], address: str) -> bool:
    if any(pair.get("GroupId") in own for pair in permission.get("UserIdGroupPairs", ())):
        return True
    if permission.get("PrefixListIds"):
        return True  # what the list holds is not read here: the node gets the benefit of the doubt
    return any(_within(address, r.get("CidrIp", "")) for r in permission.get("IpRanges", ()))


def _within(address: str, block: str) -> bool:
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(block, strict=False)
    except ValueError:
        return False
