"""Everything that a log or AWS can name says something hostile or secret."""

from __future__ import annotations

from datetime import datetime
from typing import Optional

from ssmdiag.model import (
    AskedCall,
    Change,
    Checked,
    Cluster,
    Denial,
    Failure,
    Finding,
    NotApplicable,
    Proof,
    Record,
    Report,
    Resource,
    ResourceKind,
    SourceFile,
    Suspect,
    Symptom,
)
from ssmdiag.world.call import call
from tests.reports.parts import EVENING

SECRETS = (
    "AKIAQ7EXAMPLE2XYZABC",
    "ASIAQ7EXAMPLE2XYZABC",
    "wJalr/XUtnFEMIK7MDENG+bPxRfiCYzzzzzzzzzz",
    "IQoJb3JpZ2luX2VjEJr//////////wEaDGV1LWNlbnRyYWw=",
    "hunter2/with@signs",
    "6c9f0e1d2b3a",
)


def hostile(text: str, kind: ResourceKind = "role", at: Optional[datetime] = EVENING) -> Report:
    sample = Record(text, time=at, level="ERROR", context=(text,), code=text, file=text, line=1)
    symptom = Symptom(
        pattern=text,
        title=text,
        severity="session-refused",
        count=1,
        first=at,
        last=at,
        sessions=(text,),
        fields=((text, text),),
        failure=Failure("other", text, text, Denial(text, text, text, text), text),
        suspects=(Suspect("some-requirement", kind),),
        decided=False,
        sample=sample,
        explanation=text,
    )
    return Report(
        verdict="broken",
        headline=text,
        node=((text, text),),
        findings=(
            Finding(
                resource=Resource(kind, text),
                verdict="broken",
                said=text,
                requirements=("some-requirement",),
                evidence=(text,),
                symptoms=(symptom,),
                change=Change(text, (call("kms", "CreateKey", Description=text),), (text,), text),
                advice=(text,),
                proof=Proof(False, text),
                settle=(text,),
                suspects=(Resource(kind, text),),
            ),
        ),
        chain=(Checked("some-requirement", text, text, NotApplicable(text)),),
        past=(symptom,),
        unexplained=(symptom,),
        unrecognised=(Cluster(text, 1, "ERROR", sample),),
        benign=0,
        notes=(text,),
        sources=(SourceFile(text, 1, 1, text),),
        calls=(AskedCall(text, "unreachable", text),),
    )


HOSTILE = hostile(
    "\x1b[2J\x1b]0;owned\x07 \x00 \x9b31m \r100% \u202egnorw\u2066 \ufeff\u200b \u2028 \ud83d é 🔑"
    " https://proxy-user:hunter2/with@signs@proxy.example:3128/"
    " Authorization: AWS4-HMAC-SHA256 Credential=AKIAQ7EXAMPLE2XYZABC/x, Signature=6c9f0e1d2b3a\n"
    ' {"SecretAccessKey": "wJalr/XUtnFEMIK7MDENG+bPxRfiCYzzzzzzzzzz", "id": "ASIAQ7EXAMPLE2XYZABC"}'
    " IQoJb3JpZ2luX2VjEJr//////////wEaDGV1LWNlbnRyYWw="
)
