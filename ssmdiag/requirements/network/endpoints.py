"""The hosts that the agent dials: one endpoint a service, as region and configuration make it.

``Agent.Region`` moves no endpoint, it is only what requests are signed for; ``Mgs.Region`` does
move that of ssmmessages. There is no setting for CloudWatch Logs. FIPS endpoints are configured as
overrides. Where both ``Agent.ServiceDomain`` and ``Agent.UseDualStackEndpoint`` are set, the domain
is taken.

Sources: agent source ``common/identity/endpoint``, ``agent/appconfig/contracts.go``,
``agent/session/config``, ``agent/s3util`` and ``agent/sdkutil``; agent release 3.3.3270.0 (dual
stack); Systems Manager User Guide, "Configuring SSM Agent for use with FIPS"; Amazon S3
User Guide, "Using dual-stack endpoints".
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Optional, Union

from ssmdiag.iam.arn import dns_suffix, dual_stack_suffix, is_region
from ssmdiag.model import Situation
from ssmdiag.requirements.agent.facts import DUAL_STACK, Config, Release, find_config, find_release
from ssmdiag.requirements.contract import Gap
from ssmdiag.requirements.destination.bucket_facts import bucket_region
from ssmdiag.requirements.preferences.facts import (
    Preferences,
    find_preferences,
    is_bucket_name,
)
from ssmdiag.values import dataclass
from ssmdiag.world.call import Ask

SERVICES = ("ssm", "ssmmessages", "ec2messages", "logs", "kms", "s3", "sts")


_OVERRIDES = {"ssm": "Ssm", "ssmmessages": "Mgs", "ec2messages": "Mds", "kms": "Kms", "s3": "S3"}

_LABEL = r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)"
_HOST = rf"(?=.{{1,253}}\Z)(?:{_LABEL}\.)*{_LABEL}\Z"
_WRITTEN = r"(?:https://)?(?P<host>[^/:]+)(?::(?P<port>\d{1,5}))?/?\Z"


@dataclass(frozen=True)
class ServiceEndpoint:
    """Where the agent's requests to one service go."""

    service: str
    host: str
    region: str
    port: int = 443
    setting: Optional[str] = None
    """What in the agent's configuration chose it, and where that is; None for the default."""

    @property
    def label(self) -> str:
        """The service as host and VPC endpoint name it: ``ssm``, ``ssm-fips``."""
        found = next((p for p in self.host.split(".") if p == f"{self.service}-fips"), None)
        return found or self.service


def dialling(host: str) -> str:
    """The command with which a person dials a host, quoted for a shell."""
    return f"`curl -sv {shlex.quote(f'https://{host}/')} -o /dev/null`"


def is_host(text: str) -> bool:
    """Can a host be called so?"""
    return re.match(_HOST, text) is not None


def find_endpoint(ask: Ask, situation: Situation, service: str) -> Union[ServiceEndpoint, Gap]:
    """The endpoint of one of ``SERVICES``; a Gap if the agent's configuration names no host."""
    read = find_config(ask)
    # Without a configuration, or with one that cannot be read, the agent's defaults are presumed.
    config = read if isinstance(read, Config) else Config()
    bucket = _bucket(ask, situation) if service == "s3" else ""
    region, setting = _region(ask, situation, service, config, bucket)
    default, chosen_by = _default(ask, situation, service, region, config)
    found: Union[ServiceEndpoint, Gap] = ServiceEndpoint(
        service, default, region, setting=chosen_by or setting
    )
    written = config.text(_OVERRIDES[service], "Endpoint") if service in _OVERRIDES else ""
    if written:
        named = config.named(f"{_OVERRIDES[service]}.Endpoint")
        found = _override(service, region, written, named)
    if isinstance(found, Gap):
        return found
    if bucket and "." not in bucket:
        # The SDK addresses a bucket with dots by path, since no certificate has its name.
        return ServiceEndpoint(service, f"{bucket}.{found.host}", region, found.port, found.setting)
    return found


def _override(service: str, region: str, written: str, named: str) -> Union[ServiceEndpoint, Gap]:
    parts = re.match(_WRITTEN, written)
    if parts is None or not is_host(parts["host"]):
        settle = f"write a host name into {named}, or remove it"
        return Gap(f"{named} is no host that is reached by HTTPS", settle)
    return ServiceEndpoint(service, parts["host"], region, int(parts["port"] or 443), named)


def _default(
    ask: Ask, situation: Situation, service: str, region: str, config: Config
) -> tuple[str, Optional[str]]:
    """The host that the agent composes itself, and the setting that had a say in it."""
    plain = f"{service}.{region}.{dns_suffix(region)}"
    # ssmdiag asks STS by its own configuration, not the agent's.
    if service == "sts":
        return plain, None
    domain = config.text("Agent", "ServiceDomain")
    if is_host(domain):
        return f"{service}.{region}.{domain}", config.named("Agent.ServiceDomain")
    if not _dual_stack(ask, situation, config):
        return plain, None
    named = config.named("Agent.UseDualStackEndpoint")
    if service == "s3":
        return f"s3.dualstack.{region}.{dns_suffix(region)}", named
    return f"{service}.{region}.{dual_stack_suffix(region)}", named


def _dual_stack(ask: Ask, situation: Situation, config: Config) -> bool:
    if config.get("Agent", "UseDualStackEndpoint") is not True:
        return False
    release = find_release(ask, situation)
    return not (isinstance(release, Release) and release.lacks(DUAL_STACK))


def _region(
    ask: Ask, situation: Situation, service: str, config: Config, bucket: str
) -> tuple[str, Optional[str]]:
    if bucket:
        return bucket_region(ask, bucket, situation.region) or situation.region, None
    other = config.text("Mgs", "Region") if service == "ssmmessages" else ""
    if other and other != situation.region and is_region(other):
        return other, config.named("Mgs.Region")
    return situation.region, None


def _bucket(ask: Ask, situation: Situation) -> str:
    found = find_preferences(ask, situation)
    name = found.bucket if isinstance(found, Preferences) else ""
    return name if is_bucket_name(name) else ""


def why_idle(ask: Ask, situation: Situation, service: str) -> Union[str, Gap, None]:
    """Why sessions do without a service; None if they need it, a Gap if that is not known."""
    if service not in ("logs", "kms", "s3"):
        return None
    found = find_preferences(ask, situation)
    if isinstance(found, Gap):
        return found
    if service == "logs":
        return None if found.group else "no log group is configured"
    if service == "kms":
        return None if found.key else "sessions are not encrypted with a KMS key"
    if found.bucket:
        return None
    return (
        "no bucket is configured; only updates of the agent come from S3, which sessions can lack"
    )


HARMLESS: Mapping[str, str] = {
    "ec2messages": "messages come over ssmmessages; older agents alone, and newer ones as a "
    "fallback for Run Command, use ec2messages",
    "sts": "only ssmdiag asks STS who it is; the agent's sessions need no answer of it",
}
"""Services without which sessions work all the same, and why."""
