"""Firehose: delivery streams into Amazon OpenSearch Service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ssmdiag.demo.additions.extending import Method, correct, refuse

_DESTINATION = "Amazonopensearchservice"


def install() -> None:
    """Let CreateDeliveryStream and UpdateDestination take a domain of OpenSearch Service."""
    from moto.firehose.responses import FirehoseResponse

    correct(FirehoseResponse, "create_delivery_stream", _creating)
    correct(FirehoseResponse, "update_destination", _updating)


def _creating(original: Method) -> Method:
    def create_delivery_stream(response: Any) -> Any:
        """Firehose API Reference, "CreateDeliveryStream"."""
        wanted = response._get_param(f"{_DESTINATION}DestinationConfiguration")
        if not wanted:
            return original(response)
        return _create(response, wanted)

    return create_delivery_stream


def _create(response: Any, wanted: Mapping[str, Any]) -> Any:
    from moto.core.responses import ActionResult
    from moto.firehose.models import DeliveryStream

    name = response._get_param("DeliveryStreamName")
    backend = response.firehose_backend
    if name in backend.delivery_streams:
        account = response.current_account
        refuse(
            "ResourceInUseException", f"Firehose {name} under accountId {account} already exists"
        )
    if ("DomainARN" in wanted) == ("ClusterEndpoint" in wanted):
        # The code is documented, its words are not.
        refuse(
            "InvalidArgumentException",
            "Exactly one of DomainARN and ClusterEndpoint must be specified",
        )
    stream = DeliveryStream(
        account_id=response.current_account,
        region=response.region,
        delivery_stream_name=name,
        delivery_stream_type=response._get_param("DeliveryStreamType"),
        encryption=response._get_param("DeliveryStreamEncryptionConfigurationInput"),
        kinesis_stream_source_configuration=response._get_param("KinesisStreamSourceConfiguration"),
        destination_name=_DESTINATION,
        destination_config=dict(wanted),
    )
    backend.tagger.tag_resource(stream.delivery_stream_arn, response._get_param("Tags") or [])
    backend.delivery_streams[name] = stream
    return ActionResult({"DeliveryStreamARN": stream.delivery_stream_arn})


def _updating(original: Method) -> Method:
    def update_destination(response: Any) -> Any:
        """Firehose API Reference, "UpdateDestination"."""
        wanted = response._get_param(f"{_DESTINATION}DestinationUpdate")
        if not wanted:
            return original(response)
        return _update(response, wanted)

    return update_destination


def _update(response: Any, wanted: Mapping[str, Any]) -> Any:
    from moto.core.responses import EmptyResult

    name = response._get_param("DeliveryStreamName")
    version = response._get_param("CurrentDeliveryStreamVersionId")
    stream = response.firehose_backend.delivery_streams.get(name)
    if stream is None:
        account = response.current_account
        refuse("ResourceNotFoundException", f"Firehose {name} under account {account} not found.")
    if stream.version_id != version:
        refuse(
            "ConcurrentModificationException",
            f"Cannot update firehose: {name} since the current version id: {stream.version_id} and"
            f" specified version id: {version} do not match",
        )
    (destination,) = stream.destinations
    if _DESTINATION not in destination:
        refuse(
            "InvalidArgumentException",
            f"Changing the destination type to {_DESTINATION} is not supported at this time.",
        )
    described = destination[_DESTINATION]
    changes = {name: value for name, value in wanted.items() if name != "S3Update"}
    into_s3 = {**described["S3DestinationDescription"], **wanted.get("S3Update", {})}
    destination[_DESTINATION] = {**described, **changes, "S3DestinationDescription": into_s3}
    stream.version_id = str(int(version) + 1)
    return EmptyResult()
