"""Whether the agent's worker runs, which takes sessions, or what the agent waits for.

Sources: agent source ``core/app/bootstrap`` and ``core/app/credentialrefresher`` (the core starts
ssm-agent-worker only once credentials are ready, and pauses between its requests for them) and
``agent/hibernation`` (a worker whose first report fails tries again less and less often).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Optional

from ssmdiag.iam.failure import read_failure
from ssmdiag.model import (
    Advice,
    Broken,
    Holds,
    NotApplicable,
    Resource,
    Situation,
    Unverified,
    Verdict,
)
from ssmdiag.requirements.agent import AGENT, since
from ssmdiag.requirements.agent_facts import (
    CORE,
    STATE,
    WORKER,
    Process,
    clock,
    find_processes,
    find_release,
    find_wait,
    instant,
    named,
    now,
    restarting,
    told,
)
from ssmdiag.requirements.contract import Gap, Requirement, gap_of, waits
from ssmdiag.requirements.identity import NoRole, find_agent
from ssmdiag.world.call import Ask, Known

_SETTLING = timedelta(minutes=1)
"""So long a start may take before a worker that is not there means something."""


def _worker(ask: Ask, situation: Situation) -> Verdict:
    release = find_release(ask, situation)
    if not isinstance(release, Gap) and release.lacks("3.0.0.0"):
        return NotApplicable(f"agent {release.text} is one process, without a worker of its own")
    listed = find_processes(ask)
    if isinstance(listed, Gap):
        return Unverified(listed.why, (), listed.settle)
    workers, core = named(listed, WORKER), named(listed, CORE)
    if workers:
        return Holds(f"the agent's worker runs ({since(workers[0])})")
    if not core:
        return waits("agent/running", "the agent itself does not run")
    if find_wait(ask):
        return waits("agent/hibernation", "the agent starts its worker once it has credentials")
    return _no_worker(ask, situation, core[0])


def _no_worker(ask: Ask, situation: Situation, core: Process) -> Verdict:
    said = "the agent runs, but its worker, which takes sessions, does not"
    error = told(ask(STATE)).get("LastCredentialError")
    if isinstance(find_agent(ask, situation), NoRole):
        return waits("identity/agent-role", f"{said}: it has no credentials")
    moment = now(ask)
    if moment and core.started and moment - core.started < _SETTLING:
        settle = "ask again in a minute"
        return Unverified(f"{said}: it was started only just now", (), settle)
    if not error:
        began = instant(told(ask(STATE)).get("WorkerStarted"))
        seen = (f"its worker was started at {clock(began)}",) if began else ()
        settle = f"look at the end of the agent's log; {restarting(ask)}"
        return Unverified(said, (AGENT,), settle, seen)
    return Broken(
        f"{said}: it has no credentials",
        _blamed(error, situation),
        (f"the agent's last error: {error}",),
        (Advice(f"mend what the agent's last error names, then {restarting(ask)}"),),
    )


def _blamed(error: str, situation: Situation) -> Resource:
    failure = read_failure(error)
    if failure is not None and failure.kind == "unreachable":
        return Resource("endpoint-network", failure.host or f"ssm in {situation.region}")
    return Resource("role", "the agent's role")


# --- what it waits for --------------------------------------------------------------------------


def _awake(ask: Ask, _: Situation) -> Verdict:
    answer = ask(STATE)
    if not isinstance(answer, Known):
        gap = gap_of(answer, "the end of the agent's log")
        return Unverified(gap.why, (), gap.settle)
    wait = find_wait(ask)
    if wait:
        return Broken(
            f"the agent waits until {clock(wait.until)} before it asks for credentials again",
            AGENT,
            (f"its last error: {wait.error}",),
            (Advice(_wake(ask)),),
        )
    asleep = told(answer).get("Hibernating")
    if not isinstance(asleep, dict):
        return Holds("the agent neither hibernates nor waits before a next attempt")
    started, began = _core_started(ask), instant(asleep.get("Since"))
    last = instant(asleep.get("Last")) or began
    if started and last and started > last:
        return Holds(f"the agent hibernated until it was restarted at {clock(started)}")
    return Broken(
        f"the agent hibernates{f' since {clock(began)}' if began else ''}: it could not report to "
        "Systems Manager, and tries again only every five minutes to an hour",
        AGENT,
        (
            f"its last error: {asleep.get('Error') or 'not told'}",
            *((f"it last tried at {clock(last)}",) if last else ()),
        ),
        (Advice(_wake(ask)),),
    )


def _core_started(ask: Ask) -> Optional[datetime]:
    listed = find_processes(ask)
    core = () if isinstance(listed, Gap) else named(listed, CORE)
    return core[0].started if core else None


def _wake(ask: Ask) -> str:
    return (
        "mend what its last error names first (it may be mended already); the last step "
        f"ends the wait: {restarting(ask)}"
    )


REQUIREMENTS = (
    Requirement(
        "agent/worker", "The agent's worker, which takes sessions, runs", "agent", _worker, False
    ),
    Requirement("agent/hibernation", "The agent does not wait", "agent", _awake, standing=False),
)
