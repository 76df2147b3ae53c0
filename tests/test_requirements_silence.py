"""The host that was not reached in, the region that it stands for out."""

from __future__ import annotations

from typing import Optional

import pytest

from ssmdiag.requirements.network.silence import region_of


@pytest.mark.parametrize(
    ("host", "service", "region"),
    [
        ("ssm.eu-west-1.amazonaws.com", "ssm", "eu-west-1"),
        ("ssm.us-gov-west-1.amazonaws.com", "ssm", "us-gov-west-1"),
        ("ssm.cn-north-1.amazonaws.com.cn", "ssm", "cn-north-1"),
        ("ssm.eusc-de-east-1.amazonaws.eu", "ssm", "eusc-de-east-1"),
        ("ssm.eu-isoe-west-1.cloud.adc-e.uk", "ssm", "eu-isoe-west-1"),
        ("audit.s3.us-gov-west-1.amazonaws.com", "s3", "us-gov-west-1"),
        ("audit.corp.s3.dualstack.eusc-de-east-1.amazonaws.eu", "s3", "eusc-de-east-1"),
        ("audit.s3-us-gov-west-1.amazonaws.com", "s3", "us-gov-west-1"),
        ("logs-eu-west-1.s3.eu-central-1.amazonaws.com", "s3", "eu-central-1"),
        ("logs-eu-west-1.s3.eu-central-1.amazonaws.com", "logs", None),
        ("vpce-0abc-x1.logs.eu-north-1.vpce.amazonaws.com", "logs", None),
        ("ssm.eu-west-1.amazonaws.eu", "ssm", None),
        ("kms.eu-west-1.amazonaws.com", "ssm", None),
        ("10.44.9.8", "ssm", None),
    ],
)
def test_a_host_tells_its_region(host: str, service: str, region: Optional[str]) -> None:
    assert region_of(host, service) == region
