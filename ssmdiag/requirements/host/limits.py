"""Limits of Linux that stop sessions when they are used up.

Sources: agent source ``common/filewatcherbasedipc`` (the agent and every worker of a session or
command watch a folder: one inotify instance and one watch on either side); inotify(7), proc(5) and
the kernel's sysctl documentation; systemd.resource-control(5) (``TasksMax``), systemd.exec(5).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

from ssmdiag.model import Advice, Broken, Holds, Resource, Situation, Unverified, Verdict
from ssmdiag.requirements.agent.facts import manager, restart
from ssmdiag.requirements.contract import Requirement, doubted
from ssmdiag.requirements.host.facts import unseen
from ssmdiag.values import dataclass
from ssmdiag.world.call import Ask, Known, call

LIMITS = "local/limits"

_NEARLY = 0.9
_KEPT = "/etc/sysctl.d/60-amazon-ssm-agent.conf"
_LOOK = (
    "look at the limits on the node: `sysctl fs.inotify`, `cat /proc/sys/fs/file-nr`, "
    "`systemctl show amazon-ssm-agent -p TasksMax -p TasksCurrent -p LimitNOFILE`"
)


@dataclass(frozen=True)
class _Limit:
    """One limit: the Answer's name for it, ours, and where it is raised."""

    key: str
    what: str
    settings: tuple[str, ...]
    """The sysctls that bound it, or the setting of the service's unit."""
    floor: int
    """What it is raised to at least; by default it is doubled."""

    @property
    def of_kernel(self) -> bool:
        return "." in self.settings[0]


_ALL = (
    _Limit(
        "InotifyInstances", "inotify instances of root", ("fs.inotify.max_user_instances",), 1024
    ),
    _Limit("InotifyWatches", "inotify watches of root", ("fs.inotify.max_user_watches",), 524288),
    _Limit("SystemFiles", "open files of the system", ("fs.file-max",), 0),
    _Limit("Processes", "tasks of the system", ("kernel.threads-max", "kernel.pid_max"), 0),
    _Limit("AgentFiles", "open files of the agent", ("LimitNOFILE",), 65536),
    _Limit("Tasks", "tasks of the agent's service", ("TasksMax",), 0),
)


@dataclass(frozen=True)
class _Figures:
    """How far one limit is used up."""

    limit: _Limit
    most: int
    used: Optional[int]
    free: Optional[bool]
    """Was one more given when it was tried? None: it was not tried."""

    @property
    def exhausted(self) -> bool:
        return self.free is False or (
            self.free is None and self.used is not None and self.used >= self.most
        )

    @property
    def nearly(self) -> bool:
        return self.used is not None and self.used >= _NEARLY * self.most

    @property
    def open(self) -> bool:
        return self.used is None and self.free is None

    def __str__(self) -> str:
        used = "?" if self.used is None else self.used
        return f"{self.limit.what}: {used} of {self.most}"


def _limits(ask: Ask, situation: Situation) -> Verdict:
    symptoms = doubted(situation, LIMITS)
    answer = ask(call("host", "GetLimits"))
    if not isinstance(answer, Known):
        return unseen(answer, "the limits of the node", LIMITS, symptoms, _LOOK)
    figures = [f for f in (_read(answer.data, limit) for limit in _ALL) if f]
    told = tuple(str(f) for f in figures)
    exhausted = [f for f in figures if f.exhausted]
    if exhausted:
        return Broken(
            "a limit of the operating system is used up, which stops new sessions: "
            f"{'; '.join(str(f) for f in exhausted)}",
            Resource("local-os", exhausted[0].limit.settings[0]),
            (*told, *(f"the agent logged: {s.sample.message}" for s in symptoms[-1:])),
            tuple(Advice(_remedy(ask, f)) for f in exhausted),
        )
    if hidden := [f for f in figures if f.open]:
        what = " and ".join(f.limit.what for f in hidden)
        suspects = (Resource("local-os", hidden[0].limit.settings[0]),) if symptoms else ()
        return Unverified(
            f"how many are in use is not seen: {what}", suspects, "run ssmdiag as root", told
        )
    nearly = tuple(f"warning: nearly used up: {f}" for f in figures if f.nearly)
    said = "no limit that sessions need is used up"
    if nearly:
        said += f" yet, but nearly: {'; '.join(str(f) for f in figures if f.nearly)}"
    return Holds(said, (*nearly, *told))


def _read(data: Mapping[str, Any], limit: _Limit) -> Optional[_Figures]:
    told = data.get(limit.key)
    if not isinstance(told, dict) or not isinstance(told.get("Limit"), int):
        return None
    used, free = told.get("Used"), told.get("Free")
    return _Figures(
        limit,
        told["Limit"],
        used if isinstance(used, int) else None,
        free if isinstance(free, bool) else None,
    )


def _remedy(ask: Ask, figures: _Figures) -> str:
    limit = figures.limit
    wanted = [f"{name}={max(2 * figures.most, limit.floor)}" for name in limit.settings]
    if limit.of_kernel:
        values = " ".join(wanted)
        return (
            f"on the node, as root: `sysctl -w {values}`, and `printf '%s\\n' {values} >> {_KEPT}` "
            "keeps it over a restart; ending sessions and programs that are no longer used helps "
            "as well"
        )
    unit = "amazon-ssm-agent"
    if manager(ask) == "snap":
        unit = "snap.amazon-ssm-agent.amazon-ssm-agent"
    return (
        f"on the node, as root: `systemctl edit {unit}`, with the two lines `[Service]` and "
        f"`{wanted[0]}`; then `{restart(ask)}`"
    )


REQUIREMENTS = (
    Requirement(
        LIMITS,
        "The operating system's limits leave room for sessions",
        "host",
        _limits,
        standing=False,
    ),
)
