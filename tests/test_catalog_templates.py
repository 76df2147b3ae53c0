"""Unrecognised errors: what varies is named, what is alike is counted together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssmdiag.catalog.templates import (
    MOST_CLUSTERS,
    OVERFLOW,
    Templates,
    looks_like_trouble,
    template,
)
from ssmdiag.model import Record


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("attempt 3 of 5 after 1.5 s", "attempt <number> of <number> after <number> s"),
        ("open /var/lib/amazon/ssm/x.json: denied", "open <path>: denied"),
        (r"open C:\Program\x.json: denied", "open <path>: denied"),
        ("role arn:aws:iam::444455556666:role/x, sorry", "role <arn>, sorry"),
        ("request 5d0c9a1e-4f7b-4f0e-9b6e-0a4c2d8e7f11 failed", "request <uuid> failed"),
        ("node i-0f00ba4c0ffee1234 and mi-0f00ba4c0ffee1234", "node <id> and <id>"),
        ("dial 10.8.0.9:443", "dial <address>"),
        ('Post "https://ssm.eu-central-1.amazonaws.com/": no', 'Post "<url>": no'),
        ("since 2026-03-01 12:00:00.123", "since <time>"),
        ("addr=0x7f30b0e916a0", "addr=<hex>"),
        ("two\n  lines", "two lines"),
    ],
)
def test_variable_parts_are_named(message: str, expected: str) -> None:
    assert template(message) == expected


def test_the_most_frequent_comes_first_and_levels_are_kept_apart() -> None:
    templates = Templates()
    for message, level in (("rare", "WARN"), ("kind 1", "ERROR"), ("kind 2", "ERROR")):
        templates.take(Record(message, level=level))

    clusters = templates.clusters()

    assert [(one.template, one.count, one.level) for one in clusters] == [
        ("kind <number>", 2, "ERROR"),
        ("rare", 1, "WARN"),
    ]
    assert clusters[0].sample.message == "kind 1"


def test_words_that_differ_where_all_others_are_the_same_are_variable() -> None:
    templates = Templates()
    for user in ("alice", "bob", "carol"):
        templates.take(Record(f"Failed to find the home of {user} in 3 tries", level="ERROR"))
    templates.take(Record("Failed to close the door of the house in time", level="ERROR"))

    assert [(one.template, one.count) for one in templates.clusters()] == [
        ("Failed to find the home of <*> in <number> tries", 3),
        ("Failed to close the door of the house in time", 1),
    ]


def test_kinds_without_end_are_counted_under_one_name() -> None:
    templates = Templates()
    for number in range(MOST_CLUSTERS + 50):
        templates.take(
            Record("word" + "abcdefghij"[number % 10] * (number // 10 + 1), level="ERROR")
        )

    clusters = templates.clusters()

    assert len(clusters) == MOST_CLUSTERS + 1
    assert (clusters[0].template, clusters[0].count) == (OVERFLOW, 50)


@pytest.mark.parametrize(
    ("level", "message", "trouble"),
    [
        ("ERROR", "anything", True),
        ("WARN", "anything", True),
        ("INFO", "it failed", False),
        (None, "it failed", True),
        (None, "connection refused", True),
        (None, "i000: Initializing string variable", False),
    ],
)
def test_without_a_level_the_words_tell_trouble(level: str, message: str, trouble: bool) -> None:
    assert looks_like_trouble(level, message) is trouble


@given(st.text())
def test_any_text_has_a_template_of_one_line(message: str) -> None:
    assert len(template(message).splitlines()) <= 1
