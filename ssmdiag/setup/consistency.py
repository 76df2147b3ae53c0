"""Calls that AWS may refuse for a while after what they need was made: it is eventually consistent.

Sources: IAM User Guide, "Troubleshoot IAM" (changes are not always immediately visible); AWS KMS
Developer Guide, "AWS KMS eventual consistency" and "Changing a key policy" (a principal that is new
may not be found yet); API References of Kinesis, StartStreamEncryption (the stream must be active),
and OpenSearch Ingestion, CreatePipeline (which looks at the role) and StartPipeline (a pipeline
that is stopping must have stopped).
"""

from __future__ import annotations

from collections.abc import Mapping

NOT_YET: Mapping[str, str] = {
    "AddRoleToInstanceProfile": "NoSuchEntity",
    "AttachRolePolicy": "NoSuchEntity",
    "PutRolePolicy": "NoSuchEntity",
    "CreateKey": "MalformedPolicyDocumentException",
    "PutKeyPolicy": "MalformedPolicyDocumentException",
    "CreateLogGroup": "InvalidParameterException",
    "AssociateKmsKey": "InvalidParameterException",
    "PutSubscriptionFilter": "InvalidParameterException",
    "StartStreamEncryption": "ResourceInUseException",
    "CreatePipeline": "ValidationException",
    "StartPipeline": "ConflictException",
}
"""The error code that may only mean "not yet", by operation."""

PAUSE = 5.0
"""Seconds between two attempts."""
ATTEMPTS = 12
