"""Ready queries: each says of real-looking session logs what it promises, and takes no nonsense."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from ssmdiag.demo.account import Account
from ssmdiag.queries.query import Parameter, Query, QueryError, filled, load, named, queries
from ssmdiag.queries.run import Result, Search, run
from ssmdiag.render.layout import Layout
from ssmdiag.render.table import table
from ssmdiag.world.aws import Access, Aws
from tests.session_logs import FOLDER, GROUPS, period, put_session_logs, shifted

ALL = queries()
QUERIES = pytest.mark.parametrize("query", ALL, ids=[query.name for query in ALL])


@pytest.fixture
def full(account: Account) -> Account:
    """The account with the session logs of a few days."""
    put_session_logs()
    return account


def searched(text: str, mode: str, account: Account) -> Result:
    start, end = period()
    search = Search(text, (GROUPS[mode],), start, end, account.region)
    return run(search, Aws(Access(account.region)).read, sleep=lambda _: None, clock=time.monotonic)


@QUERIES
def test_a_query_answers_what_it_promises(query: Query, full: Account) -> None:
    expected = json.loads(shifted((FOLDER / f"{query.name}.json").read_text()))
    text = filled(query, expected["values"])

    assert set(expected) - {"values"} == {"streaming", *(["upload"] * (query.needs == "any"))}
    for mode in set(expected) - {"values"}:
        assert list(searched(text, mode, full).rows) == expected[mode]


@QUERIES
def test_a_query_finds_something_in_uploaded_logs_unless_it_needs_streaming(
    query: Query, full: Account
) -> None:
    expected = json.loads((FOLDER / f"{query.name}.json").read_text())
    found = searched(filled(query, expected["values"]), "upload", full)
    assert bool(found.rows) == (query.needs == "any")


@QUERIES
def test_a_query_is_described_in_a_line_and_a_sentence(query: Query) -> None:
    assert not query.title.endswith(".")
    assert len(query.title) < 60
    assert query.answers.endswith(".")
    assert query.answers.count(". ") == 0
    assert re.fullmatch(r"\d+[dh]", query.period)


@QUERIES
def test_a_query_is_written_in_what_every_region_understands(query: Query) -> None:
    # A hash sign begins a comment; the engine's expressions know no looking around.
    assert "#" not in query.text
    assert "(?=" not in query.text
    assert "(?!" not in query.text
    assert "(?<=" not in query.text
    assert "(?<!" not in query.text
    assert len(query.text) < 10_000
    commands = {line.split()[0].strip("| ") for line in re.split(r"\n\| ", query.text)}
    assert commands <= {"fields", "filter", "parse", "stats", "sort", "display", "limit"}


@pytest.mark.parametrize(
    ("values", "sessions"),
    [
        ({}, {"bob", "carol"}),
        # At the west coast of America it is still afternoon for Bob, and night for Alice.
        ({"utc": "-8"}, {"alice", "carol"}),
        ({"from": "10"}, {"bob", "carol", "alice"}),
        ({"until": "23"}, {"carol"}),
        # Saturday at eleven is Sunday at one in Kiritimati: the weekend alone still counts it.
        ({"utc": "+14", "from": "0", "until": "24"}, {"carol"}),
    ],
    ids=["usual", "far west", "late", "long", "far east"],
)
def test_office_hours_are_those_of_the_office(
    values: dict[str, str], sessions: set[str], full: Account
) -> None:
    found = searched(filled(named("outside-office-hours"), values), "streaming", full)
    assert {re.split("[@-]", row["@logStream"])[0] for row in found.rows} == sessions


def test_the_rows_of_a_query_make_a_table(full: Account) -> None:
    found = searched(named("sessions-per-node").text, "streaming", full)
    told = table(found.rows, Layout(width=100), found.columns).splitlines()
    assert told[0].split() == ["target.id", "sessions", "users", "first_seen", "last_seen"]
    assert len(told) == 2 + 3


def test_a_result_says_how_much_was_scanned(full: Account) -> None:
    found = searched("filter @message like /sudo/ | fields @logStream", "streaming", full)
    assert found.columns == ("@logStream",)
    assert found.statistics["recordsScanned"] == 11
    assert found.statistics["recordsMatched"] == len(found.rows) == 2
    assert found.statistics["bytesScanned"] > 1000


HOSTILE = [
    "",
    " ",
    '"',
    '" or 1 = 1 or @message like "',
    "i-0123456789abcdef0\n",
    "i-0123456789abcdef0 | limit 1",
    "alice\\",
    "alice/../bob",
    "alice`",
    "{{node}}",
    "\x1b[2J",
    "ａlice",  # a wide letter that is one to Unicode
    "x" * 5000,
]


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize(
    ("query", "parameter"),
    [(query, parameter) for query in ALL for parameter in query.parameters],
    ids=[f"{query.name}-{parameter.name}" for query in ALL for parameter in query.parameters],
)
def test_a_value_that_does_not_fit_is_refused_in_one_line(
    query: Query, parameter: Parameter, value: str
) -> None:
    with pytest.raises(QueryError) as refusal:
        filled(query, {**usual(query), parameter.name: value})
    said = str(refusal.value)
    assert said.isprintable()
    assert said.endswith(f" is no value for {parameter.name}: it must be {parameter.description}")
    assert len(said) < 300


def usual(query: Query) -> dict[str, str]:
    values: dict[str, str] = json.loads((FOLDER / f"{query.name}.json").read_text())["values"]
    return values


@pytest.mark.parametrize(
    ("name", "values", "part"),
    [
        ("who-was-on-node", {"node": "i-0a1b2c3d"}, 'target.id = "i-0a1b2c3d"'),
        ("who-was-on-node", {"node": "mi-0123456789abcdef0"}, '"mi-0123456789abcdef0"'),
        ("whole-session", {"session": "Bob.O_x+y=z,@x.org-0a1"}, '"Bob.O_x+y=z,@x.org-0a1"'),
        ("outside-office-hours", {}, "/ 3600000 +0 as"),
        ("outside-office-hours", {"utc": "-9.5"}, "/ 3600000 -9.5 as"),
        ("outside-office-hours", {"from": "22", "until": "24"}, "< 22 or local_hour >= 24"),
    ],
)
def test_a_value_that_fits_stands_in_the_query(
    name: str, values: dict[str, str], part: str
) -> None:
    text = filled(named(name), values)
    assert part in text
    assert "{{" not in text


def test_what_could_end_a_string_is_escaped_even_if_a_grammar_lets_it_in() -> None:
    loose = Query("x", "X", "X.", "any", 'filter a = "{{v}}"', "24h", (Parameter("v", "x", ".*"),))
    assert filled(loose, {"v": 'a"b\\c'}) == 'filter a = "a\\"b\\\\c"'
    assert filled(loose, {"v": "{{v}}"}) == 'filter a = "{{v}}"'


@pytest.mark.parametrize(
    ("name", "values", "said"),
    [
        (
            "whole-session",
            {},
            "whole-session needs a value for session: it must be a session's id, like"
            " alice-0123456789abcdef0",
        ),
        (
            "whole-session",
            {"node": "x"},
            "whole-session has no parameter 'node': it has session",
        ),
        ("sessions", {"\x1b": "x"}, "sessions has no parameter '\\x1b': it has none"),
    ],
)
def test_a_value_too_few_or_too_many_is_told(name: str, values: dict[str, str], said: str) -> None:
    with pytest.raises(QueryError) as refusal:
        filled(named(name), values)
    assert str(refusal.value) == said


def test_an_unknown_query_is_told_with_those_that_are_like_it() -> None:
    with pytest.raises(QueryError, match="there is no query 'session-per-user'; there is sessions"):
        named("session-per-user")
    with pytest.raises(QueryError, match=r"there is account-changes, .*, whole-session$"):
        named("\n")


GOOD = {
    "title": "X",
    "answers": "It says X.",
    "needs": "any",
    "query": 'filter a = "{{v}}"',
    "parameters": {"v": {"description": "x", "grammar": "[a-z]+"}},
}


def written(folder: Path, **changes: Any) -> Path:
    """A query's file. JSON's strings, numbers and inline tables are TOML as well."""
    data = {key: value for key, value in {**GOOD, **changes}.items() if value is not None}
    path = folder / "x.toml"
    path.write_text("".join(f"{key} = {_toml(value)}\n" for key, value in data.items()))
    return path


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k} = {_toml(v)}" for k, v in value.items()) + "}"
    return json.dumps(value)


def test_a_file_of_ones_own_is_a_query(tmp_path: Path) -> None:
    path = written(tmp_path, period="2h")
    assert load(path) == queries(tmp_path)[0]
    assert load(path).period == "2h"
    assert filled(load(path), {"v": "abc"}) == 'filter a = "abc"'


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"title": None}, "title must be a text"),
        ({"answers": 1}, "answers must be a text"),
        ({"needs": "luck"}, "needs: 'luck' is none of streaming, any"),
        ({"period": "a day"}, "period: 'a day' is not like 24h"),
        ({"author": "me"}, "unknown: author"),
        ({"query": "fields a"}, "the places in the query are"),
        ({"query": 'filter a = "{{w}}"'}, "the places in the query are"),
        ({"parameters": {"v": {"description": "x", "grammar": "["}}}, "is not a query: "),
        ({"parameters": {"v": {"description": "x"}}}, "grammar must be a text"),
        ({"parameters": {"v": {"description": "x", "grammar": "a", "default": "b"}}}, "default"),
        ({"parameters": {"v": 1}}, "is not a query: "),
    ],
    ids=range(11),
)
def test_a_file_that_is_no_query_is_refused(
    changes: dict[str, Any], said: str, tmp_path: Path
) -> None:
    with pytest.raises(QueryError) as refusal:
        load(written(tmp_path, **changes))
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_file_that_is_not_toml_or_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text("= no")
    with pytest.raises(QueryError, match="is not a query"):
        load(tmp_path / "x.toml")
    with pytest.raises(QueryError, match="cannot be read"):
        load(tmp_path / "y.toml")
