"""Who is meant by a name: a service needs no account that knows it."""

from __future__ import annotations

import pytest

from ssmdiag.can.principals import NoSuchPrincipalError, find_who
from ssmdiag.model import Situation
from ssmdiag.world.asking import Asking
from ssmdiag.world.call import Absent

_NOBODY = Asking(lambda _: Absent("no such entity"))


@pytest.mark.parametrize(
    "service",
    [
        "ssm.amazonaws.com",
        "logs.cn-north-1.amazonaws.com.cn",
        "logs.eusc-de-east-1.amazonaws.eu",
        "ec2.c2s.ic.gov",
    ],
)
def test_a_service_is_itself_in_every_partition(service: str) -> None:
    who = find_who(_NOBODY, Situation("us-iso-east-1"), service)
    assert (who.words, who.principal) == (service, service)


def test_what_is_no_service_must_be_known() -> None:
    with pytest.raises(NoSuchPrincipalError):
        find_who(_NOBODY, Situation("us-iso-east-1"), "ec2.example")
