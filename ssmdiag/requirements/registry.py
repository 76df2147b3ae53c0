"""Finds every Requirement of this room; a new file needs no registration.

To look at a few, not all files need be loaded: ``places.json`` says in which each is. It is
generated, and a test holds it to what is found.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Optional

from ssmdiag import requirements
from ssmdiag.requirements.contract import LAYERS, Requirement

_PLACES = Path(__file__).with_name("places.json")


def titles() -> dict[str, str]:
    """Every Requirement's id with its title: on these alone patterns may cast doubt."""
    return {r.id: r.title for r in discover()}


def discover(only: Optional[Collection[str]] = None) -> tuple[Requirement, ...]:
    """All Requirements, or those with the ids of ``only``: lower layers first, in each layer in the
    order of their files."""
    if only is None:
        found = [r for name in _modules() for r in _of(name)]
    else:
        places: Mapping[str, str] = json.loads(_PLACES.read_text("utf-8"))
        names = dict.fromkeys(name for each, name in places.items() if each in only)
        found = [r for name in names for r in _of(name) if r.id in only]
    return tuple(sorted(found, key=lambda r: LAYERS.index(r.layer)))


def places() -> dict[str, str]:
    """In which file of this room each Requirement is, as found."""
    return {r.id: name for name in _modules() for r in _of(name)}


def _modules() -> Iterable[str]:
    start = f"{requirements.__name__}."
    return (info.name[len(start) :] for info in pkgutil.walk_packages(requirements.__path__, start))


def _of(name: str) -> tuple[Requirement, ...]:
    module = importlib.import_module(f"{requirements.__name__}.{name}")
    found: tuple[Requirement, ...] = getattr(module, "REQUIREMENTS", ())
    return found
