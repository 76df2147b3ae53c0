"""The Report of a check, for a person: layer by layer what holds, what does not, and the fix."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Optional

from ssmdiag.model import Checked, Holds, NotApplicable, Report, Unverified
from ssmdiag.render.account import account_lines
from ssmdiag.render.brief import brief
from ssmdiag.render.chain import link_lines, not_applicable, numbers, waiting_lines
from ssmdiag.render.findings import finding_lines
from ssmdiag.render.layout import Layout
from ssmdiag.render.outcome import outcome_lines
from ssmdiag.render.text import notes_lines, opening_lines
from ssmdiag.requirements.contract import LAYERS


def text(report: Report, layout: Layout, *, terminal: bool = True, quiet: bool = False) -> str:
    """Tell what a session started now would do, then the chain, lower layers first.

    Under each link that does not hold stands its Finding with the fix. With ``quiet`` only those
    links are told, and nothing at all if there is none.
    """
    chain = [link for link in report.chain if not (quiet and isinstance(link.verdict, Holds))]
    layers = [
        *_layers(layout, report, [c for c in chain if not isinstance(c.verdict, NotApplicable)])
    ]
    if quiet:
        return _joined(layers)
    sections = [
        outcome_lines(report.outcome, layout) if report.outcome else [],
        opening_lines(layout, report),
        *layers,
        not_applicable(layout, report.chain),
        notes_lines(layout, report.notes),
        account_lines(layout, report),
    ]
    whole = _joined(sections)
    if terminal or not report.findings:
        return whole
    return f"{brief(report, ascii_only=layout.ascii_only)}\n{'-' * layout.width}\n\n{whole}"


def _joined(sections: list[list[str]]) -> str:
    whole = "\n\n".join("\n".join(section).strip("\n") for section in sections if section)
    return f"{whole}\n" if whole else ""


def _layers(layout: Layout, report: Report, chain: list[Checked]) -> Iterator[list[str]]:
    number_of, told = numbers(report), set[int]()
    for layer in LAYERS:
        links = [link for link in chain if link.layer == layer]
        lines = [layout.paint(layer.capitalize(), "strong")] if links else []
        waiting = [link for link in links if _waits(link)]
        for link in links:
            if _waits(link):
                continue
            number = number_of.get(link.id)
            lines += link_lines(layout, link, _remark(link, number, first=number not in told))
            if number and number not in told:
                told.add(number)
                lines += ["", *finding_lines(layout, number, report.findings[number - 1]), ""]
        yield [*lines, *waiting_lines(layout, waiting)]


def _waits(link: Checked) -> bool:
    return isinstance(link.verdict, Unverified) and link.verdict.waits_for is not None


def _remark(link: Checked, number: Optional[int], *, first: bool) -> str:
    """What stands behind the mark: of what holds the fact, of the rest the condition."""
    verdict = link.verdict
    if isinstance(verdict, Holds):
        return verdict.said
    if number:
        return link.title if first else f"{link.title} (see {number})"
    settle = f"; {verdict.settle}" if isinstance(verdict, Unverified) and verdict.settle else ""
    return f"{link.title}: {verdict.said}{settle}"
