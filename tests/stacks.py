"""What the tests of CloudFormation deploy, and how they look at it."""

from __future__ import annotations

import json
from typing import Any, Optional

import boto3

ACCOUNT = "123456789012"
STACK = "session-logging"
GROUP = "sessions"
GROUP_ARN = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{GROUP}"
NOT_ALLOWED = "The specified KMS key does not exist or is not allowed to be used with LogGroup"

Resources = dict[str, Any]


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action: Any, resource: Any = "*", **others: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **others}


ROOT = allow(
    "kms:*",
    Principal={"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}},
)
FOR_LOGS = allow(
    ["kms:Encrypt*", "kms:Decrypt*", "kms:GenerateDataKey*"],
    Principal={"Service": {"Fn::Sub": "logs.${AWS::Region}.amazonaws.com"}},
    Condition={"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": GROUP_ARN}},
)
TRUST = policy(
    {
        "Effect": "Allow",
        "Principal": {"Service": "ec2.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
)


def resource(kind: str, properties: Optional[dict[str, Any]] = None, **others: Any) -> Resources:
    return {"Type": f"AWS::{kind}", "Properties": properties or {}, **others}


def key(*statements: dict[str, Any], **others: Any) -> Resources:
    return resource("KMS::Key", {"KeyPolicy": policy(ROOT, *statements), **others})


def group(**properties: Any) -> Resources:
    return resource("Logs::LogGroup", {"LogGroupName": GROUP, **properties})


def role(**properties: Any) -> Resources:
    return resource("IAM::Role", {"AssumeRolePolicyDocument": TRUST, **properties})


def ref(name: str) -> dict[str, str]:
    return {"Ref": name}


def att(name: str, attribute: str = "Arn") -> dict[str, list[str]]:
    return {"Fn::GetAtt": [name, attribute]}


def sent(resources: Resources, outputs: Optional[dict[str, Any]] = None, **others: Any) -> Any:
    shown = {"Outputs": {name: {"Value": value} for name, value in (outputs or {}).items()}}
    template = {"Resources": resources, **(shown if outputs else {}), **others}
    return {
        "StackName": STACK,
        "TemplateBody": json.dumps(template),
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
    }


def create(resources: Resources, **others: Any) -> Any:
    boto3.client("cloudformation").create_stack(**sent(resources, **others))
    return described()


def update(resources: Resources, **others: Any) -> Any:
    boto3.client("cloudformation").update_stack(**sent(resources, **others))
    return described()


def delete() -> None:
    boto3.client("cloudformation").delete_stack(StackName=STACK)


def described() -> Any:
    (stack,) = boto3.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    return stack


def outputs() -> dict[str, str]:
    return {each["OutputKey"]: each["OutputValue"] for each in described().get("Outputs", [])}


def events(status: str) -> list[tuple[str, Optional[str]]]:
    """Of all resources and stacks, oldest first."""
    told = boto3.client("cloudformation").describe_stack_events(StackName=STACK)["StackEvents"]
    return [
        (each["LogicalResourceId"], each.get("ResourceStatusReason"))
        for each in reversed(told)
        if each["ResourceStatus"] == status
    ]


def physical(name: str) -> str:
    cloudformation = boto3.client("cloudformation")
    detail = cloudformation.describe_stack_resource(StackName=STACK, LogicalResourceId=name)
    found: str = detail["StackResourceDetail"]["PhysicalResourceId"]
    return found


def log_groups() -> list[Any]:
    found: list[Any] = boto3.client("logs").describe_log_groups()["logGroups"]
    return found


def statement_of(answer: Any) -> Any:
    document = answer["Policy"] if "Policy" in answer else answer["PolicyDocument"]
    return (json.loads(document) if isinstance(document, str) else document)["Statement"]


def topic(name: str, **others: Any) -> Resources:
    """Of a type that moto knows and this package does not."""
    return resource("SNS::Topic", {"TopicName": name}, **others)
