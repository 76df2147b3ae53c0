"""The network around one node, inside a namespace: names, and how each of them fares.

    python -m tests.node_network FOLDER '{"ssm.eu-west-1.amazonaws.com": "good", …}' [PROGRAM …]

Serves DNS and the endpoints on loopback, every name at an address of its own, port 443. With a
PROGRAM it runs that, which trusts the test's authority by SSL_CERT_FILE, and exits as it does;
without one it probes all the names side by side and prints the host's Answers as JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Callable, Optional

from ssmdiag.world.call import Known
from ssmdiag.world.host.endpoint import Limits, probe
from ssmdiag.world.host.place import Place
from tests.certificates import Certificate, authority, inspection
from tests.loopback import Page, deaf, hanging_up, https, listening, name_server, silent
from tests.namespace import DISCARDED, UNREACHABLE, in_namespace

_DAY = timedelta(days=1)
_PORT = 443

# How an endpoint fares, by a word: what is served at its name and address.
Served = Callable[[str, str, Path], AbstractContextManager[int]]


_RIGHT = Page()


def _tls(page: Page = _RIGHT, **manner: Any) -> Served:
    def served(name: str, address: str, folder: Path) -> AbstractContextManager[int]:
        certificate = Certificate(**{"authority": authority(), "names": [name], **manner})
        return https(certificate, folder, page, address, _PORT)

    return served


FARES: Mapping[str, Optional[Served]] = {
    # Of these there is nothing but what DNS says, or does not.
    "unknown": None,
    "no-name-server": None,
    "no-route": None,
    "blackhole": None,
    "refused": None,
    "silence": lambda _, address, __: deaf(address, _PORT),
    "no-tls": lambda _, address, __: listening(silent, address, _PORT),
    "reset": lambda _, address, __: listening(hanging_up, address, _PORT),
    "good": _tls(),
    "late": _tls(Page(ahead=-900)),
    "inspected": _tls(authority=inspection()),
    "expired": _tls(until=-_DAY / 2),
    "wrong-name": _tls(names=["another.example.com"]),
}


_ELSEWHERE = {"no-route": UNREACHABLE, "blackhole": DISCARDED}


def beside(
    names: Mapping[str, str], folder: Path, *program: object, **environ: str
) -> subprocess.CompletedProcess[str]:
    """Run a program (none: the probes) where each name fares as a word of ``FARES`` says."""
    ours = [sys.executable, "-m", "tests.node_network", folder, json.dumps(names)]
    return in_namespace([*ours, *program], folder, environ)


@contextmanager
def network(names: Mapping[str, str], folder: Path) -> Iterator[None]:
    """Serve the names, inside a namespace."""
    known: dict[str, Optional[Sequence[str]]] = {}
    with ExitStack() as servers:
        for number, (name, fare) in enumerate(names.items(), start=2):
            address = _ELSEWHERE.get(fare, f"127.0.0.{number}")
            if fare != "unknown":
                known[name] = None if fare == "no-name-server" else [address]
            served = FARES[fare]
            if served is not None:
                servers.enter_context(served(name, address, folder))
        servers.enter_context(name_server(known, port=53))
        yield


def _probed(names: Sequence[str]) -> dict[str, Any]:
    def ask(name: str) -> Any:
        answer = probe(Place("linux", os.environ), name, _PORT, Limits(connect=0.5, tls=0.5))
        return answer.data if isinstance(answer, Known) else str(answer)

    with ThreadPoolExecutor(len(names)) as side_by_side:
        return dict(zip(names, side_by_side.map(ask, names)))


def _main(folder: str, names: str, *program: str) -> int:
    fares = json.loads(names)
    os.environ["SSL_CERT_FILE"] = str(authority().write(Path(folder) / "authority.pem"))
    with network(fares, Path(folder)):
        if program:
            return subprocess.run(program, check=False).returncode
        sys.stdout.write(json.dumps(_probed(list(fares))))
    return 0


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
