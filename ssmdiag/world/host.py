"""The host as a door: what the agent's own files and the instance metadata service say.

Operations: ``GetRuntimeConfig`` (the agent's identity_config.json, which holds no secret: agent
source ``common/runtimeconfig/identity_config.go``), ``GetDiskSpace`` (of the volume that holds the
agent's data) and ``GetInstanceMetadata`` (a path below ``/latest/meta-data/``, by IMDSv2; EC2 User
Guide, "Use IMDSv2").
"""

from __future__ import annotations

import json
import os
import shutil
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from ssmdiag.model import Denial
from ssmdiag.world.asking import Door
from ssmdiag.world.call import Absent, Answer, Call, Denied, Known, Unreachable

_IMDS = "http://169.254.169.254"
_SECONDS = 1.0


def runtime_config_path(platform: str, environ: Mapping[str, str]) -> Path:
    """Where the agent keeps identity_config.json; ``platform`` is ``sys.platform``."""
    if platform == "win32":
        base = Path(environ.get("ProgramData", r"C:\ProgramData"))
        return base / "Amazon" / "SSM" / "runtimeconfig" / "identity_config.json"
    if platform == "darwin":
        return Path("/opt/aws/ssm/runtimeconfig/identity_config.json")
    return Path("/var/lib/amazon/ssm/runtimeconfig/identity_config.json")


def door(platform: str, environ: Mapping[str, str]) -> Door:
    """The host's door. It never raises; the metadata service is left alone if disabled."""

    def ask(question: Call) -> Answer:
        if question.operation == "GetRuntimeConfig":
            return _json_file(runtime_config_path(platform, environ))
        if question.operation == "GetDiskSpace":
            return _disk_space(runtime_config_path(platform, environ).parent.parent)
        if question.operation == "GetInstanceMetadata":
            return _metadata(question.parameters["Path"], environ)
        raise ValueError(f"the host cannot be asked {question}")

    return ask


def _json_file(path: Path) -> Answer:
    try:
        return Known(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return Absent(f"{path} does not exist")
    except PermissionError:
        return Denied(
            Denial(message=f"{path} may only be read by root", action="read " + str(path))
        )
    except (OSError, ValueError) as error:
        return Unreachable(f"{path}: {error}")


def _disk_space(folder: Path) -> Answer:
    try:
        usage = shutil.disk_usage(folder)
    except FileNotFoundError:
        return Absent(f"{folder} does not exist")
    except OSError as error:
        return Unreachable(f"{folder}: {error}")
    # Windows has no inodes, and some file systems make them as needed and say 0 of 0.
    inodes = os.statvfs(folder) if hasattr(os, "statvfs") else None
    files = inodes.f_favail if inodes and inodes.f_files else None
    return Known({"Path": str(folder), "FreeBytes": usage.free, "FreeFiles": files})


def _metadata(path: str, environ: Mapping[str, str]) -> Answer:
    if environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        return Unreachable("AWS_EC2_METADATA_DISABLED is set")
    base = (environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT") or _IMDS).rstrip("/")
    # The metadata service is link-local: a proxy must never see this request.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        token_request = urllib.request.Request(  # noqa: S310 - a fixed or user-set http address
            f"{base}/latest/api/token",
            method="PUT",
            headers={"X-aws-ec2-metadata-token-ttl-seconds": "60"},
        )
        with opener.open(token_request, timeout=_SECONDS) as response:
            token = response.read().decode("ascii")
        request = urllib.request.Request(  # noqa: S310
            f"{base}/latest/meta-data/{path}", headers={"X-aws-ec2-metadata-token": token}
        )
        with opener.open(request, timeout=_SECONDS) as response:
            return Known(response.read().decode("utf-8"))
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return Absent(f"the instance metadata service has no {path}")
        return Unreachable(f"the instance metadata service answered {error.code}")
    except (OSError, ValueError) as error:
        return Unreachable(f"the instance metadata service did not answer: {error}")
