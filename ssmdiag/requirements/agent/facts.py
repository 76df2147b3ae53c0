"""The agent on its host, as facts: version, processes, service, configuration, what it waits for.

Sources: agent source ``agent/appconfig`` (the configuration; Go reads its keys in any case),
``core/workerprovider`` (the core agent starts the worker, the worker the sessions) and
``common/runtimeconfig`` (times as Go writes them); Systems Manager User Guide, "Checking SSM Agent
status and starting the agent".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime, timezone
from typing import Any, Optional, TypeVar, Union

from ssmdiag.model import Situation
from ssmdiag.requirements.contract import Gap, gap_of
from ssmdiag.values import dataclass
from ssmdiag.world.call import Absent, Answer, Ask, Known, call

CORE = "amazon-ssm-agent"
WORKER = "ssm-agent-worker"
SESSION_WORKER = "ssm-session-worker"

DUAL_STACK = "3.3.3270.0"
"""The first version with ``Agent.UseDualStackEndpoint``: agent ``RELEASENOTES.md``."""

INSTALLATION = call("host", "GetAgentInstallation")
SERVICE = call("host", "GetAgentService")
PROCESSES = call("host", "GetProcesses")
STATE = call("host", "GetAgentState")
CONTAINER = call("host", "GetContainer")
REGISTRATION = call("host", "GetRegistration")
METADATA = call("host", "GetMetadataService")
TIME = call("host", "GetTime")
CONFIG = call("host", "GetAgentConfig")
PROXY = call("host", "GetProxySettings")

_Value = TypeVar("_Value")


def told(answer: Answer) -> dict[str, Any]:
    """What an Answer tells by name; nothing if it is not known or of another form."""
    return answer.data if isinstance(answer, Known) and isinstance(answer.data, dict) else {}


# --- times --------------------------------------------------------------------------------------

_INSTANT = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)", re.ASCII
)


def instant(text: Any) -> Optional[datetime]:
    """An ISO 8601 time with its zone, in UTC. None if it is none, or Go's time that was never set.

    Go writes up to nine digits of a second and ``Z``, which Python 3.9 does not read.
    """
    found = _INSTANT.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return None
    day, clock, fraction, zone = found.groups()
    digits = f"{fraction or '0':0<6}"[:6]
    try:
        read = datetime.fromisoformat(f"{day}T{clock}.{digits}{zone.replace('Z', '+00:00')}")
        return read.astimezone(timezone.utc) if read.year > 1 else None
    except (OverflowError, ValueError):
        return None


def naive(text: Any) -> Optional[datetime]:
    """An ISO 8601 time without a zone, as the node's own clock shows it; None if it is none."""
    read = instant(f"{text}Z") if isinstance(text, str) else None
    return read.replace(tzinfo=None) if read else None


def now(ask: Ask) -> Optional[datetime]:
    """The node's clock, in UTC; None if it was not told."""
    return instant(told(ask(TIME)).get("Utc"))


def clock(moment: datetime) -> str:
    """A time for people."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


# --- version ------------------------------------------------------------------------------------

Version = tuple[int, ...]
_VERSION = re.compile(r"\d{1,9}(?:\.\d{1,9}){1,3}", re.ASCII)


def version_of(text: Any) -> Optional[Version]:
    """The numbers of ``3.3.987.0``; None if it is no version."""
    if not isinstance(text, str) or not _VERSION.fullmatch(text):
        return None
    return tuple(int(part) for part in text.split("."))


@dataclass(frozen=True)
class Release:
    """The version of the agent."""

    text: str
    numbers: Version
    source: str
    """What this was taken from, in words."""

    def lacks(self, minimum: str) -> bool:
        """Is it older than ``minimum``, of which zeros at the end say nothing?"""
        wanted = version_of(minimum) or ()
        return self.numbers + (0,) * (4 - len(self.numbers)) < wanted


def find_release(ask: Ask, situation: Situation) -> Union[Release, Gap]:
    """The agent's version: as its log tells it (what really runs), else as it is installed."""
    answer = ask(INSTALLATION)
    sources = (
        (situation.agent_version, "the agent's log"),
        (told(answer).get("Version"), "the agent's installation"),
    )
    for text, source in sources:
        numbers = version_of(text)
        if numbers is not None:
            return Release(str(text), numbers, source)
    if isinstance(answer, Known):
        return Gap("the version of the agent is not known", "run `amazon-ssm-agent -version`")
    return gap_of(answer, "the agent's installation")


