"""How many sessions run on the node, and how many the agent takes.

Source: agent source ``agent/appconfig`` (``Mgs.SessionWorkersLimit``, 1000 without it) and
``agent/framework/processor`` (a session without a free place is refused, and after five tries the
agent takes no more messages until it is restarted); ``amazon-ssm-agent.service`` has
``KillMode=process``, so sessions outlive a restart.
"""

from __future__ import annotations

from collections.abc import Sequence

from ssmdiag.model import Advice, Broken, Holds, Resource, Situation, Symptom, Unverified, Verdict
from ssmdiag.requirements.agent.facts import (
    CORE,
    SESSION_WORKER,
    TIME,
    Config,
    Process,
    find_config,
    find_processes,
    naive,
    named,
    now,
    restarting,
    told,
)
from ssmdiag.requirements.contract import Gap, Requirement, as_logged, doubted
from ssmdiag.requirements.identity.agent import is_node_id, node_id
from ssmdiag.world.call import Ask

_ID = "agent/session-limit"
_DEFAULT = 1000


def _session_limit(ask: Ask, situation: Situation) -> Verdict:
    symptoms, config, listed = doubted(situation, _ID), find_config(ask), find_processes(ask)
    unread = next((x for x in (listed, config) if isinstance(x, Gap)), None)
    if symptoms and unread:
        return as_logged(_ID, symptoms, unread.settle)
    if isinstance(listed, Gap):
        return Unverified(listed.why, (), listed.settle)
    running = len(named(listed, SESSION_WORKER))
    limit = _DEFAULT if isinstance(config, Gap) else _limit(config)
    said = f"{running} of {limit} places for sessions are taken"
    if running >= limit and not isinstance(config, Gap):
        return Broken(
            f"{said}: another session is refused",
            Resource("agent-config", config.path),
            (f"{running} processes {SESSION_WORKER} run on this node",),
            (Advice(_relief(ask, situation, config, limit)),),
        )
    if symptoms and not _restarted_since(ask, named(listed, CORE), symptoms):
        settle = f"once refused, the agent takes no more messages: {restarting(ask)}"
        return as_logged(_ID, symptoms, settle, (said,))
    evidence = []
    if isinstance(config, Gap):
        evidence.append(f"{config.why}: {_DEFAULT} is the limit where nothing else is configured")
    if running * 10 >= limit * 9:
        evidence.append("nearly all places are taken: soon another session is refused")
    return Holds(said, tuple(evidence))


def _restarted_since(ask: Ask, core: Sequence[Process], symptoms: Sequence[Symptom]) -> bool:
    """Was the agent started after the last Symptom? The log's times are the node's local ones."""
    utc, local = now(ask), naive(told(ask(TIME)).get("Local"))
    started = core[0].started if core else None
    last = max((s.last for s in symptoms if s.last), default=None)
    if utc is None or local is None or started is None or last is None:
        return False
    return started > utc + (last - local)


def _limit(config: Config) -> int:
    value = config.get("Mgs", "SessionWorkersLimit")
    return value if isinstance(value, int) and value >= 1 else _DEFAULT


def _relief(ask: Ask, situation: Situation, config: Config, limit: int) -> str:
    node = node_id(ask, situation)
    target = node if is_node_id(node) else "NODE"
    steps = (
        f"end sessions that nobody uses: `aws ssm describe-sessions --state Active --filters "
        f"key=Target,value={target}` lists them, `aws ssm terminate-session` ends one"
    )
    if limit < _DEFAULT:
        steps += f"; or raise or remove Mgs.SessionWorkersLimit in {config.path}"
    return f"{steps}; then {restarting(ask)} (sessions outlive it)"


REQUIREMENTS = (
    Requirement(
        _ID, "The agent has a free place for another session", "agent", _session_limit, False
    ),
)
