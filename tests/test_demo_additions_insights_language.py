"""CloudWatch Logs Insights: every command and function does what the user guide says of it."""

from __future__ import annotations

import json
from typing import Optional

import boto3
import pytest

from ssmdiag.demo.account import Account
from tests.insights import GROUP, HOUR, START, at, put, results, started

# The account is not the program, and what it serves is the same on every Python.
pytestmark = pytest.mark.exhaustive

LINE = "25 May 2019 10:24:39,474 [ERROR] {foo=2, bar=data} The error was: DataIntegrityException"


@pytest.fixture(autouse=True)
def _group(account: Account) -> None:
    del account
    boto3.client("logs").create_log_group(logGroupName=GROUP)


# Each line of data is an event: its number, and what is asked about it.
EVENTS = [
    {"n": 0, "f1": "an Exception", "status": 200, "type": "foo", "text": "7", "empty": ""},
    {"n": 1, "f1": "an exception", "status": 301, "type": "bar", "text": "10", "duration": 2500},
    {"n": 2, "f1": "fine", "status": 404, "type": 1, "duration": 20.5},
    {"n": 3, "status": 500, "f-1": "odd"},
]
FILTERS = [
    ('f1 like "Exception"', [0]),
    ("f1 like 'Exception'", [0]),
    ("f1 like /Exception/", [0]),
    ("f1 =~ /Exception/", [0]),
    ("f1 like /(?i)Exception/", [0, 1]),
    ("f1 like /^(?i)AN EXCEPTION$/", [0, 1]),
    ("f1 not like /Exception/", [1, 2]),
    ('f1 not like "exception"', [0, 2]),
    (r"f1 like /an\sE/", [0]),
    ("status like /2\\d\\d/", [0]),
    ("status = 404", [2]),
    ('status = "404"', [2]),
    ("status != 404", [0, 1, 3]),
    ("(duration>2000)", [1]),
    ("duration <= 2500", [1, 2]),
    ("duration >= 20.5 and duration < 100", [2]),
    ("status in [200, 404,500]", [0, 2, 3]),
    ('type not in ["foo","bar",1]', []),
    ('type in ["foo", 1]', [0, 2]),
    ("(status=200 or status>400)", [0, 2, 3]),
    ("status = 200 or status = 301 and f1 = 'fine'", [0]),
    ("(status = 200 or status = 301) and f1 = 'fine'", []),
    ("not status = 200", [1, 2, 3]),
    ("not (status = 200 or status = 500)", [1, 2]),
    ("ispresent(duration)", [1, 2]),
    ("not ispresent(f1)", [3]),
    ("isPresent(`f-1`)", [3]),
    ('`f-1` = "odd"', [3]),
    ("isempty(empty)", [0, 1, 2, 3]),
    ('f1 = "none"', []),
    ("text > 8", [1]),
    ("text < '10'", [0]),
    ("strlen(f1) = 4", [2]),
    ("status % 100 = 4", [2]),
    ("@message like 'odd'", [3]),
    ("@logStream = 'one' and n > 1", [2, 3]),
    ("n > -1 | filter n < 1 # | filter n = 7", [0]),
]


@pytest.mark.parametrize(("condition", "expected"), FILTERS, ids=[f for f, _ in FILTERS])
def test_a_filter_keeps_the_events_that_the_guide_says(condition: str, expected: list[int]) -> None:
    put(*(json.dumps(event) for event in EVENTS))
    found = results(f"filter {condition}\n| sort n asc\n| display n")
    assert [int(row["n"]) for row in found] == expected


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("f1", "an Exception"),
        ("toupper(f1)", "AN EXCEPTION"),
        ("tolower(f1)", "an exception"),
        ("substr(f1, 3)", "Exception"),
        ('substr("xyZfooxyZ", 3, 3)', "foo"),
        ('ltrim("xyZxyfooxyZ","xyZ")', "fooxyZ"),
        ('rtrim("xyZfooxyxyZ","xyZ")', "xyZfoo"),
        ('trim("xyZxyfooxyxyZ","xyZ")', "foo"),
        ("trim('  x ')", "x"),
        ('replace(f1, "an", "no")', "no Exception"),
        ('strcontains(f1, "Exc")', "1"),
        ("concat(f1, '-', status)", "an Exception-200"),
        ("coalesce(absent, f1)", "an Exception"),
        ("coalesce(absent, missing)", None),
        ("ispresent(absent)", "0"),
        ("isblank('  ')", "1"),
        ("abs(2 - 5)", "3"),
        ("2 ^ 3", "8"),
        ("10 % 3", "1"),
        ("2 + 3 * 4", "14"),
        ("(2 + 3) * 4", "20"),
        ("10 / 4", "2.5"),
        ("1 / 0", None),
        ("10 / 3", "3.3333"),
        ("-status + 1", "-199"),
        ("floor(2.7)", "2"),
        ("ceil(2.1)", "3"),
        ("sqrt(16)", "4"),
        ("greatest(1, status, 3)", "200"),
        ("least(1, status, 3)", "1"),
        ("f1 + 1", None),
        ("toMillis(@timestamp)", str(START * 1000)),
        ("fromMillis(toMillis(@timestamp) + 1000)", at(1)),
        ("datefloor(@timestamp, 1h)", at(0)),
        ("dateceil(@timestamp, 5m)", at(0)),
        ("bin(1h)", at(0)),
        ("status = 200", "1"),
    ],
)
def test_an_expression_has_the_value_that_the_guide_says(
    expression: str, value: Optional[str]
) -> None:
    put(json.dumps(EVENTS[0]))
    assert results(f"fields {expression} as x | display x") == ([{"x": value}] if value else [{}])


