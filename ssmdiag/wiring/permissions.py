"""``can``: a person's own question about a permission."""

from __future__ import annotations

from ssmdiag.can.judge import judge
from ssmdiag.can.principals import NoSuchPrincipalError
from ssmdiag.can.question import Question
from ssmdiag.can.resources import NoSuchResourceError
from ssmdiag.policy.judgement import Judgement
from ssmdiag.wiring.job import JobError, Reach, Surroundings
from ssmdiag.wiring.reach import door, in_region, keep
from ssmdiag.world.asking import Asking


def can(question: Question, reach: Reach, around: Surroundings, *, compare: bool) -> Judgement:
    """Answer a person's own question. Raises JobError."""
    through, region = door(reach, around)
    ask = Asking(through)
    try:
        judgement = judge(question, ask, region, in_region(region), compare)
    except (NoSuchPrincipalError, NoSuchResourceError) as error:
        raise JobError(str(error)) from None
    keep(reach, ask, region)
    return judgement
