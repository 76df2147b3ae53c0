"""Windows: a task for the Task Scheduler.

The facts are those of "Task Scheduler Schema" and "schtasks create" (Microsoft Learn): a file for
schtasks is UTF-16, and what stands between two % in a command is a variable.
"""

from __future__ import annotations

import re
import subprocess
from datetime import datetime, timedelta
from xml.etree import ElementTree as Xml

from ssmdiag.install.installation import Commands, Installation, Kind, UnitFile, Wish, mark

TASK = "ssmdiag-watch"
# Only administrators write there. Who can change the file before schtasks reads it is SYSTEM.
PATH = rf"C:\Program Files\ssmdiag\{TASK}.xml"
NAMESPACE = "http://schemas.microsoft.com/windows/2004/02/mit/task"

_DELETE = (f"schtasks /Delete /TN {TASK} /F",)
KIND = Kind("windows-task", (PATH,), Commands(_DELETE, _DELETE))

_SYSTEM = "S-1-5-18"  # its name is another in every language of Windows
_LONG_AGO = datetime(2024, 1, 1)  # in the node's own time
_NOTES = (
    "What it says is not kept anywhere: let it --tell somebody.",
    "SYSTEM runs the program: nobody but administrators may be able to write to its folder.",
)
_PROGRAM = re.compile(r'[A-Za-z]:[\\/][^<>:"|?*]*[^<>:"|?*\\/]')
_VARIABLE = re.compile(r"%[^%]+%|\$\(Arg")


def installation(wish: Wish) -> Installation:
    """The task for the wish. Raises ValueError for what the Task Scheduler would read otherwise."""
    if not _PROGRAM.fullmatch(wish.executable):
        raise ValueError(f"{wish.executable!a} is not the absolute path of a Windows program")
    arguments = subprocess.list2cmdline(wish.words[1:])
    for text in (wish.executable, arguments):
        if _VARIABLE.search(text):
            raise ValueError(f"{text!a}: the Task Scheduler would fill in a variable there")
    create = (f'schtasks /Create /TN {TASK} /XML "{PATH}" /F',)
    again = (f"schtasks /End /TN {TASK}", f"schtasks /Run /TN {TASK}")
    start = (*create, *again) if wish.every is None else create
    text = f'<?xml version="1.0" encoding="UTF-16"?>\n{_task(wish, arguments)}\n'
    return Installation(
        KIND,
        (UnitFile(PATH, text, encoding="utf-16", own_folder=True),),
        Commands(start, create),
        _NOTES,
    )


def _task(wish: Wish, arguments: str) -> str:
    task = Xml.Element("Task", {"version": "1.2", "xmlns": NAMESPACE})
    task.append(Xml.Comment(f" {mark(KIND.name)} "))
    _add(task, "RegistrationInfo", {"Description": "What keeps Session Manager from working here."})
    _triggers(_add(task, "Triggers", {}), wish)
    principal = {"UserId": _SYSTEM, "RunLevel": "HighestAvailable"}
    _add(_add(task, "Principals", {}), "Principal", principal, id="Author")
    settings = _add(task, "Settings", _SETTINGS)
    _limits(settings, wish)
    command = {"Command": wish.executable, "Arguments": arguments}
    _add(_add(task, "Actions", {}, Context="Author"), "Exec", command)
    Xml.indent(task)
    return Xml.tostring(task, encoding="unicode")


_SETTINGS = {
    "MultipleInstancesPolicy": "IgnoreNew",
    "DisallowStartIfOnBatteries": "false",
    "StopIfGoingOnBatteries": "false",
    "AllowHardTerminate": "true",
    "StartWhenAvailable": "true",
    "RunOnlyIfNetworkAvailable": "false",
    "Enabled": "true",
    "Priority": "7",
}


def _triggers(parent: Xml.Element, wish: Wish) -> None:
    if wish.every is None:
        # RestartOnFailure gives up in the end; this looks again, and IgnoreNew makes it harmless.
        boot = _add(parent, "BootTrigger", {"Enabled": "true"})
        _add(boot, "Repetition", {"Interval": "PT15M", "StopAtDurationEnd": "false"})
        _add(boot, "Delay", "PT1M")
        return
    start = _LONG_AGO + timedelta(minutes=wish.offset)
    timed = _add(parent, "TimeTrigger", {"Enabled": "true", "StartBoundary": start.isoformat()})
    # Without a Duration it repeats for ever.
    _add(timed, "Repetition", {"Interval": f"PT{wish.every}M", "StopAtDurationEnd": "false"})
    _add(timed, "RandomDelay", f"PT{wish.every * 15}S")


def _limits(settings: Xml.Element, wish: Wish) -> None:
    if wish.every is None:
        _add(settings, "ExecutionTimeLimit", "PT0S")
        _add(settings, "RestartOnFailure", {"Interval": "PT1M", "Count": "10"})
    else:
        _add(settings, "ExecutionTimeLimit", "PT10M")


def _add(
    parent: Xml.Element, tag: str, content: str | dict[str, str], **attributes: str
) -> Xml.Element:
    added = Xml.SubElement(parent, tag, attributes)
    if isinstance(content, str):
        added.text = content
        return added
    for name, value in content.items():
        Xml.SubElement(added, name).text = value
    return added
