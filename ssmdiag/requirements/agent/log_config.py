"""Whether the agent writes a log from which something can be diagnosed.

Source: agent source ``agent/log/ssmlog/ssmlog.go`` (a seelog.xml that cannot be used is replaced by
the defaults at the start; a running agent goes on as before) and ``seelog_unix.xml``.
"""

from __future__ import annotations

import re
import shlex
from typing import Any

from ssmdiag.model import Advice, Broken, Holds, Resource, Situation, Unverified, Verdict
from ssmdiag.requirements.agent.facts import restarting, told
from ssmdiag.requirements.contract import Requirement, doubted, gap_of, unread
from ssmdiag.world.call import Absent, Ask, Known, call

_ID = "agent/log-config"
_LOG_CONFIG = call("host", "GetLogConfig")
_LEVELS = ("trace", "debug", "info", "warn", "error", "critical", "off")
_USUAL = re.compile(r"(?:^|[\\/])(?:amazon-ssm-agent|\{\{EXECUTABLENAME\}\})\.log$")


def _log_config(ask: Ask, situation: Situation) -> Verdict:
    answer, symptoms = ask(_LOG_CONFIG), doubted(situation, _ID)
    if isinstance(answer, Absent):
        return Holds("there is no seelog.xml: the agent logs from INFO on, to its usual files")
    if not isinstance(answer, Known):
        gap = gap_of(answer, "seelog.xml")
        return unread(gap, _ID, symptoms)
    data = told(answer)
    path = str(data.get("Path") or "seelog.xml")
    if data.get("Problem"):
        return _broken(
            ask, path, "is no configuration of the log that the agent can use", str(data["Problem"])
        )
    files, level = _texts(data.get("Files")), str(data.get("MinLevel") or "info").lower()
    if not isinstance(data.get("Files"), list):
        return Unverified(f"to which files {path} writes is not known", (), f"look at {path}")
    if not files:
        said = "names no file, so nothing is kept of what the agent says"
        return _broken(ask, path, said, "none of its outputs is a file")
    if level == "off":
        return _broken(ask, path, "turns the log off", "minlevel is off")
    return Holds(f"the agent logs from {level.upper()} on, as {path} says", _limits(level, files))


def _broken(ask: Ask, path: str, said: str, why: str) -> Broken:
    return Broken(
        f"{path} {said}",
        Resource("agent-config", path),
        (why,),
        (
            Advice(
                f"put {path} aside (the agent has defaults of its own) or make it anew "
                f"from seelog.xml.template beside it; then {restarting(ask)}"
            ),
        ),
    )


def _limits(level: str, files: tuple[str, ...]) -> tuple[str, ...]:
    """What a diagnosis from this log has to do without."""
    evidence = [f"it is written to {', '.join(files)}"]
    if level in _LEVELS and _LEVELS.index(level) > _LEVELS.index("info"):
        evidence.append(
            "what the agent says at INFO is not kept: who it is, when it hibernates, how sessions "
            "start; set minlevel to info"
        )
    if not any(_USUAL.search(name) for name in files):
        named = " ".join(shlex.quote(name) for name in files)
        evidence.append(f"ssmdiag does not look there by itself: `ssmdiag diagnose {named}`")
    return tuple(evidence)


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(str(v) for v in value) if isinstance(value, list) else ()


REQUIREMENTS = (Requirement(_ID, "The agent writes its log", "agent", _log_config, standing=False),)
