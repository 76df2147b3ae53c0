"""Room for the agent's files: its data, where sessions are collected, and its logs.

Sources: agent source ``agent/session/shell/shell.go`` (a session's temporary file; newer agents
start a session without it if the disk is full, older ones refuse) and ``agent/appconfig`` (folders,
``Ssm.SessionLogsRetentionDurationHours``).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from typing import Optional

from ssmdiag.model import (
    Advice,
    Broken,
    Holds,
    NotApplicable,
    Resource,
    Situation,
    Symptom,
    Verdict,
)
from ssmdiag.requirements.contract import Requirement, as_logged, doubted
from ssmdiag.requirements.host.facts import unseen
from ssmdiag.values import dataclass
from ssmdiag.world.call import Absent, Answer, Ask, Known, call

DISK = "local/disk"

_FULL = re.compile("no space left on device|not enough space on the disk", re.IGNORECASE)
_READ_ONLY = re.compile("read-only file system", re.IGNORECASE)
_PLAIN_PATH = re.compile(r"/[\w./-]*", re.ASCII)
_MIB = 1 << 20
_ENOUGH = 16 * _MIB
"""A session's temporary files want some room; less than this is as good as none."""
_LOOK = "look at the volume on the node: `df -h`, `df -i`, `mount`"


@dataclass(frozen=True)
class _Volume:
    """The volume of one folder."""

    path: str
    free: int
    files: Optional[int]
    """Inodes; None if the file system makes them as needed."""
    read_only: Optional[bool]

    @property
    def fault(self) -> Optional[str]:
        if self.read_only:
            return f"the volume of {self.path} is mounted read-only"
        if self.files == 0:
            return f"the volume of {self.path} is full: no file can be made (inodes)"
        if self.free < _ENOUGH:
            return f"the volume of {self.path} is full: {self.free // _MIB} MiB are free"
        return None

    def __str__(self) -> str:
        files = "" if self.files is None else f" and {self.files} inodes"
        return f"the volume of {self.path} has {self.free // _MIB} MiB{files} free now"

    def settles(self, symptom: Symptom) -> bool:
        """Does what is known of it answer what the log complained of?"""
        if _READ_ONLY.search(symptom.sample.message):
            return self.read_only is not None
        return bool(_FULL.search(symptom.sample.message))


def _disk(ask: Ask, situation: Situation) -> Verdict:
    symptoms = doubted(situation, DISK)
    answers = ask.all([call("host", "GetDiskSpace"), call("host", "GetDiskSpace", Folder="logs")])
    volumes = {v.path: v for v in map(_read, answers) if v}
    faulty = next((v for v in volumes.values() if v.fault), None)
    if faulty is not None and faulty.fault:
        logged = tuple(f"the agent logged: {s.sample.message}" for s in symptoms[-1:])
        others = tuple(str(v) for v in volumes.values() if v is not faulty and not v.fault)
        resource = Resource("local-os", faulty.path)
        return Broken(faulty.fault, resource, (*logged, *others), (Advice(_remedy(faulty)),))
    if symptoms:
        return _doubted(symptoms, _read(answers[0]), answers[0])
    return _undoubted(list(volumes.values()), answers)


def _read(answer: Answer) -> Optional[_Volume]:
    if not isinstance(answer, Known):
        return None
    told = answer.data
    return _Volume(
        str(told["Path"]), int(told["FreeBytes"]), told.get("FreeFiles"), told.get("ReadOnly")
    )


def _doubted(symptoms: Sequence[Symptom], data: Optional[_Volume], answer: Answer) -> Verdict:
    if data is None:
        return _unread(answer, symptoms)
    if other := [s for s in symptoms if not data.settles(s)]:
        return as_logged(DISK, other, _LOOK, name="the agent's volume")
    return Holds(str(data))


def _undoubted(volumes: Sequence[_Volume], answers: Sequence[Answer]) -> Verdict:
    unread = next((a for a in answers if not isinstance(a, (Known, Absent))), None)
    if unread is not None:
        return _unread(unread, ())
    if not volumes:
        folders = "; ".join(a.why for a in answers if isinstance(a, Absent))
        return NotApplicable(f"the agent has written nothing here yet: {folders}")
    return Holds("; ".join(map(str, volumes)))


def _unread(answer: Answer, symptoms: Sequence[Symptom]) -> Verdict:
    return unseen(
        answer, "the free space of the agent's volume", DISK, symptoms, _LOOK, "the agent's volume"
    )


def _remedy(volume: _Volume) -> str:
    if volume.read_only:
        where = shlex.quote(volume.path) if _PLAIN_PATH.fullmatch(volume.path) else "the folder"
        return (
            "on the node, as root: `dmesg` tells whether the disk failed, `findmnt -T "
            f"{where}` which volume it is; mend it, and its line in /etc/fstab if that says `ro`, "
            "then `mount -o remount,rw` with its mount point"
        )
    return (
        "free space or grow the volume; Ssm.SessionLogsRetentionDurationHours in "
        "amazon-ssm-agent.json says how long session data is kept there"
    )


REQUIREMENTS = (Requirement(DISK, "The agent's volumes have room", "host", _disk, standing=False),)
