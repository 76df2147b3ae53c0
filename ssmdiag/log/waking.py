"""Waiting until something happens to the logs: by file system events, or else by looking.

Events come from watchdog (inotify, FSEvents, ReadDirectoryChangesW). Some file systems give none
(NFS, CIFS), and the number of watches is limited; so the folders are looked at now and then in any
case, and where that finds what no event told, looking is what goes on.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Optional

_LOOKS = 0.2
"""Seconds between two looks where there are no events."""
_CHECKS = 5.0
"""Seconds between two looks where there are."""


class Waker:
    """Wakes whoever waits when something changes in ``folders``, which may come and go."""

    def __init__(self, folders: Sequence[str]) -> None:
        self._folders = [Path(folder) for folder in folders]
        self._woken = threading.Event()
        self._observer: Any = None
        self._without: Optional[str] = None
        self._seen = self._signature()
        self._watched: list[tuple[int, int]] = []
        self._observe()

    @property
    def how(self) -> str:
        """How changes are noticed, in words."""
        if self._observer is not None:
            return f"file system events ({type(self._observer).__name__})"
        return f"a look every {_LOOKS:g} s ({self._without or 'there is no folder to watch yet'})"

    def wake(self) -> None:
        """End the wait at once, from wherever."""
        self._woken.set()

    def wait(self, seconds: float) -> bool:
        """Wait for a change, at most so long. False if the time passed without one."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            step = _CHECKS if self._observer is not None else _LOOKS
            if self._woken.wait(min(left, step)):
                self._woken.clear()
                self._seen = self._signature()
                return True
            if self._looks_changed():
                return True
        return False

    def close(self) -> None:
        """Stop watching."""
        if self._observer is not None:
            self._observer.stop()
            self._observer.join()
            self._observer = None

    def _looks_changed(self) -> bool:
        now = self._signature()
        changed, self._seen = now != self._seen, now
        if self._present() != self._watched:
            # A folder came, went, or is another one of the same name: watches hold on to the old.
            self._observe()
            return True
        if changed and self._observer is not None and not self._woken.is_set():
            self._give_up("this file system gives no events")
        return changed

    def _observe(self) -> None:
        self.close()
        self._watched = self._present()
        if not self._watched or self._without:
            return
        from watchdog.events import FileSystemEventHandler
        from watchdog.observers import Observer

        waker = self

        class Handler(FileSystemEventHandler):
            """Reading a log opens and closes it: those events mean nothing."""

            def on_created(self, event: Any) -> None:
                del event
                waker.wake()

            on_modified = on_moved = on_deleted = on_created

        try:
            observer = Observer()
            for folder in self._folders:
                if folder.is_dir():
                    observer.schedule(Handler(), str(folder), recursive=False)
            observer.start()
        except OSError as error:
            self._give_up(f"no watch can be set: {error.strerror or error}")
            return
        self._observer = observer

    def _give_up(self, why: str) -> None:
        self._without = why
        self.close()

    def _present(self) -> list[tuple[int, int]]:
        found = []
        for folder in self._folders:
            try:
                status = folder.stat()
            except OSError:
                continue
            found.append((status.st_dev, status.st_ino))
        return found

    def _signature(self) -> list[tuple[str, int, int, float]]:
        found = []
        for folder in self._folders:
            try:
                for entry in os.scandir(folder):
                    status = entry.stat()
                    found.append((entry.path, status.st_ino, status.st_size, status.st_mtime))
            except OSError:
                continue
        return sorted(found)
