"""The strings of a policy: wildcards and policy variables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, lru_cache
from typing import Any, Optional, Union

from ssmdiag.values import dataclass

Values = Optional[tuple[str, ...]]
"""What a context key holds: its values, ``()`` if the request has no such key, None if unknown."""

Lookup = Callable[[str], Values]


class Several(tuple):  # type: ignore[type-arg]
    """The values of a key that may have several, however many it has in this request."""


@dataclass(frozen=True)
class Pattern:
    """A policy string after its variables were filled in.

    ``wild`` runs beside ``text`` and marks which of its ``*`` and ``?`` are wildcards: those that
    came out of a variable are ordinary characters.
    """

    text: str
    wild: tuple[bool, ...]

    def matches(self, value: str) -> bool:
        """Whether ``value`` fits, wildcards at work, in time linear in its length."""
        if self.text == "*" and self.wild[0]:
            return True
        if not self._wildcards:
            return value == self.text
        return _expression(self.text, self.wild).fullmatch(value) is not None

    def split(self, separator: str, most: int) -> list[Pattern]:
        """The pieces between separators, as ``str.split`` with ``maxsplit`` gives them."""
        pieces = []
        start = 0
        for piece in self.text.split(separator, most):
            end = start + len(piece)
            pieces.append(Pattern(piece, self.wild[start:end]))
            start = end + len(separator)
        return pieces

    @property
    def ends_open(self) -> bool:
        """Whether its last character is a wildcard ``*``."""
        return self.text.endswith("*") and self.wild[-1]

    @cached_property
    def arn_parts(self) -> tuple[Pattern, ...]:
        """Its up to six parts as those of an ARN."""
        return tuple(self.split(":", 5))

    @cached_property
    def reaches_over_colons(self) -> bool:
        """Whether a ``*`` ends one of those parts but the last."""
        return any(part.ends_open for part in self.arn_parts[:-1])

    @cached_property
    def _wildcards(self) -> bool:
        return any(self.wild)


@lru_cache(maxsize=4096)
def _expression(text: str, wild: tuple[bool, ...]) -> Any:
    # No start of the program should wait for it that judges no policy.
    import regex

    # What stands between two stars matches where it first can, for ever: so no search of a
    # policy's making takes more than linear time.
    first, *rest = ("".join(chunk) for chunk in _chunks(text, wild))
    middle = "".join(f"(?>.*?{chunk})" for chunk in rest[:-1] if chunk)
    last = f".*{rest[-1]}" if rest else ""
    return regex.compile(first + middle + last, regex.DOTALL)


def _chunks(text: str, wild: tuple[bool, ...]) -> Iterator[list[str]]:
    """The expressions of what stands between the stars."""
    chunk: list[str] = []
    for char, is_wild in zip(text, wild):
        if is_wild and char == "*":
            yield chunk
            chunk = []
        else:
            chunk.append("." if is_wild else re.escape(char))
    yield chunk


@dataclass(frozen=True)
class Vague:
    """A policy string with a variable whose value is not known; ``widest`` covers all it can be."""

    widest: Pattern


Filled = Union[Pattern, Vague, None]
"""A policy string with its variables replaced; None if it can fit nothing."""


def literal(text: str) -> Pattern:
    """A Pattern that only ``text`` itself fits."""
    return Pattern(text, (False,) * len(text))


def glob(text: str) -> Pattern:
    """A Pattern whose every ``*`` and ``?`` is a wildcard; ``${`` has no meaning in it."""
    return Pattern(text, tuple(char in "*?" for char in text))


_VARIABLE = r"\$\{(?P<name>[^{},]+)(?:,\s*'(?P<default>[^'}]*)'\s*)?\}"


@dataclass(frozen=True)
class Template:
    """A policy string as it is written. Variables exist only since version 2012-10-17."""

    text: str
    version: str

    def filled(self, lookup: Lookup) -> Filled:
        """The string with its policy variables replaced.

        A variable without value and without default makes the string fit nothing, and so does a key
        that may have several values: it cannot be used as a variable. Source: IAM User Guide, "IAM
        policy elements: Variables and tags".
        """
        return self._plain or fill_in(self.text, lookup)

    @cached_property
    def _plain(self) -> Optional[Pattern]:
        has_variables = self.version == "2012-10-17" and "${" in self.text
        return None if has_variables else glob(self.text)


def fill_in(text: str, lookup: Lookup) -> Filled:
    """``text`` with its policy variables replaced; see ``Template.filled``."""
    pieces: list[Pattern] = []
    rest = 0
    vague = False
    for variable in re.finditer(_VARIABLE, text):
        pieces.append(glob(text[rest : variable.start()]))
        rest = variable.end()
        name = variable["name"].strip()
        if name in ("*", "?", "$"):
            pieces.append(literal(name))
            continue
        values = lookup(name)
        if values is None:
            vague = True
            pieces.append(glob("*"))
            continue
        if not values and variable["default"] is not None:
            values = (variable["default"],)
        if len(values) != 1 or isinstance(values, Several):
            return None
        pieces.append(literal(values[0]))
    pieces.append(glob(text[rest:]))
    whole = Pattern(
        "".join(piece.text for piece in pieces),
        tuple(mark for piece in pieces for mark in piece.wild),
    )
    return Vague(whole) if vague else whole


def arn_fits(pattern: Pattern, resource: str) -> bool:
    """Whether a Resource of a policy covers ``resource``, an ARN or ``*``.

    The parts between colons are matched one by one. Parts that are missing at the end stand for
    ``*``; a ``*`` at the end of a part may reach over colons (IAM User Guide, "IAM JSON policy
    elements: Resource": wildcards in resource ARNs, incomplete ARNs).
    """
    wanted, seen = pattern.arn_parts, resource.split(":", 5)
    if len(wanted) == 1 or len(seen) < 6:
        return pattern.matches(resource)
    if all(part.matches(text) for part, text in zip(wanted, seen)):
        return True
    return pattern.reaches_over_colons and _parts_fit(wanted, resource.split(":"))


def _parts_fit(wanted: Sequence[Pattern], seen: Sequence[str]) -> bool:
    """Whether the parts fit when a ``*`` that ends one may take several of those seen."""
    first, *rest = wanted
    if not rest:
        return first.matches(":".join(seen))
    reach = len(seen) - 1 if first.ends_open else min(1, len(seen) - 1)
    return any(
        first.matches(":".join(seen[:taken])) and _parts_fit(rest, seen[taken:])
        for taken in range(1, reach + 1)
    )
