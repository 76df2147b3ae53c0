"""Limits of Linux that stop the agent or its sessions when they are used up.

Sources: proc(5), inotify(7), cgroups(7) and the kernel's sysctl documentation (``fs``, ``kernel``);
agent source ``common/filewatcherbasedipc`` (every worker watches a folder).
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Optional

from ssmdiag.world.call import Absent, Answer, Known
from ssmdiag.world.host.place import Place, unread
from ssmdiag.world.host.processes import CORE, agent_processes

_INOTIFY = "anon_inode:inotify"
_IN_DELETE_SELF = 0x400
_OPEN_FILES = re.compile(r"^Max open files\s+(\d+)", re.MULTILINE)
_ROOT = re.compile(r"^Uid:\s+\d+\s+0\s", re.MULTILINE)
"""inotify is charged to the effective user, the second of the four numbers."""

_Figures = dict[str, Any]


def _limits(place: Place, _: Mapping[str, Any]) -> Answer:
    if place.platform != "linux":
        return Absent("these limits (inotify, file handles, tasks) are looked at on Linux only")
    sysctl = place.path("/proc/sys")
    try:
        instances = _number(sysctl / "fs/inotify/max_user_instances")
        watches = _number(sysctl / "fs/inotify/max_user_watches")
        allocated, unused, files = map(int, _text(sysctl / "fs/file-nr").split())
        most = min(_number(sysctl / "kernel/threads-max"), _number(sysctl / "kernel/pid_max"))
        tasks = int(_text(place.path("/proc/loadavg")).split()[3].partition("/")[2])
    except FileNotFoundError as error:
        return Absent(f"the kernel tells no limits here: {error.filename} does not exist")
    except OSError as error:
        return unread(Path(error.filename or sysctl), error)
    except (ValueError, IndexError):
        return Absent(f"{sysctl} does not tell them in the usual form")
    used = _inotify_of_root(place) or (None, None)
    free = _inotify_now(place)
    return Known(
        {
            "InotifyInstances": {"Limit": instances, "Used": used[0], "Free": free[0]},
            "InotifyWatches": {"Limit": watches, "Used": used[1], "Free": free[1]},
            "SystemFiles": {"Limit": files, "Used": allocated - unused},
            "AgentFiles": _agent_files(place),
            "Processes": {"Limit": most, "Used": tasks},
            "Tasks": _unit_tasks(place),
        }
    )


def _inotify_of_root(place: Place) -> Optional[tuple[int, int]]:
    """Instances and watches of root's processes; None if some of them keep theirs from us."""
    instances = watches = 0
    try:
        for file in _inotify_files(place):
            instances += 1
            watches += file.count("inotify wd:")
    except PermissionError:
        return None
    return instances, watches


def _inotify_files(place: Place) -> Iterator[str]:
    """What ``fdinfo`` tells of each instance. Raises PermissionError."""
    for folder in place.path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            if not _ROOT.search(_text(folder / "status")):
                continue
            for file in (folder / "fd").iterdir():
                if str(file.readlink()) == _INOTIFY:
                    yield _text(folder / "fdinfo" / file.name)
        except PermissionError:
            raise
        except OSError:
            # It has ended meanwhile.
            continue


def _inotify_now(place: Place) -> tuple[Optional[bool], Optional[bool]]:
    """Does root get one more instance and one more watch? Both are given back at once.

    Counting cannot tell for sure: two processes may hold one instance, and a container does not
    show its neighbours. Only root can try, since the limit is each user's own.
    """
    if not place.here or os.geteuid() != 0:
        return None, None
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        instance = libc.inotify_init1(os.O_CLOEXEC)
    except (OSError, AttributeError):
        return None, None
    if instance < 0:
        return _refused(errno.EMFILE), None
    try:
        watch = libc.inotify_add_watch(instance, b"/", _IN_DELETE_SELF)
        return True, _refused(errno.ENOSPC) if watch < 0 else True
    finally:
        os.close(instance)


def _refused(expected: int) -> Optional[bool]:
    return False if ctypes.get_errno() == expected else None


def _agent_files(place: Place) -> Optional[_Figures]:
    """Open files of that process of the agent which is nearest to its limit."""
    found: list[_Figures] = []
    for process in agent_processes(place):
        folder = place.path(f"/proc/{process.pid}")
        try:
            limit = _OPEN_FILES.search(_text(folder / "limits"))
            used = sum(1 for _ in (folder / "fd").iterdir())
        except OSError:
            continue
        if limit and int(limit[1]):
            found.append({"Limit": int(limit[1]), "Used": used, "Process": process.name})
    return max(found, key=lambda f: f["Used"] / f["Limit"], default=None)


def _unit_tasks(place: Place) -> Optional[_Figures]:
    """The tasks of the agent's service, which are its sessions' as well; None: no limit."""
    for process in agent_processes(place):
        if process.name != CORE:
            continue
        try:
            groups = _text(place.path(f"/proc/{process.pid}/cgroup")).splitlines()
        except OSError:
            return None
        for folder in filter(None, (_pids_folder(line) for line in groups)):
            try:
                limit, used = (_text(place.path(f"{folder}/pids.{x}")) for x in ("max", "current"))
                return {"Limit": int(limit), "Used": int(used)}
            except (OSError, ValueError):
                continue
    return None


def _pids_folder(line: str) -> Optional[str]:
    """Where the group of a line of ``/proc/PID/cgroup`` counts its tasks, if it does."""
    _, controllers, group = [*line.split(":", 2), "", ""][:3]
    if not group.startswith("/") or controllers not in ("", "pids"):
        return None
    return f"/sys/fs/cgroup{'/pids' if controllers else ''}{group}"


def _number(path: Path) -> int:
    return int(_text(path))


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


OPERATIONS = {"GetLimits": _limits}
