"""One line of the benchmark's table."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Callable, Optional

ROUNDS = 7


@dataclass(frozen=True)
class Row:
    """What was measured, on both sides if there are two."""

    what: str
    ours: float
    theirs: Optional[float] = None
    unit: str = "ms"
    bound: Optional[float] = None
    """The most that ``ours`` (or, with ``theirs``, their ratio) may be."""

    @property
    def ratio(self) -> Optional[float]:
        return None if self.theirs is None else self.ours / self.theirs

    @property
    def kept(self) -> Optional[bool]:
        """Is the bound kept? None if there is none."""
        measured = self.ours if self.ratio is None else self.ratio
        return None if self.bound is None else measured <= self.bound


def in_turn(*sides: Callable[[], float], rounds: int = ROUNDS) -> tuple[float, ...]:
    """Run each side in turn, ``rounds`` times; the median of what each returns."""
    found = [[side() for side in sides] for _ in range(rounds)]
    return tuple(statistics.median(column) for column in zip(*found))


def took(command: Sequence[str], environ: dict[str, str]) -> float:
    """Milliseconds that a process takes, its start included; its output is thrown away."""
    start = time.perf_counter()
    subprocess.run(  # noqa: S603
        command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
    )
    return (time.perf_counter() - start) * 1000
