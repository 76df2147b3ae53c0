"""The settings of ``amazon-ssm-agent.json``: their types, limits and defaults.

Sources: agent source ``agent/appconfig/contracts.go`` (types), ``appconfig_parser.go`` and
``constants.go`` (limits; what is outside them is replaced by the default without a word), and the
agent's README, "Config Property Definitions".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

from ssmdiag.values import dataclass


@dataclass(frozen=True)
class Key:
    """One setting."""

    kind: type
    default: Any = None
    low: Optional[int] = None
    high: Optional[int] = None
    choices: tuple[str, ...] = ()
    ignored: bool = False
    """The agent reads it and does nothing with it."""


_TEXT = Key(str, "")
_OFF, _ON = Key(bool, False), Key(bool, True)
_UNUSED = Key(str, "", ignored=True)
_STOP = Key(int, 20000, 10_000, 1_000_000)

KEYS: Mapping[str, Mapping[str, Key]] = {
    "Profile": {
        "ShareCreds": _ON,
        "ShareProfile": _TEXT,
        "ForceUpdateCreds": _OFF,
        "KeyAutoRotateDays": Key(int, 0, 0, 365),
        "ProfilePath": _UNUSED,
        "ProfileName": _UNUSED,
        "Path": _UNUSED,
        "Name": _UNUSED,
    },
    "Mds": {
        "Endpoint": _TEXT,
        "CommandWorkersLimit": Key(int, 5, 1),
        "CommandWorkerBufferLimit": Key(int, 5),
        "StopTimeoutMillis": _STOP,
        "CommandRetryLimit": Key(int, 15, 1, 100),
    },
    "Ssm": {
        "Endpoint": _TEXT,
        "HealthFrequencyMinutes": Key(int, 5, 5, 60),
        "AssociationFrequencyMinutes": Key(int, 10, 5, 60),
        "AssociationRetryLimit": Key(int, 5),
        "InsecureSkipVerify": _OFF,
        "CustomInventoryDefaultLocation": _TEXT,
        "AssociationLogsRetentionDurationHours": Key(int, 24, 8),
        "RunCommandLogsRetentionDurationHours": Key(int, 336, 8),
        "SessionLogsRetentionDurationHours": Key(int, 336),
        "SessionHandshakeTimeoutSeconds": Key(int, 15, 1, 60),
        "SessionLogsDestination": Key(str, "none", choices=("", "none", "disk")),
        "PluginLocalOutputCleanup": Key(
            str, "default", choices=("", "default", "after-execution", "after-upload")
        ),
        "OrchestrationDirectoryCleanup": Key(
            str, "", choices=("", "clean-success", "clean-success-failed")
        ),
        "CredentialRetryMaxSleepSeconds": Key(int, 1800, 60, 1800),
    },
    "Mgs": {
        "Region": _TEXT,
        "Endpoint": _TEXT,
        "StopTimeoutMillis": Key(int, 20000),
        "SessionWorkersLimit": Key(int, 1000, 1),
        "DeniedPortForwardingRemoteIPs": Key(list),
    },
    "Agent": {
        "Name": Key(str, "amazon-ssm-agent"),
        "Version": _UNUSED,
        "Region": _TEXT,
        "ServiceDomain": _TEXT,
        "OrchestrationRootDir": _TEXT,
        "DownloadRootDir": _TEXT,
        "ContainerMode": _OFF,
        "SelfUpdate": _OFF,
        "SelfUpdateScheduleDay": Key(int, 7, 1, 7),
        "TelemetryMetricsToCloudWatch": _OFF,
        "TelemetryMetricsToSSM": _ON,
        "TelemetryMetricsNamespace": Key(str, "amazon-ssm-agent-telemetry"),
        "GlobalEnhancedTelemetryEnabled": _ON,
        "LongRunningWorkerMonitorIntervalSeconds": Key(int, 60, 30, 1800),
        "AuditExpirationDay": Key(int, 7, 3, 30),
        "ForceFileIPC": _OFF,
        "UseDualStackEndpoint": _OFF,
        "GoMaxProcForAgentWorker": Key(int, 0),
        "EnforceWorkspaceRootOwnership": _ON,
    },
    "Os": {"Lang": Key(str, "en-US"), "Name": _TEXT, "Version": Key(str, "1")},
    "S3": {"Endpoint": _TEXT, "Region": _UNUSED, "LogBucket": _UNUSED, "LogKey": _UNUSED},
    "Birdwatcher": {"ForceEnable": _OFF},
    "Kms": {"Endpoint": _TEXT, "RequireKMSChallengeResponse": _OFF},
    "Identity": {"ConsumptionOrder": Key(list), "CustomIdentities": Key(list)},
}

IDENTITIES = ("OnPrem", "EC2", "CustomIdentity", "ECS")
"""What ``Identity.ConsumptionOrder`` may name."""
