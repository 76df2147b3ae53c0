"""The strings of a policy: wildcards against a naive reference, and policy variables."""

from __future__ import annotations

import time
from typing import Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssmdiag.policy.pattern import (
    Pattern,
    Template,
    Vague,
    Values,
    arn_fits,
    fill_in,
    glob,
    literal,
)


def _naive(pattern: str, value: str) -> bool:
    """The definition, word for word: ``*`` is any run, ``?`` any one character."""
    if not pattern:
        return not value
    if pattern[0] == "*":
        return any(_naive(pattern[1:], value[n:]) for n in range(len(value) + 1))
    return bool(value) and pattern[0] in ("?", value[0]) and _naive(pattern[1:], value[1:])


@given(st.text("ab*?", max_size=7), st.text("abA", max_size=7))
def test_wildcards_match_as_they_are_defined(pattern: str, value: str) -> None:
    assert glob(pattern).matches(value) == _naive(pattern, value)


@given(st.text("ab*?", max_size=7), st.text("ab*?", max_size=7))
def test_a_literal_matches_itself_alone(text: str, value: str) -> None:
    assert literal(text).matches(value) == (text == value)


@given(st.text("a*?:", max_size=12))
def test_pieces_joined_again_are_the_whole(text: str) -> None:
    pieces = glob(text).split(":", 5)
    assert ":".join(piece.text for piece in pieces) == text
    assert all(piece == glob(piece.text) for piece in pieces)


def test_many_stars_cost_no_more_than_the_product_of_the_lengths() -> None:
    start = time.process_time()
    assert not glob("a*" * 100 + "b").matches("a" * 2000)
    assert time.process_time() - start < 2


KEYS: dict[str, Values] = {
    "aws:username": ("rosa",),
    "aws:PrincipalTag/team": ("*",),
    "aws:TagKeys": ("a", "b"),
    "aws:FederatedProvider": (),
    "aws:SourceVpc": None,
}


@pytest.mark.parametrize(
    ("text", "filled", "fits"),
    [
        ("home/${aws:username}/*", "home/rosa/*", "home/rosa/x"),
        ("home/${ aws:username }", "home/rosa", "home/rosa"),
        ("${aws:PrincipalTag/team}", "*", "*"),
        ("a${*}b${?}c${$}{d}", "a*b?c${d}", "a*b?c${d}"),
        ("${aws:FederatedProvider, 'none'}", "none", "none"),
        ("${aws:FederatedProvider,'*'}", "*", "*"),
        ("${aws:username, 'none'}", "rosa", "rosa"),
        ("an open ${brace", "an open ${brace", "an open ${brace"),
    ],
)
def test_variables_are_filled_in_and_their_values_are_no_wildcards(
    text: str, filled: str, fits: str
) -> None:
    pattern = fill_in(text, KEYS.__getitem__)
    assert isinstance(pattern, Pattern)
    assert pattern.text == filled
    assert pattern.matches(fits)
    assert not pattern.matches("something else")


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("${aws:FederatedProvider}", None),
        ("${aws:TagKeys}", None),
        ("${aws:SourceVpc}", Vague(glob("*"))),
        ("vpc/${aws:SourceVpc, 'x'}/a", Vague(glob("vpc/*/a"))),
    ],
)
def test_a_variable_without_one_known_value_gives_no_pattern(
    text: str, result: Optional[Vague]
) -> None:
    assert fill_in(text, KEYS.__getitem__) == result


def test_variables_exist_since_the_version_of_2012() -> None:
    new, old = (Template("${aws:username}", v) for v in ("2012-10-17", "2008-10-17"))
    assert new.filled(KEYS.__getitem__) == literal("rosa")
    assert old.filled(KEYS.__getitem__) == glob("${aws:username}")


GROUP = "arn:aws:logs:eu-west-1:210987654321:log-group:/ssm:log-stream:a"


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        (GROUP, True),
        ("*", True),
        ("arn:aws:logs:*:*:log-group:/ssm:*", True),
        ("arn:aws:logs:eu-west-?:*:log-group:*:log-stream:a", True),
        ("arn:aws:logs:eu-west-1:210987654321:log-group:/ssm", False),
        ("arn:aws:logs:eu-west-1:210987654321:log-group", False),
        ("arn:aws:logs:eu-west-1:210987654321:*", True),
        ("arn:aws:logs", True),  # incomplete: the rest is as good as *
        ("arn:aws:log", False),
        ("arn:aws:logs:eu-west-2", False),
        ("arn:aws:logs:*:log-group:/ssm:log-stream:a", True),  # a last * reaches over colons
        ("arn:aws:logs:eu-*-1:log-group:/ssm:log-stream:a", False),  # one inside does not
        ("arn:*:log-stream:a", True),
        ("arn:aws:kms:*:*:*", False),
    ],
)
def test_a_resource_is_matched_part_by_part(pattern: str, fits: bool) -> None:
    assert arn_fits(glob(pattern), GROUP) is fits
