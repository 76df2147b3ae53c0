"""The node of a described world: what its host says, and how Systems Manager knows it.

What a description leaves out is not known: a volume is read-only, and a file of the configuration
is there, only where it says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ssmdiag.world.call import Absent, Answer, Known, Unreachable

World = Mapping[str, Any]
Parameters = Mapping[str, Any]

_HOST_MANAGEMENT = "/ssm/managed-instance/default-ec2-instance-management-role"
_NOW, _LATER = "2026-05-06T04:00:00", "2026-05-06T04:20:00+00:00"
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
    told = world["os"]
    free = float(told.get("root_fs_free_percent", 40)) / 100 * (8 << 30)
    volume = {"Path": "/var/lib/amazon/ssm", "FreeBytes": int(free), "FreeFiles": 500_000}
    return Known({**volume, "ReadOnly": told.get("root_fs_read_only")})


def session_user(world: World, parameters: Parameters) -> Answer:
    """ssm-user, whom the agent makes; a user of Run As may be one of a directory."""
    name, users = parameters["Name"], world["os"].get("users")
    if name != "ssm-user" or users is None:
        return _untold(f"the user {name}")
    number = 1001 if name in users else None
    return Known(
        {
            "Name": name,
            "Exists": name in users,
            "Uid": number,
            "Gid": number,
            "MadeWith": "useradd",
            "Sudoers": {"Path": "/etc/sudoers.d/ssm-agent-users", "Exists": None, "Grants": None},
        }
    )


def time(_: World, __: Parameters) -> Answer:
    """The node's clock: an hour of the day that the logs of descriptions tell of."""
    return Known({"Utc": f"{_NOW}+00:00", "Local": _NOW})


def agent_state(world: World, _: Parameters) -> Answer:
    """Does the agent still wait for its next request for credentials?"""
    running = world["agent"].get("running_since_role_attached")
    if running is None:
        return _untold("what the agent waits for")
    state: dict[str, Any] = dict.fromkeys(
        ("LastLine", "LastCredentialError", "NextCredentialAttempt", "WorkerStarted", "Hibernating")
    )
    if not running:
        state["LastCredentialError"] = "EC2RoleRequestError: no EC2 instance role found"
        state["NextCredentialAttempt"] = _LATER
    return Known(state)


def agent_config(world: World, _: Parameters) -> Answer:
    """amazon-ssm-agent.json, if something stands in it."""
    content = world["agent"].get("config")
    if not content:
        return _untold("amazon-ssm-agent.json")
    return Known({"Path": "/etc/amazon/ssm/amazon-ssm-agent.json", "Content": content})


def probe(world: World, parameters: Parameters) -> Answer:
    """An endpoint that answers, where the clock is off and the way to the internet is open; how
    far others are reached would have to be guessed."""
    skew, network = float(world["os"].get("clock_skew_seconds", 0)), world["network"]
    open_way = network.get("egress") in ("nat", "igw") and not network.get("proxy")
    if not skew or not open_way:
        return _untold(f"whether {parameters['Host']} answers")
    http = {"Status": 404, "Date": None, "SkewSeconds": skew, "Server": None, "RequestId": None}
    return Known({"Proxy": None, "Stage": "done", "Kind": None, "Problem": None, "Http": http})


def metadata(world: World, parameters: Parameters) -> Answer:
    """Instance metadata: the name of the instance profile's role, if there is one."""
    role = world["identity"].get("instance_profile_role")
    if parameters["Path"] != "iam/security-credentials/" or not role:
        return Absent("the instance metadata service has no role")
    return Known(role)


def metadata_service(world: World, _: Parameters) -> Answer:
    """What an EC2 instance's metadata tells of it and of its instance profile."""
    identity = world["identity"]
    if not str(identity.get("kind")).startswith("ec2"):
        return _untold("the instance metadata service")
    role, account = identity.get("instance_profile_role"), str(world["account"])
    arn = f"arn:{world.get('partition', 'aws')}:iam::{account}:instance-profile/{role}"
    return Known(
        {
            "Token": "answered",
            "TokenStatus": 200,
            "Identity": {
                "InstanceId": identity.get("instance_id"),
                "Region": world["region"],
                "AccountId": account,
            },
            "Profile": {"Code": "Success", "InstanceProfileArn": arn} if role else None,
            "Role": role,
            "Credentials": None,
        }
    )


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


def _untold(what: str) -> Unreachable:
    return Unreachable(f"the description does not tell {what}")


OPERATIONS = {
    ("host", "GetAgentConfig"): agent_config,
    ("host", "GetAgentState"): agent_state,
    ("host", "GetMetadataService"): metadata_service,
    ("host", "GetSessionUser"): session_user,
    ("host", "GetTime"): time,
    ("host", "ProbeEndpoint"): probe,
    ("host", "GetRuntimeConfig"): runtime_config,
    ("host", "GetDiskSpace"): disk_space,
    ("host", "GetInstanceMetadata"): metadata,
    ("ssm", "GetServiceSetting"): service_setting,
    ("ssm", "DescribeInstanceInformation"): instance_information,
}
