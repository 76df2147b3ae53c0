"""The words in which AWS refuses a request for want of permission."""

from __future__ import annotations

from typing import Literal, Optional, Union

from ssmdiag.demo.wire import Received, Refused
from ssmdiag.iam.arn import partition_of
from ssmdiag.model import PolicyType

Reason = Union[PolicyType, Literal["undisclosed", "transitive", "bare"], None]
"""Why: a type of policy; ``undisclosed``: KMS keeps key and cause to itself; ``transitive``: the
endpoint policy through an SCP; ``bare``: nothing but "Access Denied"; None: the sentence without
a reason, as services write it that do not support one, and across accounts."""

_POLICIES: dict[PolicyType, str] = {
    "identity": "an identity-based policy",
    "resource": "a resource-based policy",
    "boundary": "a permissions boundary",
    "session": "a session policy",
    "scp": "a service control policy",
    "rcp": "a resource control policy",
    "vpc-endpoint": "a VPC endpoint policy",
    "trust": "the role trust policy",
}

# Where the IAM action is not named like the operation (Service Authorization Reference).
_S3_ACTIONS = {
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListBuckets": "ListAllMyBuckets",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
}

_ENCODED = " Encoded authorization failure message: Qb3xPz8kV0sYhT5nGmJw2rLcD7uEaF1o"


def denial(
    received: Received,
    user: str,
    account: str,
    reason: Reason = "identity",
    explicit: bool = False,
    policy_arn: Optional[str] = None,
    resource: Optional[str] = None,
) -> Refused:
    """Refuse ``received`` to the principal ``user`` as the service would.

    IAM User Guide, "Troubleshoot access denied error messages". ``explicit`` says that a Deny
    statement decided; ``policy_arn`` is printed behind explicit denials only.
    """
    code, status = _code(received)
    if reason == "bare":
        return Refused(code, "Access Denied", status)
    sentence = f"User: {user} is not authorized to perform: {action_of(received)}" + _object(
        received, account, reason, resource
    )
    message = sentence + _because(received, reason, explicit, policy_arn)
    if received.protocol == "ec2":
        message = f"You are not authorized to perform this operation. {message}.{_ENCODED}"
    return Refused(code, message, status)


def action_of(received: Received) -> str:
    """The IAM action that authorises the request."""
    name = received.operation
    if received.service == "s3":
        name = _S3_ACTIONS.get(name, name)
    return f"{received.service}:{name}"


def _code(received: Received) -> tuple[str, int]:
    if received.protocol == "json":
        return "AccessDeniedException", 400
    return ("UnauthorizedOperation" if received.protocol == "ec2" else "AccessDenied"), 403


def _object(received: Received, account: str, reason: Reason, resource: Optional[str]) -> str:
    if reason == "undisclosed":
        decrypting = received.operation == "Decrypt"
        return (
            " on the resource associated with this ciphertext"
            if decrypting
            else " on this resource"
        )
    name = resource or _resource(received, account)
    if not name:
        return ""
    return f' on resource: "{name}"' if received.service == "s3" else f" on resource: {name}"


def _because(received: Received, reason: Reason, explicit: bool, policy_arn: Optional[str]) -> str:
    if reason is None or reason == "bare":
        return ""
    if reason == "undisclosed":
        return (
            " because the resource does not exist in this Region, no resource-based policies allow"
            " access, or a resource-based policy explicitly denies access"
        )
    if reason == "transitive":
        return (
            " with an explicit deny in a VPC endpoint policy transitively through a service"
            " control policy"
        )
    policy = _POLICIES[reason]
    if not explicit:
        return f" because no {policy.partition(' ')[2]} allows the {action_of(received)} action"
    # AWS prints the plural here, in its documentation and elsewhere.
    policy = "a sessions policy" if reason == "session" else policy
    return f" with an explicit deny in {policy}" + (f": {policy_arn}" if policy_arn else "")


def _resource(received: Received, account: str) -> str:
    given = received.parameters
    prefix = f"arn:{partition_of(received.region)}:{received.service}"
    local = f"{prefix}:{received.region}:{account}"
    if received.service == "logs":
        group = given.get("logGroupName", "")
        return f"{local}:log-group:{group}:log-stream:{given.get('logStreamName', '')}"
    if received.service == "kms":
        key = given.get("KeyId")
        return "*" if key is None else key if key.startswith("arn:") else f"{local}:key/{key}"
    if received.service == "ssm":
        return f"{local}:document/{given['Name']}" if "Name" in given else f"{local}:*"
    if received.service == "s3":
        return f"{prefix}:::" + "/".join(given.values()) if given else f"{prefix}:::*"
    if received.service == "iam":
        return _iam_resource(received)
    return str(given.get("RoleArn", ""))


def _iam_resource(received: Received) -> str:
    for parameter, kind in (
        ("RoleName", "role"),
        ("PolicyArn", "policy"),
        ("InstanceProfileName", "instance profile"),
    ):
        if parameter in received.parameters:
            return f"{kind} {received.parameters[parameter]}"
    return "*"
