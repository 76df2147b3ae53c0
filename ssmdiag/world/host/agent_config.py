"""What the operator told the agent: ``amazon-ssm-agent.json`` and ``seelog.xml``.

Sources: agent source ``agent/appconfig/appconfig.go`` and ``constants_unix.go`` (where it looks),
``agent/log/logger`` (its logging configuration); seelog's wiki, "Config examples".
"""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn, Optional
from xml.etree import ElementTree

from ssmdiag.world.call import Answer, Known
from ssmdiag.world.host.agent_files import config_folder, log_folder, node_path
from ssmdiag.world.host.place import Place, unread
from ssmdiag.world.host.processes import CORE, WORKER, agent_processes

_LEVELS = ("trace", "debug", "info", "warn", "error", "critical", "off")
_MOST = 1024 * 1024


def config_path(place: Place, name: str) -> Path:
    """The file that counts: beside programs that were moved, else in the usual folder."""
    for process in agent_processes(place) if place.platform == "linux" else ():
        moved = place.path(f"{process.folder}/configuration/{name}")
        if process.name == CORE and process.folder and _is_trusted(moved):
            return moved
    return config_folder(place) / name


def _is_trusted(path: Path) -> bool:
    """Does the agent itself take it? Only a plain file of root's."""
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_uid == 0


def agent_config(place: Place) -> dict[str, Any]:
    """The content of ``amazon-ssm-agent.json``; empty if it is missing or damaged."""
    answer = _agent_config(place, {})
    return answer.data.get("Content", {}) if isinstance(answer, Known) else {}


def _agent_config(place: Place, _: Mapping[str, Any]) -> Answer:
    path = config_path(place, "amazon-ssm-agent.json")
    told: dict[str, Any] = {"Path": node_path(place, path)}
    try:
        told["Content"] = _json_object(_text(path))
    except OSError as error:
        return unread(path, error)
    except json.JSONDecodeError as error:
        told["Problem"] = f"line {error.lineno}, column {error.colno}: {error.msg}"
    except (ValueError, RecursionError) as error:
        told["Problem"] = str(error)
    return Known(told)


def _json_object(text: str) -> dict[str, Any]:
    content = json.loads(text, parse_constant=_no_constant)
    if not isinstance(content, dict):
        raise ValueError("it holds no JSON object")
    return content


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _log_config(place: Place, _: Mapping[str, Any]) -> Answer:
    path = config_path(place, "seelog.xml")
    told: dict[str, Any] = {"Path": node_path(place, path)}
    try:
        told.update(_seelog(_text(path)))
    except OSError as error:
        return unread(path, error)
    except ElementTree.ParseError as error:
        told["Problem"] = str(error)
    except ValueError as error:
        told["Problem"] = str(error)
    return Known(told)


def log_files(place: Place) -> list[Path]:
    """The main log first; on Windows each program has its own."""
    answer = _log_config(place, {})
    told = answer.data.get("Files", []) if isinstance(answer, Known) else []
    named = [name for name in told if "{{" not in name and not name.endswith("errors.log")]
    if named and place.platform != "win32":
        return [place.path(named[0])]
    folder = log_folder(place)
    main = folder / f"{CORE}.log"
    return [main, folder / f"{WORKER}.log"] if place.platform == "win32" else [main]


def _seelog(text: str) -> dict[str, Any]:
    """Level, files and formats. Raises ValueError or ParseError for what is no seelog."""
    if "<!" in re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL):
        raise ValueError("it declares a document type, which is not looked at")
    root = ElementTree.fromstring(text)  # noqa: S314 - no document type, hence no entities
    if root.tag != "seelog":
        raise ValueError(f"its outermost element is {root.tag}, not seelog")
    formats = {f.get("id"): f.get("format", "") for f in root.iterfind("formats/format")}
    receivers = [r for outputs in root.iterfind("outputs") for r in _receivers(outputs, None)]
    used = dict.fromkeys(formats.get(name, "") for _, name in receivers)
    return {
        "MinLevel": _least_level(root),
        "Files": list(dict.fromkeys(name for name, _ in receivers)),
        "Formats": [form for form in used if form],
    }


def _receivers(
    element: ElementTree.Element, inherited: Optional[str]
) -> Iterator[tuple[str, Optional[str]]]:
    """Each file that is written, with the name of its format; an inner one overrides."""
    name = element.get("formatid", inherited)
    if element.tag in ("file", "rollingfile"):
        yield element.get("path") or element.get("filename") or "", name
    for child in element:
        yield from _receivers(child, name)


def _least_level(root: ElementTree.Element) -> str:
    levels = re.split(r"[\s,]+", root.get("levels", root.get("minlevel", "trace")).strip().lower())
    known = [level for level in _LEVELS if level in levels]
    return known[0] if known else ",".join(levels)


def _text(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(_MOST).decode("utf-8", "replace")


OPERATIONS = {"GetAgentConfig": _agent_config, "GetLogConfig": _log_config}
