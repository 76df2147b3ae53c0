"""The node's clock, and its time zone, in which the agent writes its logs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone, tzinfo
from pathlib import Path
from typing import Any, Optional
from zoneinfo import ZoneInfo

from ssmdiag.world.call import Answer, Known
from ssmdiag.world.host.place import Place


def to_utc(place: Place, local: datetime) -> datetime:
    """A naive time of the node's zone → UTC; of an hour that comes twice the first is meant."""
    if place.here:
        return local.astimezone(timezone.utc)
    return local.replace(tzinfo=_zone(place)).astimezone(timezone.utc)


def _zone(place: Place) -> tzinfo:
    """The zone below the root; UTC if it is not told, as the kernel has it."""
    name = _zone_name(place)
    if name is None:
        return timezone.utc
    try:
        with place.path(f"/usr/share/zoneinfo/{name}").open("rb") as file:
            return ZoneInfo.from_file(file, key=name)
    except (OSError, ValueError):
        pass
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        return timezone.utc


def _zone_name(place: Place) -> Optional[str]:
    """``Europe/Berlin``, of where /etc/localtime leads, or of Debian's /etc/timezone."""
    try:
        target = Path(place.path("/etc/localtime")).readlink().as_posix()
    except OSError:
        target = ""
    if "zoneinfo/" in target:
        return target.partition("zoneinfo/")[2]
    try:
        return place.path("/etc/timezone").read_text(encoding="utf-8").strip() or None
    except (OSError, ValueError):
        return None


def _time(place: Place, _: Mapping[str, Any]) -> Answer:
    now = datetime.now(timezone.utc)
    local = now.astimezone() if place.here else now.astimezone(_zone(place))
    naive = local.replace(tzinfo=None)
    return Known(
        {"Utc": now.isoformat(timespec="seconds"), "Local": naive.isoformat(timespec="seconds")}
    )


OPERATIONS = {"GetTime": _time}
