"""The door that Requirements hold: no Call is made twice, independent ones run side by side."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from typing import Callable, TypeVar, Union

from ssmdiag.model import AskedCall
from ssmdiag.world.call import Absent, Answer, Call, Denied, Known, Unreachable

Door = Callable[[Call], Answer]
Item = TypeVar("Item")
Result = TypeVar("Result")

_SIDE_BY_SIDE = 8


class Asking:
    """An ``Ask`` over any door. It remembers every Answer, which makes it a Snapshot to be."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._lock = threading.Lock()
        self._futures: dict[Call, Future[Answer]] = {}

    def __call__(self, question: Call, /) -> Answer:
        with self._lock:
            future = self._futures.get(question)
            mine = future is None
            if future is None:
                future = self._futures[question] = Future()
        if mine:
            try:
                future.set_result(self._door(question))
            except BaseException as error:
                future.set_exception(error)
        return future.result()

    def all(self, questions: Sequence[Call], /) -> list[Answer]:
        if len(questions) < 2:
            return [self(question) for question in questions]
        return side_by_side(self, questions, _SIDE_BY_SIDE)

    @property
    def answers(self) -> Mapping[Call, Answer]:
        """Every Call made so far with its Answer, in a stable order."""
        with self._lock:
            done = {c: f.result() for c, f in self._futures.items() if f.done()}
        return dict(sorted(done.items(), key=lambda item: str(item[0])))


def account(answers: Mapping[Call, Answer]) -> tuple[AskedCall, ...]:
    """The account of Calls that a Report carries."""
    return tuple(_told(question, answer) for question, answer in answers.items())


def _told(question: Call, answer: Answer) -> AskedCall:
    if isinstance(answer, Known):
        return AskedCall(str(question), "known")
    if isinstance(answer, Absent):
        return AskedCall(str(question), "absent", answer.why)
    if isinstance(answer, Denied):
        return AskedCall(str(question), "denied", answer.denial.message)
    return AskedCall(str(question), "unreachable", answer.why)


def side_by_side(
    work: Callable[[Item], Result], items: Sequence[Item], at_once: int
) -> list[Result]:
    """What ``work`` makes of each item, in their order; its first error is raised here.

    Whoever interrupts the program waits for none of them: that is what a pool of threads does.
    """
    futures: list[Future[Result]] = [Future() for _ in items]
    waiting = list(zip(items, futures))[::-1]

    def run() -> None:
        while True:
            try:
                item, future = waiting.pop()
            except IndexError:
                return
            try:
                future.set_result(work(item))
            except BaseException as error:
                future.set_exception(error)

    for _ in range(min(at_once, len(items))):
        threading.Thread(target=run, daemon=True).start()
    return [future.result() for future in futures]


def until(door: Door, seconds: float) -> Door:
    """A door with one deadline, ``seconds`` from now, for all that is asked of it."""
    end = time.monotonic() + seconds

    def ask(question: Call) -> Answer:
        left = end - time.monotonic()
        if left <= 0:
            return Unreachable(f"the {seconds:g} seconds for everything together were over")
        return within(left, lambda: door(question))

    return ask


def within(seconds: float, work: Callable[[], Answer]) -> Answer:
    """What ``work`` answers, or ``Unreachable`` if it takes longer; its errors are raised here."""
    # A daemon thread, since a pool would wait at exit for a Call that hangs.
    box: queue.Queue[Union[Answer, BaseException]] = queue.Queue(1)

    def run() -> None:
        try:
            box.put(work())
        except BaseException as error:
            box.put(error)

    threading.Thread(target=run, daemon=True).start()
    try:
        result = box.get(timeout=seconds)
    except queue.Empty:
        return Unreachable(f"no answer within {seconds:.3g} seconds")
    if isinstance(result, BaseException):
        raise result
    return result


def nothing(why: str) -> Door:
    """A door that answers nothing (``--offline``), and says why."""

    def door(question: Call) -> Answer:
        del question
        return Unreachable(why)

    return door


def first_of(routes: Iterable[tuple[str, Door]], otherwise: Door) -> Door:
    """One door out of several, chosen by the Call's service."""
    by_service = dict(routes)

    def door(question: Call) -> Answer:
        return by_service.get(question.service, otherwise)(question)

    return door
