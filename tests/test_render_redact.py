"""Masking: credentials always; with ``redact`` also accounts, people and addresses."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ssmdiag.render.json import to_json
from ssmdiag.render.redact import redact
from ssmdiag.render.scrub import scrub
from ssmdiag.render.text import text
from tests.reports.every import REPORTS
from tests.reports.hostile import hostile

TOKEN = "IQoJb3JpZ2luX2VjEJr//////////wEaDGV1LWNlbnRyYWw="


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("key AKIAQ7EXAMPLE2XYZABC.", "key [masked]."),
        ("ASIAQ7EXAMPLE2XYZABC", "[masked]"),
        (f"got {TOKEN} from STS", "got [masked] from STS"),
        ("AWS_SECRET_ACCESS_KEY=wJalr/XUtn+zz", "AWS_SECRET_ACCESS_KEY=[masked]"),
        ('{"SecretAccessKey": "a/b+c="}', '{"SecretAccessKey": "[masked]"}'),
        (r"{\"SessionToken\": \"abc\"}", r"{\"SessionToken\": \"[masked]\"}"),
        ("aws_session_token = abc def", "aws_session_token = [masked] def"),
        ('"TokenValue":"AAEAAX9z"', '"TokenValue":"[masked]"'),
        ("?X-Amz-Security-Token=abc&X-Amz-Date=1 x", "?X-Amz-Security-Token=[masked] x"),
        ("X-Amz-Signature=0f1e", "X-Amz-Signature=[masked]"),
        (
            "Authorization: AWS4-HMAC-SHA256 Credential=AKIAQ7EXAMPLE2XYZABC/x, Signature=0f\nnext",
            "Authorization: [masked]\nnext",
        ),
        ("Proxy-Authorization: Basic dTpwYXNz", "Proxy-Authorization: [masked]"),
        ("Authorization: Bearer abc.def", "Authorization: [masked]"),
        ("http_proxy=http://me:pa/ss@proxy:3128", "http_proxy=http://[masked]@proxy:3128"),
        ("https://me:p@ss@proxy.example/", "https://[masked]@proxy.example/"),
        ("https://token@git.example/a", "https://[masked]@git.example/a"),
        ("password=hunter2", "password=[masked]"),
    ],
)
def test_credentials_are_always_masked(written: str, shown: str) -> None:
    assert scrub(written) == shown
    assert scrub(shown) == shown


@pytest.mark.parametrize(
    "harmless",
    [
        "The security token included in the request is invalid",
        "ExpiredTokenException: the session token has expired",
        "explicit deny in authorization: the policy forbids it",
        "http://proxy:3128/path?mail=a@b.example",
        "https://logs.eu-central-1.amazonaws.com/",
        "arn:aws:kms:eu-central-1:310987654321:key/5f0c9a1e-7b2d-4c38-9e61-0d4b8f2a6c17",
        "MAKIAQ7EXAMPLE2XYZABC",
        '{"said": "password:", "more": ["secret key:"], "password": null}',
    ],
)
def test_what_only_speaks_of_credentials_stays(harmless: str) -> None:
    assert scrub(harmless) == harmless


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("310987654321 and 420000000000", "111111111111 and 222222222222"),
        ("310987654321, 310987654321", "111111111111, 111111111111"),
        ("logs-310987654321-eu", "logs-111111111111-eu"),
        ("arn:aws:iam::310987654321:root", "arn:aws:iam::111111111111:root"),
        (
            "arn:aws:sts::310987654321:assumed-role/Admin/anna.weber",
            "arn:aws:sts::111111111111:assumed-role/Admin/user-1",
        ),
        (
            "arn:aws:iam::310987654321:user/ops/anna and anna-0b7e61d2f4c58a903",
            "arn:aws:iam::111111111111:user/ops/user-1 and user-1-0b7e61d2f4c58a903",
        ),
        ("arn:aws:sts::1:federated-user/anna", "arn:aws:sts::1:federated-user/user-1"),
        ("AROAQ7EXAMPLE2XYZABC:anna", "AROAQ7EXAMPLE2XYZABC:user-1"),
        ("[anna@example.com-0b7e61d2f4c58a903]", "[user-1-0b7e61d2f4c58a903]"),
        ("anna-4zsg3bzqmvdwbnu7l2n5apnhpe", "user-1-4zsg3bzqmvdwbnu7l2n5apnhpe"),
        ("anna-b-0b7e61d2f4c58a903.log", "user-1-0b7e61d2f4c58a903.log"),
        ("write to anna@example.com.", "write to user-1."),
        ("10.20.30.40:443, 10.20.30.41, 10.20.30.40", "ip-1:443, ip-2, ip-1"),
        ("10.0.0.1-10.0.0.9 in 10.0.0.0/16", "ip-1-ip-2 in ip-3/16"),
        ("ip-10-20-30-40.ec2.internal is 10.20.30.40", "ip-1.ec2.internal is ip-1"),
        ("[2001:db8::1]:443, 2001:DB8:0::1: reset", "[ip-1]:443, ip-1: reset"),
        ("fe80::1", "ip-1"),
        ("agent at 3.120.4.5", "agent at ip-1"),
        ("\x1b[1manna-0b7e61d2f4c58a903", "\x1b[1muser-1-0b7e61d2f4c58a903"),
        ("\x1b[2m10.20.30.40\x1b[0m", "\x1b[2mip-1\x1b[0m"),
        ("Ann \\x1banna-0b7e61d2f4c58a903", "Ann \\x1buser-1-0b7e61d2f4c58a903"),
    ],
)
def test_accounts_people_and_addresses_are_masked_alike_wherever_they_stand(
    written: str, shown: str
) -> None:
    assert redact(written) == shown


def test_accounts_beyond_the_ninth_still_get_twelve_digits_of_their_own() -> None:
    accounts = [str(310987654321 + number) for number in range(30)]
    masks = redact(" ".join(accounts)).split(" ")
    assert len(set(masks)) == 30
    assert {len(mask) for mask in masks} == {12}


@pytest.mark.parametrize(
    "kept",
    [
        "i-0c4f2b8a9d1e37065 mi-0c4f2b8a9d1e37065 vpce-0c4f2b8a9d1e37065 sg-0c4f2b8a9d1e37065",
        "i-0c4f2b8a9d1e37065-0b7e61d2f4c58a903",
        "assumed-role/SessionNode/i-0c4f2b8a9d1e37065",
        ":assumed-role/SessionNode/i-0c4f2b8a9d1e37065",
        "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore",
        "key/1234abcd-12ab-34cd-56ef-123456789012",
        "127.0.0.1 ::1 0.0.0.0/0 169.254.169.254",
        "2026-03-02 22:14:05.1234",
        "agent 3.3.40.0, Agent version: 2.3.68.0, amazon-ssm-agent - v3.1.2.3",
        '"agent_version": "3.2.58.0"',
        "arn:aws:s3:::bucket/prefix face:b00c",
    ],
)
def test_nodes_resources_and_what_is_the_same_everywhere_stay(kept: str) -> None:
    assert redact(kept) == kept


def leaves(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [leaf for each in value.values() for leaf in leaves(each)]
    if isinstance(value, list):
        return [leaf for each in value for leaf in leaves(each)]
    return [value] if isinstance(value, str) else []


PRIVATE = (
    "310987654321",
    "anna.weber",
    "raul@example.com",
    "10.20.30.40",
)


@pytest.mark.parametrize("name", REPORTS)
def test_a_whole_report_tells_nothing_private_in_any_format(name: str) -> None:
    document = json.loads(redact(to_json(REPORTS[name])))
    told = [redact(text(REPORTS[name], terminal=False)), *leaves(document)]
    assert not [private for private in PRIVATE for each in told if private in each]


PRIVATE_WORDS = ["anna-0b7e61d2f4c58a903", "310987654321", "10.20.30.40", "anna@example.com"]
LABELS = ["password", "secret key:", "authorization:", "Basic", ":user/x", "fe80::1", "http://"]
FOREIGN = st.builds(
    str.join,
    st.sampled_from(["\n", "\t", '"', "\\", " ", '": "', "\x1b"]),
    st.lists(st.sampled_from(PRIVATE_WORDS + LABELS) | st.text("\n\"'\\:=,]} ", max_size=5)),
)


@given(FOREIGN)
@example("\nanna-0b7e61d2f4c58a903")
@example('password:"')
@example("password\\")
def test_masked_json_is_json_of_the_same_shape(foreign: str) -> None:
    told = to_json(hostile(foreign))
    masked = redact(told)
    assert shape(json.loads(masked)) == shape(json.loads(told))
    assert not [word for word in PRIVATE_WORDS if word in masked]


def shape(value: Any) -> Any:
    if isinstance(value, dict):
        return [shape(each) for each in value.values()]
    return [shape(each) for each in value] if isinstance(value, list) else type(value)


@given(FOREIGN)
def test_masking_twice_is_masking_once(foreign: str) -> None:
    assert redact(redact(foreign)) == redact(foreign)


@pytest.mark.parametrize(
    "piece",
    ["a-", "://a:", ":user/a/", "1.", "::", "password", "anna@a.", "authorization: ", "AKIA", "\\"],
)
def test_no_text_makes_masking_slow(piece: str) -> None:
    began = time.process_time()
    redact(piece * 20_000)
    assert time.process_time() - began < 3
