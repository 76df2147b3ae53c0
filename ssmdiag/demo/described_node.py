"""The node of a described world: what its host says, and how Systems Manager knows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ssmdiag.world.call import Absent, Answer, Known

World = Mapping[str, Any]
Parameters = Mapping[str, Any]

_HOST_MANAGEMENT = "/ssm/managed-instance/default-ec2-instance-management-role"
_KINDS = {
    "ec2-instance-profile": ("EC2", "EC2"),
    "ec2-dhmc": ("EC2", "SSM"),
    "ec2-none": ("EC2", "None"),
    "hybrid": ("OnPrem", "SSM"),
}


def runtime_config(world: World, _: Parameters) -> Answer:
    """The agent's identity_config.json."""
    identity = world["identity"]
    kind = str(identity.get("kind", ""))
    pair = _KINDS.get(kind) or _KINDS["hybrid" if kind.startswith("hybrid") else "ec2-none"]
    return Known(
        {
            "IdentityType": pair[0],
            "CredentialSource": pair[1],
            "InstanceId": identity.get("instance_id", ""),
        }
    )


def disk_space(world: World, _: Parameters) -> Answer:
    """The agent's volume, of 8 GiB."""
    free = float(world["os"].get("root_fs_free_percent", 40)) / 100 * (8 << 30)
    return Known({"Path": "/var/lib/amazon/ssm", "FreeBytes": int(free), "FreeFiles": 500_000})


def metadata(world: World, parameters: Parameters) -> Answer:
    """Instance metadata: the name of the instance profile's role, if there is one."""
    role = world["identity"].get("instance_profile_role")
    if parameters["Path"] != "iam/security-credentials/" or not role:
        return Absent("the instance metadata service has no role")
    return Known(role)


def service_setting(world: World, parameters: Parameters) -> Answer:
    """GetServiceSetting: the role of Default Host Management, or ``$None``."""
    value = world.get("dhmc", {}).get("setting_value") or "$None"
    if parameters["SettingId"] != _HOST_MANAGEMENT:
        return Absent(f"An error occurred (ServiceSettingNotFound): {parameters['SettingId']}")
    return Known({"ServiceSetting": {"SettingId": _HOST_MANAGEMENT, "SettingValue": value}})


def instance_information(world: World, _: Parameters) -> Answer:
    """DescribeInstanceInformation: the node; its role only where a hybrid activation gave it."""
    identity = world["identity"]
    node = {"InstanceId": identity.get("instance_id"), "AgentVersion": world["agent"]["version"]}
    if str(node["InstanceId"]).startswith("mi-"):
        node["IamRole"] = identity.get("role_name")
    return Known({"InstanceInformationList": [node]})


OPERATIONS = {
    ("host", "GetRuntimeConfig"): runtime_config,
    ("host", "GetDiskSpace"): disk_space,
    ("host", "GetInstanceMetadata"): metadata,
    ("ssm", "GetServiceSetting"): service_setting,
    ("ssm", "DescribeInstanceInformation"): instance_information,
}
