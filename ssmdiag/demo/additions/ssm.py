"""Systems Manager: service settings, managed nodes, sessions, versions of documents."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from ssmdiag.demo.additions.extending import Method, add, correct, refuse
from ssmdiag.demo.additions.iam import caller_arn

_DEFAULT_SETTINGS = {
    "/ssm/documents/console/public-sharing-permission": "Enable",
    "/ssm/managed-instance/activation-tier": "standard",
    "/ssm/managed-instance/default-ec2-instance-management-role": "$None",
    "/ssm/parameter-store/default-parameter-tier": "Standard",
    "/ssm/parameter-store/high-throughput-enabled": "false",
}
_NODE_FILTERS = {"InstanceIds": "InstanceId", "PlatformTypes": "PlatformType"}
_HISTORY = ("Terminated", "Failed", "Disconnected")


def install() -> None:
    """Add the operations on settings, nodes and sessions; let ``$DEFAULT`` name a version."""
    from moto.ssm.models import Documents
    from moto.ssm.responses import SimpleSystemManagerResponse

    add(
        SimpleSystemManagerResponse,
        describe_activations,
        describe_instance_information,
        describe_sessions,
        get_connection_status,
        get_service_setting,
        list_document_versions,
        reset_service_setting,
        update_service_setting,
    )
    correct(Documents, "find", _with_default)


def add_node(account: str, region: str, node: Mapping[str, Any]) -> None:
    """Register a managed node, as DescribeInstanceInformation prints it."""
    _kept(_ssm(account, region), "nodes", []).append(dict(node))


def add_session(account: str, region: str, session: Mapping[str, Any]) -> None:
    """Add a session, as DescribeSessions prints it; times in seconds since the epoch."""
    _kept(_ssm(account, region), "sessions", []).append(dict(session))


def get_service_setting(response: Any) -> str:
    """Systems Manager API Reference, "GetServiceSetting"."""
    name = _setting_name(response)
    changed = _kept(response.ssm_backend, "settings", {}).get(name)
    scope = f"arn:{response.partition}:ssm:{response.region}:{response.current_account}"
    setting = {
        "SettingId": name,
        "SettingValue": changed["value"] if changed else _DEFAULT_SETTINGS[name],
        "LastModifiedDate": changed["at"] if changed else 0,
        "LastModifiedUser": changed["by"] if changed else "System",
        "ARN": f"{scope}:servicesetting{name}",
        "Status": "Customized" if changed else "Default",
    }
    return json.dumps({"ServiceSetting": setting})


def update_service_setting(response: Any) -> str:
    """Systems Manager API Reference, "UpdateServiceSetting"."""
    _kept(response.ssm_backend, "settings", {})[_setting_name(response)] = {
        "value": response._get_param("SettingValue"),
        "at": int(time.time()),
        "by": caller_arn(response.current_account, response.partition),
    }
    return "{}"


def reset_service_setting(response: Any) -> str:
    """Systems Manager API Reference, "ResetServiceSetting"."""
    _kept(response.ssm_backend, "settings", {}).pop(_setting_name(response), None)
    return get_service_setting(response)


def describe_sessions(response: Any) -> str:
    """Systems Manager API Reference, "DescribeSessions"; newest first."""
    past = response._get_param("State") == "History"
    filters = response._get_param("Filters") or []
    found = [
        session
        for session in _kept(response.ssm_backend, "sessions", [])
        if (session.get("Status") in _HISTORY) == past
        and all(_session_matches(session, f["key"], f["value"]) for f in filters)
    ]
    return json.dumps({"Sessions": sorted(found, key=lambda s: -s.get("StartDate", 0))})


def describe_instance_information(response: Any) -> str:
    """Systems Manager API Reference, "DescribeInstanceInformation"; both forms of filters."""
    wanted = [
        (f.get("Key") or f["key"], f.get("Values") or f["valueSet"])
        for name in ("Filters", "InstanceInformationFilterList")
        for f in response._get_param(name) or []
    ]
    found = [
        node
        for node in _kept(response.ssm_backend, "nodes", [])
        if all(node.get(_NODE_FILTERS.get(key, key)) in values for key, values in wanted)
    ]
    return json.dumps({"InstanceInformationList": found})


def get_connection_status(response: Any) -> str:
    """Systems Manager API Reference, "GetConnectionStatus"."""
    target = response._get_param("Target")
    online = any(
        node["InstanceId"] == target and node.get("PingStatus") == "Online"
        for node in _kept(response.ssm_backend, "nodes", [])
    )
    return json.dumps({"Target": target, "Status": "connected" if online else "notconnected"})


def describe_activations(_: Any) -> str:
    """Systems Manager API Reference, "DescribeActivations": this account has none."""
    return json.dumps({"ActivationList": []})


def list_document_versions(response: Any) -> str:
    """Systems Manager API Reference, "ListDocumentVersions"; newest first."""
    documents = response.ssm_backend._get_documents(response._get_param("Name"))
    versions: Sequence[Any] = sorted(
        documents.versions.values(), key=lambda d: -int(d.document_version)
    )
    listed = [
        {
            "Name": document.name,
            "DocumentVersion": document.document_version,
            "CreatedDate": document.created_date.timestamp(),
            "IsDefaultVersion": document.document_version == documents.default_version,
            "DocumentFormat": document.document_format,
            "Status": document.status,
        }
        for document in versions
    ]
    return json.dumps({"DocumentVersions": listed})


def _with_default(original: Method) -> Method:
    def find(documents: Any, document_version: Any = None, *others: Any, **named: Any) -> Any:
        version = None if document_version == "$DEFAULT" else document_version
        return original(documents, version, *others, **named)

    return find


def _ssm(account: str, region: str) -> Any:
    from moto.ssm.models import ssm_backends

    return ssm_backends[account][region]


def _kept(backend: Any, name: str, empty: Any) -> Any:
    return vars(backend).setdefault(f"demo_{name}", empty)


def _setting_name(response: Any) -> str:
    given: str = response._get_param("SettingId") or ""
    name = given.partition(":servicesetting")[2] if given.startswith("arn:") else given
    if name not in _DEFAULT_SETTINGS:
        refuse("ServiceSettingNotFound", f"The service setting {given} was not found.")
    return name


def _session_matches(session: Mapping[str, Any], key: str, value: str) -> bool:
    if key in ("InvokedAfter", "InvokedBefore"):
        # ISO 8601 in UTC sorts as text.
        started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(session.get("StartDate", 0)))
        return started > value if key == "InvokedAfter" else started < value
    return bool(session.get(key) == value)
