"""The network of a described world, answered as Amazon EC2 would.

A description has one VPC, one subnet and one route table. It names endpoints by service and says of
each whether its security group admits the node; here those become security groups, routes and
endpoints with the fields of the Amazon EC2 API Reference.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ssmdiag.world.call import Absent, Answer, Known

World = Mapping[str, Any]
Parameters = Mapping[str, Any]

_NODE_GROUP = "sg-00000000000000001"
_ROUTE_TABLE = "rtb-00000000000000001"
_SUBNET_CIDR = "10.20.1.0/24"
_NODE_ADDRESS = "10.20.1.10"


def instances(world: World, parameters: Parameters) -> Answer:
    """DescribeInstances: the node, if it is an EC2 instance."""
    node = str(world["identity"].get("instance_id", ""))
    if parameters.get("InstanceIds") != [node] or not node.startswith("i-"):
        return Absent(f"InvalidInstanceID.NotFound: {parameters.get('InstanceIds')}")
    network = world["network"]
    instance = {
        "InstanceId": node,
        "VpcId": network["vpc_id"],
        "SubnetId": network["subnet"],
        "PrivateIpAddress": _NODE_ADDRESS,
        "SecurityGroups": [{"GroupId": _NODE_GROUP}],
    }
    if _has_public_address(network):
        instance["PublicIpAddress"] = "203.0.113.10"
    return Known({"Reservations": [{"Instances": [instance]}]})


def endpoints(world: World, _: Parameters) -> Answer:
    """DescribeVpcEndpoints, whichever filters were given: there is one VPC."""
    described = world["network"].get("vpc_endpoints", {})
    return Known({"VpcEndpoints": [_endpoint(world, name, e) for name, e in described.items()]})


def _endpoint(world: World, name: str, endpoint: Mapping[str, Any]) -> dict[str, Any]:
    network = world["network"]
    gateway = endpoint.get("type") == "Gateway"
    return {
        "VpcEndpointId": endpoint.get("id") or _endpoint_id(name),
        "VpcEndpointType": endpoint.get("type", "Interface"),
        "VpcId": network["vpc_id"],
        "ServiceName": endpoint["service"],
        "State": endpoint.get("state", "available"),
        "PrivateDnsEnabled": bool(endpoint.get("private_dns")),
        "PolicyDocument": json.dumps(endpoint["policy"]) if endpoint.get("policy") else "",
        "SubnetIds": [] if gateway else [network["subnet"]],
        "Groups": [] if gateway else [{"GroupId": _endpoint_group(name)}],
        "RouteTableIds": [_ROUTE_TABLE] if gateway else [],
    }


def _endpoint_id(name: str) -> str:
    return f"vpce-{name.encode().hex():0>17}"[:22]


def _endpoint_group(name: str) -> str:
    return f"sg-{name.encode().hex():0>17}"[:20]


def security_groups(world: World, parameters: Parameters) -> Answer:
    """DescribeSecurityGroups: the node's group and one for every interface endpoint."""
    network = world["network"]
    groups = {_NODE_GROUP: _group(_NODE_GROUP, [], network.get("instance_sg_egress", []))}
    for name, endpoint in network.get("vpc_endpoints", {}).items():
        identifier = _endpoint_group(name)
        admits = endpoint.get("sg_allows_443_from_subnet", True)
        ingress = [{"proto": "tcp", "port": 443, "cidr": _SUBNET_CIDR}] if admits else []
        groups[identifier] = _group(identifier, ingress, [])
    wanted = parameters.get("GroupIds") or list(groups)
    return Known({"SecurityGroups": [groups[i] for i in wanted if i in groups]})


def _group(
    identifier: str, ingress: Sequence[Mapping[str, Any]], egress: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    return {
        "GroupId": identifier,
        "IpPermissions": [_permission(rule) for rule in ingress],
        "IpPermissionsEgress": [_permission(rule) for rule in egress],
    }


def _permission(rule: Mapping[str, Any]) -> dict[str, Any]:
    permission: dict[str, Any] = {"IpProtocol": str(rule.get("proto", "-1"))}
    if rule.get("port") is not None:
        permission.update(FromPort=rule["port"], ToPort=rule["port"])
    if rule.get("cidr"):
        permission["IpRanges"] = [{"CidrIp": rule["cidr"]}]
    return permission


def subnets(world: World, _: Parameters) -> Answer:
    """DescribeSubnets: the node's subnet."""
    network = world["network"]
    subnet = {"SubnetId": network["subnet"], "VpcId": network["vpc_id"], "CidrBlock": _SUBNET_CIDR}
    return Known({"Subnets": [subnet]})


def network_acls(world: World, _: Parameters) -> Answer:
    """DescribeNetworkAcls: the default one, which lets everything through."""
    network = world["network"]
    entries = [
        {
            "RuleNumber": number,
            "Egress": egress,
            "Protocol": "-1",
            "RuleAction": action,
            "CidrBlock": "0.0.0.0/0",
        }
        for egress in (True, False)
        for number, action in ((100, "allow"), (32767, "deny"))
    ]
    acl = {
        "NetworkAclId": "acl-00000000000000001",
        "VpcId": network["vpc_id"],
        "IsDefault": True,
        "Associations": [{"SubnetId": network["subnet"]}],
        "Entries": entries,
    }
    return Known({"NetworkAcls": [acl]})


def attribute(world: World, parameters: Parameters) -> Answer:
    """DescribeVpcAttribute: names are on, as endpoints with private DNS need them."""
    name = str(parameters.get("Attribute", ""))
    shown = f"{name[:1].upper()}{name[1:]}"
    return Known({"VpcId": world["network"]["vpc_id"], shown: {"Value": True}})


def route_tables(world: World, _: Parameters) -> Answer:
    """DescribeRouteTables: the one table, with a way out as ``egress`` says."""
    network = world["network"]
    routes = [{"DestinationCidrBlock": "10.20.0.0/16", "GatewayId": "local", "State": "active"}]
    egress = network.get("egress", "none")
    if egress != "none":
        target = "GatewayId" if _has_public_address(network) else "NatGatewayId"
        through = "igw-00000000000000001" if target == "GatewayId" else "nat-00000000000000001"
        default = {"DestinationCidrBlock": "0.0.0.0/0", target: through, "State": "active"}
        routes.append(default)
    table = {
        "RouteTableId": _ROUTE_TABLE,
        "VpcId": network["vpc_id"],
        "Routes": routes,
        "Associations": [{"SubnetId": network["subnet"], "Main": False}],
    }
    return Known({"RouteTables": [table]})


def _has_public_address(network: Mapping[str, Any]) -> bool:
    return network.get("egress") in ("igw", "internet", "internet-gateway", "public")


OPERATIONS = {
    ("ec2", "DescribeInstances"): instances,
    ("ec2", "DescribeVpcEndpoints"): endpoints,
    ("ec2", "DescribeSecurityGroups"): security_groups,
    ("ec2", "DescribeSubnets"): subnets,
    ("ec2", "DescribeRouteTables"): route_tables,
    ("ec2", "DescribeNetworkAcls"): network_acls,
    ("ec2", "DescribeVpcAttribute"): attribute,
}
