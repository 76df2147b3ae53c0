"""AWS as a door. The only file that imports boto3.

Reading and writing are two doors: ``Aws.read`` refuses every operation that is not in its
allow-list of verbs, ``Aws.write`` is for ``setup apply`` and the demo alone.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, Optional

from ssmdiag.iam.action import action_of
from ssmdiag.iam.failure import read_failure
from ssmdiag.model import Denial
from ssmdiag.values import dataclass
from ssmdiag.world.asking import within
from ssmdiag.world.call import Absent, Answer, Call, Denied, Known, Unreachable

READING_VERBS = ("Get", "List", "Describe", "Head", "Simulate")
SEARCHES = (("logs", "StartQuery"), ("logs", "StopQuery"))
"""Operations that read without one of these verbs: a Logs Insights query changes nothing."""
DRY_RUNS = (("kms", "Decrypt"), ("kms", "GenerateDataKey"))
"""Operations that are asked only whether they would be done: ``DryRun`` must be true."""

_PAGES_AT_MOST = 1000
_ATTEMPTS = 3


@dataclass(frozen=True)
class Access:
    """How AWS is reached."""

    region: str
    profile: Optional[str] = None
    endpoint_url: Optional[str] = None
    assume_role: Optional[str] = None
    timeout: float = 10.0
    """Deadline of one Call in seconds, retries included."""


class AwsConfigurationError(ValueError):
    """The AWS configuration files cannot be read; the message says why in one line."""


class Aws:
    """boto3 behind two doors. Nothing is loaded before the first Call."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._lock = threading.Lock()
        self._session: Any = None
        self._clients: dict[tuple[str, str], Any] = {}

    def enter(self) -> Optional[str]:
        """Take on the profile and the role that are asked for; says why not, if that fails."""
        import botocore.exceptions as failures

        def attempt() -> Answer:
            try:
                with self._lock:
                    self._session = self._session or _session(self._access)
            except (failures.ClientError, failures.BotoCoreError, OSError, ValueError) as error:
                return Unreachable(_one_line(error))
            return Known(None)

        answer = within(self._access.timeout, attempt)
        return answer.why if isinstance(answer, Unreachable) else None

    def read(self, question: Call) -> Answer:
        """Answer a reading Call within the deadline. Raises ValueError for any other Call."""
        if not (_is_reading(question) or _is_dry_run(question)):
            raise ValueError(f"{question} would change something; this door only reads")
        return self._answer(question)

    def write(self, order: Call) -> Answer:
        """Carry out a Call that changes something."""
        return self._answer(order)

    def _answer(self, question: Call) -> Answer:
        return within(self._access.timeout, lambda: self._attempt(question))

    def _attempt(self, question: Call) -> Answer:
        import botocore.exceptions as failures

        try:
            client = self._client(question.service, question.region or self._access.region)
            return Known(_plain(_invoke(client, question)))
        except failures.ClientError as error:
            return _refusal(question, error)
        except failures.ParamValidationError as error:
            return Unreachable(f"{question.service}:{question.operation}: {_one_line(error)}")
        except (failures.BotoCoreError, failures.HTTPClientError, OSError, ValueError) as error:
            return Unreachable(_one_line(error))

    def _client(self, service: str, region: str) -> Any:
        # Sessions are not thread-safe while clients are (boto3 guide, "Multithreading").
        with self._lock:
            if (service, region) not in self._clients:
                from botocore.config import Config

                if self._session is None:
                    self._session = _session(self._access)
                seconds = self._access.timeout
                self._clients[service, region] = self._session.client(
                    service,
                    region_name=region or None,
                    endpoint_url=self._access.endpoint_url,
                    config=Config(
                        connect_timeout=min(5.0, seconds),
                        read_timeout=seconds,
                        retries={"mode": "adaptive", "total_max_attempts": _ATTEMPTS},
                        user_agent_extra="ssmdiag",
                        s3={"addressing_style": "path"} if self._access.endpoint_url else None,
                    ),
                )
            return self._clients[service, region]


