"""Masking: credentials always; with ``redact`` also accounts, people and addresses."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ssmdiag.render.json import to_json
from ssmdiag.render.names import is_word
from ssmdiag.render.redact import evidence, redact
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


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("User alice.smith is not allowed", "User user-1 is not allowed"),
        ("User will is not\n  allowed", "User user-1 is not\n  allowed"),
        (
            'add to a policy of user bob: {"Sid": "S"}',
            'add to a policy of user user-1: {"Sid": "S"}',
        ),
        ("iam:GetUser(UserName=bob) of bob", "iam:GetUser(UserName=user-1) of user-1"),
        ('{"UserName":"key","Key":"key"}', '{"UserName":"user-1","Key":"key"}'),
        ('"{\\"runAsDefaultUser\\": \\"key\\"}"', '"{\\"runAsDefaultUser\\": \\"user-1\\"}"'),
        ('"runAsUser":"carol","s":["[carol@h ~]$"]', '"runAsUser":"user-1","s":["[user-1@h ~]$"]'),
        ('{"kind": "caller", "name": "deploy"}', '{"kind": "caller", "name": "user-1"}'),
        ('"lack": {"who": "user deploy"}', '"lack": {"who": "user user-1"}'),
        ("Suspects   caller deploy\n", "Suspects   caller user-1\n"),
        ("host:GetSessionUser(Name=deploy)", "host:GetSessionUser(Name=user-1)"),
        (
            "since RunAs user anna does not exist; id anna",
            "since RunAs user user-1 does not exist; id user-1",
        ),
        (
            "the user of Run As exists: anna (uid 7), /home/anna",
            "the user of Run As exists: user-1 (uid 7), /home/user-1",
        ),
        (":user/key may session/key-* or key/key", ":user/user-1 may session/key-* or key/key"),
        ("arn:aws:ssm:::session/key-*", "arn:aws:ssm:::session/user-1-*"),
        (
            ":user/anna: anna, anna's, (anna), anna. anna-*",
            ":user/user-1: user-1, user-1's, (user-1), user-1. user-1-*",
        ),
        (r":user/anna\nanna \u00e9anna", r":user/user-1\nuser-1 \u00e9user-1"),
        (
            ":user/anna annabel susanna anna-2 anna.log x.anna @anna",
            ":user/user-1 annabel susanna anna-2 anna.log x.anna @anna",
        ),
        (
            '{":user/anna": {"anna": 1, "x": "anna"}}',
            '{":user/user-1": {"anna": 1, "x": "user-1"}}',
        ),
        ("user-1 and :user/anna and :user/user-1", "user-1 and :user/user-2 and :user/user-1"),
    ],
)
def test_a_name_of_a_user_is_masked_where_it_is_told_and_wherever_it_stands_again(
    written: str, shown: str
) -> None:
    assert redact(written) == shown


@pytest.mark.parametrize(
    "kept",
    [
        *("root", "admin", "Administrator", "ssm-user", "ec2-user"),
        ":user/root, UserName=admin, user ssm-user of Run As, runAsUser='ec2-user'",
        "the user will read this; user data; User Guide; the caller neither may nor can",
        "set runAsDefaultUser to an OS user; user: who; callers, users, user-made",
    ],
)
def test_what_is_no_name_and_what_many_systems_name_a_user_stays(kept: str) -> None:
    assert redact(f":user/root {kept}") == f":user/root {kept}"


@pytest.mark.parametrize(
    "name", ["allowed", "is", "key-policy", "broken", "role", "12", "logs", "true"]
)
def test_a_name_that_is_a_word_spoils_no_text(name: str) -> None:
    said = f'It is allowed: {name} 12 "{name}" {{"verdict": "{name}", "{name}": [true, 12]}} logs.x'
    assert redact(f"arn:aws:iam::1:user/{name} {said}") == f"arn:aws:iam::1:user/user-1 {said}"


def test_a_name_that_is_also_a_role_s_spoils_no_command() -> None:
    said = "aws iam put-role-policy --role-name Zed # arn:aws:iam::1:role/path/Zed"
    assert redact(f":assumed-role/Zed/Zed {said}") == f":assumed-role/Zed/user-1 {said}"


@pytest.mark.parametrize("name", sorted(REPORTS.keys() - {"hostile"}))
def test_the_words_of_a_report_are_known_as_words(name: str) -> None:
    """They cannot be spoilt, whatever users are called: keys, verdicts, kinds, ids, titles."""
    report = json.loads(to_json(REPORTS[name]))
    words = {key for part in [report, *report["findings"], *report["chain"]] for key in part}
    words |= {link[key] for link in report["chain"] for key in ("verdict", "layer", "id")}
    words |= {word for link in report["chain"] for word in link["title"].split()}
    assert [word for word in words if not is_word(word)] == []


def test_usual_names_are_no_words() -> None:
    usual = (
        "alice anna bob carol dave eve heidi mallory raul smith jones weber schneider kumar wang"
    )
    assert [name for name in usual.split() if is_word(name)] == []


def test_what_leaves_together_is_masked_alike() -> None:
    texts = ["10.0.0.1: anna logged in", "arn:aws:iam::310987654321:user/anna password=x"]
    assert evidence(texts, redacted=True) == [
        "10.0.0.1: user-1 logged in",
        "arn:aws:iam::111111111111:user/user-1 password=[masked]",
    ]
    assert evidence(texts, redacted=False) == [texts[0], texts[1].replace("=x", "=[masked]")]


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
LABELS = [
    *("password", "secret key:", "authorization:", "Basic", ":user/x", "fe80::1", "http://"),
    *("UserName=", 'userName": "', "zoe", "a.zoe", ":user/zoe", "user a.zoe is allowed", "user-2"),
]
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
    [
        *("a-", "://a:", ":user/a/", "1.", "::", "password", "anna@a.", "authorization: ", "AKIA"),
        *("\\", "user ", 'userName": ', "user a.b ", ":role/a/", "UserName=a.", "GetSessionUser"),
    ],
)
def test_no_text_makes_masking_slow(piece: str) -> None:
    began = time.process_time()
    redact(piece * 20_000)
    assert time.process_time() - began < 3