@pytest.mark.parametrize(
    "parse",
    [
        'parse @message "[*] * The error was: *" as level, config, exception',
        r"parse @message /\[(?<level>\S+)\]\s+(?<config>\{.*\})\s+The error was: "
        r"(?<exception>\S+)/",
    ],
    ids=["glob", "regex"],
)
def test_parse_takes_fields_out_of_a_message(parse: str) -> None:
    put(LINE, "nothing of that")
    shown = "display level, config, exception"
    expected = {
        "level": "ERROR",
        "config": "{foo=2, bar=data}",
        "exception": "DataIntegrityException",
    }

    assert results(f"fields @message | {parse} | filter ispresent(level) | {shown}") == [expected]
    assert results(f"fields @message | {parse} | filter level = 'ERROR'") == [
        {"@message": LINE, **expected}
    ]


def test_what_was_parsed_can_be_counted() -> None:
    put("user=alice, method:GET, latency := 20", "user=alice, method:GET, latency := 40")
    assert results(
        'parse @message "user=*, method:*, latency := *" as user, method, latency'
        " | stats avg(latency) by method, user"
    ) == [{"method": "GET", "user": "alice", "avg(latency)": "30"}]


CALLS = [
    {"user": "alice", "session": "a-1", "ms": 10},
    {"user": "bob", "session": "b-1", "ms": 40},
    {"user": "alice", "session": "a-1", "ms": 30},
    {"user": "alice", "session": "a-2"},
    {"session": "x-1", "ms": 5},
]
STATS = [
    ("stats count(*)", [{"count(*)": "5"}]),
    ("stats count() as n", [{"n": "5"}]),
    ("stats count(user) as n", [{"n": "4"}]),
    ("stats count_distinct(session) as n", [{"n": "4"}]),
    ("stats min(ms), max(ms)", [{"min(ms)": "5", "max(ms)": "40"}]),
    ("stats sum(ms) as s, avg(ms) as a", [{"s": "85", "a": "21.25"}]),
    ("stats earliest(session) as e, latest(session) as l", [{"e": "a-1", "l": "x-1"}]),
    ("stats latest(user) as l", [{"l": "alice"}]),
    (
        "stats max(ms) as most, min(ms) as least, most - least as range",
        [{"most": "40", "least": "5", "range": "35"}],
    ),
    ("stats floor(avg(ms)) as whole", [{"whole": "21"}]),
    ("stats (max(@timestamp) - min(@timestamp)) / 1000 as seconds", [{"seconds": "7200"}]),
    ("stats min(@timestamp) as first", [{"first": str(START * 1000)}]),
    ("stats sum(user = 'alice') as n", [{"n": "3"}]),
    ("stats sum(absent) as n, count(*) as all", [{"all": "5"}]),
    (
        "stats count(*) as n by user | sort n desc, user desc",
        [{"user": "alice", "n": "3"}, {"n": "1", "user": "bob"}, {"n": "1"}],
    ),
    (
        "filter ispresent(user) | stats count_distinct(session) as n by user | sort user asc",
        [{"user": "alice", "n": "2"}, {"user": "bob", "n": "1"}],
    ),
    (
        "stats count(*) as n by bin(1h) as hour | sort hour asc",
        [{"hour": at(0), "n": "2"}, {"hour": at(HOUR), "n": "2"}, {"hour": at(2 * HOUR), "n": "1"}],
    ),
    (
        "stats count(*) by bin(1d), user = 'bob' as bob | sort bob asc",
        [
            {"bin(1d)": at(0), "count(*)": "1"},
            {"bin(1d)": at(0), "bob": "0", "count(*)": "3"},
            {"bin(1d)": at(0), "bob": "1", "count(*)": "1"},
        ],
    ),
    (
        "stats count(*) as n by user, session | stats max(n) as most, count(*) as m by user"
        " | sort most desc, user asc | limit 2",
        [{"user": "alice", "most": "2", "m": "2"}, {"most": "1", "m": "1"}],
    ),
    ("filter ms > 1000 | stats count(*) as n", [{"n": "0"}]),
    ("filter ms > 1000 | stats count(*) as n by user", []),
]


