"""Which Requirements, and which facts, say whether one step of a session would succeed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Callable

from ssmdiag.diagnose import agent_steps as steps
from ssmdiag.diagnose.agent_steps import Step, Would, worst
from ssmdiag.diagnose.likelihood import Verdicts, mentions
from ssmdiag.model import Broken, Situation
from ssmdiag.requirements.contract import Gap, doubted
from ssmdiag.requirements.destination.log_group_facts import find_group
from ssmdiag.requirements.host.disk import DISK
from ssmdiag.requirements.host.programs import PROGRAMS, TRANSCRIPT
from ssmdiag.requirements.host.session import USER
from ssmdiag.requirements.host.session_user_facts import SSM_USER, asking_for
from ssmdiag.requirements.preferences.document import RUN_AS
from ssmdiag.requirements.preferences.facts import BUCKET_NAME, Preferences
from ssmdiag.values import dataclass
from ssmdiag.world.call import Ask, Known, call


@dataclass(frozen=True)
class World:
    """What a step is judged by."""

    ask: Ask
    situation: Situation
    verdicts: Verdicts
    preferences: Preferences


def look(world: World, step: Step) -> Would:
    """Would this step succeed?"""
    return _LOOKS[step.id](world)


_CONNECTION = (
    *("agent/installed", "agent/running", "agent/worker", "agent/hibernation"),
    *("clock/skew", "network/ssm", "network/ssmmessages"),
    *("identity/agent-role", "identity/metadata-service", "identity/instance-profile"),
    *("identity/credentials", "role/trust", "role/report-to-ssm", "identity/managed"),
)
_SHELL_FAILED = "Unable to start command: "
_CHANNELS = "role/message-channels"
_CONTROL = ("ssmmessages:CreateControlChannel", "ssmmessages:OpenControlChannel")
_DATA = ("ssmmessages:CreateDataChannel", "ssmmessages:OpenDataChannel")


def _allowed(world: World) -> Would:
    # To hybrid nodes of the standard tier nobody may start one; AWS's words for that are not known.
    would = world.verdicts.would("caller/session-actions", "identity/activation")
    verdict = world.verdicts.of("caller/session-actions")
    if would.truth is False and not (verdict and mentions(verdict, "ssm:StartSession")):
        return Would(False, would.why, sentence="")
    return would


def _connected(world: World) -> Would:
    channels = world.verdicts.would(_CHANNELS)
    if channels.truth is False and not _concerns_control(world):
        channels = Would(True)
    connection = world.verdicts.would(*_CONNECTION)
    clock = world.verdicts.of("clock/skew")
    if isinstance(clock, Broken) and connection.why == clock.said:
        # A channel that was opened before the clock went wrong lasts; then a later request fails.
        connection = Would(False, clock.said, sentence="")
    return worst(
        [
            connection,
            channels,
            world.verdicts.let_through("ssm:UpdateInstanceInformation", *_CONTROL),
        ]
    )


def _concerns_control(world: World) -> bool:
    verdict = world.verdicts.of(_CHANNELS)
    data_only = verdict is not None and any(mentions(verdict, action) for action in _DATA)
    control = verdict is not None and any(mentions(verdict, action) for action in _CONTROL)
    return control or not data_only


def _data_channel(world: World) -> Would:
    limit = world.verdicts.would("agent/session-limit")
    if limit.truth is False:
        return Would(False, limit.why, sentence="")
    return worst([world.verdicts.would(_CHANNELS), world.verdicts.let_through(*_DATA)])


def _data_key(world: World) -> Would:
    return world.verdicts.would("preferences/session-key", "key/state", "caller/generate-data-key")


def _decrypt(world: World) -> Would:
    allowed = worst(
        [world.verdicts.would("role/kms-decrypt"), world.verdicts.let_through("kms:Decrypt")]
    )
    reached = world.verdicts.would("network/kms")
    if allowed.truth is not False and reached.truth is False:
        return Would(False, reached.why, sentence=steps.UNREACHABLE_KMS)
    return worst([allowed, reached])


def _find_group(world: World) -> Would:
    may = world.verdicts.would("role/describe-log-groups", "network/logs")
    return worst([may, world.verdicts.let_through("logs:DescribeLogGroups"), _present(world)])


def _present(world: World) -> Would:
    """Does the log group exist under the very name that the preferences have?"""
    group = find_group(world.ask, world.situation, world.preferences.group)
    if isinstance(group, Gap):
        return Would(None, group.why, group.settle)
    if group.exact:
        return Would(True)
    return Would(False, f"log group {group.written} does not exist in {world.situation.region}")


def _group_encrypted(world: World) -> Would:
    group = find_group(world.ask, world.situation, world.preferences.group)
    if isinstance(group, Gap):
        return Would(None, group.why, group.settle)
    return Would(True) if group.key else Would(False, f"log group {group.name} has no KMS key")


_BUCKET = (BUCKET_NAME, "bucket/exists", "network/s3", "role/get-bucket-encryption")


def _read_encryption(world: World) -> Would:
    through = world.verdicts.let_through("s3:GetEncryptionConfiguration")
    return worst([world.verdicts.would(*_BUCKET), through])


def _bucket_encrypted(world: World) -> Would:
    return world.verdicts.would("bucket/encryption")


def _shell(world: World) -> Would:
    return worst([_user(world), _host(world)])


def _user(world: World) -> Would:
    """The OS user of sessions: that of Run As, or ssm-user."""
    run_as = world.preferences.flag("runAsEnabled")
    name = world.preferences.text("runAsDefaultUser").strip() if run_as else SSM_USER
    if not name:
        return _nobody(world)
    would = world.verdicts.would(USER)
    if would.truth is not False:
        return would
    answer = world.ask(asking_for(name))
    there = isinstance(answer, Known) and bool(answer.data.get("Exists"))
    said = "invalid uid and gid"
    if not there and not run_as:
        # What id(1) says of a user that could not be made.
        said = "exit status 1"
    elif not there:
        said = f"failed to start pty since RunAs user {name} does not exist"
    return Would(False, would.why, sentence=f"{_SHELL_FAILED}{said}")


def _nobody(world: World) -> Would:
    why = "Run As is on without a default user"
    if doubted(world.situation, RUN_AS):
        return Would(False, why, sentence=f"{_SHELL_FAILED}please set the RunAs default user")
    tag = "tag SSMSessionRunAs"
    return Would(
        None,
        f"{why}, so it starts only for callers that have the {tag}",
        f"look whether the callers' roles or users have the {tag}",
    )


def _host(world: World) -> Would:
    """The node itself: what is missing or used up there ends a session, in one of several ways."""
    needed = ["local/limits", "local/host", PROGRAMS]
    if not _of_the_logs(world):
        needed.append(DISK)
    would = world.verdicts.would(*needed)
    return Would(False, would.why, sentence="") if would.truth is False else would


def _of_the_logs(world: World) -> bool:
    """Is it the volume of the agent's own log that is full? Sessions do not write there."""
    verdict, answer = world.verdicts.of(DISK), world.ask(call("host", "GetDiskSpace"))
    if not isinstance(verdict, Broken) or not isinstance(answer, Known):
        return False
    return str(answer.data["Path"]) not in verdict.said


