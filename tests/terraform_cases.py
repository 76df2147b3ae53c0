"""Plans to be written for Terraform, and the ways in which a configuration is tried."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Optional

import pytest

from ssmdiag.demo.account import Account
from ssmdiag.model import Resource
from ssmdiag.setup.plan import Plan, Step
from ssmdiag.setup.wanted import Wanted, Wish
from ssmdiag.world.call import Call, call, promising
from tests.terraform_provider import apply

TERRAFORM = shutil.which("terraform")
installed = pytest.mark.skipif(not TERRAFORM, reason="no terraform on the PATH")

REGION, ACCOUNT = "us-east-1", "123456789012"
NEW_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/<sessions>"


def run_terraform(*words: str, text: str, folder: Optional[Path] = None) -> str:
    """Run Terraform with nothing of this environment, which keeps it from calling home."""
    assert TERRAFORM
    surroundings = {"PATH": os.defpath, "HOME": str(folder or ""), "CHECKPOINT_DISABLE": "1"}
    done = subprocess.run(
        [TERRAFORM, *words],
        input=text.encode(),
        capture_output=True,
        check=False,
        cwd=folder,
        env=surroundings,
    )
    assert done.returncode == 0, (done.stdout + done.stderr).decode()
    return done.stdout.decode()


def accepts(text: str, folder: Path) -> None:
    """Let Terraform format it, and read it as far as that goes without the provider."""
    run_terraform("fmt", "-check", "-diff", "-", text=text)
    (folder / "main.tf").write_bytes(text.encode())
    run_terraform("providers", text="", folder=folder)


def plan_of(*calls: Call, replaced: tuple[Call, ...] = (), why: str = "it lacks") -> Plan:
    """A plan of one step."""
    wanted = Wanted(
        account=ACCOUNT,
        region=REGION,
        wish=Wish(),
        role="Node",
        role_arn=f"arn:aws:iam::{ACCOUNT}:role/Node",
        hybrid=False,
        group="",
        bucket="",
        prefix="",
        key_arn="",
        new_key=False,
        alias="",
        session_encryption=False,
        admins=(),
        users=(),
    )
    steps = (Step(Resource("role", "Node"), f"mend {why}", (why,), (), calls),) if calls else ()
    return Plan(wanted, steps, (), (), dict.fromkeys(replaced, "{}"))


def documents(text: str) -> list[Any]:
    """Every heredoc as JSON, with the interpolations in place."""
    found = re.findall(r"<<-JSON\n(.*?)\n *JSON\n", text, re.DOTALL)
    assert len(found) == text.count("<<-JSON")
    return [json.loads(each) for each in found]


def left_over(text: str, when: str) -> str:
    """What the ``sed`` of the file's own comment prints."""
    return "\n".join(re.findall(rf"^#{when}: ?(.*)$", text, re.MULTILINE))


def shell(text: str, account: Account) -> None:
    """Run commands with the real AWS CLI."""
    subprocess.run(
        ["/bin/sh", "-eu"], input=text.encode(), env=account.environ, check=True, timeout=120
    )


def carry_out(text: str, account: Account, region: str = REGION) -> None:
    """Apply a configuration, with the commands that come before and after."""
    shell(left_over(text, "before"), account)
    apply(text, region)
    shell(left_over(text, "after"), account)


def new_key() -> tuple[Call, Call]:
    """A key that is still to be made, and its alias."""
    create = call("kms", "CreateKey", Policy=policy("*"))
    alias = call("kms", "CreateAlias", AliasName="alias/sessions", TargetKeyId=NEW_KEY)
    return promising(create, "KeyMetadata.Arn", NEW_KEY), alias


def policy(resource: str, **more: Any) -> str:
    """A policy of one statement."""
    root = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    statement = {"Effect": "Allow", "Action": "kms:*", "Resource": resource, **more}
    if resource == "*":
        statement["Principal"] = root
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def group(name: str) -> Call:
    """A log group that is still to be made."""
    return call("logs", "CreateLogGroup", logGroupName=name)
