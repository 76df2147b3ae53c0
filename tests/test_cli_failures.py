"""What is broken around a run: it says so in one line, with an exit code that no verdict has.

Every row is data: the command line as a shell gets it, the exit code, the line. The files that it
names are made by ``_files``. No AWS is there but an endpoint on loopback that never answers.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Union

import pytest

from ssmdiag.wiring.archive import LOG, SNAPSHOT, pack
from tests.loopback import listening, silent

EXCERPT = Path(__file__).parent / "fixtures" / "excerpts" / "cloudwatch.log"
_FULL = "standard output cannot be written: No space left on device; see what it leads to"
_CONFIGURATION = "the AWS configuration cannot be read: Unable to parse config file: "
_NO_NUMBER = "is at most 86400 seconds"


def _files(folder: Path) -> None:
    log, empty = EXCERPT.read_bytes(), _snapshot()
    bundle = bytearray(pack({SNAPSHOT: empty.encode(), LOG: os.urandom(4096).hex().encode() + log}))
    bundle[len(bundle) // 2] ^= 0xFF
    files: Mapping[str, Union[bytes, str]] = {
        "aws-config": "[default\nregion = eu-central-1\n",
        "agent.log": log,
        "damaged.tar.gz": bytes(bundle),
        "empty.json": empty,
        "deep.json": "[" * 100_000,
        "number.json": _snapshot(known=3),
        "region.json": _snapshot(region="x; touch /tmp/pwn #"),
        "deep.toml": "key = " + "[" * 20_000,
        "no-name.json": _write("ssm", "UpdateDocumentDefaultVersion", DocumentVersion="2"),
        "no-text.json": _write("logs", "CreateLogGroup", logGroupName=["x"]),
        "no-number.json": _write(
            "logs", "PutRetentionPolicy", logGroupName="x", retentionInDays={"Days": 3}
        ),
    }
    for name, content in files.items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)


def _snapshot(known: object = None, region: str = "eu-central-1") -> str:
    asked = {"service": "ssm", "operation": "GetDocument", "parameters": {"Name": "x"}}
    answers = [{**asked, "answer": {"known": known}}] if known else []
    return json.dumps({"schema": "ssmdiag.snapshot/1", "region": region, "answers": answers})


def _write(service: str, operation: str, **parameters: object) -> str:
    return json.dumps([{"service": service, "operation": operation, "parameters": parameters}])


def _shell(line: str, folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a line in which ``ssmdiag`` is this one, and nothing leads to AWS."""
    program = f"{shlex.quote(sys.executable)} -m ssmdiag"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    nobody = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    return subprocess.run(
        ["/bin/bash", "-c", re.sub(r"\bssmdiag\b", lambda _: program, line)],
        cwd=folder,
        env={**kept, **nobody, "AWS_CONFIG_FILE": os.devnull, "TERM": "dumb", **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    _files(tmp_path)
    return tmp_path


_MALFORMED = "export AWS_CONFIG_FILE=aws-config; "
_ROWS = [
    (f"{_MALFORMED} ssmdiag check", 3, _CONFIGURATION),
    (f"{_MALFORMED} ssmdiag can kms:Decrypt", 3, _CONFIGURATION),
    (f"{_MALFORMED} ssmdiag predict", 3, _CONFIGURATION),
    (f"{_MALFORMED} ssmdiag setup plan", 3, _CONFIGURATION),
    (f"{_MALFORMED} ssmdiag queries run errors", 3, _CONFIGURATION),
    (f"{_MALFORMED} ssmdiag snapshot out.json", 3, _CONFIGURATION),
    (
        "export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=aws-config; ssmdiag check",
        3,
        _CONFIGURATION,
    ),
    ("ssmdiag --version > /dev/full", 3, _FULL),
    ("ssmdiag --help > /dev/full", 3, _FULL),
    ("ssmdiag queries list > /dev/full", 3, _FULL),
    ("PYTHONUNBUFFERED=1 ssmdiag queries list > /dev/full", 3, _FULL),
    ("ssmdiag diagnose --offline --all agent.log > /dev/full", 3, _FULL),
    ("ssmdiag check --snapshot empty.json --format json > /dev/full", 3, _FULL),
    ("ssmdiag diagnose --bundle damaged.tar.gz", 3, "damaged.tar.gz: it cannot be unpacked: "),
    ("ssmdiag check --snapshot damaged.tar.gz", 3, "damaged.tar.gz: it cannot be unpacked: "),
    ("ssmdiag check --snapshot deep.json", 3, "not a snapshot: it is nested too deeply"),
    ("ssmdiag check --snapshot number.json", 3, "ssm:GetDocument has not the form of one"),
    ("ssmdiag check --snapshot region.json", 3, "its region is 'x; touch /tmp/pwn #', which is"),
    (
        "ssmdiag predict --snapshot empty.json --change no-name.json",
        2,
        "no-name.json: its write Call ssm:UpdateDocumentDefaultVersion lacks the parameter 'Name'",
    ),
    (
        "ssmdiag predict --snapshot empty.json --change no-text.json",
        2,
        "no-text.json: its write Call logs:CreateLogGroup: Invalid type for parameter logGroupName",
    ),
    (
        "ssmdiag predict --snapshot empty.json --change no-number.json",
        2,
        "its write Call logs:PutRetentionPolicy: Invalid type for parameter retentionInDays",
    ),
    ("ssmdiag setup plan --account 123456789012 --config deep.toml", 2, "nested too deeply"),
    (
        "ssmdiag check --snapshot empty.json --only caller/generate-data-key",
        2,
        "caller/generate-data-key is about who starts sessions: say who with --as-user ARN",
    ),
    ("ssmdiag check --snapshot empty.json --only clock,caller", 2, "with --as-user ARN"),
    ("ssmdiag check --snapshot $'\\e[31m.json'", 3, r"snapshot \x1b[31m.json cannot be read"),
    *(
        (f"ssmdiag {command} --root /no/such/node", 3, "--root /no/such/node is no folder")
        for command in ("check", "predict", "snapshot out.json", "diagnose --all", "bundle")
    ),
]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="nothing here is always full")
@pytest.mark.parametrize(("line", "code", "said"), _ROWS, ids=[row[0] for row in _ROWS])
def test_it_is_said_in_one_line(line: str, code: int, said: str, folder: Path) -> None:
    done = _shell(line, folder)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert said in done.stderr
    assert done.stderr.startswith("ssmdiag: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "options",
    [
        *(f"check --timeout={value}" for value in ("inf", "nan", "-1", "1e300")),
        *(f"check --deadline={value}" for value in ("inf", "nan", "-1")),
        *(f"queries run errors --wait={value}" for value in ("inf", "nan", "-1")),
        *(f"{command} --deadline=inf" for command in ("snapshot out.json", "bundle")),
    ],
)
def test_a_time_that_never_comes_is_wrong_usage(options: str, folder: Path) -> None:
    done = _shell(f"ssmdiag {options}", folder)
    assert (done.returncode, done.stdout) == (2, "")
    option = options.partition("--")[2].partition("=")[0]
    assert re.search(f"Invalid value.*--{option}", done.stderr)


_WISH = "--region eu-west-1 --role Nodes --log-group /sessions --session-user Operators"
_DIAGNOSE = "ssmdiag diagnose --offline --all agent.log"


@pytest.mark.parametrize(
    ("line", "code", "there"),
    [
        # A stream that was closed before the program started.
        (f"{_DIAGNOSE} <&-", 4, ""),
        (f"{_DIAGNOSE} --output report.txt >&-", 4, "report.txt"),
        (f"{_DIAGNOSE} --output report.txt <&- >&- 2>&-", 4, "report.txt"),
        ("ssmdiag check --snapshot empty.json <&-", 4, ""),
        (f"ssmdiag setup plan --account 123456789012 {_WISH} <&-", 0, ""),
        ("ssmdiag --version >&-", 0, ""),
        ("ssmdiag --version 2>&- >&-", 0, ""),
        # A reader that has seen enough.
        ("ssmdiag --version | true; exit ${PIPESTATUS[0]}", 0, ""),
        ("ssmdiag --help | true; exit ${PIPESTATUS[0]}", 0, ""),
        ("ssmdiag setup plan --help | true; exit ${PIPESTATUS[0]}", 0, ""),
        ("ssmdiag watch --help | true; exit ${PIPESTATUS[0]}", 0, ""),
        ("ssmdiag queries list | true; exit ${PIPESTATUS[0]}", 0, ""),
        ("ssmdiag patterns list | true; exit ${PIPESTATUS[0]}", 0, ""),
        (f"{_DIAGNOSE} | true; exit ${{PIPESTATUS[0]}}", 4, ""),
    ],
)
def test_who_does_not_listen_changes_no_verdict(
    line: str, code: int, there: str, folder: Path
) -> None:
    done = _shell(line, folder)
    assert (done.returncode, done.stderr) == (code, "")
    assert not there or "Could not be verified: " in (folder / there).read_text("utf-8")


_WATCH = "watch --once --offline --from start --state watch.json agent.log"
_WIDE = ["explain --all", "setup plan --help", "patterns list", _WATCH]


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "cp1252"])
@pytest.mark.parametrize("command", _WIDE)
def test_an_encoding_that_lacks_characters_is_no_error(
    command: str, encoding: str, folder: Path
) -> None:
    poor = _shell(f"ssmdiag {command} > poor", folder, PYTHONIOENCODING=encoding)
    assert (poor.returncode, poor.stderr) == (4 if command == _WATCH else 0, "")
    assert len((folder / "poor").read_bytes()) > 100


