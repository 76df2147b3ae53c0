"""Error codes of AWS: where SDKs print them, and what kind of failure each one is."""

from __future__ import annotations

import re
from typing import Optional

from ssmdiag.model import FailureKind
from ssmdiag.values import dataclass

_NAMED: tuple[tuple[FailureKind, str], ...] = (
    (
        "denial",
        "AccessDenied AccessDeniedException KMSAccessDenied KMSAccessDeniedException"
        " KMSAccessDeniedFault Forbidden ForbiddenException AssumeRoleUnauthorizedAccess"
        " OperationNotPermitted AllAccessDisabled",
    ),
    (
        "clock",
        "InvalidSignature InvalidSignatureException SignatureDoesNotMatch RequestExpired"
        " RequestTimeTooSkewed RequestInTheFuture SignatureExpired",
    ),
    (
        "credentials",
        "ExpiredToken ExpiredTokenException UnrecognizedClient UnrecognizedClientException"
        " InvalidClientTokenId InvalidAccessKeyId InvalidToken InvalidSecurityToken"
        " TokenRefreshRequired NoCredentialProviders EC2RoleRequestError EC2MetadataError"
        " EC2MetadataRequestError CredentialsEndpointError CredentialsNotReady SharedCredsLoad"
        " NoCredentialsError CredentialRetrievalError PartialCredentialsError"
        " MissingAuthenticationToken MissingAuthenticationTokenException IncompleteSignature"
        " IncompleteSignatureException AuthFailure MachineFingerprintDoesNotMatch"
        " InvalidActivation WebIdentityErr",
    ),
    (
        "throttled",
        "TooManyRequests TooManyRequestsException SlowDown RequestLimitExceeded"
        " ProvisionedThroughputExceeded ProvisionedThroughputExceededException RequestThrottled"
        " BandwidthLimitExceeded PriorRequestNotComplete RateExceeded RateExceededException",
    ),
    (
        "key-state",
        "DisabledException KMSDisabled KMSDisabledException KMSDisabledFault KMSInvalidState"
        " KMSInvalidStateException KMSInvalidStateFault KeyUnavailable KeyUnavailableException"
        " InvalidKeyUsage InvalidKeyUsageException CustomKeyStoreInvalidState"
        " CustomKeyStoreInvalidStateException",
    ),
    ("not-found", "InvalidDocument InvalidDocumentVersion"),
    (
        "service",
        "ServiceUnavailable ServiceUnavailableException ServiceUnavailableError KMSInternal"
        " KMSInternalException ServerException ServiceException DependencyTimeout"
        " DependencyTimeoutException ServiceFailure",
    ),
    (
        "unreachable",
        "RequestError RequestCanceled RequestTimeout RequestTimeoutException ConnectionError"
        " EndpointConnectionError ConnectTimeout ConnectTimeoutError ConnectionTimeout"
        " ConnectionTimeoutError ReadTimeout ReadTimeoutError ProxyConnectionError SSLError"
        " ConnectionClosedError HTTPClientError",
    ),
    (
        "invalid",
        "ValidationException ValidationError MissingParameter MissingAction ParamValidationError"
        " IncorrectKey IncorrectKeyException BadRequest BadRequestException"
        " SerializationException UnsupportedOperation UnsupportedOperationException"
        " KeyTooLongError",
    ),
    (
        "other",
        "OptInRequired SubscriptionRequiredException BucketRegionError SerializationError"
        " PermanentRedirect TemporaryRedirect TargetNotConnected",
    ),
)
_KIND_OF_NAME = {name: kind for kind, names in _NAMED for name in names.split()}

# Codes with a name of their own are read above. Of the rest, the first form that fits decides.
_FAMILIES: tuple[tuple[FailureKind, str], ...] = (
    ("denial", r"(?:Unauthorized|Not[Aa]uthorized|AuthorizationError)\w*"),
    ("throttled", r"Throttl\w+|\w*Throttled(?:Exception)?"),
    ("key-state", r"CloudHsmCluster\w+"),
    (
        "not-found",
        r"(?:NoSuch\w|UnknownResource)\w*|\w*NotFound(?:Exception|Error|Fault)?"
        r"|\w*(?:DoesNotExist|NotExists?)\w*",
    ),
    ("service", r"Internal(?:Server|Service)?(?:Error|Exception|Failure|Fault)?"),
    ("invalid", r"(?:Invalid|Malformed)\w+"),
    ("other", r"\w*(?:LimitExceeded|AlreadyExists|Conflict)\w*|OperationAborted\w*"),
)

