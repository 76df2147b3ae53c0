"""The role of the nodes: that it exists, in an instance profile, with what the agent needs.

Its permissions on logs and keys are the ordinary Requirements of ``requirements/``. Sources:
Systems Manager User Guide, "Configure instance permissions required for Systems Manager"; IAM User
Guide, "Using instance profiles".
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from ssmdiag.iam.arn import dns_suffix
from ssmdiag.model import Broken, Holds, Resource, Verdict, Write
from ssmdiag.requirements.contract import Requirement, gap_of
from ssmdiag.setup.targets.target import requirement, unread
from ssmdiag.setup.wanted import Wanted
from ssmdiag.world.call import Absent, Ask, Call, Known, call

CORE = "AmazonSSMManagedInstanceCore"


def requirements(wanted: Wanted) -> tuple[Requirement, ...]:
    """The role exists and nodes can have it."""
    title = "Nodes can have the role"
    return (requirement("setup/role", title, "identity", _check, wanted),)


def _check(wanted: Wanted, ask: Ask) -> Verdict:
    resource = Resource("role", wanted.role)
    answer = ask(call("iam", "GetRole", RoleName=wanted.role))
    if isinstance(answer, Absent):
        write = Write(tuple(_creation(wanted, ask)), f"create role {wanted.role} for nodes")
        return Broken(f"role {wanted.role} does not exist", resource, (answer.why,), (write,))
    if not isinstance(answer, Known):
        return unread(gap_of(answer, f"role {wanted.role}"), resource)
    if wanted.hybrid:
        return Holds(f"Systems Manager hands role {wanted.role} to nodes")
    listed = ask(call("iam", "ListInstanceProfilesForRole", RoleName=wanted.role))
    if not isinstance(listed, Known):
        return unread(gap_of(listed, f"the instance profiles of role {wanted.role}"), resource)
    names = [p["InstanceProfileName"] for p in listed.data["InstanceProfiles"]]
    if names:
        return Holds(f"role {wanted.role} is in instance profile {names[0]}")
    write = Write((_joined(wanted),), f"put role {wanted.role} into its instance profile")
    said = f"instance profile {wanted.role} is empty"
    return Broken(said, resource, ("a set-up was cut short here",), (write,))


def _creation(wanted: Wanted, ask: Ask) -> Iterator[Call]:
    # The profile first: a role without one would not be taken for one that is half made.
    profile = ask(call("iam", "GetInstanceProfile", InstanceProfileName=wanted.role))
    if not isinstance(profile, Known):
        yield call("iam", "CreateInstanceProfile", InstanceProfileName=wanted.role)
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": f"ec2.{dns_suffix(wanted.region)}"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    yield call(
        "iam",
        "CreateRole",
        RoleName=wanted.role,
        Description="Nodes that Systems Manager manages",
        AssumeRolePolicyDocument=json.dumps(trust),
    )
    core = f"arn:{wanted.partition}:iam::aws:policy/{CORE}"
    yield call("iam", "AttachRolePolicy", RoleName=wanted.role, PolicyArn=core)
    yield _joined(wanted)


def _joined(wanted: Wanted) -> Call:
    return call(
        "iam",
        "AddRoleToInstanceProfile",
        InstanceProfileName=wanted.role,
        RoleName=wanted.role,
    )
