"""The instance metadata service: what it says of the instance, and the ways not to answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from ssmdiag.world.call import Absent, Answer, Call, Known, Unreachable, call
from ssmdiag.world.host.door import door
from ssmdiag.world.host.place import Place
from tests.loopback import hanging_up, listening, nobody, saying
from tests.metadata_service import Metadata, metadata_service

_ROLE = call("host", "GetInstanceMetadata", Path="iam/security-credentials/")
_SERVICE = call("host", "GetMetadataService")

_NOTHING: Mapping[str, Any] = {
    "Problem": None,
    "Tokenless": None,
    "Identity": None,
    "Profile": None,
    "Role": None,
    "Credentials": None,
}


def _asked(question: Call, address: str, **environ: str) -> Answer:
    whole = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": address, **environ}
    return door(Place("linux", whole))(question)


def _told(service: Metadata) -> Mapping[str, Any]:
    with metadata_service(service) as address:
        answer = _asked(_SERVICE, address)
    assert isinstance(answer, Known)
    told: Mapping[str, Any] = answer.data
    return told


def test_it_tells_the_role_of_the_instance_profile() -> None:
    with metadata_service() as address:
        assert _asked(_ROLE, f"{address}/") == Known("NodeRole")


def test_an_instance_without_a_profile_has_no_role() -> None:
    question = call("host", "GetInstanceMetadata", Path="iam/info")
    with metadata_service(Metadata(profile=None)) as address:
        assert isinstance(_asked(question, address), Absent)


def test_a_disabled_metadata_service_is_left_alone() -> None:
    """Nobody listens at this address; nobody is asked either."""
    with nobody() as port:
        for question in (_ROLE, _SERVICE):
            address = f"http://127.0.0.1:{port}"
            answer = _asked(question, address, AWS_EC2_METADATA_DISABLED="True")
            assert answer == Unreachable("AWS_EC2_METADATA_DISABLED is set")


@pytest.mark.parametrize("address", ["169.254.169.254", "http://[::1", "ftp://127.0.0.1", "http:"])
def test_an_address_that_is_none_is_not_tried(address: str) -> None:
    for question in (_ROLE, _SERVICE):
        answer = _asked(question, address)
        assert isinstance(answer, Unreachable)
        assert answer.why.endswith(f"is no http address: {address}")


def test_a_metadata_service_that_is_not_there_is_no_answer() -> None:
    with nobody() as port:
        assert isinstance(_asked(_ROLE, f"http://127.0.0.1:{port}"), Unreachable)


def test_a_healthy_instance_is_told_whole_and_without_its_keys() -> None:
    told = _told(Metadata())
    assert told == {
        **_NOTHING,
        "Token": "answered",
        "TokenStatus": 200,
        "Identity": {
            "InstanceId": "i-0f00dfeed00c0ffee",
            "Region": "eu-west-1",
            "AccountId": "123456789012",
            "AvailabilityZone": "eu-west-1a",
        },
        "Profile": {
            "Code": "Success",
            "InstanceProfileArn": "arn:aws:iam::123456789012:instance-profile/NodeProfile",
        },
        "Role": "NodeRole",
        "Credentials": {"Code": "Success", "Expiration": "2026-11-25T04:00:00Z"},
    }
    assert "s3cret" not in json.dumps(told)


def test_a_profile_may_lack_its_role() -> None:
    told = _told(Metadata(role=None))
    assert told["Profile"]["Code"] == "Success"
    assert (told["Role"], told["Credentials"]) == (None, None)


def test_a_role_that_ec2_may_not_assume_is_told_by_its_code() -> None:
    told = _told(Metadata(credentials="AssumeRoleUnauthorizedAccess"))
    assert told["Role"] == "NodeRole"
    assert told["Credentials"] == {
        "Code": "AssumeRoleUnauthorizedAccess",
        "Message": "EC2 cannot assume the role NodeRole.",
    }


@pytest.mark.parametrize(
    ("service", "told"),
    [
        # The answer to the token request is dropped on its way, other answers are not.
        (Metadata(far=True), {"Token": "silence", "TokenStatus": None, "Tokenless": 401}),
        (Metadata(far=True, optional=True), {"Token": "silence", "Tokenless": 200}),
        (Metadata(disabled=True), {"Token": "refused", "TokenStatus": 403, "Tokenless": 403}),
        # A request without a token is counted by CloudWatch: it is not made without need.
        (Metadata(optional=True), {"Token": "answered", "Tokenless": None}),
    ],
)
def test_no_token_has_its_reasons(service: Metadata, told: Mapping[str, Any]) -> None:
    found = _told(service)
    assert {name: found[name] for name in told} == told


def test_where_nobody_listens_there_is_no_metadata_service() -> None:
    with nobody() as port:
        answer = _asked(_SERVICE, f"http://127.0.0.1:{port}")
    assert isinstance(answer, Known)
    assert (answer.data["Token"], answer.data["Tokenless"]) == ("unreachable", None)
    assert "refused" in answer.data["Problem"]


@pytest.mark.parametrize(
    "words",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\xff\x00\r\n",
    ],
)
def test_what_is_no_metadata_service_tells_nothing(words: bytes) -> None:
    with listening(saying(words) if words else hanging_up) as port:
        answer = _asked(_SERVICE, f"http://127.0.0.1:{port}")
    assert isinstance(answer, Known)
    facts = ("Identity", "Profile", "Role", "Credentials")
    assert {name: answer.data[name] for name in facts} == dict.fromkeys(facts)
