"""The policies of VPC endpoints (Amazon EC2 API Reference, ModifyVpcEndpoint)."""

from __future__ import annotations

import json

from ssmdiag.world.call import Answer, Call, Known
from ssmdiag.world.effects.effect import Effects, Parameters, concerns, data_of

_DEFAULT_POLICY = {
    "Version": "2008-10-17",
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}],
}


def _modify_endpoint(write: Parameters, question: Call, answer: Answer) -> Answer:
    if not (concerns(question, "ec2", "DescribeVpcEndpoints") and isinstance(answer, Known)):
        return answer
    policy = write.get("PolicyDocument")
    if write.get("ResetPolicy"):
        policy = json.dumps(_DEFAULT_POLICY)
    data = data_of(answer, {})
    for endpoint in data.get("VpcEndpoints", []):
        if endpoint.get("VpcEndpointId") == write["VpcEndpointId"] and policy is not None:
            endpoint["PolicyDocument"] = policy
    return Known(data)


EFFECTS: Effects = {"ModifyVpcEndpoint": _modify_endpoint}
