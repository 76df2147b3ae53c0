"""ARNs, and what the name of a principal or region tells."""

from __future__ import annotations

import re
from typing import NamedTuple, Optional

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


class _Partition(NamedTuple):
    regions: str
    """What the names of its regions begin with."""
    name: str
    suffix: str
    dual_stack: str


_PARTITIONS = (
    _Partition("cn-", "aws-cn", "amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    _Partition("us-gov-", "aws-us-gov", "amazonaws.com", "api.aws"),
    _Partition("us-isob-", "aws-iso-b", "sc2s.sgov.gov", "api.aws.scloud"),
    _Partition("us-isof-", "aws-iso-f", "csp.hci.ic.gov", "api.aws.hci.ic.gov"),
    _Partition("us-iso-", "aws-iso", "c2s.ic.gov", "api.aws.ic.gov"),
    _Partition("eu-isoe-", "aws-iso-e", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
    _Partition("eusc-", "aws-eusc", "amazonaws.eu", "api.amazonwebservices.eu"),
    _Partition("", "aws", "amazonaws.com", "api.aws"),
)
"""Of several whose regions begin alike the first counts: botocore's ``partitions.json``."""

REGION = r"(?:[a-z]{2}|eusc)(?:-[a-z]+){1,3}-[0-9]"
"""What a region can be called, ``us-gov-west-1`` and ``eusc-de-east-1`` too: an expression."""


def is_region(text: str) -> bool:
    """Can a region be called so?"""
    return re.fullmatch(REGION, text) is not None


def partition_of(region: str) -> str:
    """The partition that ``region`` belongs to; ``aws`` for a region never heard of."""
    return _partition(region).name


def dns_suffix(region: str) -> str:
    """The domain under which ``region``'s endpoints stand, without a leading dot."""
    return _partition(region).suffix


def dual_stack_suffix(region: str) -> str:
    """The domain of those endpoints that are reached by IPv6 too, without a leading dot."""
    return _partition(region).dual_stack


def _partition(region: str) -> _Partition:
    return next(p for p in _PARTITIONS if region.startswith(p.regions))


def is_aws_host(host: str) -> bool:
    """Does ``host``, an endpoint or a service principal, stand under a domain of AWS's services?"""
    name = host.lower().rstrip(".")
    return any(name.endswith((f".{p.suffix}", f".{p.dual_stack}")) for p in _PARTITIONS)


def logs_principal(region: str) -> str:
    """CloudWatch Logs' service principal in ``region``.

    CloudWatch Logs User Guide, "Encrypt log data in CloudWatch Logs using AWS KMS"; China's carries
    the suffix ``.amazonaws.com.cn``.
    """
    return f"logs.{region}.{dns_suffix(region)}"
