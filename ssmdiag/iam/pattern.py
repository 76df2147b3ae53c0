"""The strings of a policy: wildcards and policy variables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Optional, Union

import regex

Values = Optional[tuple[str, ...]]
"""What a context key holds: its values, ``()`` if the request has no such key, None if unknown."""

Lookup = Callable[[str], Values]


@dataclass(frozen=True)
class Pattern:
    """A policy string after its variables were filled in.

    ``wild`` runs beside ``text`` and marks which of its ``*`` and ``?`` are wildcards: those that
    came out of a variable are ordinary characters.
    """

    text: str
    wild: tuple[bool, ...]

    def matches(self, value: str, ignore_case: bool = False) -> bool:
        """Whether ``value`` fits, wildcards at work. Time is at most len(text) x len(value)."""
        text = self.text.lower() if ignore_case else self.text
        value = value.lower() if ignore_case else value
        here = there = 0
        star: Optional[int] = None
        resume = 0
        while there < len(value):
            if here < len(text) and self.wild[here] and text[here] == "*":
                star, resume = here, there
                here += 1
            elif here < len(text) and (
                text[here] == value[there] or (self.wild[here] and text[here] == "?")
            ):
                here, there = here + 1, there + 1
            elif star is not None:
                resume += 1
                here, there = star + 1, resume
            else:
                return False
        return all(wild and char == "*" for char, wild in zip(text[here:], self.wild[here:]))

    def split(self, separator: str, most: int) -> list[Pattern]:
        """The pieces between separators, as ``str.split`` with ``maxsplit`` gives them."""
        pieces = []
        start = 0
        for piece in self.text.split(separator, most):
            end = start + len(piece)
            pieces.append(Pattern(piece, self.wild[start:end]))
            start = end + len(separator)
        return pieces


def literal(text: str) -> Pattern:
    """A Pattern that only ``text`` itself fits."""
    return Pattern(text, (False,) * len(text))


def glob(text: str) -> Pattern:
    """A Pattern whose every ``*`` and ``?`` is a wildcard; ``${`` has no meaning in it."""
    return Pattern(text, tuple(char in "*?" for char in text))


_VARIABLE = regex.compile(r"\$\{(?P<name>[^{},]++)(?:,\s*+'(?P<default>[^'}]*+)')?+\s*+\}")


def fill_in(text: str, lookup: Lookup) -> Union[Pattern, Literal["unknown"], None]:
    """``text`` with its policy variables replaced (IAM User Guide, "Variables and tags").

    A variable without value and without default makes the string fit nothing: None. A key that
    is unknown gives ``"unknown"``. A key with several values cannot be used as a variable: None.
    """
    pieces: list[Pattern] = []
    rest = 0
    for variable in _VARIABLE.finditer(text):
        pieces.append(glob(text[rest : variable.start()]))
        rest = variable.end()
        name = variable["name"].strip()
        if name in ("*", "?", "$"):
            pieces.append(literal(name))
            continue
        values = lookup(name)
        if values is None:
            return "unknown"
        if not values and variable["default"] is not None:
            values = (variable["default"],)
        if len(values) != 1:
            return None
        pieces.append(literal(values[0]))
    pieces.append(glob(text[rest:]))
    return Pattern(
        "".join(piece.text for piece in pieces),
        tuple(mark for piece in pieces for mark in piece.wild),
    )


def read_pattern(
    text: str, version: str, lookup: Lookup
) -> Union[Pattern, Literal["unknown"], None]:
    """``text`` as a policy of ``version`` means it: variables exist only since 2012-10-17."""
    return fill_in(text, lookup) if version == "2012-10-17" else glob(text)