@pytest.mark.parametrize(("query", "expected"), STATS, ids=[query for query, _ in STATS])
def test_stats_count_what_the_guide_says(query: str, expected: list[dict[str, str]]) -> None:
    put(*(json.dumps(call) for call in CALLS), step=HOUR // 2)
    assert results(query) == expected


def test_sort_orders_texts_before_numbers_and_digits_by_their_length() -> None:
    # The guide's own example of the order, "sort".
    ordered = ["!", "#", "*%04", "0#", "5A", "111A", "2345_", "@", "@_", "A", "A9876fghj"]
    numbers = ["0", "1", "7", "10", "200"]
    put(*(json.dumps({"k": key}) for key in reversed([*ordered, *numbers])))

    ascending = [row["k"] for row in results("display k | sort k asc")]

    assert ascending == [*ordered, *numbers]
    assert [row["k"] for row in results("display k | sort k desc")] == ascending[::-1]


def test_sort_takes_several_keys() -> None:
    put(*(json.dumps(call) for call in CALLS))
    found = results("filter ispresent(user) | sort user desc, ms asc | display user, ms")
    assert found == [
        {"user": "bob", "ms": "40"},
        {"user": "alice"},
        {"user": "alice", "ms": "10"},
        {"user": "alice", "ms": "30"},
    ]


def test_dedup_keeps_the_first_of_the_order_and_every_missing_value() -> None:
    put(*(json.dumps(call) for call in [*CALLS, {"session": "y-1"}]))

    newest = results("fields user, session | dedup user")
    oldest = results("fields user, session | sort @timestamp asc | dedup user, session | limit 2")

    assert newest == [
        {"session": "y-1"},
        {"session": "x-1"},
        {"user": "alice", "session": "a-2"},
        {"user": "bob", "session": "b-1"},
    ]
    assert oldest == [{"user": "alice", "session": "a-1"}, {"user": "bob", "session": "b-1"}]


def test_the_last_display_decides_and_several_fields_add_up() -> None:
    put(json.dumps(EVENTS[0]))
    assert results("fields n | fields status as code") == [{"n": "0", "code": "200"}]
    assert results("fields n | display n | display status") == [{"status": "200"}]


MALFORMED = [
    ("", "unexpected symbol found <EOF> at line 1 and position 0"),
    ("fields", "unexpected symbol found <EOF> at line 1 and position 6"),
    ("count(*)", "unexpected symbol found count at line 1 and position 0"),
    ("filter @message like /x/i", "unexpected symbol found i at line 1 and position 24"),
    ("fields @message\n| filter (a = 1", "unexpected symbol found <EOF> at line 2 and position 15"),
    ("filter a =", "<EOF>"),
    ("filter a like b", "unexpected symbol found b"),
    ("filter a not = 1", "unexpected symbol found ="),
    ("filter a in 1", "unexpected symbol found 1"),
    ('filter a = "no end', "unexpected symbol found"),
    ("filter a like /(/", "Invalid regular expression"),
    ("filter a; limit 1", "unexpected symbol found ;"),
    ("fields a | | limit 1", "unexpected symbol found |"),
    ("fields a b", "unexpected symbol found b"),
    ("fields frobnicate(a)", "unexpected symbol found ("),
    ("fields substr(a)", "Invalid number of arguments for substr"),
    ("fields a as", "<EOF>"),
    ("fields count(*)", "only be used in stats"),
    ("stats a", "Unknown symbols found in or after stats: a"),
    ("stats count(*) + a as b", "Unknown symbols found in or after stats: a"),
    ("stats count(*) as n by a | filter b = 1", "Unknown symbols found in or after stats: b"),
    ("stats count(*) as n | sort @timestamp desc", "after stats: @timestamp"),
    ("stats count(*) as n | stats count(*) by bin(1h)", "after stats: @timestamp"),
    ("stats count(*) by bin(1h) | sort bin(1h)", "unexpected symbol found ("),
    ("stats count(*) by bin(1mo)", "does not evaluate periods in 'mo'"),
    ("limit many", "unexpected symbol found many"),
    ("sort", "<EOF>"),
    ("dedup a | sort a desc", "only limit can follow dedup"),
    ("parse @message 'a *'", "<EOF>"),
    ("parse @message 'a * b *' as c", "2 wildcards and 1 fields"),
    ("parse @message /(a)/", "named groups"),
    ("parse @message /(?<a>.)/ | fields a", "Ephemeral field is already defined: a"),
    ("fields a as b | fields c as b", "Ephemeral field is already defined: b"),
    ("fields a | fields concat(a, 'x') as a", "Ephemeral field is already defined: a"),
    ("fields a as b | stats count(*) as b", "Ephemeral field is already defined: b"),
    ("pattern @message", "does not evaluate the command pattern"),
    ("fields " + "(" * 2000 + "1" + ")" * 2000, "nested too deeply"),
]


@pytest.mark.parametrize(("query", "message"), MALFORMED, ids=range(len(MALFORMED)))
def test_a_malformed_query_is_refused(query: str, message: str) -> None:
    logs = boto3.client("logs")
    with pytest.raises(logs.exceptions.MalformedQueryException) as refusal:
        started(query)
    assert message in str(refusal.value)
