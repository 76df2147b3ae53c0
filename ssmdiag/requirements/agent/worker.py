"""Whether the agent's worker runs, which takes sessions, or what the agent waits for.

Sources: agent source ``core/app/bootstrap`` and ``core/app/credentialrefresher`` (the core starts
ssm-agent-worker only once credentials are ready, and pauses between its requests for them) and
``agent/hibernation`` (a worker whose first report fails tries again less and less often).
What it waits for may be mended already: the agent does not know it before its next attempt.
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
from ssmdiag.requirements.agent.facts import (
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
from ssmdiag.requirements.agent.service import AGENT, since
from ssmdiag.requirements.contract import (
    Gap,
    Requirement,
    as_logged,
    doubted,
    gap_of,
    unread,
    waits,
)
from ssmdiag.requirements.identity import agent as identity
from ssmdiag.requirements.identity.agent import NoRole, find_agent
from ssmdiag.requirements.network import answering as network
from ssmdiag.requirements.role import permissions as role
from ssmdiag.world.call import Absent, Ask, Known

WORKS = "agent/worker"
AWAKE = "agent/hibernation"

_SETTLING = timedelta(minutes=1)
"""So long a start may take before a worker that is not there means something."""


def _worker(ask: Ask, situation: Situation) -> Verdict:
    release, symptoms = find_release(ask, situation), doubted(situation, WORKS)
    if not isinstance(release, Gap) and release.lacks("3.0.0.0"):
        return NotApplicable(f"agent {release.text} is one process, without a worker of its own")
    listed = find_processes(ask)
    if isinstance(listed, Gap):
        settle = f"look for {WORKER} on the node; {listed.settle}"
        return unread(listed, WORKS, symptoms, settle)
    workers, core = named(listed, WORKER), named(listed, CORE)
    if workers:
        return Holds(f"the agent's worker runs ({since(workers[0])})")
    if not core:
        return waits("agent/running", "the agent itself does not run")
    if find_wait(ask):
        return waits(AWAKE, "the agent starts its worker once it has credentials")
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


def _awake(ask: Ask, situation: Situation) -> Verdict:
    answer, symptoms = ask(STATE), doubted(situation, AWAKE)
    if not isinstance(answer, Known):
        gap = gap_of(answer, "the end of the agent's log")
        if symptoms:
            settle = f"whether it still waits is not known; {restarting(ask)} ends every wait"
            return as_logged(AWAKE, symptoms, settle)
        if isinstance(answer, Absent):
            return waits("agent/running", "the agent has written no log yet")
        return Unverified(gap.why, (), gap.settle)
    wait = find_wait(ask)
    if wait:
        said = f"the agent waits until {clock(wait.until)} before it asks for credentials again"
        return _waiting(ask, situation, said, wait.error, ())
    asleep = told(answer).get("Hibernating")
    if not isinstance(asleep, dict):
        return Holds("the agent neither hibernates nor waits before a next attempt")
    started, began = _core_started(ask), instant(asleep.get("Since"))
    last = instant(asleep.get("Last")) or began
    if started and last and started > last:
        return Holds(f"the agent hibernated until it was restarted at {clock(started)}")
    said = (
        f"the agent hibernates{f' since {clock(began)}' if began else ''}: it could not report to "
        "Systems Manager, and tries again only every five minutes to an hour"
    )
    tried = (f"it last tried at {clock(last)}",) if last else ()
    return _waiting(ask, situation, said, str(asleep.get("Error") or ""), tried)


def _waiting(
    ask: Ask, situation: Situation, said: str, error: str, evidence: tuple[str, ...]
) -> Verdict:
    """It waits because of ``error``: first that has to be mended, then the wait to be ended."""
    cause = _CAUSES.get(_kind(error))
    verdict = cause.check(ask, situation) if cause else None
    if cause and isinstance(verdict, Broken):
        return waits(cause.id, f"{said}; its last error: {error}")
    mended = cause is not None and isinstance(verdict, Holds)
    first = "" if mended else "mend what its last error names first (it may be mended already); "
    if cause and isinstance(verdict, Holds):
        evidence += (f"what it failed at is mended: {verdict.said}",)
    return Broken(
        said,
        AGENT,
        (f"its last error: {error or 'not told'}", *evidence),
        (Advice(f"{first}the last step ends the wait: {restarting(ask)}"),),
    )


_CAUSES = {
    r.id: r
    for r in (*identity.REQUIREMENTS, *network.REQUIREMENTS, *role.REQUIREMENTS)
    if r.id in ("identity/agent-role", "network/ssm", "role/report-to-ssm")
}


def _kind(error: str) -> str:
    """The Requirement that an error in asking for credentials, or in reporting, speaks of."""
    failure = read_failure(error)
    if failure is None:
        return ""
    if failure.kind == "unreachable" and (failure.host or "").startswith("ssm."):
        return "network/ssm"
    if failure.kind == "credentials":
        return "identity/agent-role"
    action = failure.denial.action if failure.denial else None
    return "role/report-to-ssm" if action == "ssm:UpdateInstanceInformation" else ""


def _core_started(ask: Ask) -> Optional[datetime]:
    listed = find_processes(ask)
    core = () if isinstance(listed, Gap) else named(listed, CORE)
    return core[0].started if core else None


REQUIREMENTS = (
    Requirement(WORKS, "The agent's worker, which takes sessions, runs", "agent", _worker, False),
    Requirement(AWAKE, "The agent does not wait", "agent", _awake, standing=False),
)
