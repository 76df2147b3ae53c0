"""``setup``: wishes and the world become a Plan; a Plan becomes text, or is carried out."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Sequence
from dataclasses import field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Callable, Optional

from ssmdiag.can.principals import NoSuchPrincipalError, find_who
from ssmdiag.diagnose import diagnosis
from ssmdiag.diagnose.trial import with_links
from ssmdiag.model import Checked, Report, Situation
from ssmdiag.requirements.checking import to_look_at
from ssmdiag.requirements.contract import Gap, Requirement
from ssmdiag.requirements.identity.agent import CALLER
from ssmdiag.requirements.preferences.facts import Preferences, find_preferences
from ssmdiag.requirements.registry import discover
from ssmdiag.setup import configuration
from ssmdiag.setup.apply import Means, Outcome, apply
from ssmdiag.setup.author import Author, lockouts, refusals
from ssmdiag.setup.documents import document_of, reading_of
from ssmdiag.setup.grounds import WishError, account_of, settle, settle_back, situation_of
from ssmdiag.setup.live import Trial, try_out
from ssmdiag.setup.observed import Observed
from ssmdiag.setup.observed import complaints as complaints_about
from ssmdiag.setup.observed import obstacles as obstacles_to
from ssmdiag.setup.observing import observe_plan, unobserve
from ssmdiag.setup.permissions import permissions
from ssmdiag.setup.plan import Plan, make_plan, requirements_of
from ssmdiag.setup.remove import make_removal
from ssmdiag.setup.wanted import Wanted, Wish, complaints
from ssmdiag.values import dataclass
from ssmdiag.wiring.job import JobError, MisuseError, Reach, Surroundings
from ssmdiag.wiring.lockout import locked_out
from ssmdiag.wiring.reach import access, door, in_region, keep
from ssmdiag.wiring.state import backup, state_folder
from ssmdiag.world import empty
from ssmdiag.world.asking import Asking, Door, first_of, nothing
from ssmdiag.world.aws import configured_region
from ssmdiag.world.call import Call, Known

_SETTLES_WITHIN = 60.0
_PAUSE = 5.0


@dataclass(frozen=True)
class SetupJob:
    """One set-up as asked for."""

    wish: Wish = field(default_factory=Wish)
    config: Optional[Path] = None
    account: Optional[str] = None
    """Plan for an empty account of this id, and ask nobody."""
    reach: Reach = field(default_factory=Reach)


@dataclass(frozen=True)
class Ground:
    """What a set-up stands on."""

    ask: Asking
    region: str
    account: str
    assumed: bool = False
    """True if nobody was asked: the account is taken to be empty."""

    @cached_property
    def author(self) -> Optional[Author]:
        """Whose credentials these are, if that is known."""
        answer = self.ask(CALLER)
        if self.assumed or not isinstance(answer, Known):
            return None
        arn = str(answer.data["Arn"])
        try:
            who = find_who(self.ask, Situation(self.region), arn)
        except NoSuchPrincipalError:
            return Author(arn, arn, self.account, None, None)
        return Author(who.principal, who.principal_arn, who.account, who.identity, who.boundary)

    def by_whom(self, made: Plan) -> str:
        """Who must carry the plan out, and whether these credentials may; empty if unknown."""
        if self.author is None:
            return ""
        refused = refusals(made.calls, self.author, made.wanted)
        may_not = f", who may not do {', '.join(refused)}" if refused else ""
        return f"these credentials are {self.author.principal}{may_not}"


def _settled(
    job: SetupJob,
    around: Surroundings,
    how: Callable[[Wish, Asking, str, str], Wanted] = settle,
) -> tuple[Wanted, Ground]:
    """Settle what is wanted, and open the door to ask through. Raises JobError."""
    wish = _wish(job)
    through, region = _door(job.reach, job.account, around, (*wish.key_admin, *wish.session_user))
    _check(complaints(wish, region, job.account))
    node = Asking(through)
    try:
        account = job.account or account_of(node)
        wanted = how(wish, node, region, account)
    except WishError as error:
        raise JobError(str(error)) from None
    # From here on it is about every node that has the role, not about this one.
    anywhere = nothing("this is about all nodes of the role")
    ask = Asking(first_of([("host", anywhere)], node))
    return wanted, Ground(ask, region, account, assumed=job.account is not None)


def _door(
    reach: Reach, account: Optional[str], around: Surroundings, people: Sequence[str] = ()
) -> tuple[Door, str]:
    """The world, or an empty account in its place."""
    if account is None:
        return door(reach, around)
    region = reach.region or configured_region(reach.profile)
    if not region:
        raise MisuseError("--account plans for an empty account; say where, with --region")
    return empty.door(account, region, people), region


def _wish(job: SetupJob) -> Wish:
    """The choices of the file, overridden by those of the options."""
    if job.config is None:
        return job.wish
    try:
        written = configuration.read(job.config.read_text(encoding="utf-8"))
    except OSError as error:
        raise JobError(f"{job.config} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, configuration.ConfigurationError) as error:
        raise MisuseError(f"{job.config}: {error}") from None
    given = {f.name: getattr(job.wish, f.name) for f in fields(Wish)}
    return replace(written, **{name: v for name, v in given.items() if v not in (None, ())})


def _check(lines: Sequence[str]) -> None:
    if lines:
        raise MisuseError("; ".join(lines))


def plan(job: SetupJob, around: Surroundings) -> tuple[Plan, Ground]:
    """Plan the set-up. Raises JobError."""
    wanted, standing = _settled(job, around)
    return _kept(make_plan(wanted, standing.ask), standing, job.reach)


def _kept(made: Plan, standing: Ground, reach: Reach) -> tuple[Plan, Ground]:
    """The same, once the Answers are saved, if that is asked for. Raises JobError."""
    standing.by_whom(made)  # who asks belongs to what is asked
    keep(reach, standing.ask, standing.region)
    return made, standing


def removal(job: SetupJob, around: Surroundings) -> tuple[Plan, Ground]:
    """Plan the way back. Raises JobError."""
    wanted, standing = _settled(job, around, settle_back)
    return _kept(make_removal(wanted, standing.ask), standing, job.reach)


@dataclass(frozen=True)
class ObserveJob:
    """What is to be observed, as asked for; None leaves a choice to the defaults."""

    log_group: Optional[str] = None
    filters: Optional[tuple[str, ...]] = None
    namespace: Optional[str] = None
    topic: Optional[str] = None
    domain: Optional[str] = None
    index: Optional[str] = None
    bucket: Optional[str] = None
    account: Optional[str] = None
    reach: Reach = field(default_factory=Reach)


def observation(job: ObserveJob, around: Surroundings) -> tuple[Plan, Ground]:
    """Plan metric filters, alarms and delivery. Raises JobError."""
    observed, standing = _observed(job, around)
    # An empty account has no log group yet, which the set-up proper makes.
    obstacles = () if standing.assumed else obstacles_to(observed, standing.ask)
    if obstacles:
        raise JobError("; ".join(obstacles))
    return _kept(observe_plan(observed, standing.ask), standing, job.reach)


def end_of_observation(job: ObserveJob, around: Surroundings) -> tuple[Plan, Ground]:
    """Plan the way back from it. Raises JobError."""
    observed, standing = _observed(job, around)
    return _kept(unobserve(observed, standing.ask), standing, job.reach)


def _observed(job: ObserveJob, around: Surroundings) -> tuple[Observed, Ground]:
    through, region = _door(job.reach, job.account, around)
    ask = Asking(first_of([("host", nothing("no node is looked at"))], through))
    try:
        account = account_of(ask) if job.account is None else job.account
    except WishError as error:
        raise JobError(str(error)) from None
    found = find_preferences(ask, Situation(region))
    in_use = found.group if isinstance(found, Preferences) else ""
    group = job.log_group or in_use
    if not group:
        raise JobError("it is not said which log group is to be observed: give --log-group")
    names = ("filters", "namespace", "topic", "domain", "index", "bucket")
    given = {name: value for name in names if (value := getattr(job, name)) is not None}
    observed = Observed(account, region, group, **given)
    _check(complaints_about(observed))
    return observed, Ground(ask, region, account, assumed=job.account is not None)


def needed(made: Plan, standing: Ground) -> str:
    """The policy of whoever plans and carries out this plan, as JSON."""
    reads: list[Call] = list(standing.ask.answers)
    reads += [reading_of(call) for call in made.calls if document_of(call)]
    return json.dumps(permissions(made.wanted, reads, made.calls), indent=2) + "\n"


# --- carrying a plan out ------------------------------------------------------------------------


def objections(made: Plan, standing: Ground, *, unproved: bool) -> tuple[str, ...]:
    """Why this plan must not be carried out; empty if it may."""
    lines = [f"with it, this would be broken: {_told(c)}" for c in made.broken]
    if not unproved:
        lines += [
            f"it is not proved, since this could not be verified: {_told(c)} ({_ALL_THE_SAME})"
            for c in made.unverified
        ]
        lines += [f"{line} ({_ALL_THE_SAME})" for line in locked_out(made, standing.ask)]
    author = standing.author
    if author is not None:
        refused = refusals(made.calls, author, made.wanted)
        if refused:
            lines.append(f"{author.principal} may not do {', '.join(refused)} (see --permissions)")
        lines += lockouts(made.calls, author)
    return tuple(lines)


_ALL_THE_SAME = "--unproved carries it out all the same"


def _told(checked: Checked) -> str:
    return str(getattr(checked.verdict, "said", checked.title))


def really(reach: Reach) -> None:
    """Raises MisuseError if what is done now would be decided by Answers of another time."""
    if reach.snapshot is not None:
        raise MisuseError(
            "what is written to AWS is decided by what is true now, not by --snapshot: leave it "
            "out, or only plan"
        )


def carry_out(
    made: Plan,
    reach: Reach,
    around: Surroundings,
    say: Callable[[str], None],
    folder: Optional[Path],
) -> Outcome:
    """Carry the plan out through boto3, keeping what it replaces in ``folder``. Raises JobError."""
    aws, _ = access(reach)
    place = folder or state_folder(around) / "before" / f"{around.now:%Y-%m-%dT%H%M%S}"
    means = Means(aws.write, say, lambda name, text: backup(place, name, text), sleep=time.sleep)
    return apply(made, means)


def settled(again: Callable[[], tuple[Plan, Ground]]) -> Plan:
    """What is left to be done after a plan was carried out, once AWS shows what was done."""
    end = time.monotonic() + _SETTLES_WITHIN
    while True:
        left, _ = again()
        # What could not be read will not be read by waiting.
        if not (left.calls or left.broken) or time.monotonic() > end:
            return left
        time.sleep(_PAUSE)


# --- verifying ----------------------------------------------------------------------------------


def verify(job: SetupJob, around: Surroundings, *, live: bool) -> Report:
    """Ask every Requirement of the configuration in force, and of what is wished for besides; with
    ``live``, write to the log group for real too. Raises JobError."""
    if live:
        really(job.reach)
    own: tuple[Requirement, ...] = ()
    if _wish(job) == Wish():
        through, region = door(job.reach, around)
        ask, situation = Asking(through), Situation(region)
    else:
        wanted, standing = _settled(job, around)
        ask, region = standing.ask, standing.region
        situation, own = situation_of(wanted), requirements_of(wanted)
    whole = (*to_look_at(discover(), situation), *own)
    report = diagnosis.diagnose(situation, diagnosis.Reading(), whole, ask, in_region(region))
    keep(job.reach, ask, region)
    return _tried_out(report, ask, situation, job) if live else report


def _tried_out(report: Report, ask: Asking, situation: Situation, job: SetupJob) -> Report:
    found = find_preferences(ask, situation)
    if isinstance(found, Gap) or not found.group:
        raise JobError("--live writes to the log group of the preferences, and they name none")
    caller = ask(CALLER)
    who = str(caller.data.get("Arn")) if isinstance(caller, Known) else "whoever asks"
    aws, _ = access(job.reach)
    moment = time.time_ns() // 1_000_000
    trial = Trial(found.group, f"ssmdiag-verify-{uuid.uuid4()}", moment, who)
    return with_links(report, try_out(trial, aws.write))
