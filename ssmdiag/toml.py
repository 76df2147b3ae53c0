"""TOML, and its small tables read strictly: what is wrong is a ValueError of one line."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence, Set
from typing import Any, Optional


def parse_toml(text: str) -> dict[str, Any]:
    """The document in ``text``, by the parser that this Python has. Raises ValueError."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    document: dict[str, Any] = tomllib.loads(text)
    return document


def only(table: Mapping[str, Any], keys: Set[str]) -> None:
    """Raise ValueError if the table has other keys than ``keys``."""
    unknown = sorted(set(table) - keys)
    if unknown:
        raise ValueError(f"unknown: {', '.join(unknown)}")


def word(table: Mapping[str, Any], key: str, default: Optional[str] = None) -> str:
    """The text under ``key``, which is not blank. Raises ValueError."""
    value = table.get(key, default)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{key} must be a text")
    return value


def one_of(
    table: Mapping[str, Any], key: str, allowed: Sequence[str], default: Optional[str] = None
) -> str:
    """The text under ``key``, which is one of those allowed. Raises ValueError."""
    value = word(table, key, default)
    if value not in allowed:
        raise ValueError(f"{key}: {value!r} is none of {', '.join(allowed)}")
    return value