def _transcript(world: World) -> Would:
    return world.verdicts.would(TRANSCRIPT)


def _create_stream(world: World) -> Would:
    may = world.verdicts.would("role/create-log-stream", "network/logs")
    return worst([may, world.verdicts.let_through("logs:CreateLogStream"), _present(world)])


def _put_events(world: World) -> Would:
    # log-group/exists says besides whether a group of this class takes events.
    needed = ("role/put-log-events", "log-group/exists", "key/log-group-state")
    return worst(
        [
            world.verdicts.would(*needed, "key/log-group-policy"),
            world.verdicts.let_through("logs:PutLogEvents"),
        ]
    )


def _put_object(world: World) -> Would:
    needed = ("role/put-object", "role/bucket-key", "key/bucket-state")
    return worst(
        [world.verdicts.would(*_BUCKET, *needed), world.verdicts.let_through("s3:PutObject")]
    )


_LOOKS: Mapping[str, Callable[[World], Would]] = {
    steps.ALLOWED.id: _allowed,
    steps.CONNECTED.id: _connected,
    steps.DATA_CHANNEL.id: _data_channel,
    steps.DATA_KEY.id: _data_key,
    steps.DECRYPT.id: _decrypt,
    steps.FIND_GROUP.id: _find_group,
    steps.GROUP_ENCRYPTED.id: _group_encrypted,
    steps.READ_ENCRYPTION.id: _read_encryption,
    steps.BUCKET_ENCRYPTED.id: _bucket_encrypted,
    steps.SHELL.id: _shell,
    steps.TRANSCRIPT.id: _transcript,
    steps.CREATE_STREAM.id: _create_stream,
    steps.PUT_EVENTS.id: _put_events,
    steps.PUT_OBJECT.id: _put_object,
}
