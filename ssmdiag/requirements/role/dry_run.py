"""KMS as a witness: it says whether it would do something, without doing it.

Its word is evidence, not proof: it tells of these credentials and of this moment. Source: AWS KMS
Developer Guide, "Testing your permissions"; AWS KMS API Reference, Decrypt and GenerateDataKey.
"""

from __future__ import annotations

from collections.abc import Mapping

from ssmdiag.world.call import Absent, Answer, Ask, Call, Unreachable, call

OPERATIONS = ("Decrypt", "GenerateDataKey")


def dry_run(operation: str, key_arn: str, context: Mapping[str, str], region: str = "") -> Call:
    """The Call that asks KMS whether ``operation`` with this encryption context would be done."""
    shared = {"KeyId": key_arn, "EncryptionContext": dict(context), "DryRun": True}
    if operation == "Decrypt":
        # Without a ciphertext at hand: newer SDKs know this modifier, older ones refuse it.
        return call("kms", operation, region, **shared, DryRunModifiers=["IGNORE_CIPHERTEXT"])
    return call("kms", operation, region, **shared, KeySpec="AES_256")


IN_WORDS = "a dry run of it, which does nothing"


def testify(ask: Ask, question: Call) -> Answer:
    """What KMS says: ``Known``: it would do it; ``Denied``: it would refuse for want of permission;
    anything else says nothing of permissions, and is ``Unreachable``."""
    answer = ask(question)
    return Unreachable(answer.why) if isinstance(answer, Absent) else answer
