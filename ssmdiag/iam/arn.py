"""ARNs, and what the name of a principal or region tells."""

from __future__ import annotations

import re
from typing import Optional

from ssmdiag.values import dataclass


@dataclass(frozen=True)
class Arn:
    """``arn:partition:service:region:account:resource`` (IAM User Guide, "Amazon Resource Names").

    ``resource`` keeps everything after the fifth colon, further colons included.
    """

    partition: str
    service: str
    region: str
    account: str
    resource: str

    def __str__(self) -> str:
        return ":".join(
            ("arn", self.partition, self.service, self.region, self.account, self.resource)
        )


def parse_arn(text: str) -> Optional[Arn]:
    """The parts of ``text`` if it is an ARN; wildcards may stand in any part."""
    head, *parts = text.split(":", 5)
    if head != "arn" or len(parts) != 5 or not (parts[0] and parts[1] and parts[4]):
        return None
    return Arn(*parts)


def role_name_of(principal: str) -> Optional[str]:
    """The role's name from a role ARN (its path is dropped) or an assumed-role session ARN."""
    arn = parse_arn(principal)
    if arn is None:
        return None
    kind, _, name = arn.resource.partition("/")
    if arn.service == "sts" and kind == "assumed-role":
        return name.partition("/")[0] or None
    if arn.service == "iam" and kind == "role":
        return name.rpartition("/")[2] or None
    return None


def session_name_of(principal: str) -> Optional[str]:
    """The last part of an assumed-role session ARN: ``i-…``, ``mi-…``, ``alice``."""
    arn = parse_arn(principal)
    if arn is None or arn.service != "sts":
        return None
    kind, _, name = arn.resource.partition("/")
    session = name.partition("/")[2]
    return session if kind == "assumed-role" and session else None


def is_node_session(principal: str) -> bool:
    """Whether the session's name is a node's: an instance id, an ``mi-…`` id or an ECS task id."""
    name = session_name_of(principal) or ""
    return re.fullmatch(r"m?i-[0-9a-f]{8,17}|[0-9a-f]{32}", name) is not None


_PARTITIONS = (
    ("cn-", "aws-cn", "amazonaws.com.cn"),
    ("us-gov-", "aws-us-gov", "amazonaws.com"),
    ("us-isob-", "aws-iso-b", "sc2s.sgov.gov"),
    ("us-isof-", "aws-iso-f", "csp.hci.ic.gov"),
    ("us-iso-", "aws-iso", "c2s.ic.gov"),
    ("eu-isoe-", "aws-iso-e", "cloud.adc-e.uk"),
    ("eusc-", "aws-eusc", "amazonaws.eu"),
    ("", "aws", "amazonaws.com"),
)
"""Region prefix, partition, DNS suffix: botocore's ``partitions.json``."""


def is_region(text: str) -> bool:
    """Can a region be called so?"""
    return re.fullmatch(r"[a-z]{2,4}(-[a-z]+)+-\d", text) is not None


def partition_of(region: str) -> str:
    """The partition that ``region`` belongs to; ``aws`` for a region never heard of."""
    return next(name for prefix, name, _ in _PARTITIONS if region.startswith(prefix))


def dns_suffix(region: str) -> str:
    """The domain under which ``region``'s endpoints stand, without a leading dot."""
    return next(suffix for prefix, _, suffix in _PARTITIONS if region.startswith(prefix))


def logs_principal(region: str) -> str:
    """CloudWatch Logs' service principal in ``region``.

    CloudWatch Logs User Guide, "Encrypt log data in CloudWatch Logs using AWS KMS"; China's carries
    the suffix ``.amazonaws.com.cn``.
    """
    return f"logs.{region}.{dns_suffix(region)}"
