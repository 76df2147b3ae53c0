"""Tables: as wide as the page, nothing invisible, and words where there are no rows."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssmdiag.render.layout import Layout
from ssmdiag.render.table import table

SESSIONS = [
    {
        "sessionId": "alice-0a00000000000000a",
        "userIdentity.arn": "arn:aws:iam::123456789012:user/alice",
        "events": "12",
    },
    {"sessionId": "bob-0b00000000000000b", "events": "3"},
]


def test_columns_are_as_wide_as_their_cells_if_the_page_has_room() -> None:
    assert table(SESSIONS, Layout(width=80)).splitlines() == [
        "sessionId                userIdentity.arn                      events",
        "-----------------------  ------------------------------------  ------",
        "alice-0a00000000000000a  arn:aws:iam::123456789012:user/alice      12",
        "bob-0b00000000000000b                                               3",
    ]


def test_the_widest_columns_give_way_first_and_their_cells_are_wrapped() -> None:
    rows = [{"node": "i-0a", "said": "permission denied for alice on her own node", "events": "7"}]
    assert table(rows, Layout(width=32)).splitlines() == [
        "node  said                events",
        "----  ------------------  ------",
        "i-0a  permission denied        7",
        "      for alice on her",
        "      own node",
    ]


def test_on_a_narrow_page_rows_become_records_so_that_ids_stay_whole() -> None:
    assert table(SESSIONS, Layout(width=48)).splitlines() == [
        "sessionId         alice-0a00000000000000a",
        "userIdentity.arn  arn:aws:iam::123456789012:user/alice",
        "events            12",
        "",
        "sessionId         bob-0b00000000000000b",
        "events            3",
    ]


def test_a_long_cell_is_cut_with_an_ellipsis_unless_all_of_it_is_wanted() -> None:
    rows = [{"text": "word " * 100}]
    lines = table(rows, Layout(width=20)).splitlines()
    assert lines[2:] == ["word word word word"] * 4 + ["word word word word…"]
    plain = table(rows, Layout(width=20, ascii_only=True))
    assert plain.splitlines()[-1] == "word word word wo..."
    assert plain.isascii()
    whole = table(rows, Layout(width=20), cell_lines=None)
    assert whole.count("word") == 100


def test_no_rows_are_said_in_words() -> None:
    assert table([], Layout()) == "No rows: nothing in this period fits the question.\n"
    assert table([], Layout(), none="Nobody was there.") == "Nobody was there.\n"


def test_columns_can_be_chosen_and_put_in_order() -> None:
    told = table(SESSIONS, Layout(), columns=["events", "sessionId"])
    assert told.splitlines()[0].split() == ["events", "sessionId"]
    assert "arn:" not in told


def test_only_the_names_are_painted() -> None:
    head, rule, *body = table(SESSIONS, Layout(colour=True)).splitlines()
    assert head.startswith("\x1b[1m")
    assert rule.startswith("\x1b[2m")
    assert "\x1b" not in "".join(body)
    record = table(SESSIONS, Layout(width=40, colour=True)).splitlines()[0]
    assert record == "\x1b[2msessionId         \x1b[0malice-0a00000000000000a"


def test_control_characters_are_shown_and_secrets_are_not() -> None:
    told = table(
        [{"text": "\x1b[2Jcleared\x07 \u202egnihtyna", "key": "AKIAIOSFODNN7EXAMPLE"}],
        Layout(width=120),
    )
    assert "\\x1b[2Jcleared\\x07 \\u202egnihtyna" in told
    assert "AKIA" not in told


@given(
    rows=st.lists(
        st.dictionaries(st.sampled_from("abcdef"), st.text(max_size=200), min_size=1),
        min_size=1,
        max_size=5,
    ),
    width=st.integers(min_value=50, max_value=200),
    ascii_only=st.booleans(),
)
def test_no_line_is_wider_than_the_page_but_for_one_word_and_nothing_is_invisible(
    rows: list[dict[str, str]], width: int, ascii_only: bool
) -> None:
    lines = table(rows, Layout(width=width, ascii_only=ascii_only)).splitlines()
    assert all(len(line) <= width or len(line[3:].split()) == 1 for line in lines)
    assert not any(unicodedata.category(char) in ("Cc", "Cf") for line in lines for char in line)
    assert not ascii_only or all(line.isascii() for line in lines)


@pytest.mark.parametrize("width", [1, 10, 20])
def test_a_page_that_is_too_narrow_still_gets_every_column(width: int) -> None:
    told = table([dict.fromkeys("abcdefgh", "1")], Layout(width=width))
    assert "".join(line[0] for line in told.splitlines() if line) == "abcdefgh"
