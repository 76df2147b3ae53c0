"""Excerpts of agent logs with the Symptoms that they come to: ``fixtures/excerpts``.

Beside every ``<family>.log`` stands ``<family>.json``.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from ssmdiag.catalog.fold import fold
from ssmdiag.catalog.load import load, shipped
from ssmdiag.log.period import ALL
from ssmdiag.log.reading import read
from ssmdiag.model import Symptom

FOLDER = Path(__file__).parent / "fixtures/excerpts"
LOGS = sorted(FOLDER.glob("*.log"))
_CATALOG, _ = load([shipped()])


def told(log: Path) -> dict[str, Any]:
    """What the catalogue makes of one excerpt."""
    records = read([str(log)], stdin=io.BytesIO(), span=ALL)
    folded = fold(_CATALOG, records)
    return {
        "symptoms": [_symptom(symptom) for symptom in folded.symptoms],
        "unrecognised": {cluster.template: cluster.count for cluster in folded.clusters},
        "benign": folded.benign,
        "records": folded.records,
    }


def _symptom(symptom: Symptom) -> dict[str, Any]:
    return {
        "pattern": symptom.pattern,
        "severity": symptom.severity,
        "count": symptom.count,
        "sessions": list(symptom.sessions),
        "fields": dict(symptom.fields),
        "failure": symptom.failure.kind if symptom.failure else None,
        "suspects": [f"{s.requirement} {s.resource}" for s in symptom.suspects],
        "decided": symptom.decided,
    }


def expected(log: Path) -> Path:
    """Where the expectation of one excerpt stands."""
    return log.with_suffix(".json")
