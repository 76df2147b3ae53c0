"""A Report with links that were tried out for real."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ssmdiag.model import Broken, Checked, Finding, Report, Unverified


def with_links(report: Report, links: Sequence[Checked]) -> Report:
    """``report`` with ``links`` at the end of its chain, and a Finding for each that failed."""
    failed = [_finding(c, c.verdict) for c in links if isinstance(c.verdict, Broken)]
    verdict, headline = report.verdict, report.headline
    if failed and verdict != "broken":
        verdict, headline = "broken", f"{failed[0].said}."
    elif verdict == "ok" and any(isinstance(c.verdict, Unverified) for c in links):
        verdict = "unverified"
    return replace(
        report,
        verdict=verdict,
        headline=headline,
        findings=(*report.findings, *failed),
        chain=(*report.chain, *links),
    )


def _finding(checked: Checked, verdict: Broken) -> Finding:
    return Finding(
        resource=verdict.resource,
        verdict="broken",
        said=verdict.said,
        requirements=(checked.id,),
        evidence=verdict.evidence,
        symptoms=(),
        change=None,
        advice=(),
        proof=None,
    )
