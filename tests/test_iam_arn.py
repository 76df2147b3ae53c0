"""What the name of a principal or a region tells."""

from __future__ import annotations

from typing import Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssmdiag.iam.arn import (
    Arn,
    dns_suffix,
    dual_stack_suffix,
    is_aws_host,
    is_node_session,
    is_region,
    logs_principal,
    parse_arn,
    partition_of,
    role_name_of,
    session_name_of,
)

STS = "arn:aws:sts::210987654321:assumed-role"


def test_the_resource_keeps_its_own_colons() -> None:
    arn = parse_arn("arn:aws-cn:logs:cn-north-1:210987654321:log-group:/sessions:*")
    assert arn == Arn("aws-cn", "logs", "cn-north-1", "210987654321", "log-group:/sessions:*")


@pytest.mark.parametrize("text", ["", "*", "arn:aws:s3", "arn::::::", "rosa", "arn:aws:s3:::"])
def test_what_is_no_arn_is_none(text: str) -> None:
    assert parse_arn(text) is None


@given(st.text())
def test_an_arn_is_written_as_it_was_read(resource: str) -> None:
    text = f"arn:aws:kms:eu-west-1:210987654321:k{resource}"
    assert str(parse_arn(text)) == text


@pytest.mark.parametrize(
    ("principal", "role", "session", "node"),
    [
        (f"{STS}/app-node/i-0a1b2c3d4e5f60718", "app-node", "i-0a1b2c3d4e5f60718", True),
        (f"{STS}/app-node/i-0a1b2c3d", "app-node", "i-0a1b2c3d", True),
        (f"{STS}/hybrid/mi-0fedcba9876543210", "hybrid", "mi-0fedcba9876543210", True),
        (
            f"{STS}/task/5f0c1d2e3a4b59687766554433221100",
            "task",
            "5f0c1d2e3a4b59687766554433221100",
            True,
        ),
        (f"{STS}/engineers/rosa@acme.example", "engineers", "rosa@acme.example", False),
        (f"{STS}/engineers/i-am-rosa", "engineers", "i-am-rosa", False),
        ("arn:aws:iam::210987654321:role/service-role/Default", "Default", None, False),
        ("arn:aws:iam::210987654321:role/plain", "plain", None, False),
        ("arn:aws:iam::210987654321:user/ops/rosa", None, None, False),
        ("logs.eu-west-1.amazonaws.com", None, None, False),
        (f"{STS}/app-node", "app-node", None, False),
        ("", None, None, False),
    ],
)
def test_a_principal_tells_its_role_and_session(
    principal: str, role: Optional[str], session: Optional[str], node: bool
) -> None:
    told = (role_name_of(principal), session_name_of(principal), is_node_session(principal))
    assert told == (role, session, node)


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("eu-west-1", True),
        ("us-gov-east-1", True),
        ("eusc-de-east-1", True),
        ("us-isob-east-1", True),
        ("", False),
        ("eu-west-1a", False),
        ("eu-west-\u0661", False),
        ("eu-west-1\n", False),
        ("1.eu-west-1", False),
        ("west-1", False),
    ],
)
def test_a_region_is_known_by_its_form(text: str, region: bool) -> None:
    assert is_region(text) == region


@pytest.mark.parametrize(
    ("region", "partition", "suffix", "dual_stack"),
    [
        ("eu-west-1", "aws", "amazonaws.com", "api.aws"),
        ("cn-northwest-1", "aws-cn", "amazonaws.com.cn", "api.amazonwebservices.com.cn"),
        ("us-gov-west-1", "aws-us-gov", "amazonaws.com", "api.aws"),
        ("us-iso-east-1", "aws-iso", "c2s.ic.gov", "api.aws.ic.gov"),
        ("us-isob-east-1", "aws-iso-b", "sc2s.sgov.gov", "api.aws.scloud"),
        ("us-isof-south-1", "aws-iso-f", "csp.hci.ic.gov", "api.aws.hci.ic.gov"),
        ("eu-isoe-west-1", "aws-iso-e", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
        ("eusc-de-east-1", "aws-eusc", "amazonaws.eu", "api.amazonwebservices.eu"),
        ("moon-east-1", "aws", "amazonaws.com", "api.aws"),
    ],
)
def test_a_region_tells_its_partition_and_domains(
    region: str, partition: str, suffix: str, dual_stack: str
) -> None:
    told = (partition_of(region), dns_suffix(region), dual_stack_suffix(region))
    assert told == (partition, suffix, dual_stack)
    assert is_aws_host(f"ssm.{region}.{suffix}")
    assert is_aws_host(f"ssm.{region}.{dual_stack}")


@pytest.mark.parametrize(
    ("host", "of_aws"),
    [
        ("ec2.c2s.ic.gov", True),
        ("SSM.eu-west-1.AmazonAWS.com.", True),
        ("amazonaws.com", False),
        ("ssm.notamazonaws.com", False),
        ("ssm.eu-west-1.amazonaws.com.corp.example", False),
        ("", False),
    ],
)
def test_a_host_of_aws_is_known_by_its_domain(host: str, of_aws: bool) -> None:
    assert is_aws_host(host) == of_aws


@pytest.mark.parametrize(
    ("region", "principal"),
    [
        ("eu-west-1", "logs.eu-west-1.amazonaws.com"),
        ("us-gov-east-1", "logs.us-gov-east-1.amazonaws.com"),
        ("cn-north-1", "logs.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_cloudwatch_logs_has_a_principal_in_each_region(region: str, principal: str) -> None:
    assert logs_principal(region) == principal
