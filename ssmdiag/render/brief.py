"""Report → the few lines that must arrive even where the rest is cut off."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ssmdiag.model import Finding, Report
from ssmdiag.render.layout import Layout

# From whole sentences down to what still tells one cause from another.
_ROOM = (2000, 400, 300, 250, 200, *range(180, 20, -5))
_SENTENCES_FROM = 120
_ARN_PREFIX = re.compile(r"\barn:[\w-]*:[\w-]*:[\w-]*:\d*:")


def brief(report: Report, limit: int = 2500, ascii_only: bool = False) -> str:
    """Say the headline, then each cause with the essence of its fix; at most ``limit`` characters.

    Run Command shows the first 2,500 characters of what a node wrote (AWS Systems Manager User
    Guide, "Understanding command statuses", "Viewing command output"), so this block goes first.
    Long sentences are cut; then the resource's name stands for the sentence; only if even that is
    too long are the last causes merely counted.
    """
    layout = Layout(ascii_only=ascii_only)
    headline = _cut(layout.line(report.headline), max(limit // 4, 1))
    blocks = (_block(layout, headline, report.findings, room) for room in _ROOM)
    fitting = next((block for block in blocks if len(block) <= limit), None)
    return fitting or _counted(layout, headline, report.findings, limit)


def _block(layout: Layout, headline: str, findings: tuple[Finding, ...], room: int) -> str:
    entries = (
        line
        for number, finding in enumerate(findings, start=1)
        for line in _entry(layout, number, finding, room)
    )
    return "\n".join([headline, *entries]) + "\n"


def _entry(layout: Layout, number: int, finding: Finding, room: int) -> Iterator[str]:
    lead = f"{number}. "
    doubt = "Could not verify: " if finding.verdict == "unverified" else ""
    said = finding.said if room >= _SENTENCES_FROM else _name(finding)
    yield lead + doubt + _cut(layout.line(said), room)
    for label, remedy in _essence(finding):
        yield " " * len(lead) + f"{label}: " + _cut(_short(layout.line(remedy), room), room)


def _essence(finding: Finding) -> Iterator[tuple[str, str]]:
    remedy = [finding.change.summary] if finding.change else list(finding.advice[:1])
    if finding.verdict == "unverified":
        yield from (("To settle", text) for text in finding.settle[:1])
        yield from (("If so", text) for text in remedy)
    else:
        yield from (("Fix", text) for text in remedy)


def _counted(layout: Layout, headline: str, findings: tuple[Finding, ...], limit: int) -> str:
    # No entry is shorter than twenty characters, so there is no need to try with more of them.
    for shown in range(min(len(findings) - 1, limit // 20), -1, -1):
        more = f"\n... and {len(findings) - shown} more\n"
        block = _block(layout, headline, findings[:shown], _ROOM[-1]).rstrip("\n") + more
        if len(block) <= limit:
            return block
    return headline[: limit - 1] + "\n"


def _name(finding: Finding) -> str:
    kind, name = finding.resource.kind, _ARN_PREFIX.sub("", finding.resource.name)
    return f"{kind} {re.sub(f'^{kind}[:/]', '', name)}"


def _short(text: str, room: int) -> str:
    """Where room is scarce, leave out what ARNs repeat: partition, service, region, account."""
    return text if len(text) <= room else _ARN_PREFIX.sub("", text)


def _cut(text: str, room: int) -> str:
    """Cut between words, or else between the parts of an identifier: half an id says nothing."""
    if len(text) <= room:
        return text
    kept = text[: max(room - 3, 0)]
    whole = kept.rsplit(" ", 1)[0] if " " in kept else re.sub(r"[^:/]+$", "", kept)
    return (whole or kept).rstrip(" .,:;") + "..."
