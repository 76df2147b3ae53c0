"""Whether Windows was set up to the end. Source: agent source
``agent/cli/diagnostics/sysprep_check_windows.go``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ssmdiag.world.call import Absent, Answer, Known
from ssmdiag.world.host.place import Place
from ssmdiag.world.host.windows import registry_value

_KEY = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Setup\State"


def _image_state(place: Place, _: Mapping[str, Any]) -> Answer:
    if place.platform != "win32":
        return Absent("only Windows has an image state")
    state = registry_value(place, _KEY, "ImageState")
    return Known({"State": state}) if state else Absent(f"{_KEY} names no ImageState")


OPERATIONS = {"GetImageState": _image_state}
