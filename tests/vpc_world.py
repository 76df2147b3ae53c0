"""A node in a VPC as Amazon EC2 and the node itself describe it, from ``network.json``.

``base`` of the fixture is a private subnet that reaches AWS through VPC endpoints alone; a world is
a JSON merge patch on it. Rules of network ACLs are written in words, ``allow tcp 443 10.0.0.0/8``.
``host`` holds the node's own Answers by operation; probes by host name, each a patch on ``GOOD``, a
probe that went well.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ssmdiag.demo.described import merge_patch
from ssmdiag.iam.failure import read_failure
from ssmdiag.world.asking import Door
from ssmdiag.world.call import Absent, Answer, Call, Denied, Known, Unreachable

FOLDER = Path(__file__).parent / "fixtures" / "requirements"
FIXTURE: dict[str, Any] = json.loads((FOLDER / "network.json").read_text("utf-8"))
REGION = "eu-north-1"
NODE = "arn:aws:sts::555500001111:assumed-role/FleetNode/i-00112233445566778"

GOOD: dict[str, Any] = {
    "Proxy": None,
    "Addresses": ["10.44.9.8"],
    "Address": "10.44.9.8",
    "Stage": "done",
    "Kind": None,
    "Problem": None,
    "Tls": {
        "Version": "TLSv1.3",
        "Trusted": True,
        "Subject": "CN=service.eu-north-1.amazonaws.com",
        "Issuer": "CN=Amazon RSA 2048 M01,O=Amazon,C=US",
        "NotBefore": "2026-03-01T00:00:00+00:00",
        "NotAfter": "2027-03-30T23:59:59+00:00",
        "Names": ["*.eu-north-1.amazonaws.com"],
        "Chain": [],
    },
    "Http": {"Status": 404, "Date": "Tue, 24 Nov 2026 22:25:20 GMT", "SkewSeconds": 0.3},
    "Milliseconds": {"name": 2, "connect": 3, "tls": 12, "http": 5},
}


def door_of(patch: Any) -> Door:
    """The door of one world."""
    world = merge_patch(FIXTURE["base"], patch)
    tables = {
        "association.subnet-id": _tables(world, "table"),
        "vpc-id": _tables(world, "main_table"),
    }
    instance = {"OwnerId": world["owner"], "Instances": [world["instance"]]}
    answers = {
        "DescribeInstances": {"Reservations": [instance]},
        "DescribeVpcEndpoints": {"VpcEndpoints": _endpoints(world)},
        "DescribeNetworkAcls": {"NetworkAcls": _acls(world)},
        "DescribeSubnets": {
            "Subnets": [{"SubnetId": n, "CidrBlock": b} for n, b in world["subnets"].items()]
        },
        "GetDocument": _document(world),
        "GetRole": {"Role": {"Arn": "arn:aws:iam::555500001111:role/FleetNode"}},
    }

    def door(question: Call) -> Answer:
        operation, asked = question.operation, question.parameters
        if question.service == "host":
            return _of_host(patch.get("host", {}), operation, asked)
        if operation in world["refused"]:
            denial = read_failure(
                f"User: {NODE} is not authorized to perform: ec2:{operation} on resource: * "
                f"because no identity-based policy allows the ec2:{operation} action"
            )
            assert denial is not None
            assert denial.denial is not None
            return Denied(denial.denial)
        if operation == "DescribeRouteTables":
            return Known({"RouteTables": tables[asked["Filters"][0]["Name"]]})
        if operation == "DescribeSecurityGroups":
            groups = world["groups"]
            shown = [{"GroupId": n, **groups[n]} for n in asked["GroupIds"] if n in groups]
            return Known({"SecurityGroups": shown})
        if operation == "DescribeVpcAttribute":
            name = asked["Attribute"]
            return Known({name[0].upper() + name[1:]: {"Value": world["dns"][name]}})
        if answers.get(operation) is not None:
            return Known(answers[operation])
        if operation in world.get("aws", {}):
            return Known(world["aws"][operation])
        return Absent("not there") if question.service == "ssm" else Unreachable("not described")

    return door


def _of_host(host: Mapping[str, Any], operation: str, asked: Mapping[str, Any]) -> Answer:
    if operation == "ProbeEndpoint":
        patch = host.get("probes", {}).get(asked["Host"])
        return Unreachable("not described") if patch is None else Known(merge_patch(GOOD, patch))
    return Known(host[operation]) if operation in host else Unreachable("not described")


def without(door: Door, operation: str, number: int, left_out: list[str]) -> Door:
    """The same world, but of one kind of Answers the field with this ``number`` is left out."""

    def shown(question: Call) -> Answer:
        answer = door(question)
        if question.operation != operation or not isinstance(answer, Known):
            return answer
        data = json.loads(json.dumps(answer.data))
        fields = list(_fields(data))
        if number < len(fields):
            owner, name = fields[number]
            del owner[name]
            left_out[:] = [name]
        return Known(data)

    return shown


def _fields(data: Any) -> Iterator[tuple[dict[str, Any], str]]:
    if isinstance(data, dict):
        yield from ((data, name) for name in data)
    for part in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
        yield from _fields(part)


def _tables(world: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    table = world.get(name)
    return [{**table, "Routes": list(world["routes"].values())}] if table else []


def _endpoints(world: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = []
    for service, own in world["endpoints"].items():
        gateway = own.get("type") == "Gateway"
        found.append(
            {
                "VpcEndpointId": f"vpce-{service}",
                "VpcEndpointType": own.get("type", "Interface"),
                "ServiceName": f"com.amazonaws.{REGION}.{service}",
                **({"State": "available"} if gateway else world["endpoint"]),
                **{name: value for name, value in own.items() if name != "type"},
            }
        )
    return found


def _acls(world: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = []
    for name, acl in world["acls"].items():
        entries = [
            _entry(int(number), rule, egress=direction == "out")
            for direction in ("out", "in")
            for number, rule in {**acl[direction], "32767": "deny all 0.0.0.0/0"}.items()
        ]
        subnets = [{"SubnetId": subnet} for subnet in acl["subnets"]]
        shown = {"NetworkAclId": name, "IsDefault": acl["default"], "Associations": subnets}
        found.append({**shown, "Entries": entries})
    return found


def _entry(number: int, rule: str, *, egress: bool) -> dict[str, Any]:
    action, protocol, *ports, block = rule.split()
    entry: dict[str, Any] = {
        "RuleNumber": number,
        "Egress": egress,
        "Protocol": {"all": "-1", "tcp": "6", "udp": "17"}[protocol],
        "RuleAction": action,
        "Ipv6CidrBlock" if ":" in block else "CidrBlock": block,
    }
    if ports:
        low, _, high = ports[0].partition("-")
        entry["PortRange"] = {"From": int(low), "To": int(high or low)}
    return entry


def _document(world: Mapping[str, Any]) -> Any:
    inputs = world.get("preferences")
    return None if inputs is None else {"Content": json.dumps({"inputs": inputs})}
