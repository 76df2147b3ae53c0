"""systemd: a service that runs for ever, or one that a timer starts again and again.

The facts are those of systemd.exec(5), systemd.service(5), systemd.timer(5) and systemd.syntax(7).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ssmdiag.install.installation import (
    Commands,
    Installation,
    Kind,
    UnitFile,
    Wish,
    below,
    mark,
    risks,
)

SERVICE, TIMER = "ssmdiag-watch.service", "ssmdiag-watch.timer"
_FOLDER = "/etc/systemd/system"

KIND = Kind(
    "systemd",
    (f"{_FOLDER}/{SERVICE}", f"{_FOLDER}/{TIMER}"),
    Commands(
        (
            f"systemctl stop {TIMER} {SERVICE}",
            f"systemctl disable {TIMER} {SERVICE}",
            "systemctl daemon-reload",
        ),
        (f"systemctl --root={{root}} disable {TIMER} {SERVICE}",),
    ),
)

_DESCRIPTION = "ssmdiag: what keeps Session Manager from working on this node"
_PLAIN = re.compile(r"[\w@%+=:,./-]+", re.ASCII)
# systemd itself says of the first three "Executable name contains special characters", and takes
# the last for the beginning of a variable.
_NOT_IN_PROGRAMS = "\"'\\$"
_HOMES = ("/home", "/root", "/run/user")
_HIDDEN = ("/tmp", "/var/tmp")  # noqa: S108 - only compared with

_FOR_EVER = """\
Type=notify
ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
RestartSec=1min
# A misused option does not heal by itself.
RestartPreventExitStatus=2
# Longer than a cross-check whose every Call runs into its deadline.
WatchdogSec=5min
TimeoutStartSec=2min
TimeoutStopSec=30s
"""

_ONCE = """\
Type=oneshot
# 1: something is broken, 4: something could not be verified. That is news, not a failed run.
SuccessExitStatus=1 4
TimeoutStartSec=10min
"""

_NODE_FIRST = """\

# What the node is there for comes first.
MemoryMax={memory}
TasksMax=64
OOMScoreAdjust=500
Nice=10
IOSchedulingClass=best-effort
IOSchedulingPriority=7
"""

_SANDBOX = """\

# Only root may read the agent's logs. This one capability reads them; it does not write.
CapabilityBoundingSet=CAP_DAC_READ_SEARCH
StateDirectory=ssmdiag
StateDirectoryMode=0700
UMask=0077
NoNewPrivileges=yes
ProtectSystem=strict
{writable}{homes}
PrivateTmp=yes
PrivateDevices=yes
PrivateMounts=yes
ProtectProc=invisible
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
"""

_NO_HOMES = """\
# Nothing of the homes is seen but where a hybrid node keeps its credentials.
ProtectHome=tmpfs
BindReadOnlyPaths=-/root/.aws"""
_READABLE_HOMES = "ProtectHome=read-only"

_OWN_USER = """\
User={user}
# systemd makes this user if there is none of this name.
DynamicUser=yes
AmbientCapabilities=CAP_DAC_READ_SEARCH
Environment=XDG_STATE_HOME=/var/lib
Environment=AWS_SHARED_CREDENTIALS_FILE=/root/.aws/credentials AWS_CONFIG_FILE=/root/.aws/config
"""


def installation(wish: Wish) -> Installation:
    """Unit files for the wish. Raises ValueError for a program that systemd could not start."""
    _startable(wish)
    files = [UnitFile(f"{_FOLDER}/{SERVICE}", _service(wish))]
    if wish.every is not None:
        files.append(UnitFile(f"{_FOLDER}/{TIMER}", _timer(wish.every)))
    started = SERVICE if wish.every is None else TIMER
    return Installation(
        KIND,
        tuple(files),
        Commands(
            (
                "systemctl daemon-reload",
                f"systemctl enable {started}",
                f"systemctl restart {started}",
            ),
            (f"systemctl --root={{root}} enable {started}",),
        ),
        tuple(_notes(wish)),
    )


def quoted(word: str) -> str:
    """A word of a command line, so that systemd takes it as it stands.

    systemd.service(5), "Command lines" and systemd.syntax(7), "Quoting": % and $ are doubled, and
    backslashes escape.
    """
    literal = word.replace("%", "%%").replace("$", "$$")
    if _PLAIN.fullmatch(word):
        return literal
    escaped = literal.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _quoted_path(path: str) -> str:
    """A path in a list of them: there, $ is a letter like any other (systemd.exec(5))."""
    return quoted(path).replace("$$", "$")


def _startable(wish: Wish) -> None:
    program = wish.executable
    if not program.startswith("/") or program.endswith("/"):
        raise ValueError(f"{program!a} is not the absolute path of a program")
    if any(letter in program for letter in _NOT_IN_PROGRAMS):
        raise ValueError(
            f"{program!a}: systemd starts no program with $, a quote or \\ in its path"
        )
    hidden = _HIDDEN if _at_home(wish) else (*_HIDDEN, *_HOMES)
    for path in (*wish.program, *wish.writes):
        if below(path, hidden):
            raise ValueError(f"{path!a} is hidden from the service: choose another place")


def _at_home(wish: Wish) -> bool:
    return any(below(path, _HOMES) for path in wish.program)


def _service(wish: Wish) -> str:
    command = " ".join(quoted(word) for word in wish.words)
    user = "User=root\n" if wish.user == "root" else _OWN_USER.format(user=wish.user)
    homes = _READABLE_HOMES if _at_home(wish) else _NO_HOMES
    writable = "".join(f"ReadWritePaths={_quoted_path(f'-{path}')}\n" for path in wish.writes)
    return "".join(
        [
            f"# {mark(KIND.name)}\n",
            f"[Unit]\nDescription={_DESCRIPTION}\n",
            "After=network.target amazon-ssm-agent.service "
            "snap.amazon-ssm-agent.amazon-ssm-agent.service\n",
            "StartLimitIntervalSec=1h\nStartLimitBurst=10\n" if wish.every is None else "",
            f"\n[Service]\nExecStart={command}\n",
            _FOR_EVER if wish.every is None else _ONCE,
            user,
            _NODE_FIRST.format(memory=wish.memory),
            _SANDBOX.format(homes=homes, writable=writable),
            "\n[Install]\nWantedBy=multi-user.target\n" if wish.every is None else "",
        ]
    )


def _timer(every: int) -> str:
    # Persistent= is left out: it works with OnCalendar= only, and the checkpoint makes up for
    # what was missed.
    return f"""\
# {mark(KIND.name)}
[Unit]
Description={_DESCRIPTION}

[Timer]
OnBootSec=2min
OnUnitActiveSec={every}min
# A fleet that was started at once must not ask AWS at once.
RandomizedDelaySec={every * 15}s
AccuracySec=10s

[Install]
WantedBy=timers.target
"""


def _notes(wish: Wish) -> Iterator[str]:
    yield (
        "It needs systemd 239 (RHEL 8, Ubuntu 20.04, Amazon Linux 2023): an older one does not "
        "know the set of system calls, and lets the program do nothing. Use cron there."
    )
    if _at_home(wish):
        yield "The program is in a home folder, so the service sees all of them, read-only."
    yield from risks(wish)
    if any(word.startswith("exec:") for word in wish.arguments):
        yield "What --tell exec: runs is in the same sandbox: it writes nowhere and gains no right."
    yield "Its state stays in /var/lib/ssmdiag when the units are taken away."