def test_json_stays_json_in_such_an_encoding(folder: Path) -> None:
    (folder / "agent.log").write_text(
        "2026-11-20 14:22:07 ERROR größer als 😀: it is not known\n", "utf-8"
    )
    line = f"{_DIAGNOSE} --format json"
    plain, poor = _shell(line, folder), _shell(line, folder, PYTHONIOENCODING="ascii")
    assert "größer" in plain.stdout
    assert poor.stdout.isascii()
    assert json.loads(poor.stdout)["unrecognised"] == json.loads(plain.stdout)["unrecognised"]


@pytest.mark.skipif(os.name != "posix", reason="elsewhere a program is not interrupted like this")
@pytest.mark.parametrize("command", ["check", "diagnose --all agent.log", "can kms:Decrypt"])
def test_an_interrupt_ends_it_at_once_though_aws_hangs(command: str, folder: Path) -> None:
    asked = threading.Event()

    def serve(connection: socket.socket) -> None:
        asked.set()
        silent(connection)

    with listening(serve) as port:
        running = subprocess.Popen(
            [sys.executable, "-m", "ssmdiag", *command.split(), "--timeout", "30"],
            cwd=folder,
            env={
                **os.environ,
                "AWS_EC2_METADATA_DISABLED": "true",
                "AWS_ACCESS_KEY_ID": "testing",
                "AWS_SECRET_ACCESS_KEY": "testing",
                "AWS_DEFAULT_REGION": "eu-central-1",
                "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert asked.wait(60)
        interrupted = time.monotonic()
        running.send_signal(signal.SIGINT)
        said = running.communicate(timeout=20)
        took = time.monotonic() - interrupted
    assert (running.returncode, *said) == (130, "", "")
    assert took < 4


_DEFECT = """
import sys
from ssmdiag.cli import app
def broken(*_): raise RuntimeError("two lines\\nof it")
app._loaded = broken
from ssmdiag.__main__ import main
sys.argv = ["ssmdiag", "check"]
main()
"""


@pytest.mark.parametrize("traced", ["", "1"])
def test_what_nobody_foresaw_is_a_defect_with_a_traceback_on_request(traced: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _DEFECT],
        env={**os.environ, "SSMDIAG_TRACEBACK": traced},
        capture_output=True,
        text=True,
        check=False,
    )
    *before, line = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (3, "")
    assert line.startswith("ssmdiag: this is a defect of ssmdiag: RuntimeError: two lines of it. ")
    assert "SSMDIAG_TRACEBACK=1" in line
    assert ("Traceback (most recent call last):" in before) is bool(traced)
    assert bool(before) is bool(traced)
