"""Text that strangers wrote, made fit for a line, a terminal or a protocol."""

from __future__ import annotations

_CUT = "..."


def printable(text: str) -> str:
    r"""Show every character that does not print as an escape (``\x1b``, ``\u202e``); keep lines.

    That covers control characters, which drive terminals and end records, lone surrogates, which
    no encoding has, and Unicode's format characters, which make text read as what it is not.
    """
    text = text.replace("\r\n", "\n").replace("\t", " ")
    if text.isprintable():
        return text
    return "".join(c if c == "\n" or c.isprintable() else _escape(ord(c)) for c in text)


def one_line(text: str) -> str:
    """The same on one line, however it was broken before."""
    return " ".join(printable(text).split())


def lines(text: str) -> list[str]:
    """The lines that say something, each as ``one_line`` gives it."""
    return [shown for each in text.split("\n") if (shown := one_line(each))]


def ascii_line(text: str, longest: int) -> str:
    """``one_line`` in ASCII, cut to ``longest`` characters."""
    return cut(one_line(text).encode("ascii", "backslashreplace").decode("ascii"), longest)


def cut(text: str, longest: int) -> str:
    """Text of at most ``longest`` bytes of UTF-8, ending in ``...`` if more was there."""
    data = text.encode("utf-8", "backslashreplace")
    if len(data) <= longest:
        return data.decode("utf-8")
    return data[: max(longest - len(_CUT), 0)].decode("utf-8", "ignore") + _CUT


def _escape(code: int) -> str:
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
