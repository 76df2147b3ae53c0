"""Whether the agent is there and runs: its installation, its service, its worker.

Sources: Systems Manager User Guide, "Manually installing and uninstalling SSM Agent" and "Checking
SSM Agent status and starting the agent"; agent source ``packaging/linux/amazon-ssm-agent.service``
and ``core/app/bootstrap`` (the core starts ssm-agent-worker only once credentials are ready).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
    INSTALLATION,
    SERVICE,
    Process,
    clock,
    find_config,
    find_processes,
    in_container,
    manager,
    named,
    restarting,
    told,
)
from ssmdiag.requirements.contract import Gap, Requirement, doubted, gap_of, unread, waits
from ssmdiag.world.call import Absent, Ask, Known

RUNS = "agent/running"
AGENT = Resource("local-os", "amazon-ssm-agent")

_KINDS = {
    "rpm": "an RPM package",
    "deb": "a Debian package",
    "snap": "a snap",
    "msi": "a Windows installation",
    "pkg": "a macOS package",
    "files": "files that no package manager knows",
}
_INSTALL = (
    "install SSM Agent as root: `dnf install amazon-ssm-agent` on Amazon Linux, `snap install "
    "amazon-ssm-agent --classic` on Ubuntu; for other systems take the package from the Systems "
    'Manager User Guide, "Working with SSM Agent"; then `systemctl enable --now amazon-ssm-agent`'
)
_START = {
    "snap": "snap start --enable amazon-ssm-agent",
    "upstart": "start amazon-ssm-agent",
    "launchd": "launchctl load -w /Library/LaunchDaemons/com.amazon.aws.ssm.plist",
    "windows": "Set-Service AmazonSSMAgent -StartupType Automatic; Start-Service AmazonSSMAgent",
}
_RIGHTFUL = ("root", "0", "localsystem", "system", r"nt authority\system")


def _installed(ask: Ask, _: Situation) -> Verdict:
    answer = ask(INSTALLATION)
    if isinstance(answer, Known):
        data = told(answer)
        kind = _KINDS.get(str(data.get("Kind")), "an installation of unknown kind")
        version = data.get("Version")
        said = f"SSM Agent {version or 'of unknown version'} is installed: {kind}"
        return Holds(said, (f"its program is {data['Binary']}",) if data.get("Binary") else ())
    if isinstance(answer, Absent):
        if in_container(ask):
            return NotApplicable("ECS Exec brings the agent into the container by itself")
        return Broken(
            "SSM Agent is not installed on this node", AGENT, (answer.why,), (Advice(_INSTALL),)
        )
    gap = gap_of(answer, "the agent's installation")
    return Unverified(gap.why, (), gap.settle)


# --- the service --------------------------------------------------------------------------------


def _running(ask: Ask, situation: Situation) -> Verdict:
    listed = find_processes(ask)
    core = () if isinstance(listed, Gap) else named(listed, CORE)
    if in_container(ask):
        if core:
            return Holds(f"the agent runs in this container ({since(core[0])})")
        return NotApplicable("in a container ECS Exec starts the agent: there is no service")
    answer = ask(SERVICE)
    if isinstance(answer, Known):
        return _service(ask, told(answer), core, seen=not isinstance(listed, Gap))
    if core:
        return Holds(f"the agent runs ({since(core[0])})", ("its service could not be looked at",))
    if not isinstance(answer, Absent):
        gap, symptoms = gap_of(answer, "the agent's service"), doubted(situation, RUNS)
        return unread(gap, RUNS, symptoms)
    if isinstance(ask(INSTALLATION), Absent):
        return waits("agent/installed", "SSM Agent is not installed")
    return Broken(
        "no service starts the agent, and it does not run",
        AGENT,
        (answer.why,),
        (Advice(f"install the agent's package again, as root: it brings the service; {_INSTALL}"),),
    )


def _service(
    ask: Ask, service: Mapping[str, Any], core: tuple[Process, ...], *, seen: bool
) -> Verdict:
    active, user = service.get("Active"), str(service.get("User") or "root")
    if user.lower() not in _RIGHTFUL:
        return Broken(
            f"the agent's service runs as {user}, who may not make sessions' users and files",
            AGENT,
            (f"its unit says: User {user}",),
            (Advice(f"take that user out of the service: it has to be root; {restarting(ask)}"),),
        )
    evidence = _service_evidence(service)
    if core and active in ("active", "activating", None):
        return Holds(f"the agent runs ({since(core[0])})", evidence)
    if active == "active":
        if not seen:
            return Holds("the agent's service is active; its process could not be seen", evidence)
        said = "the agent's service is active, but its process was not seen"
        return Unverified(said, (), "run ssmdiag as root", evidence)
    if active is None and service.get("Enabled") not in ("masked", "disabled"):
        return Unverified(
            "whether the agent's service runs is not known", (), "run ssmdiag on the node", evidence
        )
    return _stopped(ask, service, evidence)


def _stopped(ask: Ask, service: Mapping[str, Any], evidence: tuple[str, ...]) -> Verdict:
    config = find_config(ask)
    if not isinstance(config, Gap) and config.problem:
        return waits("agent/config", "the agent stops at its start: its configuration is not valid")
    active, enabled = service.get("Active"), service.get("Enabled")
    state = enabled if enabled in ("masked", "disabled") else active
    said = {
        "masked": "the agent's service is masked: it cannot be started",
        "disabled": "the agent's service is disabled and does not run",
        "failed": "the agent's service failed and was given up",
        "activating": "the agent's service does not stay up: it is started again and again",
    }.get(str(state), f"the agent's service does not run: it is {active}")
    return Broken(said, AGENT, evidence, (Advice(_start(ask, str(state))),))


def _start(ask: Ask, state: str) -> str:
    kind = manager(ask)
    if kind in _START:
        return f"start it, as root or administrator: `{_START[kind]}`"
    start = "systemctl enable --now amazon-ssm-agent"
    if state == "masked":
        return f"as root: `systemctl unmask amazon-ssm-agent && {start}`"
    if state in ("failed", "activating"):
        return (
            "as root: `journalctl -u amazon-ssm-agent -n 50` tells why it stops; mend that, then "
            "`systemctl reset-failed amazon-ssm-agent; systemctl restart amazon-ssm-agent`"
        )
    return f"as root: `{start}`"


def _service_evidence(service: Mapping[str, Any]) -> tuple[str, ...]:
    parts = [str(service[name]) for name in ("Active", "Enabled") if service.get(name)]
    if service.get("Result"):
        parts.append(f"result {service['Result']}")
    evidence = [f"{service.get('Unit') or 'the service'}: {', '.join(parts) or 'state not known'}"]
    if service.get("Restarts"):
        evidence.append(f"it was started again {service['Restarts']} times")
    if service.get("Active") == "active" and service.get("Enabled") in ("disabled", "masked"):
        evidence.append(f"it will not start at the next boot: it is {service['Enabled']}")
    return tuple(evidence)


def since(process: Process) -> str:
    """Which process it is and how long it has run, in words."""
    started = f", since {clock(process.started)}" if process.started else ""
    return f"process {process.pid}{started}"


REQUIREMENTS = (
    Requirement("agent/installed", "SSM Agent is installed", "agent", _installed, standing=False),
    Requirement(RUNS, "The agent runs", "agent", _running, standing=False),
)
