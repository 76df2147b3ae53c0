"""An instance metadata service of the tests' own, on loopback."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Optional

from tests.loopback import head_of, listening, silent


@dataclass(frozen=True)
class Metadata:
    """An instance metadata service: IMDSv2 as EC2 documents it."""

    role: Optional[str] = "NodeRole"
    profile: Optional[str] = "NodeProfile"
    """None: the instance has no profile."""
    credentials: str = "Success"
    """Its ``Code``."""
    instance: str = "i-0f00dfeed00c0ffee"
    region: str = "eu-west-1"
    disabled: bool = False
    far: bool = False
    """Behind more hops than answers to token requests may pass."""
    optional: bool = False
    """A token need not be shown."""

    def document(self, path: str) -> Optional[str]:
        """What stands at a path below ``/latest/``."""
        account = "123456789012"
        documents: dict[str, object] = {
            "meta-data/": "ami-id\niam/\ninstance-id",
            "meta-data/instance-id": self.instance,
            "dynamic/instance-identity/document": {
                "accountId": account,
                "availabilityZone": f"{self.region}a",
                "instanceId": self.instance,
                "region": self.region,
            },
        }
        if self.profile:
            arn = f"arn:aws:iam::{account}:instance-profile/{self.profile}"
            documents["meta-data/iam/info"] = {"Code": "Success", "InstanceProfileArn": arn}
        if self.profile and self.role:
            documents["meta-data/iam/security-credentials/"] = self.role
            documents[f"meta-data/iam/security-credentials/{self.role}"] = self._credentials()
        found = documents.get(path)
        return found if found is None or isinstance(found, str) else json.dumps(found)

    def _credentials(self) -> Mapping[str, str]:
        if self.credentials != "Success":
            message = f"EC2 cannot assume the role {self.role}."
            return {"Code": self.credentials, "Message": message}
        keys = {"AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": "s3cret", "Token": "t0ken"}
        return {"Code": "Success", "Expiration": "2026-11-25T04:00:00Z", **keys}


@contextmanager
def metadata_service(service: Metadata = Metadata()) -> Iterator[str]:
    """Its address as ``AWS_EC2_METADATA_SERVICE_ENDPOINT`` takes it."""

    def serve(connection: socket.socket) -> None:
        head = head_of(connection)
        if not head:
            return
        request, *headers = head.split("\r\n")
        method, path, _ = request.split()
        if method == "PUT" and service.far and not service.disabled:
            silent(connection)
        status, body = _metadata_answer(service, method, path, headers)
        length = f"Content-Length: {len(body)}"
        connection.sendall(f"HTTP/1.1 {status}\r\n{length}\r\n\r\n{body}".encode())

    with listening(serve) as port:
        yield f"http://127.0.0.1:{port}"


def _metadata_answer(
    service: Metadata, method: str, path: str, headers: Sequence[str]
) -> tuple[str, str]:
    if service.disabled:
        return "403 Forbidden", ""
    if method == "PUT":
        assert path == "/latest/api/token"
        assert any(h.lower().startswith("x-aws-ec2-metadata-token-ttl-seconds: ") for h in headers)
        return "200 OK", "token-1"
    if not service.optional and "x-aws-ec2-metadata-token: token-1" not in map(str.lower, headers):
        return "401 Unauthorized", ""
    found = service.document(path[len("/latest/") :])
    return ("404 Not Found", "") if found is None else ("200 OK", found)
