"""Whether the agent is new enough for what the preferences and its own configuration ask of it.

Sources: Systems Manager User Guide, "Complete Session Manager prerequisites" (minimum versions);
agent ``RELEASENOTES.md`` where the guide names none. Where they differ the lower version counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Union

from ssmdiag.model import Advice, Broken, Holds, Resource, Situation, Unverified, Verdict
from ssmdiag.requirements.agent.facts import (
    DUAL_STACK,
    INSTALLATION,
    Config,
    Release,
    find_config,
    find_release,
    manager,
    version_of,
)
from ssmdiag.requirements.contract import Gap, Requirement, as_logged, doubted, waits
from ssmdiag.requirements.identity.agent import Agent, find_agent, is_node_id, node_id
from ssmdiag.requirements.preferences.facts import (
    READABLE,
    Preferences,
    document_in_use,
    find_preferences,
    reading,
)
from ssmdiag.world.call import Absent, Ask

_ID = "agent/version"


class _Need(NamedTuple):
    """What needs a version, as the verb's object, and who asks for it."""

    version: str
    what: str
    because: str


def _version(ask: Ask, situation: Situation) -> Verdict:
    symptoms, release = doubted(situation, _ID), find_release(ask, situation)
    if isinstance(release, Gap):
        if symptoms:
            return as_logged(_ID, symptoms, f"{release.settle}; update the agent")
        if isinstance(ask(INSTALLATION), Absent):
            return waits("agent/installed", "SSM Agent is not installed")
        return Unverified(release.why, (), release.settle)
    preferences = find_preferences(ask, situation)
    needs = list(_needs(ask, situation, preferences))
    lacking = [n for n in needs if release.lacks(n.version)]
    if lacking:
        return _too_old(ask, situation, release, lacking)
    known = f"agent {release.text}, as {release.source} tells"
    if symptoms:
        return as_logged(_ID, symptoms, "update the agent", (known,))
    newest = max(needs, key=lambda need: version_of(need.version) or ())
    said = f"agent {release.text} is new enough: {newest.what} needs {newest.version}"
    if isinstance(preferences, Gap) and not _absent(ask, situation):
        return waits(READABLE, "what the preferences ask of the agent is not known")
    return Holds(said, (known, *(f"{n.what} needs {n.version} ({n.because})" for n in needs)))


def _absent(ask: Ask, situation: Situation) -> bool:
    """Nobody saved preferences: nothing beyond a plain session is asked for."""
    return isinstance(ask(reading(document_in_use(ask, situation))), Absent)


def _too_old(ask: Ask, situation: Situation, release: Release, lacking: list[_Need]) -> Broken:
    said = "; ".join(f"{n.what} needs {n.version}" for n in lacking)
    return Broken(
        f"agent {release.text} is too old: {said}",
        Resource("local-os", "amazon-ssm-agent"),
        (
            f"the version is known from {release.source}",
            *(f"asked for by {n.because}: {n.what}" for n in lacking),
        ),
        (Advice(_update(ask, situation)),),
    )


def _update(ask: Ask, situation: Situation) -> str:
    if manager(ask) == "snap":
        return "update the agent, as root: `snap refresh amazon-ssm-agent`"
    node = node_id(ask, situation)
    run = "`aws ssm send-command --document-name AWS-UpdateSSMAgent --targets"
    target = f"Key=InstanceIds,Values={node if is_node_id(node) else 'NODE'}"
    return (
        f"update the agent: {run} {target}` while the node is online, else install the newest "
        "package over it, as root (it restarts the agent)"
    )


def _needs(ask: Ask, situation: Situation, preferences: Union[Preferences, Gap]) -> Iterator[_Need]:
    yield _Need("2.3.68.0", "Session Manager", "every session")
    if isinstance(preferences, Preferences):
        yield from _of_preferences(preferences)
    config = find_config(ask)
    if isinstance(config, Config):
        yield from _of_config(config)
    agent = find_agent(ask, situation)
    if isinstance(agent, Agent) and agent.how == "Default Host Management":
        yield _Need("3.2.582.0", "Default Host Management", "the node's identity")


def _of_preferences(preferences: Preferences) -> Iterator[_Need]:
    by = f"document {preferences.document}"
    kind = preferences.content.get("sessionType")
    if preferences.key:
        yield _Need("2.3.539.0", "encryption of sessions with a KMS key", by)
    if preferences.flag("runAsEnabled"):
        yield _Need("2.3.672.0", "Run As", by)
    if kind == "InteractiveCommands":
        yield _Need("2.3.668.0", "a session of type InteractiveCommands", by)
    if kind == "NonInteractiveCommands":
        yield _Need("3.0.1124.0", "a session of type NonInteractiveCommands", by)
    profile = preferences.inputs.get("shellProfile")
    if isinstance(profile, dict) and any(profile.values()):
        yield _Need("3.0.161.0", "a shell profile", by)
    if preferences.group and preferences.flag("cloudWatchStreamingEnabled"):
        yield _Need("3.0.284.0", "streaming to CloudWatch Logs", by)


def _of_config(config: Config) -> Iterator[_Need]:
    by = config.path
    if config.get("Agent", "UseDualStackEndpoint") is True:
        yield _Need(DUAL_STACK, "Agent.UseDualStackEndpoint", by)
    if config.get("Kms", "RequireKMSChallengeResponse") is True:
        yield _Need("3.3.808.0", "Kms.RequireKMSChallengeResponse", by)
    if config.get("Identity", "ConsumptionOrder"):
        yield _Need("3.0.1295.0", "Identity.ConsumptionOrder", by)
    if config.text("Ssm", "SessionLogsDestination"):
        yield _Need("3.2.2086.0", "Ssm.SessionLogsDestination", by)


REQUIREMENTS = (
    Requirement(_ID, "The agent is new enough for what is asked of it", "agent", _version, False),
)
