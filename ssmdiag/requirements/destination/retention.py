"""How long session logs are kept, and what the log group's class leaves out.

Quotas themselves cannot be asked for here; these are the limits that AWS shows with the log group.
Sources: Amazon CloudWatch Logs API Reference, LogGroup; Amazon CloudWatch Logs User Guide, "Log
classes"; Systems Manager User Guide, "Logging session activity" (history of sessions: 30 days).
"""

from __future__ import annotations

from ssmdiag.model import Holds, NotApplicable, Resource, Situation, Unverified, Verdict
from ssmdiag.requirements.contract import Gap, Requirement, waits
from ssmdiag.requirements.destination.log_group_facts import described
from ssmdiag.requirements.preferences.facts import (
    Preferences,
    is_group_name,
    preferences_with_group,
)
from ssmdiag.world.call import Ask

ID = "log-group/retention"
_HISTORY = 30
"""Days for which Systems Manager itself remembers a session, without what was typed in it."""


def _check(ask: Ask, situation: Situation) -> Verdict:
    if not situation.online:
        return NotApplicable("the log group was not asked for")
    found = preferences_with_group(ask, situation)
    if not isinstance(found, Preferences):
        return found
    if not is_group_name(found.group):
        return waits("preferences/log-group-name", "the configured name has to be mended first")
    group = described(ask, found.group)
    if isinstance(group, Gap):
        return Unverified(group.why, (Resource("log-group", found.group),), group.settle)
    if group is None:
        return waits("log-group/exists", "the log group has to exist first")
    days = group.get("retentionInDays")
    evidence = [] if days else ["nothing is ever deleted from it, and all of it is paid for"]
    if days and int(days) < _HISTORY:
        evidence.append(
            f"that is less than the {_HISTORY} days for which Systems Manager lists past sessions"
        )
    if group.get("logGroupClass") == "INFREQUENT_ACCESS":
        evidence.append(
            "its class INFREQUENT_ACCESS takes session logs, but has no metric filters and no "
            "subscriptions: no alarm can watch it, and nothing can be passed on from it"
        )
    how_long = f"for {days} day{'' if days == 1 else 's'}" if days else "for ever"
    return Holds(f"log group {found.group} keeps session logs {how_long}", tuple(evidence))


REQUIREMENTS = (
    Requirement(
        ID, "Session logs are kept for a known time", "destination", _check, standing=False
    ),
)
