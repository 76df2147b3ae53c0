"""Error codes of AWS: where SDKs print them, and what kind of failure each one is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

import regex

from ssmdiag.model import FailureKind

# In the order of judgement: the first expression that fits the whole code decides.
_KINDS: tuple[tuple[str, FailureKind], ...] = (
    (
        r"AccessDenied(?:Exception)?|KMSAccessDenied(?:Exception|Fault)?|Forbidden(?:Exception)?"
        r"|Unauthorized\w*|Not[Aa]uthorized\w*|AuthorizationError\w*|AssumeRoleUnauthorizedAccess"
        r"|OperationNotPermitted|AllAccessDisabled",
        "denial",
    ),
    (
        r"InvalidSignature(?:Exception)?|SignatureDoesNotMatch|RequestExpired"
        r"|RequestTimeTooSkewed|RequestInTheFuture|SignatureExpired",
        "clock",
    ),
    (
        r"ExpiredToken(?:Exception)?|UnrecognizedClient(?:Exception)?|InvalidClientTokenId"
        r"|InvalidAccessKeyId|InvalidToken|InvalidSecurityToken|TokenRefreshRequired"
        r"|NoCredentialProviders|EC2RoleRequestError|EC2Metadata(?:Error|RequestError)"
        r"|CredentialsEndpointError|CredentialsNotReady|SharedCredsLoad|NoCredentialsError"
        r"|CredentialRetrievalError|PartialCredentialsError"
        r"|MissingAuthenticationToken(?:Exception)?|IncompleteSignature(?:Exception)?"
        r"|AuthFailure|MachineFingerprintDoesNotMatch|InvalidActivation|WebIdentityErr",
        "credentials",
    ),
    (
        r"Throttl\w+|\w*Throttled(?:Exception)?|TooManyRequests(?:Exception)?|SlowDown"
        r"|RequestLimitExceeded|ProvisionedThroughputExceeded(?:Exception)?|RequestThrottled"
        r"|BandwidthLimitExceeded|PriorRequestNotComplete|RateExceeded(?:Exception)?",
        "throttled",
    ),
    (
        r"DisabledException|KMS(?:Disabled|InvalidState)(?:Exception|Fault)?"
        r"|KeyUnavailable(?:Exception)?|InvalidKeyUsage(?:Exception)?"
        r"|CustomKeyStoreInvalidState(?:Exception)?|CloudHsmCluster\w+",
        "key-state",
    ),
    (
        r"NoSuch\w+|\w*NotFound(?:Exception|Error|Fault)?|\w*(?:DoesNotExist|NotExists?)\w*"
        r"|InvalidDocument(?:Version)?|UnknownResource\w*",
        "not-found",
    ),
    (
        r"Internal(?:Server|Service)?(?:Error|Exception|Failure|Fault)?|ServiceUnavailable(?:Exception|Error)?|KMSInternal(?:Exception)?"
        r"|ServerException|ServiceException|DependencyTimeout(?:Exception)?|ServiceFailure",
        "service",
    ),
    (
        r"RequestError|RequestCanceled|RequestTimeout(?:Exception)?|ConnectionError"
        r"|EndpointConnectionError|Connect(?:ion)?Timeout(?:Error)?|ReadTimeout(?:Error)?"
        r"|ProxyConnectionError|SSLError|ConnectionClosedError|HTTPClientError",
        "unreachable",
    ),
    (
        r"Invalid\w+|Validation(?:Exception|Error)|Malformed\w+|MissingParameter|MissingAction"
        r"|ParamValidationError|IncorrectKey(?:Exception)?|BadRequest(?:Exception)?"
        r"|SerializationException|UnsupportedOperation(?:Exception)?|KeyTooLongError",
        "invalid",
    ),
    (
        r"OptInRequired|SubscriptionRequiredException|BucketRegionError|SerializationError"
        r"|(?:Permanent|Temporary)Redirect|\w*LimitExceeded\w*|\w*AlreadyExists\w*|\w*Conflict\w*"
        r"|TargetNotConnected|OperationAborted\w*",
        "other",
    ),
)
_READERS = tuple((regex.compile(form), kind) for form, kind in _KINDS)

_ENDING = r"(?:Exception|Error|Fault|Denied)"

_SHAPES = regex.compile(
    rf"""
      An\ error\ occurred\ \((?P<botocore>[\w.]++)\)
    | \bError\ Code:\ (?P<java>[\w.]++)
    | <Code>\ ?+(?P<s3>[\w.]++)\ ?+</Code>
    | <(?P<xml>[A-Z]\w*?{_ENDING}|BadRequest)(?:\ [^<>]*+)?>
    | "(?:__type|[Cc]ode|errorCode)"\ ?+:\ ?+"(?:[\w.]*+\#)?+(?P<json>[\w.]++)"
    | (?<![\w./-])(?P<sdk>(?:KMS\.)?+[A-Z]\w*+)(?=:(?:\ |$)|:?\ status\ code:|(?<={_ENDING})$)
    | (?<=[a-z])(?P<glued>(?:AccessDenied|Throttling|RequestError|ResourceNotFound|Validation)
        (?:Exception)?+)(?=:(?:\ |$))
    """,
    regex.VERBOSE,
)
"""botocore; AWS SDK for Java; S3's XML; MGS's XML; JSON bodies and CloudTrail; ``CODE: MESSAGE``
of the other SDKs; the same after a word without a space, as Go's Sprint leaves it."""

_STATUS = regex.compile(r"\b(?:status ?code|StatusCode|Status Code): ?+(?P<status>[1-5]\d\d)\b")


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
    status = max((found.start() for found in _STATUS.finditer(text)), default=-1)
    codes = (_read(found, found.end() < status) for found in _SHAPES.finditer(text))
    return [code for code in codes if code]


_LIKE_A_CODE = regex.compile(r"\w+(?:(?P<exception>Exception)|Error|Fault)")


def _read(found: regex.Match[str], before_status: bool) -> Optional[ErrorCode]:
    shape = found.lastgroup
    code = found[shape]
    kind = kind_of_code(code)
    if kind is None and shape in ("sdk", "glued", "json"):
        alike = _LIKE_A_CODE.fullmatch(code)
        if not alike or not (alike["exception"] or before_status):
            return None
    return ErrorCode(code, found.start(), found.end(), kind)


def kind_of_code(code: str) -> Optional[FailureKind]:
    """What ``code`` means by itself. EC2's ``InvalidGroup.NotFound`` is read by its last part; a
    refused HEAD has no body, so botocore prints the HTTP status for a code."""
    bare = code.rpartition(".")[2]
    if bare.isdigit():
        return _kind_of_number(bare)
    return next((kind for form, kind in _READERS if form.fullmatch(bare)), None)


def kind_of_status(text: str) -> Optional[FailureKind]:
    """What the first HTTP status in ``text`` means, where there is no code that says more."""
    found = _STATUS.search(text)
    return _kind_of_number(found["status"]) if found else None


def _kind_of_number(status: str) -> FailureKind:
    known: dict[str, FailureKind] = {"403": "denial", "404": "not-found", "429": "throttled"}
    return known.get(status, "service" if status.startswith("5") else "other")
