"""Finds every Requirement of this room; a new file needs no registration."""

from __future__ import annotations

import importlib
import pkgutil

from ssmdiag import requirements
from ssmdiag.requirements.contract import LAYERS, Requirement


def titles() -> dict[str, str]:
    """Every Requirement's id with its title: on these alone patterns may cast doubt."""
    return {r.id: r.title for r in discover()}


def discover() -> tuple[Requirement, ...]:
    """All Requirements, lower layers first, in each layer in the order of their files."""
    found: list[Requirement] = []
    for info in pkgutil.walk_packages(requirements.__path__, f"{requirements.__name__}."):
        found.extend(getattr(importlib.import_module(info.name), "REQUIREMENTS", ()))
    return tuple(sorted(found, key=lambda r: LAYERS.index(r.layer)))
