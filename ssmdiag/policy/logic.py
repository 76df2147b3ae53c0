"""Three-valued logic: True, False, and None for what cannot be known (Kleene's strong tables)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Optional

Truth = Optional[bool]


def all_of(values: Iterable[Truth]) -> Truth:
    """False if any is False, else None if any is unknown, else True (also of nothing)."""
    seen = set(values)
    if False in seen:
        return False
    return None if None in seen else True


def any_of(values: Iterable[Truth]) -> Truth:
    """True if any is True, else None if any is unknown, else False (also of nothing)."""
    seen = set(values)
    if True in seen:
        return True
    return None if None in seen else False


def negate(value: Truth) -> Truth:
    """The opposite; what is unknown stays so."""
    return None if value is None else not value
