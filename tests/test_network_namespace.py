"""Names of AWS looked up and dialled in a network of the test's own: see ``node_network``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.namespace import impossible
from tests.node_network import beside

pytestmark = pytest.mark.exhaustive

_FARES = {
    "good": ("done", None, None),
    "unknown": ("name", "name", "Name or service not known"),
    "no-name-server": ("name", "silence", "Temporary failure in name resolution"),
    "no-route": ("connect", "no-route", "No route to host"),
    "blackhole": ("connect", "no-route", "the routing table discards what goes there"),
    "refused": ("connect", "refused", "Connection refused"),
    "silence": ("connect", "silence", "timed out"),
    "no-tls": ("tls", "silence", "timed out"),
    "inspected": ("tls", "untrusted", "self-signed certificate in certificate chain"),
    "wrong-name": (
        "tls",
        "wrong-name",
        "Hostname mismatch, certificate is not valid for 'wrong-name.eu-west-1.amazonaws.com'.",
    ),
}


def test_every_name_fares_as_the_network_has_it(tmp_path: Path) -> None:
    if why := impossible():
        pytest.skip(f"no network namespace: {why}")
    names = {f"{fare}.eu-west-1.amazonaws.com": fare for fare in _FARES}
    done = beside(names, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert {
        fare: (told[name]["Stage"], told[name]["Kind"], told[name]["Problem"])
        for name, fare in names.items()
    } == _FARES
    good = told["good.eu-west-1.amazonaws.com"]
    assert good["Addresses"] == [good["Address"]] == ["127.0.0.2"]
    assert good["Http"]["Status"] == 404
