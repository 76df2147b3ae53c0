"""Whether Windows was set up to the end: an image that Sysprep left half made starts no services.

Source: agent source ``agent/cli/diagnostics/sysprep_check_windows.go``; Microsoft, "Windows Setup
States".
"""

from __future__ import annotations

from ssmdiag.model import (
    Advice,
    Broken,
    Holds,
    NotApplicable,
    Resource,
    Situation,
    Unverified,
    Verdict,
)
from ssmdiag.requirements.contract import Requirement, gap_of
from ssmdiag.world.call import Absent, Ask, Known, call

_COMPLETE = "IMAGE_STATE_COMPLETE"


def _image_state(ask: Ask, situation: Situation) -> Verdict:
    del situation
    answer = ask(call("host", "GetImageState"))
    if isinstance(answer, Absent):
        return NotApplicable(answer.why)
    if not isinstance(answer, Known):
        gap = gap_of(answer, "the state of the Windows image")
        return Unverified(gap.why, (), gap.settle)
    state = str(answer.data["State"])
    if state == _COMPLETE:
        return Holds("Windows was set up to the end", (state,))
    return Broken(
        f"Windows was not set up to the end: its image state is {state}",
        Resource("local-os", "this node"),
        (f"the registry's ImageState is {state}, not {_COMPLETE}",),
        (
            Advice(
                "let Sysprep finish (its log: C:\\Windows\\Panther\\setupact.log), or launch from "
                "an image that was generalised to the end; then restart the node"
            ),
        ),
    )


REQUIREMENTS = (
    Requirement(
        "local/image-state",
        "Windows was set up to the end",
        "host",
        _image_state,
        standing=False,
    ),
)
