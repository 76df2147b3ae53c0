"""Templates of CloudFormation that a plan becomes: how tests plan, look at and follow them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

import boto3
import yaml
from cfnlint.api import ManualArgs, lint

from ssmdiag.demo.account import Account
from ssmdiag.model import Resource
from ssmdiag.setup.plan import Plan, Step
from ssmdiag.world.call import Call, call, promising
from tests.stacks import ACCOUNT, ROOT, TRUST, allow, policy
from tests.starting_states import DOCUMENT, GROUP

REGION = "us-east-1"
STACK = "session-manager-logging"
HOME = f"arn:aws:iam::{ACCOUNT}"
NEW_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/<sessions>"
ALIAS = "alias/sessions"
CORE = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
OWNER = {**ROOT, "Principal": {"AWS": f"{HOME}:root"}}
LOGS = allow(
    ["kms:Encrypt*", "kms:Decrypt*", "kms:GenerateDataKey*"],
    Principal={"Service": f"logs.{REGION}.amazonaws.com"},
)


@dataclass(frozen=True)
class Here:
    account: str = ACCOUNT
    region: str = REGION
    partition: str = "aws"


def plan_of(*calls: Call, replaced: Sequence[Call] = (), why: str = "it lacks") -> Plan:
    """A plan of one step."""
    step = Step(Resource("role", "Node"), "mend it", (why,), (), calls)
    return Plan(Here(), (step,), (), (), dict.fromkeys(replaced, "{}"))


def found_by_the_linter(text: str, region: str = REGION) -> list[str]:
    asked = ManualArgs(regions=[region], include_checks=["I"])
    return [f"{m.rule.id} {m.path}: {m.message}" for m in lint(text, config=asked)]


def run(text: str, account: Account, region: str = REGION, folder: Optional[Path] = None) -> None:
    environ = {**account.environ, "AWS_REGION": region, "AWS_DEFAULT_REGION": region}
    done = subprocess.run(
        ["/bin/sh", "-eu", "-c", text],
        env=environ,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), text


def by_hand(text: str, when: str) -> list[str]:
    told = yaml.safe_load(text).get("Metadata", {}).get("ssmdiag", {})
    commands: list[str] = told.get(when, [])
    return commands


def deploy(text: str, region: str = REGION) -> None:
    cloudformation_ = boto3.client("cloudformation", region_name=region)
    asked = {"StackName": STACK, "Capabilities": ["CAPABILITY_NAMED_IAM"]}
    cloudformation_.create_stack(TemplateBody=text, **asked)
    (stack,) = cloudformation_.describe_stacks(StackName=STACK)["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE", stack.get("StackStatusReason")


def follow(text: str, account: Account, region: str = REGION) -> None:
    """Do what the template says, in its order."""
    run("\n".join(by_hand(text, "Before")), account, region)
    deploy(text, region)
    run("\n".join(by_hand(text, "After")), account, region)


def resources(text: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(text)["Resources"]
    return found


# --- orders ---------------------------------------------------------------------------------------


def role(name: str, service: str = "ec2") -> Call:
    trust = {**TRUST["Statement"][0], "Principal": {"Service": f"{service}.amazonaws.com"}}
    return call(
        "iam",
        "CreateRole",
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps({**TRUST, "Statement": [trust]}),
    )


def role_policy(name: str, resource: Any, action: str = "kms:Decrypt") -> Call:
    document = json.dumps(policy(allow(action, resource)))
    return call(
        "iam", "PutRolePolicy", RoleName=name, PolicyName="Logging", PolicyDocument=document
    )


def new_key(*statements: dict[str, Any]) -> tuple[Call, Call]:
    create = call("kms", "CreateKey", Policy=json.dumps(policy(OWNER, LOGS, *statements)))
    return (
        promising(create, "KeyMetadata.Arn", NEW_KEY),
        call("kms", "CreateAlias", AliasName=ALIAS, TargetKeyId=NEW_KEY),
    )


def preferences(key: str = NEW_KEY) -> Call:
    inputs = {"cloudWatchLogGroupName": GROUP, "cloudWatchEncryptionEnabled": True, "kmsKeyId": key}
    content = {"schemaVersion": "1.0", "sessionType": "Standard_Stream", "inputs": inputs}
    return call(
        "ssm",
        "CreateDocument",
        Name=DOCUMENT,
        DocumentType="Session",
        DocumentFormat="JSON",
        Content=json.dumps(content),
    )
