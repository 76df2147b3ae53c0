"""What ``no_proxy`` exempts, as Go's HTTP client decides it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssmdiag.world.no_proxy import exempts

_SSM = "ssm.eu-central-1.amazonaws.com"


@pytest.mark.parametrize(
    ("no_proxy", "host", "direct"),
    [
        ("", _SSM, False),
        ("amazonaws.com", _SSM, True),
        (".amazonaws.com", _SSM, True),
        ("*.amazonaws.com", _SSM, True),
        ("AmazonAWS.com", _SSM.upper(), True),
        (".ssm.eu-central-1.amazonaws.com", _SSM, False),
        ("zonaws.com", _SSM, False),
        ("*", _SSM, True),
        ("one.example, amazonaws.com:443", _SSM, True),
        ("amazonaws.com:8443", _SSM, False),
        ("https://amazonaws.com", _SSM, False),
        ("169.254.169.254", "169.254.169.254", True),
        ("169.254.0.0/16", "169.254.169.254", True),
        ("169.254.169.254/32", "169.254.169.253", False),
        ("10.0.0.0/8", "10.0.3.14", True),
        ("10.0.0.0/8", "10.example", False),
        ("10.0.3.14:80", "10.0.3.14", False),
        ("10.0.3.14:443", "10.0.3.14", True),
        ("fd00:ec2::254", "fd00:ec2::254", True),
        ("[fd00:ec2::254]:443", "[fd00:ec2::254]", True),
        (",: ,.,*.", _SSM, False),
        ("", "localhost", True),
        ("", "127.0.0.1", True),
    ],
)
def test_no_proxy_means_what_go_means(no_proxy: str, host: str, direct: bool) -> None:
    assert exempts(no_proxy, host, 443) == direct


@given(st.text(), st.text(), st.integers())
def test_no_text_is_too_odd(no_proxy: str, host: str, port: int) -> None:
    assert exempts(no_proxy, host, port) in (True, False)
    assert exempts(f"{no_proxy},*", host, port)
