"""The instance metadata service, by IMDSv2.

Sources: EC2 User Guide, "Use the Instance Metadata Service to access instance metadata", "Instance
metadata categories" (``iam/``), "Troubleshoot IAM and Amazon EC2" (codes of a role that cannot be
assumed); agent source, RELEASENOTES.md, 3.2.1041.0 (the agent asks with a token or not at all).
"""

from __future__ import annotations

import http.client
import json
import re
import socket
import time
from collections.abc import Mapping
from typing import Any, Optional, Union
from urllib.parse import urlsplit

from ssmdiag.values import dataclass
from ssmdiag.world.call import Absent, Answer, Known, Unreachable
from ssmdiag.world.host.place import Place

_IMDS = "http://169.254.169.254"
_SECONDS = 1.0
_WHOLE = 4.0
_MOST = 64 * 1024
_LONGEST = 500
_ROLES = "meta-data/iam/security-credentials/"
_ROLE = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)


@dataclass(frozen=True)
class _Heard:
    """What came back. Without a status nothing did, and ``body`` says why."""

    status: Optional[int]
    body: str
    silent: bool = False
    """Nobody answered in time; else, without a status, there was no connection."""

    @property
    def fields(self) -> Mapping[str, Any]:
        """The JSON object in the body, whatever the status; empty if there is none."""
        try:
            content = json.loads(self.body) if self.status else None
        except ValueError:
            return {}
        return content if isinstance(content, dict) else {}


class _Service:
    """The service at one address."""

    def __init__(self, host: str, path: str) -> None:
        self._host, self._prefix = host, f"{path.rstrip('/')}/latest"
        self._ends = time.monotonic() + _WHOLE

    def token(self) -> _Heard:
        return self._ask("PUT", "api/token", {"X-aws-ec2-metadata-token-ttl-seconds": "60"})

    def get(self, path: str, token: Optional[str]) -> _Heard:
        """A path below ``/latest/``; without a token by IMDSv1."""
        return self._ask("GET", path, {"X-aws-ec2-metadata-token": token} if token else {})

    def _ask(self, method: str, path: str, headers: Mapping[str, str]) -> _Heard:
        seconds = min(_SECONDS, self._ends - time.monotonic())
        if seconds <= 0:
            return _Heard(None, "timed out", silent=True)
        try:
            # Made directly: the service is link-local, and a proxy must never see this request.
            connection = http.client.HTTPConnection(self._host, timeout=seconds)
        except http.client.HTTPException as error:
            return _Heard(None, str(error))
        try:
            connection.request(method, f"{self._prefix}/{path}", headers=dict(headers))
            response = connection.getresponse()
            return _Heard(response.status, response.read(_MOST).decode("utf-8", "replace"))
        except (socket.timeout, TimeoutError):
            return _Heard(None, "timed out", silent=True)
        except (OSError, ValueError, http.client.HTTPException) as error:
            return _Heard(None, str(error) or type(error).__name__)
        finally:
            connection.close()


def _service(place: Place) -> Union[_Service, Unreachable]:
    """The service; it is left alone if it is disabled."""
    environ = place.environ
    if environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        return Unreachable("AWS_EC2_METADATA_DISABLED is set")
    base = environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT") or _IMDS
    try:
        address = urlsplit(base)
    except ValueError:
        address = urlsplit("")
    if address.scheme != "http" or not address.netloc:
        return Unreachable(f"AWS_EC2_METADATA_SERVICE_ENDPOINT is no http address: {base}")
    return _Service(address.netloc, address.path)


def _metadata(place: Place, asked: Mapping[str, Any]) -> Answer:
    """A path below ``/latest/meta-data/``."""
    path, service = asked["Path"], _service(place)
    if isinstance(service, Unreachable):
        return service
    heard = service.token()
    if heard.status == 200:
        heard = service.get(f"meta-data/{path}", heard.body)
    if heard.status == 200:
        return Known(heard.body)
    if heard.status == 404:
        return Absent(f"the instance metadata service has no {path}")
    if heard.status is not None:
        return Unreachable(f"the instance metadata service answered {heard.status}")
    return Unreachable(f"the instance metadata service did not answer: {heard.body}")


def _metadata_service(place: Place, _: Mapping[str, Any]) -> Answer:
    """How the service answers, and what it says of the instance, its profile and its role."""
    service = _service(place)
    if isinstance(service, Unreachable):
        return service
    asked = service.token()
    told: dict[str, Any] = {
        "Token": _manner(asked),
        "TokenStatus": asked.status,
        "Problem": asked.body[:_LONGEST] if asked.status is None else None,
        "Tokenless": None,
        "Identity": None,
        "Profile": None,
        "Role": None,
        "Credentials": None,
    }
    if asked.status == 200:
        told.update(_instance(service, asked.body))
    else:
        # Only now: who counts requests without a token (MetadataNoToken) shall not see one of ours.
        told["Tokenless"] = service.get("meta-data/", None).status
    return Known(told)


def _manner(asked: _Heard) -> str:
    if asked.status is not None:
        return "answered" if asked.status == 200 else "refused"
    return "silence" if asked.silent else "unreachable"


def _instance(service: _Service, token: str) -> dict[str, Any]:
    document = service.get("dynamic/instance-identity/document", token)
    identity = {
        "InstanceId": document.fields.get("instanceId"),
        "Region": document.fields.get("region"),
        "AccountId": document.fields.get("accountId"),
        "AvailabilityZone": document.fields.get("availabilityZone"),
    }
    profile = service.get("meta-data/iam/info", token).fields
    role = _first_line(service.get(_ROLES, token))
    named = role is not None and _ROLE.fullmatch(role) is not None
    credentials = service.get(f"{_ROLES}{role}", token).fields if named else {}
    return {
        "Identity": identity if document.fields else None,
        "Profile": _picked(profile, "Code", "InstanceProfileArn", "Message"),
        "Role": role if named else None,
        # What else this document holds are the keys themselves.
        "Credentials": _picked(credentials, "Code", "Expiration", "Message"),
    }


def _first_line(heard: _Heard) -> Optional[str]:
    lines = heard.body.split() if heard.status == 200 else []
    return lines[0] if lines else None


def _picked(fields: Mapping[str, Any], *names: str) -> Optional[dict[str, str]]:
    """The named texts of a document of the service, which has a ``Code`` if it is one."""
    if "Code" not in fields:
        return None
    return {name: str(fields[name])[:_LONGEST] for name in names if name in fields}


OPERATIONS = {"GetInstanceMetadata": _metadata, "GetMetadataService": _metadata_service}
