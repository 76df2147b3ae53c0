"""How words become lines: wrapping, colour, and nothing invisible."""

from __future__ import annotations

import re
import textwrap
from typing import Literal

from ssmdiag.render.scrub import scrub
from ssmdiag.values import dataclass

Style = Literal["plain", "strong", "good", "bad", "doubt", "quiet"]

_SGR = {"strong": "1", "good": "32", "bad": "1;31", "doubt": "33", "quiet": "2"}
_TYPEWRITTEN = str.maketrans(
    {"–": "-", "—": "-", "−": "-", "…": "...", "‘": "'", "’": "'", "“": '"', "”": '"', "→": "->"}
)


@dataclass(frozen=True)
class Layout:
    """A page: its width in columns, and what the reader's terminal can show."""

    width: int = 80
    colour: bool = False
    ascii_only: bool = False

    def paragraph(self, text: str, lead: str = "", style: Style = "plain") -> list[str]:
        """Wrap prose, its first line after ``lead`` and the others below it.

        Identifiers are never parted: a word that is wider than the page stays whole.
        """
        lines = textwrap.wrap(
            self.line(text),
            width=max(self.width - len(lead), 20),
            break_long_words=False,
            break_on_hyphens=False,
        )
        margins = [lead] + [" " * len(lead)] * len(lines)
        painted = [margin + self.paint(line, style) for margin, line in zip(margins, lines)]
        return painted or [lead.rstrip()]

    def verbatim(self, text: str) -> list[str]:
        """Give lines as they are, for copying: neither wrapped, nor indented, nor coloured."""
        return visible(scrub(text), self.ascii_only).split("\n")

    def line(self, text: str) -> str:
        """Give prose as one line, however it was broken before."""
        return visible(re.sub(r"[ \t\n]+", " ", scrub(text)).strip(), self.ascii_only)

    def paint(self, text: str, style: Style) -> str:
        if not self.colour or style == "plain":
            return text
        return f"\x1b[{_SGR[style]}m{text}\x1b[0m"


def visible(text: str, ascii_only: bool = False) -> str:
    r"""Show every character that does not print as an escape: ``\x1b``, ``\u202e``; keep newlines.

    That covers control characters, which drive terminals, and Unicode's format characters, of
    which the bidirectional overrides make text read as something else than it is.
    With ``ascii_only`` typographic characters are typewritten and all others escaped.
    """
    if ascii_only:
        text = text.translate(_TYPEWRITTEN)
    if text.isprintable() and (text.isascii() or not ascii_only):
        return text
    return "".join(
        char
        if char == "\n" or (char.isprintable() and (char.isascii() or not ascii_only))
        else _escape(ord(char))
        for char in text
    )


def _escape(code: int) -> str:
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
