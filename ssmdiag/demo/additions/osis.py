"""OpenSearch Ingestion: pipelines are where AWS offers them, and their logs go where they may.

Amazon OpenSearch Service Developer Guide, "Monitoring pipeline logs"; the regions are those of
botocore's ``endpoints.json``, whose older editions know none of GovCloud.
"""

from __future__ import annotations

from typing import Any

from ssmdiag.demo.additions.extending import Method, correct

_GOVCLOUD = ["us-gov-east-1", "us-gov-west-1"]


def install() -> None:
    """Offer pipelines in GovCloud; make CreatePipeline check the log group."""
    from moto.osis.models import osis_backends
    from moto.osis.responses import OpenSearchIngestionResponse

    osis_backends._additional_regions = _GOVCLOUD
    correct(OpenSearchIngestionResponse, "create_pipeline", _creating)


def _creating(original: Method) -> Method:
    def create_pipeline(response: Any) -> Any:
        """OpenSearch Ingestion API Reference, "CreatePipeline"."""
        options = response._get_param("LogPublishingOptions") or {}
        group = options.get("CloudWatchLogDestination", {}).get("LogGroup")
        if group is not None:
            _check_log_group(response, group)
        return original(response)

    return create_pipeline


def _check_log_group(response: Any, name: str) -> None:
    from moto.logs.models import logs_backends
    from moto.osis.exceptions import ValidationException

    groups = logs_backends[response.current_account][response.region].groups
    # That it is refused is documented, the words are not.
    if not name.startswith("/aws/vendedlogs/") or name not in groups:
        raise ValidationException(
            f"log group {name} must exist and its name must begin with /aws/vendedlogs/"
        )
