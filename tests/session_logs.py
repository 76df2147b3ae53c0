"""Session logs in the embedded account, streamed and uploaded, and dates that stay recent."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import boto3

FOLDER = Path(__file__).parent / "fixtures" / "queries"
GROUPS = {"streaming": "streamed-sessions", "upload": "uploaded-sessions"}

# The fixtures tell of a Saturday and the three days after it. PutLogEvents takes nothing that is
# older than two weeks, and what is asked depends on the day of the week.
_WRITTEN = date(2024, 6, 1)
_DAYS = 4


def first_day() -> date:
    """The last Saturday that has been over for as long as the fixtures last."""
    ended = datetime.now(timezone.utc).date() - timedelta(days=_DAYS)
    return ended - timedelta(days=(ended.weekday() - 5) % 7)


def shifted(text: str) -> str:
    """A fixture's text with its dates moved near the present, weekdays kept."""
    for day in range(_DAYS):
        moved = first_day() + timedelta(days=day)
        text = text.replace(str(_WRITTEN + timedelta(days=day)), str(moved))
    return text


def period() -> tuple[int, int]:
    """Start and end of the fixtures' days, in seconds since the epoch."""
    midnight = datetime.combine(first_day(), datetime.min.time(), timezone.utc)
    return int(midnight.timestamp()), int((midnight + timedelta(days=_DAYS)).timestamp())


def put_session_logs() -> None:
    """Make both log groups, with a log stream for every session."""
    logs = boto3.client("logs")
    for mode, group in GROUPS.items():
        logs.create_log_group(logGroupName=group)
        streams: dict[str, list[dict[str, Any]]] = {}
        for line in shifted((FOLDER / "events" / f"{mode}.jsonl").read_text()).splitlines():
            event = json.loads(line)
            moment = datetime.fromisoformat(event["time"].replace("Z", "+00:00"))
            streams.setdefault(event["stream"], []).append(
                {"timestamp": int(moment.timestamp() * 1000), "message": event["message"]}
            )
        for stream, events in streams.items():
            logs.create_log_stream(logGroupName=group, logStreamName=stream)
            logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
