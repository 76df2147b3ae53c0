"""The account of one run: what was read and what was asked."""

from __future__ import annotations

from collections import Counter
from typing import Literal

from ssmdiag.model import Report, SourceFile
from ssmdiag.render.layout import Layout
from ssmdiag.render.sightings import counted, when

_ANSWERS: tuple[Literal["known", "absent", "denied", "unreachable"], ...] = (
    "known",
    "absent",
    "denied",
    "unreachable",
)


def account_lines(layout: Layout, report: Report) -> list[str]:
    """Files and Calls, and every file that could not be read."""
    told = "; ".join(part for part in (_read(report), _harmless(report), _asked(report)) if part)
    lines = layout.paragraph(f"{told}.", style="quiet")
    for source in report.sources:
        if source.problem:
            lines += layout.paragraph(f"{source.path}: {source.problem}", lead="  ? ")
    return lines


def _read(report: Report) -> str:
    if not report.sources:
        return "Read no log"
    files = counted(len(report.sources), "file")
    return f"Read {files}{_share(report.sources)}{when(*report.period)}"


def _share(sources: tuple[SourceFile, ...]) -> str:
    read = sum(source.bytes_read for source in sources)
    total = sum(source.bytes_total for source in sources)
    return (
        f", {read:,} of {counted(total, 'byte')}" if read < total else f", {counted(read, 'byte')}"
    )


def _harmless(report: Report) -> str:
    return f"{counted(report.benign, 'record')} known to be harmless" if report.benign else ""


def _asked(report: Report) -> str:
    if not report.calls:
        return "made no calls"
    answers = Counter(asked.answer for asked in report.calls)
    told = ", ".join(f"{answers[kind]:,} {kind}" for kind in _ANSWERS if answers[kind])
    return f"made {counted(len(report.calls), 'call')}: {told}"
