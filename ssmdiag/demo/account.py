"""The account: moto's server on loopback, with the additions and the faults of this room."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ssmdiag.demo.faults import Faults, guarded
from ssmdiag.demo.wire import Received

ACCOUNT_ID = "123456789012"
REGION = "us-east-1"

_POLL_SECONDS = 0.02


class DemoMissingError(Exception):
    """The extra ``demo`` is not installed."""


class Account:
    """One AWS account, empty at first. It lives until ``running()`` ends or ``reset()``."""

    id = ACCOUNT_ID
    region = REGION

    def __init__(self, endpoint_url: str, faults: Faults, received: list[Received]) -> None:
        self.endpoint_url = endpoint_url
        self.faults = faults
        self.received = received
        """Every request so far with its parameters, faults included, in order of arrival."""

    @property
    def requests(self) -> list[tuple[str, str]]:
        """Service and operation of every request so far, in order of arrival."""
        return [(request.service, request.operation) for request in list(self.received)]

    @property
    def environ(self) -> dict[str, str]:
        """A whole environment for boto3 or the ``aws`` command, owing nothing to this one."""
        return {
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": self.region,
            "AWS_REGION": self.region,
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_PAGER": "",
            # An account that is emptied would read moto's list of images anew each time.
            "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",
            "NO_PROXY": "127.0.0.1",
            "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.defpath)),
        }

    @contextmanager
    def entered(self, environ: MutableMapping[str, str]) -> Iterator[None]:
        """Make ``environ`` (usually ``os.environ``) lead here and nowhere else, for the time."""
        before = dict(environ)
        for name in before:
            # The data path is where the AWS CLI keeps its own models; it leads to nobody.
            leads_away = name.startswith("AWS_") and name != "AWS_DATA_PATH"
            if leads_away or name.lower().endswith("_proxy"):
                del environ[name]
        environ.update({name: v for name, v in self.environ.items() if name != "PATH"})
        try:
            yield
        finally:
            environ.clear()
            environ.update(before)

    def act_as(self, arn: str) -> None:
        """Let ``arn``, a user or an assumed-role session, be who asks from now on."""
        from ssmdiag.demo.additions import iam

        iam.act_as(self.id, arn)

    def add_node(self, instance_id: str, **facts: Any) -> None:
        """Register a managed node; ``facts`` as DescribeInstanceInformation prints them."""
        from ssmdiag.demo.additions import ssm

        usual = {"PingStatus": "Online", "PlatformType": "Linux", "ResourceType": "EC2Instance"}
        ssm.add_node(self.id, self.region, {"InstanceId": instance_id, **usual, **facts})

    def add_session(self, session_id: str, **facts: Any) -> None:
        """Add a session; ``facts`` as DescribeSessions prints them, times in epoch seconds."""
        from ssmdiag.demo.additions import ssm

        ssm.add_session(self.id, self.region, {"SessionId": session_id, **facts})

    def reset(self) -> None:
        """Empty the account, end every fault, forget what was received."""
        from moto.moto_api._internal.models import moto_api_backend

        self.faults.clear()
        moto_api_backend.reset()
        self.received.clear()


@contextmanager
def running() -> Iterator[Account]:
    """Serve an empty account on a free port of 127.0.0.1.

    There is one account in a process: moto keeps its state in globals. Raises DemoMissingError
    where moto is not installed.
    """
    try:
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
        from werkzeug.serving import make_server
    except ImportError as lack:
        raise DemoMissingError(
            f"the demo account needs moto's server ({lack}): pip install 'ssmdiag[demo]'"
        ) from lack
    from ssmdiag.demo.additions import dry_run, iam, kms, logs, osis, s3, ssm
    from ssmdiag.demo.additions.cloudformation import install as cloudformation
    from ssmdiag.demo.additions.filters import install as filters
    from ssmdiag.demo.additions.insights import install as insights
    from ssmdiag.demo.additions.simulation import simulate

    for additions in (
        iam,
        kms,
        dry_run,
        logs,
        filters,
        insights,
        s3,
        simulate,
        ssm,
        osis,
        cloudformation,
    ):
        additions.install()
    received: list[Received] = []
    faults = Faults(ACCOUNT_ID, lambda: iam.caller_arn(ACCOUNT_ID))
    app = guarded(DomainDispatcherApplication(create_backend_app), faults, received)
    server = make_server(
        "127.0.0.1", 0, app, threaded=True, request_handler=_quiet_request_handler()
    )
    thread = threading.Thread(target=server.serve_forever, args=(_POLL_SECONDS,), daemon=True)
    thread.start()
    account = Account(f"http://127.0.0.1:{server.server_port}", faults, received)
    account.reset()
    try:
        yield account
    finally:
        account.reset()
        server.shutdown()
        thread.join()
        server.server_close()


def _quiet_request_handler() -> Any:
    from moto.moto_server import werkzeug_app
    from werkzeug.serving import WSGIRequestHandler

    # moto has a handler of its own since 5.2.
    base: Any = getattr(werkzeug_app, "MotoRequestHandler", WSGIRequestHandler)

    def log_request(*_: Any) -> None:
        """Say nothing: the terminal belongs to the demo."""

    return type("QuietRequestHandler", (base,), {"log_request": log_request})
