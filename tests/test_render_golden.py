"""Every format of every Report in ``tests/reports/``, compared whole with the files beside.

To write the files anew after a change of wording: ``SSMDIAG_REGENERATE=1 python -m pytest
tests/test_render_golden.py``; then read ``git diff tests/fixtures/render`` before keeping them.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ssmdiag.model import Report
from ssmdiag.render.json import to_json
from ssmdiag.render.redact import redact
from ssmdiag.render.text import text
from tests.reports.every import REPORTS

FIXTURES = Path(__file__).parent / "fixtures" / "render"


def renderings(report: Report) -> dict[str, str]:
    """What goes into each file of a Report, by the end of the file's name."""
    return {
        "txt": text(report, terminal=False),
        "ascii.txt": text(report, ascii_only=True, width=72),
        "json": to_json(report),
        "redacted.txt": redact(text(report, terminal=False)),
        "redacted.json": redact(to_json(report)),
    }


KEPT = [
    *((name, ending) for name in REPORTS for ending in ("txt", "json")),
    ("article", "ascii.txt"),
    ("article", "redacted.txt"),
    ("article", "redacted.json"),
]


@pytest.mark.parametrize(("name", "ending"), KEPT, ids=".".join)
def test_a_report_is_rendered_to_the_letter_as_its_file_shows(name: str, ending: str) -> None:
    rendered = renderings(REPORTS[name])[ending]
    golden = FIXTURES / f"{name}.{ending}"
    if os.environ.get("SSMDIAG_REGENERATE"):
        golden.write_bytes(rendered.encode())
    assert rendered == golden.read_bytes().decode()


def test_no_file_is_left_from_a_report_that_is_gone() -> None:
    assert {path.name for path in FIXTURES.iterdir()} == {f"{name}.{end}" for name, end in KEPT}
