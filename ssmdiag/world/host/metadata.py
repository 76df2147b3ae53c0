"""The instance metadata service, by IMDSv2. Source: EC2 User Guide, "Use IMDSv2"."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from ssmdiag.world.call import Absent, Answer, Known, Unreachable
from ssmdiag.world.host.place import Place

_IMDS = "http://169.254.169.254"
_SECONDS = 1.0


def _metadata(place: Place, asked: Mapping[str, Any]) -> Answer:
    """A path below ``/latest/meta-data/``; the service is left alone if it is disabled."""
    path, environ = asked["Path"], place.environ
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


OPERATIONS = {"GetInstanceMetadata": _metadata}
