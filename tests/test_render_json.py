"""The JSON for programs: one strict schema, equal bytes for equal Reports."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

import ssmdiag.render
from ssmdiag import model
from ssmdiag.render.json import SCHEMA, to_json
from tests.reports.article import ARTICLE, KEY_POLICY
from tests.reports.every import REPORTS
from tests.reports.hostile import SECRETS, hostile

SCHEMA_FILE = Path(ssmdiag.render.__path__[0]) / "report.schema.json"
DESCRIBED: dict[str, Any] = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))


def test_the_schema_is_a_schema_and_names_no_host() -> None:
    Draft202012Validator.check_schema(DESCRIBED)
    assert DESCRIBED["$id"] == "urn:ssmdiag:report:1"
    assert DESCRIBED["properties"]["schema"]["const"] == SCHEMA


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_is_what_the_schema_describes(name: str) -> None:
    Draft202012Validator(DESCRIBED).validate(json.loads(to_json(REPORTS[name])))


def objects(described: Any) -> list[dict[str, Any]]:
    """Every object that the schema describes property by property."""
    if isinstance(described, list):
        return [each for one in described for each in objects(one)]
    if not isinstance(described, dict):
        return []
    own = [described] if isinstance(described.get("properties"), dict) else []
    return own + [each for one in described.values() for each in objects(one)]


def test_the_schema_is_strict_nothing_may_be_added_or_left_out() -> None:
    assert len(objects(DESCRIBED)) > 20
    for described in objects(DESCRIBED):
        assert described["additionalProperties"] is False
        assert described["required"] == list(described["properties"])


def test_closed_sets_are_the_same_in_schema_and_model() -> None:
    kinds = list(model.RESOURCE_KINDS)
    assert DESCRIBED["$defs"]["resourceKind"]["enum"] == kinds
    assert DESCRIBED["$defs"]["resource"]["properties"]["kind"]["enum"] == kinds
    failures = DESCRIBED["$defs"]["failure"]["properties"]["kind"]["enum"]
    assert failures == list(get_args(model.FailureKind))
    policies = DESCRIBED["$defs"]["denial"]["properties"]["policy_type"]["enum"]
    assert policies == [*get_args(model.PolicyType), None]


def test_a_change_tells_its_calls_with_their_parameters() -> None:
    document = json.loads(to_json(ARTICLE))
    assert document["findings"][1]["change"]["calls"] == [
        {
            "service": "kms",
            "operation": "PutKeyPolicy",
            "region": "",
            "parameters": {
                "KeyId": ARTICLE.findings[1].resource.name,
                "Policy": KEY_POLICY,
                "PolicyName": "default",
            },
        }
    ]


def test_a_link_of_the_chain_tells_its_verdict_in_one_word() -> None:
    document = json.loads(to_json(ARTICLE))
    assert [link["verdict"] for link in document["chain"]] == [
        "holds",
        "broken",
        "holds",
        "broken",
        "broken",
        "unverified",
        "not-applicable",
    ]
    assert [link["remedies"][0]["kind"] for link in document["chain"] if link.get("remedies")] == [
        "allow",
        "admit",
        "write",
    ]


def test_equal_reports_give_equal_bytes_in_whatever_order_a_dictionary_was_filled() -> None:
    def asking_for(condition: dict[str, str]) -> model.Report:
        remedy = model.Allow("Node", ("kms:Decrypt",), "*", "SessionKey", condition)
        broken = model.Broken("It may not.", model.Resource("role", "Node"), (), (remedy,))
        return replace(ARTICLE, chain=(model.Checked("a", "A", "permission", broken),))

    one, other = asking_for({"a": "1", "b": "2"}), asking_for({"b": "2", "a": "1"})
    assert one == other
    assert to_json(one) == to_json(other)


def test_times_have_no_zone_because_agent_logs_have_none() -> None:
    document = json.loads(to_json(ARTICLE))
    assert document["period"] == {"first": "2026-02-28T22:14:05", "last": "2026-03-03T02:14:05"}


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_any_text_comes_back_as_it_was_and_shows_nothing_invisible(foreign: str) -> None:
    told = to_json(hostile(foreign))
    assert told.replace("\n", "").isprintable()
    assert told.endswith("}\n")
    assert json.loads(told)["headline"] == foreign


@pytest.mark.parametrize("secret", SECRETS)
def test_credentials_are_masked_without_being_asked(secret: str) -> None:
    assert secret not in to_json(REPORTS["hostile"])
