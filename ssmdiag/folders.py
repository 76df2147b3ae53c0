"""The folders of Windows that its environment names."""

from __future__ import annotations

from collections.abc import Mapping


def program_data(environ: Mapping[str, str]) -> str:
    """``%ProgramData%``, where programs keep what is everybody's."""
    return _named(environ, "PROGRAMDATA") or r"C:\ProgramData"


def program_files(environ: Mapping[str, str]) -> str:
    """``%ProgramFiles%``, where programs are installed."""
    return _named(environ, "PROGRAMFILES") or r"C:\Program Files"


def _named(environ: Mapping[str, str], upper: str) -> str:
    # To Windows case is nothing, to a copy of ``os.environ``, which is upper case there, all.
    return next((value for name, value in environ.items() if name.upper() == upper), "")
