"""The resource types of IAM: roles, instance profiles and policies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ssmdiag.demo.additions.cloudformation.kinds import (
    NOTHING,
    Kind,
    Made,
    Own,
    Place,
    Properties,
    put_again,
    retag,
)

_HOLDERS = (("Groups", "Group"), ("Roles", "Role"), ("Users", "User"))
_LONGEST_SESSION = 3600
"""IAM API Reference, "UpdateRole": one hour unless said otherwise."""


def _create_role(place: Place, name: str, new: Properties) -> Made:
    role = place.do(
        "iam",
        "CreateRole",
        RoleName=name,
        AssumeRolePolicyDocument=new["AssumeRolePolicyDocument"],
        Path=new.get("Path"),
        Description=new.get("Description"),
        MaxSessionDuration=new.get("MaxSessionDuration"),
        PermissionsBoundary=new.get("PermissionsBoundary"),
    )["Role"]
    return Made(name, {"Arn": role["Arn"], "RoleId": role["RoleId"]})


def _change_role(place: Place, made: Made, old: Properties, new: Properties) -> None:
    if old is not NOTHING:
        _change_the_role_itself(place, made, old, new)
    _change_policies(place, made, old, new)
    retag(place, "iam", ("TagRole", "UntagRole"), {"RoleName": made.id}, old, new)


def _change_the_role_itself(place: Place, made: Made, old: Properties, new: Properties) -> None:
    trust, boundary = new["AssumeRolePolicyDocument"], new.get("PermissionsBoundary")
    if trust != old["AssumeRolePolicyDocument"]:
        place.do("iam", "UpdateAssumeRolePolicy", RoleName=made.id, PolicyDocument=trust)
    place.do(
        "iam",
        "UpdateRole",
        RoleName=made.id,
        Description=new.get("Description", ""),
        MaxSessionDuration=new.get("MaxSessionDuration", _LONGEST_SESSION),
    )
    if boundary:
        place.do(
            "iam", "PutRolePermissionsBoundary", RoleName=made.id, PermissionsBoundary=boundary
        )
    elif old.get("PermissionsBoundary"):
        place.undo("iam", "DeleteRolePermissionsBoundary", RoleName=made.id)


def _change_policies(place: Place, made: Made, old: Properties, new: Properties) -> None:
    before, after = _inline(old), _inline(new)
    for name in before.keys() - after.keys():
        place.undo("iam", "DeleteRolePolicy", RoleName=made.id, PolicyName=name)
    for name, document in after.items():
        if before.get(name) != document:
            place.do(
                "iam", "PutRolePolicy", RoleName=made.id, PolicyName=name, PolicyDocument=document
            )
    attached, wanted = old.get("ManagedPolicyArns", []), new.get("ManagedPolicyArns", [])
    for arn in attached:
        if arn not in wanted:
            place.undo("iam", "DetachRolePolicy", RoleName=made.id, PolicyArn=arn)
    for arn in wanted:
        if arn not in attached:
            place.do("iam", "AttachRolePolicy", RoleName=made.id, PolicyArn=arn)


def _delete_role(place: Place, made: Made, old: Properties) -> None:
    _change_policies(place, made, old, {})
    place.undo("iam", "DeleteRole", RoleName=made.id)


def _inline(properties: Properties) -> Mapping[str, str]:
    policies = properties.get("Policies", [])
    return {policy["PolicyName"]: policy["PolicyDocument"] for policy in policies}


def _create_profile(place: Place, name: str, new: Properties) -> Made:
    asked = {"InstanceProfileName": name, "Path": new.get("Path")}
    profile = place.do("iam", "CreateInstanceProfile", **asked)["InstanceProfile"]
    return Made(name, {"Arn": profile["Arn"]})


def _change_profile(place: Place, made: Made, old: Properties, new: Properties) -> None:
    before, after = old.get("Roles", []), new.get("Roles", [])
    profile = {"InstanceProfileName": made.id}
    # A profile holds one role at most, so the old one goes first.
    for role in before:
        if role not in after:
            place.undo("iam", "RemoveRoleFromInstanceProfile", RoleName=role, **profile)
    for role in after:
        if role not in before:
            place.do("iam", "AddRoleToInstanceProfile", RoleName=role, **profile)


def _delete_profile(place: Place, made: Made, old: Properties) -> None:
    _change_profile(place, made, old, {})
    place.undo("iam", "DeleteInstanceProfile", InstanceProfileName=made.id)


def _put_role_policy(place: Place, _: str, new: Properties) -> Made:
    place.do("iam", "PutRolePolicy", **new)
    # Template Reference, "Ref": an identifier of several parts is given with bars between them.
    return Made(f"{new['PolicyName']}|{new['RoleName']}")


def _delete_role_policy(place: Place, _: Made, old: Properties) -> None:
    place.undo("iam", "DeleteRolePolicy", RoleName=old["RoleName"], PolicyName=old["PolicyName"])


def _create_policy(place: Place, name: str, new: Properties) -> Made:
    policy = place.do(
        "iam",
        "CreatePolicy",
        PolicyName=name,
        PolicyDocument=new["PolicyDocument"],
        Path=new.get("Path"),
        Description=new.get("Description"),
    )["Policy"]
    return Made(policy["Arn"], {"PolicyArn": policy["Arn"], "PolicyId": policy["PolicyId"]})


def _change_policy(place: Place, made: Made, old: Properties, new: Properties) -> None:
    if old is not NOTHING and old["PolicyDocument"] != new["PolicyDocument"]:
        superseded = place.do("iam", "ListPolicyVersions", PolicyArn=made.id)["Versions"]
        place.do(
            "iam",
            "CreatePolicyVersion",
            PolicyArn=made.id,
            PolicyDocument=new["PolicyDocument"],
            SetAsDefault=True,
        )
        _delete_versions(place, made, superseded)
    _change_holders(place, made, old, new)


def _change_holders(place: Place, made: Made, old: Properties, new: Properties) -> None:
    for listed, holder in _HOLDERS:
        before, after = old.get(listed, []), new.get(listed, [])
        for name in before:
            if name not in after:
                named = {f"{holder}Name": name}
                place.undo("iam", f"Detach{holder}Policy", PolicyArn=made.id, **named)
        for name in after:
            if name not in before:
                named = {f"{holder}Name": name}
                place.do("iam", f"Attach{holder}Policy", PolicyArn=made.id, **named)


def _delete_policy(place: Place, made: Made, old: Properties) -> None:
    _change_holders(place, made, old, {})
    place.undo("iam", "DeletePolicy", PolicyArn=made.id)


def _delete_versions(place: Place, made: Made, versions: list[Any]) -> None:
    # IAM keeps five at most (IAM User Guide, "Versioning IAM policies").
    for version in versions:
        place.undo("iam", "DeletePolicyVersion", PolicyArn=made.id, VersionId=version["VersionId"])


KINDS: Mapping[str, Kind] = {
    "AWS::IAM::Role": Own(
        _create_role,
        _change_role,
        _delete_role,
        properties=(
            *("AssumeRolePolicyDocument", "Description", "ManagedPolicyArns"),
            *("MaxSessionDuration", "Path", "PermissionsBoundary", "Policies", "RoleName", "Tags"),
        ),
        required=("AssumeRolePolicyDocument",),
        fixed=("Path", "RoleName"),
        attributes=("Arn", "RoleId"),
        named_by="RoleName",
    ),
    "AWS::IAM::InstanceProfile": Own(
        _create_profile,
        _change_profile,
        _delete_profile,
        properties=("InstanceProfileName", "Path", "Roles"),
        required=("Roles",),
        fixed=("InstanceProfileName", "Path"),
        attributes=("Arn",),
        named_by="InstanceProfileName",
    ),
    "AWS::IAM::RolePolicy": Own(
        _put_role_policy,
        put_again(_put_role_policy),
        _delete_role_policy,
        properties=("PolicyDocument", "PolicyName", "RoleName"),
        required=("PolicyDocument", "PolicyName", "RoleName"),
        fixed=("PolicyName", "RoleName"),
    ),
    "AWS::IAM::ManagedPolicy": Own(
        _create_policy,
        _change_policy,
        _delete_policy,
        properties=(
            *("Description", "Groups", "ManagedPolicyName", "Path"),
            *("PolicyDocument", "Roles", "Users"),
        ),
        required=("PolicyDocument",),
        fixed=("Description", "ManagedPolicyName", "Path"),
        attributes=("PolicyArn", "PolicyId"),
        named_by="ManagedPolicyName",
    ),
}
"""CloudFormation User Guide, "IAM resource type reference"."""
