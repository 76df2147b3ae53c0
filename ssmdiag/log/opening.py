"""One file → its bytes, unpacked and as UTF-8, and the account of what was read of it."""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Optional, cast

from ssmdiag.log import files, layout, period
from ssmdiag.log.files import LogFile
from ssmdiag.log.records import CHUNK, Read
from ssmdiag.model import SourceFile
from ssmdiag.values import dataclass

_HEAD = 64 << 10
_GZIP = b"\x1f\x8b"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass
class Account:
    """What became of one file so far. Bytes are those of the file, before unpacking."""

    file: LogFile
    bytes_read: int = 0
    bytes_total: int = 0
    plain: bool = False
    problem: Optional[str] = None

    def source(self) -> SourceFile:
        return SourceFile(self.file.path, self.bytes_read, self.bytes_total, self.problem)


@contextmanager
def opened(account: Account, stdin: Optional[BinaryIO] = None, start: int = 0) -> Iterator[Read]:
    """Open the account's file for one pass; ``start`` only if it is plain.

    What goes wrong, now or later, ends the reading and stands in ``account.problem``; only the
    caller's own errors are raised. Standard input is left open.
    """
    if stdin is not None and account.file.path == files.STDIN:
        yield _reader(_Tap(stdin, account), account)
        account.bytes_total = account.bytes_read
        return
    with ExitStack() as stack:
        try:
            raw = stack.enter_context(Path(account.file.path).open("rb", buffering=0))
            account.bytes_total = raw.seek(0, 2)
            raw.seek(start)
        except OSError as error:
            account.problem = files.in_words(error)
            yield _nothing
        else:
            yield _reader(_Tap(cast(BinaryIO, raw), account), account)


@dataclass(frozen=True)
class Look:
    """What a first look at a file says."""

    size: int = 0
    plain: bool = False
    """Whether places in the file are places in the text, so that it can be bisected."""
    oldest: Optional[datetime] = None


def look(file: LogFile) -> Look:
    """Look at the beginning of a file. Standard input can be read but once and says nothing."""
    if file.path == files.STDIN:
        return Look()
    account = Account(file)
    with opened(account) as read:
        oldest = period.oldest(read(_HEAD))
        return Look(account.bytes_total, account.plain, oldest)


def newest(file: LogFile, plain: bool) -> Optional[datetime]:
    """Time of the newest Record: from the end of a plain file, through the whole of another."""
    if file.path == files.STDIN:
        return None
    if plain:
        return _newest_at_the_end(file)
    last: list[datetime] = []
    with opened(Account(file)) as read:
        tail = b"\n"
        while chunk := read(CHUNK):
            last = [moment for _, moment in layout.stamps(tail + chunk)] or last
            tail = chunk[-layout.LONGEST_HEADER :]
    return period.newest_of(last)


def start_of(file: LogFile, since: datetime) -> int:
    """Where to begin to read a plain file for what is of ``since`` or later; 0 if in doubt."""
    try:
        with Path(file.path).open("rb") as raw:
            return period.start_of(raw, raw.seek(0, 2), since)
    except OSError:
        return 0


def _newest_at_the_end(file: LogFile) -> Optional[datetime]:
    try:
        with Path(file.path).open("rb") as raw:
            return period.newest(raw, raw.seek(0, 2))
    except OSError:
        return None


class _Tap:
    """A file that counts what is read of it and of which the beginning can be looked at first."""

    def __init__(self, raw: BinaryIO, account: Account) -> None:
        self._raw = raw
        self._account = account
        self._ahead = b""

    def peek(self, size: int) -> bytes:
        while len(self._ahead) < size and (more := self._read(size - len(self._ahead))):
            self._ahead += more
        return self._ahead

    def read(self, size: int) -> bytes:
        ahead, self._ahead = self._ahead, b""
        return ahead + self._read(size - len(ahead))

    def _read(self, size: int) -> bytes:
        data = self._raw.read(size)
        self._account.bytes_read += len(data)
        return data


def _reader(tap: _Tap, account: Account) -> Read:
    try:
        beginning = tap.peek(2)
    except OSError as error:
        account.problem = files.in_words(error)
        return _nothing
    account.plain = not beginning.startswith((_GZIP, *_UTF16))
    read: Read = tap.read
    if beginning.startswith(_GZIP):
        # read1 hands out what could be unpacked before the damage, read would throw it away
        read = gzip.GzipFile(fileobj=cast(BinaryIO, tap)).read1
    elif beginning.startswith(_UTF16):
        read = _utf8(read)
    return _text_only(_guarded(read, account), account)


def _utf8(read: Read) -> Read:
    """What Windows' redirection wrote as UTF-16, as UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-16")("replace")

    def read_utf8(size: int) -> bytes:
        while data := read(size):
            if text := decoder.decode(data):
                return text.encode("utf-8", "replace")
        return decoder.decode(b"", final=True).encode()

    return read_utf8


def _guarded(read: Read, account: Account) -> Read:
    def read_guarded(size: int) -> bytes:
        if account.problem:
            return b""
        try:
            return read(size)
        except (EOFError, zlib.error, gzip.BadGzipFile):
            account.problem = "the compressed data is damaged or incomplete: read up to there"
        except OSError as error:
            account.problem = files.in_words(error)
        return b""

    return read_guarded


def _text_only(read: Read, account: Account) -> Read:
    """End at once if the file begins like anything but text.

    A log that the host tore by losing power may hold NULs as well, but has headers before them.
    """
    judged = False

    def read_text(size: int) -> bytes:
        nonlocal judged
        data = read(size)
        if not judged and b"\0" in data and not layout.START.search(b"\n" + data):
            account.problem = "binary data, not a log"
            return b""
        judged = judged or bool(data)
        return data

    return read_text


def _nothing(_size: int) -> bytes:
    return b""
