"""The folder of one sink: a file for each message that waits, and one for what was lost."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Optional

from ssmdiag.tell import loss as losses
from ssmdiag.tell.loss import Loss
from ssmdiag.values import dataclass

_ASIDE = ".aside-"
_LOSS = "lost.json"
_NAME = re.compile(r"(\d{12,})-\w+\.json", re.ASCII)


@dataclass(frozen=True)
class Found:
    """A file of an earlier run. ``data`` is None if it cannot be read or is too big."""

    number: int
    file: Path
    data: Optional[bytes]


class Folder:
    """Files that are written aside and renamed, so that none is ever half a message.

    Nobody but their owner may read them: messages tell what is wrong with a node. Nothing is
    synced to the disk: what a machine that loses power has not written is found as an unreadable
    file, and counted as lost.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def keep(self, number: int, data: bytes) -> Path:
        """Write message ``number``, which stands for its place in the queue. Raises OSError."""
        aside = self._aside(data)
        # The random part tells messages of several programs apart that count alike.
        unique = aside.name[len(_ASIDE) :]
        return aside.replace(self.path / f"{number:012}-{unique}.json")

    def discard(self, file: Path) -> None:
        """Remove a message that needs not be kept any longer. Raises OSError."""
        file.unlink(missing_ok=True)

    def keep_loss(self, loss: Optional[Loss]) -> None:
        """Write down what was lost, or forget it. Raises OSError."""
        if loss is None:
            (self.path / _LOSS).unlink(missing_ok=True)
        else:
            self._aside(losses.encode(loss)).replace(self.path / _LOSS)

    def read(self, longest: int) -> list[Found]:
        """The messages that earlier runs left, in order, none longer than ``longest`` bytes.

        What a run that was killed had begun to write is removed: its caller was never told that
        it was kept. Raises OSError if the folder cannot be read.
        """
        if not self.path.exists():
            return []
        found = []
        for file in sorted(self.path.iterdir()):
            if file.name.startswith(_ASIDE):
                file.unlink(missing_ok=True)
            elif name := _NAME.fullmatch(file.name):
                found.append(Found(int(name.group(1)), file, _data(file, longest)))
        return sorted(found, key=lambda each: each.number)

    def loss(self) -> Optional[Loss]:
        """What earlier runs lost and did not tell. Raises OSError if it cannot be read."""
        try:
            return losses.decode((self.path / _LOSS).read_bytes())
        except FileNotFoundError:
            return None
        except ValueError:
            return Loss(1, "", "", "the count of lost messages could not be read")

    def _aside(self, data: bytes) -> Path:
        self._make()
        handle, name = tempfile.mkstemp(dir=self.path, prefix=_ASIDE)
        aside = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
        except OSError:
            aside.unlink(missing_ok=True)
            raise
        return aside

    def _make(self) -> None:
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if stat.S_IMODE(self.path.stat().st_mode) & 0o077:
            self.path.chmod(0o700)


def others(root: Path, own: Collection[str]) -> dict[Path, int]:
    """The folders in ``root`` not called as in ``own``, with how many messages wait in each.

    Folders that cannot be read, or hold none, are left out.
    """
    waiting = {}
    with contextlib.suppress(OSError):
        for folder in sorted(root.iterdir()):
            with contextlib.suppress(OSError):
                count = sum(_NAME.fullmatch(file.name) is not None for file in folder.iterdir())
                if count and folder.name not in own:
                    waiting[folder] = count
    return waiting


def _data(file: Path, longest: int) -> Optional[bytes]:
    try:
        return None if file.stat().st_size > longest else file.read_bytes()
    except OSError:
        return None
