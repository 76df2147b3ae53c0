"""All of them by name, as their golden files are named."""

from __future__ import annotations

from tests.reports.article import ARTICLE
from tests.reports.healthy import HEALTHY
from tests.reports.hostile import HOSTILE
from tests.reports.many import MANY
from tests.reports.unverified import UNVERIFIED

REPORTS = {
    "article": ARTICLE,
    "unverified": UNVERIFIED,
    "healthy": HEALTHY,
    "many": MANY,
    "hostile": HOSTILE,
}
