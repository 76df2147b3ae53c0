"""The answer to a person's own question about permissions."""

from __future__ import annotations

from typing import Literal, Optional

from ssmdiag.model import AskedCall, Change, PolicyType, Proof
from ssmdiag.values import dataclass


@dataclass(frozen=True)
class Judgement:
    """The answer to "may this principal do that?" in one sentence, and all its grounds."""

    outcome: Literal["allowed", "denied", "undetermined"]
    said: str
    decided_by: Optional[PolicyType]
    explicit: bool
    reasons: tuple[str, ...]
    evidence: tuple[str, ...]
    """What AWS itself said to the same question."""
    unseen: tuple[str, ...]
    """Kinds of policies that were not looked at and might deny, with what would settle it."""
    settle: tuple[str, ...]
    change: Optional[Change]
    advice: tuple[str, ...]
    proof: Optional[Proof]
    calls: tuple[AskedCall, ...]