# --- processes and service ----------------------------------------------------------------------


@dataclass(frozen=True)
class Process:
    """One running program of the agent."""

    name: str
    pid: int
    started: Optional[datetime]


def find_processes(ask: Ask) -> Union[tuple[Process, ...], Gap]:
    """The agent's processes, as the node shows them."""
    answer = ask(PROCESSES)
    listed = told(answer).get("Processes")
    if not isinstance(listed, list):
        return gap_of(answer, "the list of the agent's processes")
    return tuple(
        Process(str(p.get("Name")), int(p.get("Pid") or 0), instant(p.get("Started")))
        for p in listed
        if isinstance(p, dict)
    )


def named(processes: Sequence[Process], name: str) -> tuple[Process, ...]:
    """The processes of one program; Windows adds ``.exe``."""
    return tuple(p for p in processes if p.name.lower() in (name, f"{name}.exe"))


_RESTART = {
    "snap": "snap restart amazon-ssm-agent",
    "upstart": "restart amazon-ssm-agent",
    "launchd": "launchctl kickstart -k system/com.amazon.aws.ssm",
    "windows": "Restart-Service AmazonSSMAgent",
}


def manager(ask: Ask) -> str:
    """What starts the agent here: ``systemd``, ``snap``, ``windows``, ...; empty if not known."""
    return str(told(ask(SERVICE)).get("Manager") or "")


def restart(ask: Ask) -> str:
    """The command that restarts the agent here."""
    return _RESTART.get(manager(ask), "systemctl restart amazon-ssm-agent")


def restarting(ask: Ask) -> str:
    """How to restart the agent here, and as whom: the last step of many a fix."""
    who = "administrator" if manager(ask) == "windows" else "root"
    return f"`{restart(ask)}` as {who}"


def in_container(ask: Ask) -> bool:
    """Does the agent run in a container (ECS Exec), where no service of the host starts it?"""
    return told(ask(CONTAINER)).get("Agent") is True


# --- what it waits for --------------------------------------------------------------------------


@dataclass(frozen=True)
class Wait:
    """The agent has no credentials and asks again only after a pause."""

    error: str
    until: datetime


def find_wait(ask: Ask) -> Optional[Wait]:
    """The pause between two requests for credentials, while it lasts."""
    state, moment = told(ask(STATE)), now(ask)
    error, until = state.get("LastCredentialError"), instant(state.get("NextCredentialAttempt"))
    if not isinstance(error, str) or until is None or moment is None or until <= moment:
        return None
    return Wait(error, until)


# --- configuration ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Config:
    """``amazon-ssm-agent.json``: what overrides the agent's defaults."""

    path: str = "amazon-ssm-agent.json"
    content: Mapping[str, Any] = field(default_factory=dict)
    problem: Optional[str] = None
    """Why it is no configuration; None if it is one."""
    present: bool = True

    def get(self, section: str, key: str) -> Any:
        """A setting, whatever its case; None if the file does not hold it."""
        inner = entry(self.content, section)
        return entry(inner, key) if isinstance(inner, Mapping) else None

    def text(self, section: str, key: str) -> str:
        """A setting that is a text; empty if it is not set, or no text."""
        value = self.get(section, key)
        return value if isinstance(value, str) else ""

    def named(self, setting: str) -> str:
        """A setting and where it is, for people."""
        return f"{setting} in {self.path}"


def entry(table: Mapping[str, _Value], name: str) -> Optional[_Value]:
    """An entry whatever its case, as Go finds it."""
    return next((v for k, v in table.items() if k.lower() == name.lower()), None)


def find_config(ask: Ask) -> Union[Config, Gap]:
    """The configuration in its file; one without content if there is no file."""
    answer = ask(CONFIG)
    if isinstance(answer, Absent):
        return Config(present=False)
    data = told(answer)
    if not data:
        return gap_of(answer, "the agent's configuration")
    path, content = str(data.get("Path") or Config.path), data.get("Content")
    if data.get("Problem"):
        return Config(path, problem=str(data["Problem"]))
    if not isinstance(content, dict):
        return Config(path, problem="it is no JSON object")
    return Config(path, content)


def in_short(value: Any) -> str:
    """A setting's value for people, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:77] + "..."