def configured_region(profile: Optional[str]) -> Optional[str]:
    """The region that the environment or the AWS configuration files name, if any.

    Raises AwsConfigurationError.
    """
    import botocore.exceptions as failures
    import botocore.session

    try:
        region: Optional[str] = botocore.session.Session(profile=profile).get_config_variable(
            "region"
        )
    except failures.ProfileNotFound:
        return None
    except failures.BotoCoreError as error:
        raise AwsConfigurationError(
            f"the AWS configuration cannot be read: {_one_line(error)}; mend it, or name other "
            "files in AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE"
        ) from None
    return region


def mistake(order: Call) -> Optional[str]:
    """What AWS's own model of the API finds wrong with the parameters of a Call, if anything."""
    from botocore.exceptions import UnknownServiceError
    from botocore.model import OperationNotFoundError, ServiceModel
    from botocore.validate import ParamValidator

    try:
        service = ServiceModel(_models().load_service_model(order.service, "service-2"))
        shape = service.operation_model(order.operation).input_shape
    except (UnknownServiceError, OperationNotFoundError):
        return f"{order.service}:{order.operation} is not known"
    given = order.parameters
    lacking = [name for name in getattr(shape, "required_members", ()) if name not in given]
    if lacking:
        return f"{order.service}:{order.operation} lacks the parameter {lacking[0]!r}"
    found = ParamValidator().validate(given, shape) if shape else None
    if found is None or not found.has_errors():
        return None
    return f"{order.service}:{order.operation}: {_one_line(found.generate_report())}"


def _session(access: Access) -> Any:
    with warnings.catch_warnings():
        # boto3 warns under Python 3.9, which is the system Python of whole distributions.
        warnings.simplefilter("ignore")
        import boto3
        from botocore.exceptions import ProfileNotFound

        # boto3 itself may notice only when it first looks for credentials.
        if access.profile and access.profile not in boto3.Session().available_profiles:
            raise ProfileNotFound(profile=access.profile)
        session = boto3.Session(
            profile_name=access.profile,
            region_name=access.region or None,
            botocore_session=_core(),
        )
        if not access.assume_role:
            return session
        assumed = session.client("sts", endpoint_url=access.endpoint_url).assume_role(
            RoleArn=access.assume_role, RoleSessionName="ssmdiag"
        )["Credentials"]
        return boto3.Session(
            aws_access_key_id=assumed["AccessKeyId"],
            aws_secret_access_key=assumed["SecretAccessKey"],
            aws_session_token=assumed["SessionToken"],
            region_name=access.region or None,
            botocore_session=_core(),
        )


def _core() -> Any:
    import botocore.session

    core = botocore.session.Session()
    core.register_component("data_loader", _models())
    return core


@lru_cache(maxsize=1)
def _models() -> Any:
    """The models of AWS's services, which are large, and the same for every session: the long
    form of ``watch`` makes one whenever it asks anew."""
    import botocore.session

    return botocore.session.Session().get_component("data_loader")


def _invoke(client: Any, question: Call) -> Any:
    from botocore import xform_name

    method = xform_name(question.operation)
    if not client.can_paginate(method):
        return getattr(client, method)(**question.parameters)
    pages = client.get_paginator(method).paginate(
        **question.parameters, PaginationConfig={"MaxItems": _PAGES_AT_MOST}
    )
    return pages.build_full_result()


def _is_reading(question: Call) -> bool:
    listed = (question.service, question.operation) in SEARCHES
    return listed or question.operation.startswith(READING_VERBS)


def _is_dry_run(question: Call) -> bool:
    listed = (question.service, question.operation) in DRY_RUNS
    return listed and question.parameters.get("DryRun") is True


def _refusal(question: Call, error: Any) -> Answer:
    failure = read_failure(str(error))
    action = action_of(question.service, question.operation)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    if error.response.get("Error", {}).get("Code") == "DryRunOperationException":
        return Known({"DryRun": "it would have succeeded"})
    if failure is not None and failure.denial is not None:
        denial = failure.denial
        if denial.action is None:
            denial = replace(denial, action=action)
        return Denied(denial)
    if status == 403 and (failure is None or failure.kind == "other"):
        return Denied(Denial(message=_one_line(error), action=action))
    if (failure is not None and failure.kind == "not-found") or status == 404:
        return Absent(_one_line(error))
    return Unreachable(_one_line(error))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items() if k != "ResponseMetadata"}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _one_line(error: object) -> str:
    return " ".join(str(error).split())
