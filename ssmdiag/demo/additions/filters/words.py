"""Reading filter patterns: tokens, and conditions joined by ``&&`` and ``||``."""

from __future__ import annotations

import re
from typing import Any, Callable, Optional

from ssmdiag.demo.additions.filters.values import PatternError

Condition = Callable[[Any], bool]

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<string>"(?:[^"\\]|\\.)*")
    | (?P<regex>%[^%]*%)
    | (?P<selector>\$(?:\.?\[(?:\d+|\*|'[^']*'|"[^"]*")\]|\.[\w-]+|\.\*)+)
    | (?P<sign>&&|\|\||<=|>=|!=|[=<>(),]|\.\.\.)
    | (?P<word>[^\s()&|=!<>,"%$]+)
    )""",
    re.VERBOSE,
)


class Tokens:
    """The tokens of a pattern, each a kind and its text, to be taken from the front."""

    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        at = 0
        while text[at:].strip():
            match = _TOKEN.match(text, at)
            if match is None:
                raise PatternError
            self._tokens.append((match.lastgroup or "", match.group(match.lastgroup or 0)))
            at = match.end()
        self._at = 0
        self.regexes = sum(kind == "regex" for kind, _ in self._tokens)

    @property
    def kind(self) -> Optional[str]:
        """Kind of the next token; None at the end."""
        return self._tokens[self._at][0] if self._at < len(self._tokens) else None

    def comes(self, *texts: str) -> bool:
        """Whether the next token is a sign or word out of ``texts``."""
        return self.kind in ("sign", "word") and self._tokens[self._at][1] in texts

    def take(self, *kinds: str) -> str:
        """Take the next token, which must be of one of these kinds."""
        if self.kind is None or self.kind not in kinds:
            raise PatternError
        self._at += 1
        return self._tokens[self._at - 1][1]

    def skip(self, text: str) -> bool:
        """Take the next token if it is this sign or word."""
        found = self.comes(text)
        self._at += found
        return found


def conditions(tokens: Tokens, one: Callable[[Tokens], Condition]) -> Condition:
    """Read conditions, each by ``one``, in the order ``()``, then ``&&``, then ``||``."""
    either = [_both(tokens, one)]
    while tokens.skip("||"):
        either.append(_both(tokens, one))
    return lambda event: any(condition(event) for condition in either)


def _both(tokens: Tokens, one: Callable[[Tokens], Condition]) -> Condition:
    every = [_single(tokens, one)]
    while tokens.skip("&&"):
        every.append(_single(tokens, one))
    return lambda event: all(condition(event) for condition in every)


def _single(tokens: Tokens, one: Callable[[Tokens], Condition]) -> Condition:
    if not tokens.skip("("):
        return one(tokens)
    inner = conditions(tokens, one)
    if not tokens.skip(")"):
        raise PatternError
    return inner
