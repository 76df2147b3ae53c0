"""Is this node a container, and does the agent live in it?

Sources: Amazon ECS Developer Guide, "Task metadata endpoint"; agent source
``common/identity/availableidentities/ecs``; systemd's "The Container Interface"
(``/run/systemd/container``); Kubernetes' documentation, "Accessing the API from a Pod".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Optional

from ssmdiag.world.call import Answer, Known
from ssmdiag.world.host.agent_config import agent_config
from ssmdiag.world.host.place import Place, text_of
from ssmdiag.world.host.processes import agent_environment, agent_processes, environment_of

_ECS = ("ECS_CONTAINER_METADATA_URI_V4", "ECS_CONTAINER_METADATA_URI")
_NAMES = {
    "docker": "docker",
    "podman": "docker",
    "containerd": "docker",
    "kubepods": "kubernetes",
    "lxc": "lxc",
    "lxc-libvirt": "lxc",
    "ecs": "ecs",
}
_GROUPS = re.compile(r"/(ecs|kubepods|docker|lxc)[/.\-]")


def _container(place: Place, _: Mapping[str, Any]) -> Answer:
    if place.platform != "linux":
        return Known({"Kind": None, "Ecs": False, "Agent": False})
    variables = _variables(place)
    ecs = any(name in variables for name in _ECS)
    kind = "ecs" if ecs else _kind(place, variables)
    section = agent_config(place).get("Agent")
    mode = isinstance(section, dict) and section.get("ContainerMode") is True
    # The processes that a container sees are its own.
    inside = kind is not None and bool(agent_processes(place))
    return Known({"Kind": kind, "Ecs": ecs, "Agent": mode or inside})


def _variables(place: Place) -> set[str]:
    """Names of the variables of this program, of the first process, and of the agent."""
    names = set(place.environ) if place.here else set()
    for found in (environment_of(place, 1), agent_environment(place)):
        names.update(found.variables if found else ())
    return names


def _kind(place: Place, variables: set[str]) -> Optional[str]:
    if "KUBERNETES_SERVICE_HOST" in variables or place.path("/run/secrets/kubernetes.io").exists():
        return "kubernetes"
    told = text_of(place.path("/run/systemd/container")).strip()
    if told:
        return _NAMES.get(told, "lxc")
    groups = _GROUPS.search(text_of(place.path("/proc/1/cgroup")))
    if groups:
        return _NAMES[groups[1]]
    marks = ("/.dockerenv", "/run/.containerenv")
    return "docker" if any(place.path(mark).exists() for mark in marks) else None


OPERATIONS = {"GetContainer": _container}
