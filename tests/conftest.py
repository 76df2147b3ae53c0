"""What every test may ask for: the embedded AWS account, empty, and an environment that leads to it
and nowhere else."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from ssmdiag.demo.account import Account, running

# How long an example takes says more of the machine, and of who else uses it, than of the code.
settings.register_profile("house", deadline=None)
settings.load_profile("house")

# No test may look for credentials outside its environment, not even one without an account.
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"


@pytest.fixture(scope="session")
def _server() -> Iterator[Account]:
    with running() as account, account.entered(os.environ):
        yield account


@pytest.fixture
def account(_server: Account) -> Account:
    """An empty account; boto3 and child processes find it through the environment."""
    _server.reset()
    return _server
