"""``predict``: proposed files and the world become a Prediction. Nothing is written to AWS."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field
from pathlib import Path
from typing import Optional

from ssmdiag.diagnose.prediction import Prediction, concerning_aws
from ssmdiag.diagnose.prediction import predict as foresee
from ssmdiag.diagnose.proposal import Proposal, propose
from ssmdiag.diagnose.proposal_targets import ProposalError, UnreadableError
from ssmdiag.model import Situation
from ssmdiag.requirements import registry
from ssmdiag.requirements.identity.agent import node_id
from ssmdiag.values import dataclass
from ssmdiag.wiring.job import JobError, MisuseError, Reach, Surroundings
from ssmdiag.wiring.reach import door, keep
from ssmdiag.world.asking import Asking
from ssmdiag.world.call import Ask
from ssmdiag.world.overlay import Overlay

_LARGEST = 1 << 22  # far more than any policy, session document or plan


@dataclass(frozen=True)
class PredictJob:
    """One ``predict`` as asked for."""

    changes: tuple[str, ...] = ()
    """``FILE`` or ``TARGET=FILE``, in the order in which they are made."""
    caller: Optional[str] = None
    """ARN of who starts sessions, besides those who did of late."""
    reach: Reach = field(default_factory=Reach)


def predict(job: PredictJob, around: Surroundings) -> Prediction:
    """Foresee what sessions do now, and with the changes. Raises JobError."""
    files = tuple(read(written) for written in job.changes)
    through, region = door(job.reach, around)
    ask = Asking(through)
    found = foreseen(files, ask, region, job.caller)
    keep(job.reach, ask, region)
    return found


@dataclass(frozen=True)
class File:
    """A file that proposes a change, and what it is to replace, if that is said."""

    path: Path
    target: Optional[str]
    text: str


def foreseen(
    files: Sequence[File], ask: Ask, region: str, caller: Optional[str] = None
) -> Prediction:
    """The Prediction, with the Answers behind ``ask``. Raises JobError."""
    situation = Situation(
        region, instance_id=node_id(ask, Situation(region)) or None, caller=caller
    )
    requirements = concerning_aws(registry.discover(), changed=bool(files))
    if not files:
        return foresee(requirements, ask, situation)
    proposals = tuple(_proposals(files, ask, situation))
    writes = [order for proposal in proposals for order in proposal.calls]
    words = tuple(f"{f.path}: {p.summary}" for f, p in zip(files, proposals))
    return foresee(requirements, ask, situation, writes, words)


def _proposals(files: Sequence[File], ask: Ask, situation: Situation) -> Iterator[Proposal]:
    """What the files propose, each with those before it in place."""
    from ssmdiag.world.aws import mistake

    world = ask
    for file in files:
        try:
            proposal = propose(file.text, file.target, world, situation)
        except UnreadableError as error:
            raise JobError(f"{file.path}: {error}") from None
        except ProposalError as error:
            raise MisuseError(f"{file.path}: {error}") from None
        for why in filter(None, map(mistake, proposal.calls)):
            raise MisuseError(f"{file.path}: its write Call {why}")
        world = Overlay(world, proposal.calls)
        yield proposal


def read(written: str) -> File:
    """Read one ``FILE`` or ``TARGET=FILE``. Raises JobError."""
    path, target = _parted(written)
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
        if len(data) > _LARGEST:
            raise MisuseError(f"{path} is too large to be a policy, a session document or a plan")
        return File(path, target, data.decode("utf-8-sig"))
    except OSError as error:
        raise JobError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise MisuseError(f"{path} is not UTF-8 text") from None


def _parted(written: str) -> tuple[Path, Optional[str]]:
    """``TARGET=FILE`` in its two parts; both may hold a "=" themselves."""
    if "=" not in written or Path(written).exists():
        return Path(written), None
    for position in (i for i, char in enumerate(written) if char == "="):
        if Path(written[position + 1 :]).is_file():
            return Path(written[position + 1 :]), written[:position]
    target, _, path = written.partition("=")
    return Path(path), target
