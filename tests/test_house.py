"""The rules of the house that no linter knows."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import ssmdiag
from ssmdiag.catalog.load import load, shipped
from ssmdiag.requirements.contract import LAYERS
from ssmdiag.requirements.registry import discover

_PACKAGE = Path(ssmdiag.__file__).parent
_ROOMS = sorted(p.parent for p in _PACKAGE.glob("*/__init__.py"))
_FILES = sorted(_PACKAGE.rglob("*.py"))


def _name(path: Path) -> str:
    return str(path.relative_to(_PACKAGE))


@pytest.mark.parametrize("room", _ROOMS, ids=_name)
def test_a_room_has_a_plaque_that_re_exports_nothing(room: Path) -> None:
    body = ast.parse((room / "__init__.py").read_text(encoding="utf-8")).body
    assert [type(node) for node in body] == [ast.Expr]


@pytest.mark.parametrize("file", _FILES, ids=_name)
def test_a_file_is_about_one_thing_and_says_which(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text))
    assert len(text.splitlines()) <= 400


@pytest.mark.parametrize("file", _FILES, ids=_name)
def test_what_others_use_is_explained(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    public = [
        node.name
        for node in tree.body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef))
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
        and not _is_plain_data(node)
    ]
    assert public == []


def _is_plain_data(node: ast.stmt) -> bool:
    """A small class of fields, or a function of one line, that its name explains."""
    body = getattr(node, "body", [])
    fields = all(isinstance(part, (ast.AnnAssign, ast.Expr)) for part in body)
    return (isinstance(node, ast.ClassDef) and fields) or len(body) == 1


def test_requirements_are_told_apart_and_stand_in_a_layer() -> None:
    found = discover()
    ids = [r.id for r in found]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[a-z-]+/[a-z0-9-]+", i) for i in ids)
    assert all(r.layer in LAYERS and r.title for r in found)


def test_what_patterns_suspect_can_be_looked_at() -> None:
    """Every suspect of every Pattern, and of every failure, is a Requirement that is found."""
    catalog, problems = load([shipped()])
    assert problems == ()
    rows = (*catalog.failures, *(d for p in catalog.patterns for d in p.suspects))
    assert {row.requirement for row in rows} <= {r.id for r in discover()}
