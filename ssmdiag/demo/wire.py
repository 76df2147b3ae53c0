"""What a request over HTTP asks of AWS, and how each service words an error over HTTP."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from dataclasses import field
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote
from xml.sax.saxutils import escape

from ssmdiag.values import dataclass

Protocol = Literal["json", "query", "ec2", "s3"]

_CREDENTIAL = re.compile(r"Credential=[^/,\s]*/\d{8}/([\w-]+)/([\w-]+)/aws4_request")
_REQUEST_ID = "5f2d7c1e-4b0a-4d7e-9a53-0c6b1f3e8d24"

_S3_SUBRESOURCES = {
    "accelerate": "BucketAccelerateConfiguration",
    "acl": "BucketAcl",
    "cors": "BucketCors",
    "encryption": "BucketEncryption",
    "lifecycle": "BucketLifecycleConfiguration",
    "location": "BucketLocation",
    "logging": "BucketLogging",
    "notification": "BucketNotificationConfiguration",
    "object-lock": "ObjectLockConfiguration",
    "ownershipControls": "BucketOwnershipControls",
    "policy": "BucketPolicy",
    "policyStatus": "BucketPolicyStatus",
    "publicAccessBlock": "PublicAccessBlock",
    "replication": "BucketReplication",
    "requestPayment": "BucketRequestPayment",
    "tagging": "BucketTagging",
    "versioning": "BucketVersioning",
    "website": "BucketWebsite",
}
_S3_VERBS = {"GET": "Get", "PUT": "Put", "DELETE": "Delete", "HEAD": "Head", "POST": "Post"}


@dataclass(frozen=True)
class Received:
    """One request, named as the AWS API references name it."""

    service: str
    """The signing name, which is boto3's name for every service that the tool asks."""
    operation: str
    region: str
    parameters: Mapping[str, Any] = field(hash=False)
    protocol: Protocol
    method: str = "POST"


@dataclass(frozen=True)
class Refused:
    """An error that AWS answers with."""

    code: str
    message: str
    status: int


def recognise(environ: dict[str, Any]) -> Received:
    """Name the request in the WSGI ``environ``, whose body stays readable.

    The service comes from the credential scope of the signature ("Signature Version 4"), the
    operation from ``X-Amz-Target``, from ``Action`` or, for Amazon S3, from method and subresource.
    """
    scope = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    region, service = scope.groups() if scope else ("us-east-1", "s3")
    method = environ["REQUEST_METHOD"]
    if service == "s3":
        parameters = _s3_parameters(environ)
        operation = _s3_operation(method, environ.get("QUERY_STRING", ""), parameters)
        return Received(service, operation, region, parameters, "s3", method)
    body = _body(environ)
    target = environ.get("HTTP_X_AMZ_TARGET")
    if target:
        return Received(service, target.rpartition(".")[2], region, _json(body), "json")
    query = dict(parse_qsl(body.decode("utf-8", "replace") or environ.get("QUERY_STRING", "")))
    operation = query.pop("Action", "")
    return Received(service, operation, region, query, "ec2" if service == "ec2" else "query")


def error_response(received: Received, refused: Refused) -> tuple[str, bytes]:
    """Content type and body of an error, in the protocol that ``received`` came in."""
    if received.protocol == "json":
        body = json.dumps({"__type": refused.code, "message": refused.message})
        return "application/x-amz-json-1.1", body.encode()
    if received.protocol == "s3" and received.method == "HEAD":
        return "application/xml", b""
    code, message = escape(refused.code), escape(refused.message)
    error = f"<Code>{code}</Code><Message>{message}</Message>"
    templates: dict[Protocol, str] = {
        "s3": f"<Error>{error}<RequestId>{_REQUEST_ID}</RequestId></Error>",
        "ec2": f"<Response><Errors><Error>{error}</Error></Errors>"
        f"<RequestID>{_REQUEST_ID}</RequestID></Response>",
        "query": f"<ErrorResponse><Error><Type>Sender</Type>{error}</Error>"
        f"<RequestId>{_REQUEST_ID}</RequestId></ErrorResponse>",
    }
    xml = '<?xml version="1.0" encoding="UTF-8"?>\n' + templates[received.protocol]
    return "text/xml", xml.encode()


def _body(environ: dict[str, Any]) -> bytes:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body: bytes = environ["wsgi.input"].read(length) if length else b""
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _json(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body or b"{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _s3_parameters(environ: Mapping[str, Any]) -> dict[str, str]:
    bucket, _, key = unquote(environ.get("PATH_INFO", "")).lstrip("/").partition("/")
    named = {"Bucket": bucket, "Key": key}
    return {name: value for name, value in named.items() if value}


def _s3_operation(method: str, query: str, parameters: Mapping[str, str]) -> str:
    verb = _S3_VERBS.get(method, method)
    asked = dict(parse_qsl(query, keep_blank_values=True))
    if "Key" in parameters:
        subresource = next((name for name in ("acl", "tagging") if name in asked), "")
        return f"{verb}Object{subresource.capitalize()}"
    if "Bucket" not in parameters:
        return "ListBuckets"
    for name, resource in _S3_SUBRESOURCES.items():
        if name in asked:
            return verb + resource
    if method == "GET":
        return "ListObjectsV2" if "list-type" in asked else "ListObjects"
    return {"PUT": "Create"}.get(method, verb) + "Bucket"
