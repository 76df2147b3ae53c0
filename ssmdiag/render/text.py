"""Report → text for a person: what is wrong, then why, then exactly what to type."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Literal, Optional

from ssmdiag.model import (
    Broken,
    Checked,
    Cluster,
    Finding,
    Holds,
    NotApplicable,
    Record,
    Report,
    Resource,
    SourceFile,
    Symptom,
    Unverified,
    Verdict,
)
from ssmdiag.render.brief import brief
from ssmdiag.render.layout import Layout, Style

Section = list[str]

_MOOD: dict[str, Style] = {"ok": "good", "broken": "bad", "unverified": "doubt"}
_ANSWERS: tuple[Literal["known", "absent", "denied", "unreachable"], ...] = (
    "known",
    "absent",
    "denied",
    "unreachable",
)
_BODY = "   "
_LABEL = 11


def text(
    report: Report,
    *,
    width: int = 80,
    colour: bool = False,
    ascii_only: bool = False,
    terminal: bool = True,
) -> str:
    """Tell the whole Report, the most needed first, wrapped at ``width`` columns.

    Commands are never wrapped, indented or coloured, so that they can be copied as they stand.
    Every mark has its word beside it: the text reads the same without colour and, with
    ``ascii_only``, without any character beyond ASCII. If it does not go to a ``terminal``, it may
    be cut off on its way, therefore ``brief`` goes first.
    """
    layout = Layout(width, colour, ascii_only)
    sections = [
        _opening(layout, report),
        *(_finding(layout, number, each) for number, each in enumerate(report.findings, start=1)),
        _chain(layout, report),
        _symptoms(layout, "Seen in the log, but what they point to holds now", report.past),
        _symptoms(layout, "Seen in the log, and explained by nothing above", report.unexplained),
        _unrecognised(layout, report.unrecognised),
        _symptoms(layout, "Looks like trouble, and is harmless", report.noise),
        _notes(layout, report.notes),
        _account(layout, report),
    ]
    whole = "\n\n".join("\n".join(section) for section in sections if section) + "\n"
    if terminal or not report.findings:
        return whole
    return f"{brief(report, ascii_only=ascii_only)}\n{'-' * width}\n\n{whole}"


def _opening(layout: Layout, report: Report) -> Section:
    node = ", ".join(f"{name} {value}" for name, value in report.node)
    return [
        *layout.paragraph(report.headline, style=_MOOD[report.verdict]),
        *(layout.paragraph(node, style="quiet") if node else []),
    ]


# --- findings -----------------------------------------------------------------------------------


def _finding(layout: Layout, number: int, finding: Finding) -> Section:
    doubt = "Could not verify: " if finding.verdict == "unverified" else ""
    return [
        *layout.paragraph(doubt + finding.said, lead=f"{number}. ", style="strong"),
        "",
        *_labelled(layout, "Why", finding.evidence),
        *_labelled(layout, "Seen", [_sighting(symptom) for symptom in finding.symptoms]),
        *_labelled(layout, "Suspects", [_named(suspect) for suspect in finding.suspects]),
        *_labelled(layout, "To settle", finding.settle),
        *_fix(layout, finding),
    ]


def _named(resource: Resource) -> str:
    return f"{resource.kind} {resource.name}".rstrip()


def _fix(layout: Layout, finding: Finding) -> Iterator[str]:
    change = finding.change
    remedy = "If so" if finding.verdict == "unverified" else "Fix"
    if change:
        yield from _labelled(layout, remedy, [change.summary])
        yield from _labelled(layout, "Run by", [change.actor] if change.actor else [])
        yield ""
        for command in change.commands:
            yield from layout.verbatim(command)
        yield ""
    yield from _labelled(layout, "Also" if change else remedy, finding.advice)
    if finding.proof:
        label = "Proved" if finding.proof.proved else "Not proved"
        yield from _labelled(layout, label, [finding.proof.said])


def _labelled(layout: Layout, label: str, texts: Sequence[str]) -> Iterator[str]:
    margin = _BODY + " " * _LABEL
    bullet = "- " if len(texts) > 1 else ""
    for position, each in enumerate(texts):
        lines = layout.paragraph(each, lead=margin + bullet)
        if position == 0:
            name = layout.paint(label, "quiet") + " " * (_LABEL - len(label))
            lines[0] = _BODY + name + lines[0][len(margin) :]
        yield from lines


# --- what was seen ------------------------------------------------------------------------------


def _sighting(symptom: Symptom) -> str:
    return f"{symptom.title}: {_how_often(symptom)}{_where(symptom.sample)}"


def _how_often(symptom: Symptom) -> str:
    times = _counted(symptom.count, "time")
    return times + _when(symptom.first, symptom.last) + _sessions(symptom.sessions)


def _when(first: Optional[datetime], last: Optional[datetime]) -> str:
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
    return f", in {_counted(len(sessions), 'session')}: {shown}{more}"


def _where(record: Record) -> str:
    if not record.file:
        return ""
    place = "standard input" if record.file == "-" else record.file
    return f" ({place} line {record.line})" if record.line else f" ({place})"


def _symptoms(layout: Layout, heading: str, symptoms: tuple[Symptom, ...]) -> Section:
    lines = [layout.paint(heading, "strong")] if symptoms else []
    for symptom in symptoms:
        lines += layout.paragraph(f"{symptom.title}: {_how_often(symptom)}", lead="  - ")
        if symptom.explanation:
            lines += layout.paragraph(symptom.explanation, lead="    ")
        lines += _sample(layout, symptom.sample)
    return lines


def _unrecognised(layout: Layout, clusters: tuple[Cluster, ...]) -> Section:
    lines = [layout.paint("Errors that no pattern knows", "strong")] if clusters else []
    for number, cluster in enumerate(clusters, start=1):
        told = f"{_counted(cluster.count, 'time')}, {cluster.level}: {cluster.template}"
        lines += layout.paragraph(told, lead=f"  {number}. ")
        lines += _sample(layout, cluster.sample)
    return lines


def _sample(layout: Layout, record: Record) -> Section:
    place = _where(record).strip(" ()")
    said = f"{place}: {record.message}" if place else record.message
    return layout.paragraph(said, lead="    ", style="quiet")


# --- the chain ----------------------------------------------------------------------------------


def _chain(layout: Layout, report: Report) -> Section:
    told = {
        requirement: number
        for number, finding in reversed(list(enumerate(report.findings, start=1)))
        for requirement in finding.requirements
    }
    lines = [layout.paint("Requirements", "strong")] if report.chain else []
    for link in report.chain:
        if not isinstance(link.verdict, NotApplicable):
            lines += _link(layout, link, told.get(link.id))
    return lines + _not_applicable(layout, report.chain)


def _not_applicable(layout: Layout, chain: Sequence[Checked]) -> Section:
    """What does not matter here, gathered by the reason, so that it takes little room."""
    by_reason: dict[str, list[str]] = {}
    for link in chain:
        if isinstance(link.verdict, NotApplicable):
            by_reason.setdefault(link.verdict.said, []).append(link.id)
    lines: Section = []
    for reason, ids in by_reason.items():
        lead = f"  - {'not applicable':<17} "
        lines += layout.paragraph(f"{', '.join(ids)}: {reason}", lead=lead, style="quiet")
    return lines


def _link(layout: Layout, link: Checked, number: Optional[int]) -> Section:
    mark, word, style = _standing(link.verdict)
    if layout.ascii_only:
        mark = {"✓": "+", "✗": "x"}.get(mark, mark)
    lead = f"  {mark} {word:<17} "
    lines = layout.paragraph(link.title + _remark(link.verdict, number), lead=lead)
    lines[0] = f"  {layout.paint(f'{mark} {word:<17}', style)} {lines[0][len(lead) :]}"
    return lines


def _standing(verdict: Verdict) -> tuple[str, str, Style]:
    if isinstance(verdict, Holds):
        return "✓", "holds", "good"
    if isinstance(verdict, Broken):
        return "✗", "BROKEN", "bad"
    return "?", "could not verify", "doubt"


def _remark(verdict: Verdict, number: Optional[int]) -> str:
    """What the title leaves open, unless a Finding tells it."""
    if isinstance(verdict, Holds):
        return ""
    if number:
        return f" (see {number})"
    settle = f" {verdict.settle}" if isinstance(verdict, Unverified) else ""
    return f" — {verdict.said}{settle}".rstrip()


# --- the account --------------------------------------------------------------------------------


def _notes(layout: Layout, notes: tuple[str, ...]) -> Section:
    lines = [layout.paint("Notes", "strong")] if notes else []
    return lines + [line for note in notes for line in layout.paragraph(note, lead="  - ")]


def _account(layout: Layout, report: Report) -> Section:
    told = "; ".join(part for part in (_read(report), _harmless(report), _asked(report)) if part)
    lines = layout.paragraph(f"{told}.", style="quiet")
    for source in report.sources:
        if source.problem:
            lines += layout.paragraph(f"{source.path}: {source.problem}", lead="  ? ")
    return lines


def _read(report: Report) -> str:
    if not report.sources:
        return "Read no log"
    files = _counted(len(report.sources), "file")
    records = _counted(sum(source.records for source in report.sources), "record")
    return f"Read {files}, {records}{_share(report.sources)}{_when(*report.period)}"


def _share(sources: tuple[SourceFile, ...]) -> str:
    read = sum(source.bytes_read for source in sources)
    total = sum(source.bytes_total for source in sources)
    return (
        f", {read:,} of {_counted(total, 'byte')}"
        if read < total
        else f", {_counted(read, 'byte')}"
    )


def _harmless(report: Report) -> str:
    return f"{_counted(report.benign, 'record')} known to be harmless" if report.benign else ""


def _asked(report: Report) -> str:
    if not report.calls:
        return "made no calls"
    answers = Counter(asked.answer for asked in report.calls)
    told = ", ".join(f"{answers[kind]:,} {kind}" for kind in _ANSWERS if answers[kind])
    return f"made {_counted(len(report.calls), 'call')}: {told}"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
