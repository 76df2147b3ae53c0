"""How the world is reached: AWS and the host, or a Snapshot in their place."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Optional

from ssmdiag.wiring.job import JobError, Reach, Surroundings, write_aside
from ssmdiag.world.asking import Asking, Door, first_of
from ssmdiag.world.call import Answer, Call, Known, call

# What a run does not reach for is not loaded: that is most of the time of a short one.
if TYPE_CHECKING:
    from ssmdiag.world.aws import Aws


def door(
    reach: Reach,
    around: Surroundings,
    otherwise_region: Optional[str] = None,
    on_host: Optional[Door] = None,
) -> tuple[Door, str]:
    """The door that only reads, and the region that it looks at; ``on_host`` is the node's side of
    it, if that was opened before. Raises JobError."""
    if reach.snapshot is not None:
        from ssmdiag.world import snapshot

        answers, then = _snapshot(reach.snapshot)
        return snapshot.door(answers), reach.region or then
    aws, region = access(reach, otherwise_region)
    return first_of([("host", on_host or host(reach, around))], aws.read), region


def node_region(ask: Door) -> Optional[str]:
    """The region that the agent is told, or that its registration or the instance metadata name."""
    from ssmdiag.iam.arn import is_region

    for operation, way in (
        ("GetAgentConfig", ("Content", "Agent", "Region")),
        ("GetRegistration", ("Hybrid", "Region")),
        ("GetMetadataService", ("Identity", "Region")),
    ):
        answer = ask(call("host", operation))
        value: Any = answer.data if isinstance(answer, Known) else None
        for name in way:
            value = value.get(name) if isinstance(value, dict) else None
        if isinstance(value, str) and is_region(value):
            return value
    return None


def host(reach: Reach, around: Surroundings) -> Door:
    """The node's side of the door alone."""
    from ssmdiag.world.host.door import door as host_door
    from ssmdiag.world.host.place import Place

    elsewhere = {"AWS_ENDPOINT_URL": reach.endpoint_url} if reach.endpoint_url else {}
    return host_door(Place(around.platform, {**around.environ, **elsewhere}, reach.root))


def access(reach: Reach, otherwise_region: Optional[str] = None) -> tuple[Aws, str]:
    """AWS with the credentials that are asked for, and the region. Raises JobError."""
    from ssmdiag.world.aws import Access, Aws, AwsConfigurationError, configured_region

    try:
        region = reach.region or otherwise_region or configured_region(reach.profile)
    except AwsConfigurationError as error:
        raise JobError(str(error)) from None
    if not region:
        raise JobError(
            "the node's region is not known: neither the log nor the AWS configuration names it; "
            "give --region"
        )
    aws = Aws(Access(region, reach.profile, reach.endpoint_url, reach.assume_role, reach.timeout))
    if (reach.profile or reach.assume_role) and (why := aws.enter()):
        raise JobError(f"{why}; see --profile and --assume-role")
    return aws, region


def keep(reach: Reach, ask: Asking, region: str) -> None:
    """Save the Answers, if that is asked for; masked, as they are to leave the node.

    Raises JobError.
    """
    if reach.save_snapshot is not None:
        from ssmdiag.render.redact import evidence
        from ssmdiag.world import snapshot

        (text,) = evidence([snapshot.dump(ask.answers, region)], redacted=reach.redact)
        write_aside(reach.save_snapshot, text)


def in_region(region: str) -> Callable[[Sequence[Call]], tuple[str, ...]]:
    """Word write Calls as commands for one region."""

    def worded(calls: Sequence[Call]) -> tuple[str, ...]:
        from ssmdiag.setup.commands import commands

        return commands(calls, region)

    return worded


def performing(region: str) -> Callable[[Call], Any]:
    """A function that carries out write Calls through boto3; for the demonstration account."""
    from ssmdiag.world.aws import Access, Aws

    aws = Aws(Access(region))

    def perform(order: Call) -> Any:
        answer = aws.write(order)
        if not isinstance(answer, Known):
            raise JobError(f"{order.service}:{order.operation} failed: {answer}")
        return answer.data

    return perform


def _snapshot(path: Path) -> tuple[dict[Call, Answer], str]:
    from ssmdiag.wiring.archive import SNAPSHOT, ArchiveError, is_archive, member
    from ssmdiag.world import snapshot

    try:
        raw = path.read_bytes()
        text = member(raw, SNAPSHOT) if is_archive(raw) else raw
        return snapshot.load(text.decode("utf-8"))
    except ArchiveError as error:
        raise JobError(f"{path}: {error}") from None
    except OSError as error:
        raise JobError(f"snapshot {path} cannot be read: {error.strerror}") from None
    except (snapshot.SnapshotError, UnicodeDecodeError) as error:
        raise JobError(f"{path} is not a snapshot: {error}") from None
