"""A command of the operator's, started for each message."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from typing import IO, Optional

from ssmdiag.tell.message import Message, line
from ssmdiag.tell.plain import cut, one_line
from ssmdiag.tell.sink import LONGEST, MessageRefusedError, SinkError

EX_DATAERR = 65
"""Exit code by which a command says that it will never take this message (sysexits(3))."""

_LONGEST_SUBJECT = 1000


class CommandSink:
    """Starts the words as they are, without a shell, so that nothing in a message can be run.

    The command reads the document as JSON on its standard input, and finds ``SSMDIAG_KIND``,
    ``SSMDIAG_PRIORITY`` and ``SSMDIAG_SUBJECT`` in its environment. Its standard output is dropped;
    its standard error is this program's.
    """

    def __init__(
        self,
        words: Sequence[str],
        timeout: float = LONGEST,
        environ: Optional[Mapping[str, str]] = None,
    ) -> None:
        self.name = f"exec:{shlex.join(words)}"
        self._words = tuple(words)
        self._timeout = timeout
        self._environ = environ

    def send(self, message: Message) -> None:
        """Raises SinkError if the command cannot be started, fails or does not end in time.

        Then its whole process group is killed. MessageRefusedError if it exits with EX_DATAERR.
        """
        program = one_line(self._words[0])
        try:
            with _paper() as paper:
                paper.write(line(message).encode("ascii") + b"\n")
                paper.seek(0)
                code = self._run(program, paper, message)
        except OSError as error:
            raise SinkError(
                f"{program} cannot be given its input: {error.strerror}; see memory and /tmp"
            ) from None
        if code == EX_DATAERR:
            raise MessageRefusedError(f"{program} does not take the message: it exited with {code}")
        if code > 0:
            raise SinkError(f"{program} exited with {code}; see its standard error, which is ours")
        if code < 0:
            raise SinkError(f"{program} was ended by signal {-code}; see who sent it")

    def _run(self, program: str, paper: IO[bytes], message: Message) -> int:
        try:
            child = subprocess.Popen(  # noqa: S603 - the operator chose it, and no shell reads it
                self._words,
                stdin=paper,
                stdout=subprocess.DEVNULL,
                env=self._environment(message),
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            why = one_line(getattr(error, "strerror", None) or str(error))
            raise SinkError(
                f"{program} cannot be started: {why}; see its path and its mode"
            ) from None
        try:
            return child.wait(self._timeout)
        except subprocess.TimeoutExpired:
            _kill(child)
            raise SinkError(
                f"{program} had not ended after {self._timeout:g} seconds and was killed;"
                " see what it waits for"
            ) from None

    def _environment(self, message: Message) -> dict[str, str]:
        subject = cut(one_line(message.subject), _LONGEST_SUBJECT)
        encoding = sys.getfilesystemencoding()
        return {
            **(os.environ if self._environ is None else self._environ),
            "SSMDIAG_KIND": message.kind,
            "SSMDIAG_PRIORITY": message.priority,
            "SSMDIAG_SUBJECT": subject.encode(encoding, "backslashreplace").decode(encoding),
        }


def _paper() -> IO[bytes]:
    """What the command reads: a file, which neither side can be kept waiting by, unlike a pipe.

    In memory where there is such a thing, since a full disk is news too.
    """
    memfd = getattr(os, "memfd_create", None)
    return os.fdopen(memfd("ssmdiag"), "w+b") if memfd else tempfile.TemporaryFile()


def _kill(child: subprocess.Popen[bytes]) -> None:
    if sys.platform == "win32":
        child.kill()
    else:
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
