"""How often, when and where something was seen, in words."""

from __future__ import annotations

from datetime import datetime
from typing import Optional

from ssmdiag.model import Record, Symptom


def sighting(symptom: Symptom) -> str:
    """A Symptom in one sentence: what, how often, where."""
    return f"{symptom.title}: {how_often(symptom)}{where(symptom.sample)}"


def how_often(symptom: Symptom) -> str:
    """How often, when and in which sessions."""
    times = counted(symptom.count, "time")
    return times + when(symptom.first, symptom.last) + _sessions(symptom.sessions)


def when(first: Optional[datetime], last: Optional[datetime]) -> str:
    """From when to when, with a leading comma; empty if not known."""
    if first is None or last is None:
        known = first or last
        return f", at {known:%Y-%m-%d %H:%M:%S}" if known else ""
    if first == last:
        return f", at {first:%Y-%m-%d %H:%M:%S}"
    until = "%H:%M:%S" if first.date() == last.date() else "%Y-%m-%d %H:%M:%S"
    return f", from {first:%Y-%m-%d %H:%M:%S} to {last.strftime(until)}"


def _sessions(sessions: tuple[str, ...]) -> str:
    if not sessions:
        return ""
    shown = ", ".join(sessions[:3])
    more = f" and {len(sessions) - 3:,} more" if len(sessions) > 3 else ""
    return f", in {counted(len(sessions), 'session')}: {shown}{more}"


def where(record: Record) -> str:
    """File and line in brackets, with a leading blank; empty if not known."""
    if not record.file:
        return ""
    place = "standard input" if record.file == "-" else record.file
    return f" ({place} line {record.line})" if record.line else f" ({place})"


def counted(number: int, noun: str) -> str:
    """A number with its noun, in the plural if need be."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
