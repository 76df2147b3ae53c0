"""Report → text for a person: what is wrong, then why, then exactly what to type."""

from __future__ import annotations

from ssmdiag.model import Cluster, Record, Report, Symptom
from ssmdiag.render.account import account_lines
from ssmdiag.render.brief import brief
from ssmdiag.render.chain import chain_lines
from ssmdiag.render.findings import finding_lines
from ssmdiag.render.layout import Layout, Style
from ssmdiag.render.sightings import counted, how_often, where

Section = list[str]

_MOOD: dict[str, Style] = {"ok": "good", "broken": "bad", "unverified": "doubt"}


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
        opening_lines(layout, report),
        *(
            finding_lines(layout, number, each)
            for number, each in enumerate(report.findings, start=1)
        ),
        chain_lines(layout, report),
        _symptoms(layout, "Seen in the log, but what they point to holds now", report.past),
        _symptoms(layout, "Seen in the log, and explained by nothing above", report.unexplained),
        _unrecognised(layout, report.unrecognised),
        _symptoms(layout, "Looks like trouble, and is harmless", report.noise),
        notes_lines(layout, report.notes),
        account_lines(layout, report),
    ]
    whole = "\n\n".join("\n".join(section) for section in sections if section) + "\n"
    if terminal or not report.findings:
        return whole
    return f"{brief(report, ascii_only=ascii_only)}\n{'-' * width}\n\n{whole}"


def opening_lines(layout: Layout, report: Report) -> Section:
    """The headline, and which node it is about."""
    node = ", ".join(f"{name} {value}" for name, value in report.node)
    return [
        *layout.paragraph(report.headline, style=_MOOD[report.verdict]),
        *(layout.paragraph(node, style="quiet") if node else []),
    ]


def _symptoms(layout: Layout, heading: str, symptoms: tuple[Symptom, ...]) -> Section:
    lines = [layout.paint(heading, "strong")] if symptoms else []
    for symptom in symptoms:
        lines += layout.paragraph(f"{symptom.title}: {how_often(symptom)}", lead="  - ")
        if symptom.explanation:
            lines += layout.paragraph(symptom.explanation, lead="    ")
        lines += _sample(layout, symptom.sample)
    return lines


def _unrecognised(layout: Layout, clusters: tuple[Cluster, ...]) -> Section:
    lines = [layout.paint("Errors that no pattern knows", "strong")] if clusters else []
    for number, cluster in enumerate(clusters, start=1):
        told = f"{counted(cluster.count, 'time')}, {cluster.level}: {cluster.template}"
        lines += layout.paragraph(told, lead=f"  {number}. ")
        lines += _sample(layout, cluster.sample)
    return lines


def _sample(layout: Layout, record: Record) -> Section:
    place = where(record).strip(" ()")
    said = f"{place}: {record.message}" if place else record.message
    return layout.paragraph(said, lead="    ", style="quiet")


def notes_lines(layout: Layout, notes: tuple[str, ...]) -> Section:
    """What the reader should know beside the Findings."""
    lines = [layout.paint("Notes", "strong")] if notes else []
    return lines + [line for note in notes for line in layout.paragraph(note, lead="  - ")]
