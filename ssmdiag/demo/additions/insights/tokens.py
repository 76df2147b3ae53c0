"""The words of a Logs Insights query, with their places, for the language of its commands.

CloudWatch Logs User Guide, "CloudWatch Logs Insights language query syntax".
"""

from __future__ import annotations

import re
from typing import Literal, NoReturn

from ssmdiag.values import dataclass

Kind = Literal["name", "number", "period", "string", "regex", "sign", "end"]


class MalformedQueryError(ValueError):
    """A query that CloudWatch Logs does not compile; its text is what AWS answers."""


@dataclass(frozen=True)
class Token:
    """One word of a query and where it stands."""

    kind: Kind
    text: str
    start: int
    end: int

    @property
    def word(self) -> str:
        """The keyword or sign that this may be; keywords and functions have no case."""
        return self.text.lower() if self.kind in ("name", "sign") else ""


_PART = r"(?:`[^`\n]+`|[\w@]+)"
_TOKEN = re.compile(
    rf"""(?:\s|\#[^\n]*)*(?:
      (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<period>\d+[A-Za-z]+\b)
    | (?P<number>\d+(?:\.\d+)?)
    | (?P<name>(?:`[^`\n]+`|[A-Za-z_@][\w@]*)(?:\.{_PART})*)
    | (?P<sign>!=|<=|>=|=~|[|,()\[\]=<>+*/%^-])
    | (?P<end>\Z)
    )""",
    re.VERBOSE | re.DOTALL,
)
_REGEX = re.compile(r"\s*(?P<regex>/(?:[^/\\\n]|\\.)+/)")


def tokens_of(query: str) -> list[Token]:
    """The query's tokens, the last of which is its end."""
    found: list[Token] = []
    at = 0
    while not found or found[-1].kind != "end":
        match = (_REGEX.match(query, at) if _regex_may_follow(found) else None) or _TOKEN.match(
            query, at
        )
        if match is None:
            blank = re.compile(r"\s*").match(query, at)
            unexpected(query, blank.end() if blank else at)
        kind: Kind = match.lastgroup  # type: ignore[assignment]
        found.append(Token(kind, match.group(kind), match.start(kind), match.end(kind)))
        at = match.end()
    return found


def _regex_may_follow(found: list[Token]) -> bool:
    # A slash is a division, but for these places.
    words = ["|", *(token.word for token in found[-3:])]
    return words[-1] in ("like", "=~") or words[-3:-1] == ["|", "parse"]


def unexpected(query: str, start: int, found: str = "") -> NoReturn:
    """Refuse the query because of what stands at ``start``, in the words that AWS has for it."""
    line = query.count("\n", 0, start)
    position = start - (query.rfind("\n", 0, start) + 1)
    symbol = found or query[start : start + 1] or "<EOF>"
    raise MalformedQueryError(
        f"unexpected symbol found {symbol} at line {line + 1} and position {position}"
    )


def field_name(text: str) -> str:
    """A field's name without the backticks that special characters ask for."""
    return text.replace("`", "")


def string_value(text: str) -> str:
    """What a string in quotes says; a backslash takes a quote's or a backslash's meaning away."""
    return re.sub(r"\\([\"'\\])", r"\1", text[1:-1])
