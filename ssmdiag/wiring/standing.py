"""``watch --status``: files, offsets, lag, the last diagnosis, open causes."""

from __future__ import annotations

from collections.abc import Iterator

from ssmdiag.diagnose.news import cause_of
from ssmdiag.log.checkpoint import load
from ssmdiag.log.lock import LockedError, locked
from ssmdiag.log.tail import Tail
from ssmdiag.render.json import written
from ssmdiag.wiring.job import JobError
from ssmdiag.wiring.watch_job import WatchJob

SCHEMA = "ssmdiag.status/1"


def standing(job: WatchJob, *, as_json: bool) -> str:
    """How things stand, from the checkpoint and the files. Raises JobError if there is none."""
    known, said = load(job.state, put_aside=False)
    if known is None:
        raise JobError(said or f"there is no checkpoint {job.state}: nothing was watched yet")
    logs = [
        {
            "log": log,
            "lag": Tail(log, marks, "now").lag,
            "files": [{"known by": head, "offset": mark.offset} for head, mark in marks.items()],
        }
        for log, marks in known.marks.items()
    ]
    whole = {
        "running": _running(job),
        "saved": known.saved,
        "diagnosed": known.told.get("checked", ""),
        "logs": logs,
        "causes": list(known.told.get("causes", {}).values()),
    }
    return written(SCHEMA, whole) if as_json else "\n".join(_lines(whole)) + "\n"


def _running(job: WatchJob) -> bool:
    try:
        with locked(job.state):
            return False
    except LockedError:
        return True
    except OSError as error:
        raise JobError(f"{job.state} cannot be used: {error.strerror or error}") from None


def _lines(whole: dict[str, object]) -> Iterator[str]:
    running = "a run is at work" if whole["running"] else "no run is at work"
    yield f"{running}; checkpoint of {whole['saved']}"
    yield f"last diagnosis: {whole['diagnosed'] or 'none yet'}"
    logs, causes = whole["logs"], whole["causes"]
    assert isinstance(logs, list)
    assert isinstance(causes, list)
    for log in logs:
        offsets = ", ".join(str(file["offset"]) for file in log["files"]) or "nothing read"
        yield f"{log['log']}: read to {offsets}; {log['lag']} bytes are new"
    for each in causes:
        cause = cause_of(each)
        yield f"open since {cause.since}: {cause.subject} ({cause.verdict})"
    if not causes:
        yield "no cause is open"
