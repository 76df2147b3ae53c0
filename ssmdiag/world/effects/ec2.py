"""VPC endpoints, security groups and network ACLs (Amazon EC2 API Reference).

A gateway endpoint's routes are seen in its ``RouteTableIds``. A probe of the node that was made
before the network changed says nothing of it after: it is called ``Outdated``.
"""

from __future__ import annotations

import json

from ssmdiag.world.call import Answer, Call, Known
from ssmdiag.world.effects.effect import Effect, Effects, Parameters, concerns, data_of

_DEFAULT_POLICY = {
    "Version": "2008-10-17",
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}],
}
_OF_POLICY = {"VpcEndpointId", "PolicyDocument", "ResetPolicy"}


def _leading_elsewhere(effect: Effect) -> Effect:
    """The effect of a write that changes where packets get to."""

    def whole(write: Parameters, question: Call, answer: Answer) -> Answer:
        probed = concerns(question, "host", "ProbeEndpoint") and isinstance(answer, Known)
        if probed and not set(write) <= _OF_POLICY:
            return Known({**data_of(answer, {}), "Outdated": True})
        return effect(write, question, answer)

    return whole


def _create_endpoint(write: Parameters, question: Call, answer: Answer) -> Answer:
    if not (concerns(question, "ec2", "DescribeVpcEndpoints") and isinstance(answer, Known)):
        return answer
    filters = {f["Name"]: f["Values"] for f in question.parameters.get("Filters", [])}
    if write["VpcId"] not in filters.get("vpc-id", [write["VpcId"]]):
        return answer
    data = data_of(answer, {})
    made = {
        "VpcEndpointId": f"the new endpoint for {write['ServiceName']}",
        "VpcEndpointType": write.get("VpcEndpointType", "Gateway"),
        "VpcId": write["VpcId"],
        "ServiceName": write["ServiceName"],
        "State": "available",
        "PolicyDocument": write.get("PolicyDocument") or json.dumps(_DEFAULT_POLICY),
        "RouteTableIds": write.get("RouteTableIds", []),
        "SubnetIds": write.get("SubnetIds", []),
        "Groups": [{"GroupId": group} for group in write.get("SecurityGroupIds", [])],
        "PrivateDnsEnabled": write.get("PrivateDnsEnabled", False),
    }
    return Known({**data, "VpcEndpoints": [*data.get("VpcEndpoints", []), made]})


def _modify_endpoint(write: Parameters, question: Call, answer: Answer) -> Answer:
    if not (concerns(question, "ec2", "DescribeVpcEndpoints") and isinstance(answer, Known)):
        return answer
    policy = write.get("PolicyDocument")
    if write.get("ResetPolicy"):
        policy = json.dumps(_DEFAULT_POLICY)
    data = data_of(answer, {})
    for endpoint in data.get("VpcEndpoints", []):
        if endpoint.get("VpcEndpointId") != write["VpcEndpointId"]:
            continue
        if policy is not None:
            endpoint["PolicyDocument"] = policy
        if "PrivateDnsEnabled" in write:
            endpoint["PrivateDnsEnabled"] = write["PrivateDnsEnabled"]
        tables = dict.fromkeys([*(endpoint.get("RouteTableIds") or []), *_added(write)])
        if _added(write):
            endpoint["RouteTableIds"] = list(tables)
    return Known(data)


def _added(write: Parameters) -> list[str]:
    tables: list[str] = write.get("AddRouteTableIds", [])
    return tables


def _authorize(direction: str) -> Effect:
    def effect(write: Parameters, question: Call, answer: Answer) -> Answer:
        if not (concerns(question, "ec2", "DescribeSecurityGroups") and isinstance(answer, Known)):
            return answer
        data = data_of(answer, {})
        for group in data.get("SecurityGroups", []):
            if group.get("GroupId") == write["GroupId"]:
                group[direction] = [*(group.get(direction) or []), *write["IpPermissions"]]
        return Known(data)

    return effect


def _create_acl_entry(write: Parameters, question: Call, answer: Answer) -> Answer:
    if not (concerns(question, "ec2", "DescribeNetworkAcls") and isinstance(answer, Known)):
        return answer
    entry = {name: value for name, value in write.items() if name != "NetworkAclId"}
    data = data_of(answer, {})
    for acl in data.get("NetworkAcls", []):
        if acl.get("NetworkAclId") == write["NetworkAclId"]:
            acl["Entries"] = [*(acl.get("Entries") or []), entry]
    return Known(data)


EFFECTS: Effects = {
    "CreateVpcEndpoint": _leading_elsewhere(_create_endpoint),
    "ModifyVpcEndpoint": _leading_elsewhere(_modify_endpoint),
    "AuthorizeSecurityGroupIngress": _leading_elsewhere(_authorize("IpPermissions")),
    "AuthorizeSecurityGroupEgress": _leading_elsewhere(_authorize("IpPermissionsEgress")),
    "CreateNetworkAclEntry": _leading_elsewhere(_create_acl_entry),
}
