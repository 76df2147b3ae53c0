"""The chain of Requirements: one line a link, with its mark."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

from ssmdiag.model import Broken, Checked, Holds, NotApplicable, Report, Unverified, Verdict
from ssmdiag.render.layout import Layout, Style


def chain_lines(layout: Layout, report: Report) -> list[str]:
    """The whole chain in its own order; what does not matter here comes last."""
    told = numbers(report)
    lines = [layout.paint("Requirements", "strong")] if report.chain else []
    for link in report.chain:
        if not isinstance(link.verdict, NotApplicable):
            lines += link_lines(layout, link, link.title + _remark(link.verdict, told.get(link.id)))
    return lines + not_applicable(layout, report.chain)


def not_applicable(layout: Layout, chain: Sequence[Checked]) -> list[str]:
    """What does not matter here, gathered by the reason, so that it takes little room."""
    links = [link for link in chain if isinstance(link.verdict, NotApplicable)]
    return _by_reason(layout, links, f"  - {'not applicable':<17} ")


def waiting_lines(layout: Layout, links: Sequence[Checked]) -> list[str]:
    """What only waits for something else to be known, gathered alike."""
    return _by_reason(layout, links, f"  ? {'could not verify':<17} ")


def _by_reason(layout: Layout, links: Sequence[Checked], lead: str) -> list[str]:
    by_reason: dict[str, list[str]] = {}
    for link in links:
        by_reason.setdefault(link.verdict.said, []).append(link.id)
    return [
        line
        for reason, ids in by_reason.items()
        for line in layout.paragraph(f"{', '.join(ids)}: {reason}", lead=lead, style="quiet")
    ]


def numbers(report: Report) -> dict[str, int]:
    """The number of the first Finding that tells of a Requirement, by its id."""
    return {
        requirement: number
        for number, finding in reversed(list(enumerate(report.findings, start=1)))
        for requirement in finding.requirements
    }


def link_lines(layout: Layout, link: Checked, words: str) -> list[str]:
    """One link: its mark, then the words."""
    mark, word, style = _standing(link.verdict)
    if layout.ascii_only:
        mark = {"✓": "+", "✗": "x"}.get(mark, mark)
    lead = f"  {mark} {word:<17} "
    lines = layout.paragraph(words, lead=lead)
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
