"""Logs as agents write them, for measuring: the same bytes for the same seed, whatever the machine.

What the agent says in peace and in trouble is taken from its source (the messages of
``agent/session``, ``agent/messageservice``, ``common/identity``); sizes of a set from
``seelog_unix.xml``: 30,000,000 bytes and 5 rolls of the main log, 10,000,000 and 5 of errors.log.
One Record in 200 is of level WARN or above.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Optional

SEED = 20261124
END = datetime(2026, 11, 20, 14, 30)
NODE = "i-0f00ba4c0ffee1234"
MAIN_BYTES, ERRORS_BYTES, ROLLS = 30_000_000, 10_000_000, 5

_POOL = 4_000
_LOUD_IN = 200
_SELDOM_IN = 400
_PAUSE = timedelta(seconds=2.1)
"""Between two Records: the largest set then holds a month."""
_ERROR_PAUSE = _PAUSE * _LOUD_IN

_SESSION = "[ssm-session-worker] [{user}-{hex17}] [DataBackend] [pluginName=Standard_Stream] "
_DOCUMENT = "[ssm-document-worker] [{uuid}] [DataBackend] [pluginName=aws:runShellScript] "
_WORKER = "[ssm-agent-worker] "
_SERVICE = _WORKER + "[MessageService] "
_QUIET = (
    "INFO " + _SESSION + "Calling Get Sequence token",
    "INFO " + _SESSION + "Received Sequence token",
    "INFO " + _SESSION + "increasing error count by 1",
    "INFO " + _SESSION + "Plugin Standard_Stream started",
    "DEBUG " + _SESSION + "Process data channel message of type input_stream_data, sequence {n}",
    "DEBUG " + _SESSION + "Send acknowledge message for stream data: {n}",
    "INFO [ssm-session-worker] [{user}-{hex17}] Session worker closed, pid {n}",
    "INFO " + _DOCUMENT + "Running script: /var/lib/amazon/ssm/{node}/{uuid}/_script.sh",
    "INFO " + _DOCUMENT + "Job finished with status Success, exit code 0, in {n} ms",
    "DEBUG [ssm-document-worker] [{uuid}] Persisting interim state {uuid} of document\n"
    '{{\n\t"documentId": "{uuid}",\n\t"pluginStatus": "InProgress"\n}}',
    "INFO " + _WORKER + "[HealthCheck] HealthCheck reporting agent health.",
    "INFO " + _SERVICE + "[MGSInteractor] Got job {user}-{hex17}, starting worker",
    "INFO " + _SERVICE + "[MGSInteractor] received message through control channel {uuid}",
    "INFO " + _SERVICE + "[MDSInteractor] Sending reply {uuid}",
    "INFO " + _SERVICE + "[EngineProcessor] [OutOfProcExecuter] [{uuid}] channel {uuid} found",
    "DEBUG " + _SERVICE + "[MGSInteractor] Websocket ping, sequence number {n}",
    "INFO [amazon-ssm-agent] [LongRunningWorkerContainer] [WorkerProvider] Worker "
    "ssm-agent-worker (pid:{n}) is running",
    "INFO " + _WORKER + "[associationId={uuid}] Association is not due, next run in {n} s",
)
_SELDOM = (
    "INFO [CredentialRefresher] Next credential rotation will be in 29.{n} minutes",
    "INFO EC2RoleProvider Successfully connected with instance profile role credentials",
)
_REFUSED = (
    "AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/node-role/{node} is "
    "not authorized to perform: {action} on resource: {arn} because no identity-based policy "
    "allows the {action} action\n\tstatus code: 400, request id: {uuid}"
)
_GROUPS = _REFUSED.replace("{action}", "logs:DescribeLogGroups").replace(
    "{arn}", "arn:aws:logs:us-east-1:123456789012:log-group::log-stream:"
)
_UPDATE = _REFUSED.replace("{action}", "ssm:UpdateInstanceInformation").replace(
    "{arn}", "arn:aws:ec2:us-east-1:123456789012:instance/{node}"
)
_LOUD = (
    ("DescribeLogGroups @ cloudwatchlogsservice.go.283", "ERROR", _SESSION + "Error Calling "
     "DescribeLogGroups:" + _GROUPS),
    ("getLogGroupDetails @ cloudwatchlogsservice.go.342", "ERROR", _SESSION + "Error in calling "
     "DescribeLogGroups:" + _GROUPS),
    ("execute @ shell.go.238", "ERROR", _SESSION + "Validation failed, err: We couldn't start the "
     "session because encryption is not set up on the selected CloudWatch Logs log group. Either "
     "encrypt the log group or choose an option to enable logging without encryption."),
    ("listenReply @ controlchannel.go.210", "ERROR", _SERVICE + "[MGSInteractor] Failed to get "
     "controlchannel token, error: CreateControlChannel failed with error: createControlChannel "
     "request failed: RequestError: send request failed\ncaused by: Post "
     '"https://ssmmessages.us-east-1.amazonaws.com/v1/control-channel/{node}": dial tcp '
     "10.0.{n}:443: i/o timeout"),
    ("updateHealth @ healthcheck.go.120", "ERROR", _WORKER + "[HealthCheck] error when calling AWS "
     "APIs. error details - " + _UPDATE),
    ("runCommand @ exec.go.77", "ERROR", _DOCUMENT + "command {uuid} failed: exit status 1"),
    ("", "WARN", _SERVICE + "[MGSInteractor] Closing websocket channel {uuid} after {n} pings"),
    ("", "WARN", _DOCUMENT + "The plugin returned {n} bytes, which is more than is kept"),
)  # fmt: skip


def main_log(
    size: int, errors: Optional[list[bytes]] = None, end: datetime = END, seed: int = SEED
) -> Iterator[bytes]:
    """A main log of at least ``size`` bytes, in blocks, whose newest Record is a pause before
    ``end``. What the agent repeats in errors.log is added to ``errors``."""
    chance = random.Random(seed)  # noqa: S311 - nothing depends on it
    quiet = [_filled(text, chance) for text in _QUIET for _ in range(_POOL // len(_QUIET))]
    seldom = [_filled(text, chance) for text in _SELDOM]
    places = _loud(chance)
    loud = list(places)
    # Sizes first, to know when the oldest Record has to be.
    blocks: list[list[str]] = []
    written, stamp = 0, len("2026-11-20 14:30:00.1234 \n")
    while written < size:
        block = chance.choices(quiet, k=_LOUD_IN * 5)
        for at in range(0, len(block), _LOUD_IN):
            block[at + chance.randrange(_LOUD_IN)] = chance.choice(loud)
        for at in range(0, len(block), _SELDOM_IN):
            block[at] = chance.choice(seldom)
        blocks.append(block)
        written += sum(map(len, block)) + stamp * len(block)
    moment = end - _PAUSE * sum(map(len, blocks))
    for block in blocks:
        lines = []
        for text in block:
            lines.append(f"{moment.isoformat(' ', 'milliseconds')}0 {text}\n")
            if errors is not None and text in places and text.startswith("ERROR"):
                errors.append(_in_errors(moment, places[text], text))
            moment += _PAUSE
        yield "".join(lines).encode()


def errors_log(size: int, newest: list[bytes], end: datetime, seed: int = SEED) -> Iterator[bytes]:
    """An errors.log of about ``size`` bytes: older ERRORs until ``end``, and then ``newest``."""
    chance = random.Random(seed)  # noqa: S311 - nothing depends on it
    errors = [(text, place) for text, place in _loud(chance).items() if text.startswith("ERROR")]
    mean = sum(map(len, newest)) // len(newest)
    count = size // mean - len(newest)
    moment = end - _ERROR_PAUSE * (count + 1)
    for _ in range(count):
        text, place = chance.choice(errors)
        yield _in_errors(moment, place, text)
        moment += _ERROR_PAUSE
    yield from newest


def _loud(chance: random.Random) -> dict[str, str]:
    """What is said at level WARN and above, and where in the agent's source."""
    return {
        _filled(f"{level} {text}", chance): place
        for place, level, text in _LOUD
        for _ in range(_POOL // len(_LOUD))
    }


def _in_errors(moment: datetime, place: str, text: str) -> bytes:
    message = text[len("ERROR ") :]
    return f"{moment.isoformat(' ', 'milliseconds')}0 ERROR [{place}] {message}\n".encode()


def largest_set(folder: Path) -> Path:
    """Everything that the agent's rotation keeps: 6 main logs and 6 errors.log, all full."""
    folder.mkdir(parents=True, exist_ok=True)
    repeated: list[bytes] = []
    main = main_log(MAIN_BYTES * (ROLLS + 1), repeated)
    _rolled(folder / "amazon-ssm-agent.log", MAIN_BYTES, main)
    oldest = datetime.fromisoformat(repeated[0][:19].decode())
    errors = errors_log(ERRORS_BYTES * (ROLLS + 1), repeated, oldest)
    _rolled(folder / "errors.log", ERRORS_BYTES, errors)
    return folder


def one_log(path: Path, size: int) -> Path:
    """One main log of at least ``size`` bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.writelines(main_log(size))
    return path


def one_line(path: Path, size: int) -> Path:
    """One Record of one line and ``size`` bytes, with an error behind it."""
    with path.open("wb") as file:
        file.write(b"2026-11-20 14:00:00.0000 DEBUG [ssm-document-worker] payload ")
        for _ in range(size >> 20):
            file.write(b"0123456789abcdef" * (1 << 16))
        file.write(b"\n2026-11-20 14:00:01.0000 ERROR [ssm-session-worker] after the line\n")
    return path


def _rolled(path: Path, limit: int, blocks: Iterator[bytes]) -> None:
    """Spread over full files, the rolls numbered as seelog numbers them: the highest is newest."""
    names = [path.with_name(f"{path.name}.{roll}") for roll in range(17, 17 + ROLLS)]
    whole = b"".join(blocks)
    for target in [*names, path]:
        cut = whole.find(b"\n20", limit) + 1 if len(whole) > limit and target != path else 0
        target.write_bytes(whole[:cut] if cut else whole)
        whole = whole[cut:] if cut else b""


def _filled(text: str, chance: random.Random) -> str:
    digits = f"{chance.getrandbits(128):032x}"
    uuid = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
    user = chance.choice(("alice", "bob", "carol.jones@example.org", "build-role"))
    return text.format(
        hex17=digits[:17], uuid=uuid, user=user, node=NODE, n=chance.randrange(10**6)
    )
