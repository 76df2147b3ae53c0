"""Dataclasses whose methods are not compiled anew at every start.

``dataclasses.dataclass(frozen=True)`` writes six methods for each class and compiles them when the
module is loaded, which was two fifths of what a start of ssmdiag took. This one lets it write
``__init__`` alone; the others are shared. To a type checker it is the standard one, so that it is
mypy that keeps values frozen. ``scripts/bench start`` measures it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    import dataclasses
    from operator import attrgetter

    def dataclass(cls=None, *, frozen=False, eq=True):
        """As the standard one: compared, hashed (if frozen) and shown by its fields."""
        if cls is None:
            return lambda decorated: dataclass(decorated, frozen=frozen, eq=eq)
        cls = dataclasses.dataclass(eq=False, repr=False)(cls)
        cls.__repr__ = _repr
        if eq:
            cls.__eq__, cls.__hash__ = _comparison(cls, frozen)
        return cls

    def _repr(self):
        shown = (f.name for f in dataclasses.fields(self) if f.repr)
        inside = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
        return f"{type(self).__qualname__}({inside})"

    def _comparison(cls, frozen):
        fields = dataclasses.fields(cls)
        compared = _getter([f.name for f in fields if f.compare])
        counted = _getter([f.name for f in fields if (f.compare if f.hash is None else f.hash)])

        def equal(self, other):
            if other.__class__ is not self.__class__:
                return NotImplemented
            return compared(self) == compared(other)

        def hashed(self):
            return hash(counted(self))

        return equal, hashed if frozen else None

    def _getter(names):
        return attrgetter(*names) if names else type
