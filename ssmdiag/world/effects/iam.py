"""Roles, their policies and instance profiles (IAM API Reference)."""

from __future__ import annotations

import json

from ssmdiag.world.call import Absent, Answer, Call, Known
from ssmdiag.world.effects.effect import Effects, Parameters, concerns, data_of


def _put_role_policy(write: Parameters, question: Call, answer: Answer) -> Answer:
    role, name = write["RoleName"], write["PolicyName"]
    if concerns(question, "iam", "ListRolePolicies", RoleName=role):
        data = data_of(answer, {"PolicyNames": []})
        if name not in data["PolicyNames"]:
            data["PolicyNames"].append(name)
        return Known(data)
    if concerns(question, "iam", "GetRolePolicy", RoleName=role, PolicyName=name):
        document = json.loads(write["PolicyDocument"])
        return Known({"RoleName": role, "PolicyName": name, "PolicyDocument": document})
    return answer


def _create_policy(write: Parameters, question: Call, answer: Answer) -> Answer:
    # The account is not among the parameters, but a name is unique in it.
    arn = str(question.parameters.get("PolicyArn", ""))
    if arn.rsplit(":policy/", 1)[-1] != write["PolicyName"]:
        return answer
    return _policy_version({**write, "PolicyArn": arn}, question, answer)


def _policy_version(write: Parameters, question: Call, answer: Answer) -> Answer:
    """The one that is made becomes the default. Its number is not known before."""
    arn, version = write["PolicyArn"], "(new)"
    if concerns(question, "iam", "GetPolicy", PolicyArn=arn):
        data = data_of(answer, {"Policy": {"Arn": arn}})
        data["Policy"]["DefaultVersionId"] = version
        return Known(data)
    if concerns(question, "iam", "GetPolicyVersion", PolicyArn=arn, VersionId=version):
        return Known({"PolicyVersion": {"Document": json.loads(write["PolicyDocument"])}})
    return answer


def _attach_role_policy(write: Parameters, question: Call, answer: Answer) -> Answer:
    if not concerns(question, "iam", "ListAttachedRolePolicies", RoleName=write["RoleName"]):
        return answer
    data = data_of(answer, {"AttachedPolicies": []})
    arn = write["PolicyArn"]
    if arn not in [policy["PolicyArn"] for policy in data["AttachedPolicies"]]:
        data["AttachedPolicies"].append({"PolicyArn": arn, "PolicyName": arn.rsplit("/", 1)[-1]})
    return Known(data)


def _update_trust(write: Parameters, question: Call, answer: Answer) -> Answer:
    asked = concerns(question, "iam", "GetRole", RoleName=write["RoleName"])
    if not asked or not isinstance(answer, Known):
        return answer
    data = data_of(answer, {})
    data["Role"]["AssumeRolePolicyDocument"] = json.loads(write["PolicyDocument"])
    return Known(data)


def _delete_role_policy(write: Parameters, question: Call, answer: Answer) -> Answer:
    role, name = write["RoleName"], write["PolicyName"]
    if concerns(question, "iam", "ListRolePolicies", RoleName=role) and isinstance(answer, Known):
        data = data_of(answer, {})
        data["PolicyNames"] = [n for n in data["PolicyNames"] if n != name]
        return Known(data)
    if concerns(question, "iam", "GetRolePolicy", RoleName=role, PolicyName=name):
        return Absent(f"policy {name} is deleted")
    return answer


def _arn(write: Parameters, kind: str, name: str) -> str:
    """What a role or profile is called that the caller makes, in the caller's own account."""
    partition = str(write["Caller"].get("Arn", "arn:aws")).split(":")[1]
    return f"arn:{partition}:iam::{write['Caller'].get('Account', '')}:{kind}/{name}"


def _create_role(write: Parameters, question: Call, answer: Answer) -> Answer:
    name = write["RoleName"]
    if concerns(question, "iam", "GetRole", RoleName=name):
        trust = json.loads(write["AssumeRolePolicyDocument"])
        arn = _arn(write, "role", name)
        return Known({"Role": {"RoleName": name, "Arn": arn, "AssumeRolePolicyDocument": trust}})
    lists = {
        "ListRolePolicies": "PolicyNames",
        "ListAttachedRolePolicies": "AttachedPolicies",
        "ListInstanceProfilesForRole": "InstanceProfiles",
    }
    if question.operation in lists and concerns(question, "iam", question.operation, RoleName=name):
        return Known({lists[question.operation]: []})
    return answer


def _create_instance_profile(write: Parameters, question: Call, answer: Answer) -> Answer:
    name = write["InstanceProfileName"]
    if concerns(question, "iam", "GetInstanceProfile", InstanceProfileName=name):
        arn = _arn(write, "instance-profile", name)
        return Known({"InstanceProfile": {"InstanceProfileName": name, "Arn": arn, "Roles": []}})
    return answer


def _add_role_to_instance_profile(write: Parameters, question: Call, answer: Answer) -> Answer:
    name, role = write["InstanceProfileName"], write["RoleName"]
    if concerns(question, "iam", "ListInstanceProfilesForRole", RoleName=role):
        data = data_of(answer, {"InstanceProfiles": []})
        data["InstanceProfiles"].append({"InstanceProfileName": name})
        return Known(data)
    asked = concerns(question, "iam", "GetInstanceProfile", InstanceProfileName=name)
    if asked and isinstance(answer, Known):
        data = data_of(answer, {})
        data["InstanceProfile"]["Roles"].append({"RoleName": role})
        return Known(data)
    return answer


EFFECTS: Effects = {
    "CreateRole": _create_role,
    "CreateInstanceProfile": _create_instance_profile,
    "AddRoleToInstanceProfile": _add_role_to_instance_profile,
    "DeleteRolePolicy": _delete_role_policy,
    "PutRolePolicy": _put_role_policy,
    "CreatePolicy": _create_policy,
    "CreatePolicyVersion": _policy_version,
    "AttachRolePolicy": _attach_role_policy,
    "UpdateAssumeRolePolicy": _update_trust,
}