_ENDING = "(?:Exception|Error|Fault|Denied)"
_ENDED = "(?:(?<=Exception)|(?<=Error)|(?<=Fault)|(?<=Denied))"

_SHAPES = rf"""(?x)
      An\ error\ occurred\ \((?P<botocore>[\w.]+)\)
    | \bError\ Code:\ (?P<java>[\w.]+)
    | <Code>\ ?(?P<s3>[\w.]+)\ ?</Code>
    | <(?P<xml>[A-Z]\w*{_ENDING}|BadRequest)(?:\ [^<>]*)?>
    | "(?:__type|[Cc]ode|errorCode)"\ ?:\ ?"(?:[\w.]*\#)?(?P<json>[\w.]+)"
    | (?<![\w./-])(?P<sdk>(?:KMS\.)?[A-Z]\w*)(?=:(?:\ |$)|:?\ status\ code:|{_ENDED}$)
    | (?<=[a-z])(?P<glued>(?:AccessDenied|Throttling|RequestError|ResourceNotFound|Validation)
        (?:Exception)?)(?=:(?:\ |$))
    """
"""botocore; AWS SDK for Java; S3's XML; MGS's XML; JSON bodies and CloudTrail; ``CODE: MESSAGE``
of the other SDKs; the same after a word without a space, as Go's Sprint leaves it."""

_STATUS = r"\b(?:status ?code|StatusCode|Status Code): ?(?P<status>[1-5]\d\d)\b"


@dataclass(frozen=True)
class ErrorCode:
    """A code as printed, where it stands in the text, and what it means; None if that is open."""

    code: str
    start: int
    end: int
    kind: Optional[FailureKind]


def find_codes(text: str) -> list[ErrorCode]:
    """Every error code in flattened ``text``, in order.

    A capitalised word before a colon counts as a code if it is known, or if it ends like one and
    is an exception or stands before an HTTP status.
    """
    status = max((found.start() for found in re.finditer(_STATUS, text)), default=-1)
    codes = (_read(found, found.end() < status) for found in re.finditer(_SHAPES, text))
    return [code for code in codes if code]


def _read(found: re.Match[str], before_status: bool) -> Optional[ErrorCode]:
    shape = found.lastgroup or ""
    code = found[shape]
    kind = kind_of_code(code)
    if kind is None and shape in ("sdk", "glued", "json"):
        exception = _ends(code, "Exception")
        if not exception and not (before_status and _ends(code, "Error", "Fault")):
            return None
    return ErrorCode(code, found.start(), found.end(), kind)


def _ends(code: str, *endings: str) -> bool:
    """Whether it is one word that ends so, with something before."""
    return "." not in code and code.endswith(endings) and code not in endings


def kind_of_code(code: str) -> Optional[FailureKind]:
    """What ``code`` means by itself. EC2's ``InvalidGroup.NotFound`` is read by its last part; a
    refused HEAD has no body, so botocore prints the HTTP status for a code."""
    bare = code.rpartition(".")[2]
    if bare.isdigit():
        return _kind_of_number(bare)
    if bare in _KIND_OF_NAME:
        return _KIND_OF_NAME[bare]
    return next((kind for kind, form in _FAMILIES if re.fullmatch(form, bare)), None)


def kind_of_status(text: str) -> Optional[FailureKind]:
    """What the first HTTP status in ``text`` means, where there is no code that says more."""
    found = re.search(_STATUS, text)
    return _kind_of_number(found["status"]) if found else None


def _kind_of_number(status: str) -> FailureKind:
    known: dict[str, FailureKind] = {"403": "denial", "404": "not-found", "429": "throttled"}
    return known.get(status, "service" if status.startswith("5") else "other")
