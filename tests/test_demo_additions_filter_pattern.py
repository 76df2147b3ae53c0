"""CloudWatch Logs takes well-formed filter patterns, and they match what the user guide says."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from ssmdiag.demo.account import Account

# The account is not the program, and what it serves is the same on every Python.
pytestmark = pytest.mark.exhaustive

GROUP = "sessions"
TRAIL = json.dumps(
    {
        "eventType": "UpdateTrail",
        "sourceIPAddress": "111.111.111.111",
        "arrayKey": ["value", "another value"],
        "objectList": [{"name": "a", "id": 1}, {"name": "b", "id": 2}],
        "SomeObject": None,
        "ThisFlag": True,
        "cluster.name": "c",
        "latency": 50.5,
        "errorCode": 400,
        "numbers": [1000, 0.001],
        "note": 'said "so"',
    }
)
USERS = json.dumps(
    {
        "user": {"id": 1, "email": "John.Stiles@example.com"},
        "users": [
            {"id": 2, "email": "John.Doe@example.com"},
            {"id": 3, "email": "Jane.Doe@example.com"},
        ],
        "actions": ["GET", "PUT", "DELETE"],
        "coordinates": [[0, 1, 2], [4, 5, 6], [7, 8, 9]],
    }
)
SESSION = json.dumps(
    {
        "eventVersion": "1.0",
        "eventTime": "2024-06-03T09:00:00Z",
        "awsRegion": "us-east-1",
        "target": {"id": "i-0a1b2c3d4e5f67890"},
        "userIdentity": {"arn": "arn:aws:iam::123456789012:user/alice"},
        "runAsUser": "ssm-user",
        "sessionId": "alice-0a1b2c3d4e5f67890",
        "sessionData": ["sh-5.2$ sudo su -", "root# "],
    }
)
WEB = '127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'
SERVICE = "INFO 09/25/2014 12:00:00 GET /service/resource/67 1200"
PART = "INFO 09/25/2014 12:00:01 POST /service/resource/67/part/111 1310"
ERROR = "ERROR 09/25/2014 12:00:02 Failed to process request"

MATCHES = [
    # Terms: "Using filter patterns to match terms in unstructured log events".
    ("empty matches everything", "", "anything", True),
    ("a blank phrase matches everything", '" "', "anything", True),
    ("one term", "ERROR", "[ERROR 400] BAD REQUEST", True),
    ("a term inside a word", "ERROR", "Exiting with ERRORCODE: -1", True),
    ("case counts", "ERROR", "[error 400] BAD REQUEST", False),
    ("all terms", "ERROR ARGUMENTS", "[ERROR 419] MISSING ARGUMENTS", True),
    ("not all terms", "ERROR ARGUMENTS", "[ERROR 401] UNAUTHORIZED REQUEST", False),
    ("one optional term", "?ERROR ?ARGUMENTS", "[ERROR 400] BAD REQUEST", True),
    ("the other optional term", "?ERROR ?ARGUMENTS", "MISSING ARGUMENTS", True),
    ("no optional term", "?ERROR ?ARGUMENTS", "[INFO] REQUEST FAILED", False),
    ("optional terms beside others count nothing", "?ERROR ?WARN REQUEST", "[INFO] REQUEST", True),
    ("optional terms beside others help nothing", "?ERROR ?WARN REQUEST", "ERROR", False),
    ("a phrase", '"INTERNAL SERVER ERROR"', "[ERROR 500] INTERNAL SERVER ERROR", True),
    ("a phrase's words apart", '"INTERNAL SERVER ERROR"', "INTERNAL ERROR OF SERVER", False),
    ("a phrase with quotes", r'"said \"so\""', 'he said "so"', True),
    ("an excluded term is absent", "ERROR -ARGUMENTS", "[ERROR 400] BAD REQUEST", True),
    ("an excluded term is there", "ERROR -ARGUMENTS", "[ERROR 419] MISSING ARGUMENTS", False),
    ("an excluded phrase is there", 'ERROR -"BAD REQUEST"', "[ERROR 400] BAD REQUEST", False),
    ("only an excluded term", "-ERROR", "[INFO] fine", True),
    ("a term in a session event", '"sudo"', SESSION, True),
    # Regular expressions: "Supported regular expressions (regex) syntax".
    ("regex anywhere", "%AUTHORIZED%", "[ERROR 401] UNAUTHORIZED REQUEST", True),
    ("regex at the beginning", "%^[hc]at%", "hat and coat", True),
    ("regex not at the beginning", "%^[hc]at%", "a hat", False),
    ("regex at the end", "%[hc]at$%", "a cat", True),
    ("regex optional", "%colou?r%", "color", True),
    ("regex times", "%^a{3,5}$%", "aaaaaa", False),
    ("regex alternatives", "%^starting|^initializing|^shutting down%", "shutting down", True),
    ("regex alternatives are anchored", "%^starting|^initializing%", "skipping starting", False),
    ("regex escape", r"%\[.\]%", "[7]", True),
    ("regex address", r"%10\.10\.0\.1%", "10010,051", False),
    ("regex classes", r"%\d\D\s\S\w\W%", "1a b_!", True),
    ("regex hexadecimal", r"%\x28%", "a (b)", True),
    # JSON: "Using filter patterns to match terms in JSON log events".
    ("json string", '{ $.eventType = "UpdateTrail" }', TRAIL, True),
    ("json string without quotes", "{$.eventType=UpdateTrail}", TRAIL, True),
    ("json other string", '{ $.eventType = "CreateTrail" }', TRAIL, False),
    ("json quotes in a string", r'{ $.note = "said \"so\"" }', TRAIL, True),
    ("json wildcard", "{ $.sourceIPAddress != 123.123.* }", TRAIL, True),
    ("json wildcard before", '{ $.eventType = "*Trail" }', TRAIL, True),
    ("json wildcard inside is itself", '{ $.eventType = "Up*Trail" }', TRAIL, False),
    ("json anything", "{ $.latency = * }", TRAIL, True),
    ("json anything needs the field", "{ $.absent = * }", TRAIL, False),
    ("json array element", '{ $.arrayKey[0] = "value" }', TRAIL, True),
    ("json array element out of range", '{ $.arrayKey[7] = "value" }', TRAIL, False),
    ("json object in an array", "{ $.objectList[1].id = 2 }", TRAIL, True),
    ("json regex", "{ $.eventType = %Trail% }", TRAIL, True),
    ("json regex does not match", "{ $.eventType != %Trail% }", TRAIL, False),
    ("json any element", "{ $.arrayKey[*] = %val.{2}% }", TRAIL, True),
    ("json any field", r"{ $.* = %111\.111\.111\.1[0-9]{1,2}% }", TRAIL, True),
    ("json name with a dot", "{ $.['cluster.name'] = \"c\" }", TRAIL, True),
    ("json is null", "{ $.SomeObject IS NULL }", TRAIL, True),
    ("json is not null", "{ $.eventType IS NULL }", TRAIL, False),
    ("json is true", "{ $.ThisFlag IS TRUE }", TRAIL, True),
    ("json is false", "{ $.ThisFlag IS FALSE }", TRAIL, False),
    ("json does not exist", "{ $.SomeOtherObject NOT EXISTS }", TRAIL, True),
    ("json exists", "{ $.SomeObject NOT EXISTS }", TRAIL, False),
    ("json greater", "{ $.latency > 50 }", TRAIL, True),
    ("json not greater", "{ $.latency > +1000 }", TRAIL, False),
    ("json at least", "{ $.errorCode >= 400 }", TRAIL, True),
    ("json at most", "{ $.latency <= 55.5 }", TRAIL, True),
    ("json less", "{ $.latency < -1 }", TRAIL, False),
    ("json number", "{ $.errorCode = 400}", TRAIL, True),
    ("json other number", "{ $.errorCode != 500 }", TRAIL, True),
    ("json scientific", "{ $.numbers[0] = 1e+3 }", TRAIL, True),
    ("json small scientific", "{ $.numbers[1] != 1e-3 }", TRAIL, False),
    ("json wildcard on a number", "{ $.errorCode = 4* }", TRAIL, True),
    ("json a text is no number", "{ $.eventType > 1 }", TRAIL, False),
    ("json an array is no value", "{ $.arrayKey = 1 }", TRAIL, False),
    ("json an array is not unequal either", "{ $.arrayKey != 1 }", TRAIL, False),
    ("json and", '{ ($.user.id = 1) && ($.users[0].email = "John.Doe@example.com") }', USERS, True),
    (
        "json and binds closer than or",
        '{ $.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = nonmatch'
        " && $.actions[2] = nonmatch }",
        USERS,
        True,
    ),
    (
        "json parentheses bind closest",
        '{ ($.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = nonmatch)'
        " && $.actions[2] = nonmatch }",
        USERS,
        False,
    ),
    (
        "json neither",
        '{ ($.user.id = 2 && $.users[0].email = "nonmatch") || $.actions[2] = "GET" }',
        USERS,
        False,
    ),
    ("json pattern on text", "{ $.user.id = 1 }", "no JSON", False),
    ("json pattern on an array", "{ $.user.id = 1 }", "[1]", False),
    ("a session's data", "{ $.sessionData[0] = %sudo su% }", SESSION, True),
    ("any line of a session's data", '{ $.sessionData[*] = "*root#*" }', SESSION, True),
    ("a session's node", '{ $.target.id = "i-0a1b2c3d4e5f67890" }', SESSION, True),
    ("no such name with a dot", "{ $.['target.id'] = * }", SESSION, False),
    # Fields: "Using filter patterns to match terms in space-delimited log events".
    (
        "fields with conditions",
        r"[ip=%127\.0\.0\.[1-9]%, user, username, timestamp, request =*.html*, status_code = 4*,"
        " bytes]",
        WEB,
        True,
    ),
    ("fields after an ellipsis", "[..., request =*.html*, status_code = 4*, bytes]", WEB, True),
    ("fields before an ellipsis", "[ip, user=Test, ...]", WEB, False),
    ("either status", "[..., status_code = 404 || status_code = 410, bytes]", WEB, True),
    ("both conditions", "[..., code >= 400 && code < 500, bytes > 2000]", WEB, False),
    ("too few fields", "[a, b, c, d, e, f, g, h]", WEB, False),
    ("first word", "[w1=ERROR, w2]", ERROR, True),
    ("first word is another", "[w1=ERROR, w2]", SERVICE, False),
    ("either first word", "[w1=ERROR || w1=WARNING, w2]", ERROR, True),
    ("neither first word", "[w1!=ERROR && w1!=WARNING, w2]", SERVICE, True),
    ("one word is the whole event", "[w1=ERROR]", ERROR, False),
    ("an item", "[level, date, time, method, url=%/service/resource/[0-9]+$%, ms]", SERVICE, True),
    ("no item", "[level, date, time, method, url=%/service/resource/[0-9]+$%, ms]", PART, False),
]


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(
    ("pattern", "message", "expected"),
    [pytest.param(*case, id=name) for name, *case in MATCHES],
)
def test_a_pattern_matches_as_the_guide_says(pattern: str, message: str, expected: bool) -> None:
    answer = boto3.client("logs").test_metric_filter(
        filterPattern=pattern, logEventMessages=["a message that is empty of it", message]
    )

    assert (message in [match["eventMessage"] for match in answer["matches"]]) == expected


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(
    ("pattern", "message", "values"),
    [
        ("ERROR", ERROR, {}),
        (
            "[..., request=*.html*, status_code=4*,]",
            WEB,
            {
                "$status_code": "404",
                "$request": "GET /index.html HTTP/1.0",
                "$7": "1534",
                "$4": "10/Oct/2000:13:25:15 -0700",
                "$3": "frank",
                "$2": "Prod",
                "$1": "127.0.0.1",
            },
        ),
        (
            "{ $.errorCode >= 400 && $.eventType = * }",
            TRAIL,
            {
                "$.errorCode": "400",
                "$.eventType": "UpdateTrail",
            },
        ),
    ],
    ids=["terms", "fields", "json"],
)
def test_a_match_tells_the_values_that_the_pattern_names(
    pattern: str, message: str, values: dict[str, str]
) -> None:
    answer = boto3.client("logs").test_metric_filter(
        filterPattern=pattern, logEventMessages=["nothing of it", message]
    )

    assert answer["matches"] == [
        {"eventNumber": 1, "eventMessage": message, "extractedValues": values}
    ]


MALFORMED = [
    "foo.bar",
    "ERROR - Exiting",
    '"no end',
    'a"b"',
    "%something!%",
    "%(a|b)%",
    "%é%",
    r"%\q%",
    "%[a%",
    "%no end",
    "%a% b",
    "ERROR %a%",
    "{}",
    "{ $.a }",
    "{ $.a = }",
    "{ $.a = 1",
    "{ ($.a = 1 }",
    "{ $.a = 1 && }",
    "{ $.a == 1 }",
    "{ a = 1 }",
    "{ $ = 1 }",
    "{ $[0] = 1 }",
    "{ $.a = foo-bar }",
    "{ $.a > b }",
    '{ $.a > "1" }',
    "{ $.a IS 1 }",
    "{ $.a IS NOT NULL }",
    "{ $.a EXISTS }",
    "{ $.a NOT NULL }",
    "{ $.*.* = 1 }",
    "{ $.a[*] = 1 || $.b[*] = 1 || $.c[*] = 1 || $.d[*] = 1 }",
    "{ $.a = %1% || $.a = %2% || $.a = %3% }",
    "{ $.a = %(1)% }",
    "[a, ..., b, ...]",
    "[a = 1 || b = 2]",
    # An example that the guide had for years, and that AWS never took.
    "[ip, user, status_code = 4* && bytes > 1000]",
    "[a b]",
    "[a = ]",
    "[a.b = 1]",
    "{" + "(" * 600 + "$.a = 1" + ")" * 400 + "}",
    "x" * 1025,
]


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("pattern", MALFORMED, ids=range(len(MALFORMED)))
def test_a_malformed_pattern_is_refused(pattern: str) -> None:
    logs = boto3.client("logs")

    with pytest.raises(logs.exceptions.InvalidParameterException):
        logs.test_metric_filter(filterPattern=pattern, logEventMessages=["a"])


def put_metric_filter(name: str = "one", pattern: str = "ERROR", group: str = GROUP) -> None:
    boto3.client("logs").put_metric_filter(
        logGroupName=group,
        filterName=name,
        filterPattern=pattern,
        metricTransformations=[
            {"metricName": "Errors", "metricNamespace": "Sessions", "metricValue": "1"}
        ],
    )


def put_subscription_filter(name: str = "one", pattern: str = "ERROR", group: str = GROUP) -> None:
    boto3.client("logs").put_subscription_filter(
        logGroupName=group,
        filterName=name,
        filterPattern=pattern,
        destinationArn="arn:aws:logs:us-east-1:123456789012:log-group:elsewhere",
        roleArn="arn:aws:iam::123456789012:role/deliver",
    )


PUTS = pytest.mark.parametrize("put", [put_metric_filter, put_subscription_filter])


@pytest.fixture(autouse=True)
def _groups(account: Account) -> None:
    del account
    logs = boto3.client("logs")
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_group(logGroupName="elsewhere")
    logs.create_log_group(logGroupName="rare", logGroupClass="INFREQUENT_ACCESS")


def refused(put: Any, **arguments: str) -> tuple[str, str]:
    with pytest.raises(ClientError) as refusal:
        put(**arguments)
    error = refusal.value.response["Error"]
    return error["Code"], error["Message"]


@PUTS
def test_a_filter_with_a_malformed_pattern_is_not_put(put: Any) -> None:
    assert refused(put, pattern="{ $.a = }") == (
        "InvalidParameterException",
        "Invalid filter pattern",
    )
    assert refused(put, pattern="a.b") == (
        "InvalidParameterException",
        "Invalid character(s) in term 'a.b'",
    )


@PUTS
def test_a_group_of_infrequent_access_has_no_filters(put: Any) -> None:
    assert refused(put, group="rare") == (
        "ValidationException",
        "This operation is only supported on the Standard log class.",
    )


def test_the_subscription_filters_of_a_group_of_infrequent_access_are_not_told() -> None:
    logs = boto3.client("logs")
    assert refused(logs.describe_subscription_filters, logGroupName="rare")[0] == (
        "ValidationException"
    )
    assert logs.describe_subscription_filters(logGroupName=GROUP)["subscriptionFilters"] == []


@PUTS
def test_a_group_that_does_not_exist_has_no_filters(put: Any) -> None:
    assert refused(put, group="nowhere")[0] == "ResourceNotFoundException"


def test_a_group_has_a_hundred_metric_filters_and_one_more_is_refused() -> None:
    for number in range(100):
        put_metric_filter(f"filter-{number}")

    assert refused(put_metric_filter, name="filter-100")[0] == "LimitExceededException"
    put_metric_filter("filter-7", pattern="WARN")

    logs = boto3.client("logs")
    pages = logs.get_paginator("describe_metric_filters").paginate(logGroupName=GROUP)
    filters = {f["filterName"]: f["filterPattern"] for p in pages for f in p["metricFilters"]}
    assert (len(filters), filters["filter-7"]) == (100, "WARN")


def test_a_group_has_two_subscription_filters_and_one_more_is_refused() -> None:
    put_subscription_filter("one")
    put_subscription_filter("two")

    assert refused(put_subscription_filter, name="three")[0] == "LimitExceededException"
    put_subscription_filter("two", pattern="WARN")

    filters = boto3.client("logs").describe_subscription_filters(logGroupName=GROUP)
    assert [f["filterPattern"] for f in filters["subscriptionFilters"]] == ["ERROR", "WARN"]


def test_a_group_has_five_filters_with_a_regex_and_one_more_is_refused() -> None:
    for number in range(4):
        put_metric_filter(f"filter-{number}", pattern="%sudo%")
    put_subscription_filter("one", pattern="{ $.runAsUser = %root% }")

    assert refused(put_metric_filter, name="more", pattern="%su%")[0] == "LimitExceededException"
    assert refused(put_subscription_filter, name="two", pattern="%su%")[0] == (
        "LimitExceededException"
    )
    put_metric_filter("filter-3", pattern="%su%")
    put_metric_filter("more", pattern="su")
