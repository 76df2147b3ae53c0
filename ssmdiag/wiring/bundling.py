"""``snapshot`` and ``bundle``: a node's evidence as a file, for another machine or a ticket."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from ssmdiag.log.layout import written
from ssmdiag.model import Record
from ssmdiag.render.check import text as check_text
from ssmdiag.render.json import to_json
from ssmdiag.render.layout import Layout
from ssmdiag.render.redact import evidence
from ssmdiag.render.text import text as report_text
from ssmdiag.wiring import checking, diagnosing
from ssmdiag.wiring.archive import LOG, SNAPSHOT, pack
from ssmdiag.wiring.checking import CheckJob
from ssmdiag.wiring.diagnosing import Job
from ssmdiag.wiring.job import Surroundings, write_aside
from ssmdiag.wiring.reach import keep
from ssmdiag.world import snapshot
from ssmdiag.world.asking import Asking, until
from ssmdiag.world.call import Answer, Call

_IN_MEMORY = 16 << 20


def take(job: CheckJob, around: Surroundings, file: Path) -> int:
    """Write the Answers of a whole check to ``file``; tells how many. Raises JobError."""
    _, ask, region = checking.examine(job, around)
    keep(replace(job.reach, save_snapshot=file), ask, region)
    return len(ask.answers)


def bundle(checked: CheckJob, job: Job, around: Surroundings, file: Path) -> tuple[str, ...]:
    """Write log excerpt, Answers and Reports into one archive; tells its members.

    The excerpt holds every Record that the diagnosis looked at. Raises JobError.
    """
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as log:

        def seen(record: Record) -> None:
            log.write(written(record))

        report, asked, region = diagnosing.examine(job, around, seen)
        log.seek(0)
        excerpt = log.read().decode("utf-8")
    ask = Asking(until(asked, checked.deadline))
    whole = checking.judge(checked, ask, region)
    answers: dict[Call, Answer] = {**asked.answers, **ask.answers}
    members = {
        "report.txt": report_text(report),
        "report.json": to_json(report),
        "check.txt": check_text(whole, Layout()),
        "check.json": to_json(whole),
        SNAPSHOT: snapshot.dump(answers, region),
        LOG: excerpt,
    }
    masked = evidence(members.values(), redacted=job.reach.redact)
    write_aside(file, pack({name: t.encode("utf-8") for name, t in zip(members, masked)}))
    return tuple(members)


def default_name(around: Surroundings) -> Path:
    """What a bundle is called if nobody names it."""
    return Path(f"ssmdiag-{around.now:%Y%m%dT%H%M%S}.tar.gz")
