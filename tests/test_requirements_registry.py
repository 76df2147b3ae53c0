"""Which Requirements there are, and where."""

from __future__ import annotations

import json
import os
from pathlib import Path

from ssmdiag.requirements import registry

PLACES = Path(registry.__file__).with_name("places.json")


def test_the_list_of_places_is_what_is_found() -> None:
    text = json.dumps(registry.places(), indent=0) + "\n"
    if os.environ.get("SSMDIAG_REGENERATE"):
        PLACES.write_text(text, "utf-8")
    assert PLACES.read_text("utf-8") == text


def test_a_few_are_found_as_all_are() -> None:
    everything = registry.discover()
    few = {"role/kms-decrypt", "local/disk", "network/kms"}
    assert registry.discover(few) == tuple(r for r in everything if r.id in few)
    assert registry.discover(registry.places().keys()) == everything


def test_no_two_have_the_same_id() -> None:
    ids = [requirement.id for requirement in registry.discover()]
    assert len(ids) == len(set(ids))
