"""The sentences of a Report that belong to no single Requirement."""

from __future__ import annotations

from collections.abc import Sequence

from ssmdiag.iam.action import action_of
from ssmdiag.model import Checked, Finding, Holds, Situation, Symptom, Unverified
from ssmdiag.requirements.agent.facts import restart
from ssmdiag.world.call import Ask, Call

HANDSHAKE_FIRST = (
    "The KMS handshake comes before the logging checks, so faults behind it are not in the log yet "
    "and may come once it works."
)
OFFLINE = "AWS was not asked (--offline): this is what the log said then, not what holds now."


def headline(
    findings: Sequence[Finding], chain: Sequence[Checked], situation: Situation, verdict: str
) -> str:
    """One sentence that says what is wrong."""
    if verdict == "ok":
        if not situation.online:
            return "The log shows no trouble. AWS was not asked (--offline)."
        held = sum(isinstance(c.verdict, Holds) for c in chain)
        return f"Nothing is wrong: {held} requirements hold, none is broken."
    waiting = [c.verdict.said for c in chain if isinstance(c.verdict, Unverified)]
    said = findings[0].said if findings else waiting[0]
    # logs:PutLogEvents or vpc-0a1b begins small also at the beginning of a sentence.
    first = said[:1].upper() + said[1:] if said.split(" ", 1)[0].isalpha() else said
    if verdict == "unverified":
        more = f" ({len(findings) - 1} more could not be verified.)" if findings[1:] else ""
        return f"Could not be verified: {first}.{more}"
    broken = [f for f in findings if f.verdict == "broken"]
    if len(broken) == 1:
        return f"{first}."
    return f"{len(broken)} things are wrong; the first: {findings[0].said}."


def actor(calls: Sequence[Call]) -> str:
    """Who can make these write Calls, in words."""
    actions = list(dict.fromkeys(action_of(c.service, c.operation) for c in calls))
    return f"somebody who may {', '.join(actions)}; the node's own role usually may not"


def notes(
    situation: Situation, symptoms: Sequence[Symptom], repaired: Sequence[str], ask: Ask
) -> tuple[str, ...]:
    """What the reader should know beside the Findings."""
    said = []
    if not situation.online:
        said.append(OFFLINE)
        if any(s.pattern.startswith("kms/") for s in symptoms):
            said.append(HANDSHAKE_FIRST)
    if any(r in ("role/report-to-ssm", "identity/agent-role") for r in repaired):
        said.append(
            "After a repair of credentials the agent tries again within 30 minutes; "
            f"`{restart(ask)}` makes it try at once."
        )
    return tuple(said)
