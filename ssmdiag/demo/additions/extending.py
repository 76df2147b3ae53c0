"""How an operation is added to one of moto's classes, or an existing one corrected."""

from __future__ import annotations

from typing import Any, Callable, NoReturn

Method = Callable[..., Any]


def add(owner: type, *methods: Method) -> None:
    """Give ``owner`` these functions as methods, under their own names."""
    for method in methods:
        setattr(owner, method.__name__, method)


def correct(owner: type, name: str, correction: Callable[[Method], Method]) -> None:
    """Replace method ``name`` by ``correction(original)``, once however often it is asked for."""
    original = getattr(owner, name)
    if not hasattr(original, "corrects"):
        corrected = correction(original)
        vars(corrected)["corrects"] = original
        setattr(owner, name, corrected)


def refuse(code: str, message: str, status: int = 400) -> NoReturn:
    """Answer with an error, in a service that speaks JSON."""
    from moto.core.exceptions import JsonRESTError

    error = JsonRESTError(code, message)
    error.code = status
    raise error
