"""Nothing is wrong."""

from __future__ import annotations

from ssmdiag.model import AskedCall, Checked, Holds, NotApplicable, Report
from tests.reports.parts import GROUP, NODE, REGION

HEALTHY = Report(
    verdict="ok",
    headline="Nothing is wrong: sessions start, and their logs reach the encrypted log group "
    f"{GROUP}.",
    node=(("node", NODE), ("region", REGION)),
    findings=(),
    chain=(
        Checked("agent-identity", "The agent has an identity", "identity", Holds("SessionNode.")),
        Checked("group-encrypted", "The log group is encrypted", "destination", Holds("It is.")),
        Checked(
            "bucket-encrypted",
            "The log bucket is encrypted",
            "destination",
            NotApplicable("no bucket is set in the preferences."),
        ),
    ),
    past=(),
    unexplained=(),
    unrecognised=(),
    benign=1,
    notes=(),
    sources=(),
    calls=(AskedCall("logs:DescribeLogGroups(logGroupNamePrefix=/ssm/sessions)", "known"),),
)
