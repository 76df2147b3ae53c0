"""Three faults, one behind the other: the role, the key policy, the log group."""

from __future__ import annotations

from datetime import timedelta

from ssmdiag.model import (
    Admit,
    Allow,
    AskedCall,
    Broken,
    Checked,
    Cluster,
    Failure,
    Finding,
    Holds,
    NotApplicable,
    Proof,
    Record,
    Report,
    Resource,
    SourceFile,
    Suspect,
    Symptom,
    Unverified,
    Write,
)
from ssmdiag.world.call import call
from tests.reports.parts import (
    ACCOUNT,
    CANNOT_FIND_GROUP,
    EVENING,
    GROUP,
    GROUP_ARN,
    KEY,
    LOG,
    NODE,
    NOT_ENCRYPTED,
    REGION,
    ROLE,
    change,
    document,
    record,
)

LOG_POLICY = document(
    {
        "Sid": "FindLogGroup",
        "Effect": "Allow",
        "Action": "logs:DescribeLogGroups",
        "Resource": "*",
    }
)
KEY_POLICY = document(
    {
        "Sid": "Administration",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Action": "kms:*",
        "Resource": "*",
    },
    {
        "Sid": "CloudWatchLogs",
        "Effect": "Allow",
        "Principal": {"Service": f"logs.{REGION}.amazonaws.com"},
        "Action": ["kms:Encrypt*", "kms:Decrypt*", "kms:GenerateDataKey*"],
        "Resource": "*",
        "Condition": {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": GROUP_ARN}},
    },
)

ROLE_SAID = "The role SessionNode may not call logs:DescribeLogGroups."
KEY_SAID = f"The key policy of {KEY} does not let CloudWatch Logs use the key for {GROUP}."
GROUP_SAID = f"The log group {GROUP} is not encrypted with a KMS key."

ARTICLE = Report(
    verdict="broken",
    headline="Sessions are refused: the role SessionNode may not look for the log group "
    f"{GROUP}, and 2 faults wait behind that one.",
    node=(("node", NODE), ("agent", "3.3.1611.0"), ("role", "SessionNode"), ("region", REGION)),
    findings=(
        Finding(
            resource=ROLE,
            verdict="broken",
            said=ROLE_SAID,
            requirements=("role-describe-log-groups",),
            evidence=(
                "None of the role's 2 policies (AmazonSSMManagedInstanceCore, SessionLogging) "
                "allows it on *.",
                "AWS says so in the log: no identity-based policy allows the action.",
            ),
            symptoms=(CANNOT_FIND_GROUP, NOT_ENCRYPTED),
            change=change(
                "Allow logs:DescribeLogGroups on * to the role SessionNode.",
                call(
                    "iam",
                    "PutRolePolicy",
                    RoleName="SessionNode",
                    PolicyName="ssmdiag-FindLogGroup",
                    PolicyDocument=LOG_POLICY,
                ),
                actor=f"an administrator of account {ACCOUNT}",
            ),
            advice=(),
            proof=Proof(True, "with this change the requirement holds, and the 6 others still do."),
        ),
        Finding(
            resource=Resource("key-policy", KEY),
            verdict="broken",
            said=KEY_SAID,
            requirements=("key-policy-logs",),
            evidence=(f"No statement admits the principal logs.{REGION}.amazonaws.com.",),
            symptoms=(),
            change=change(
                f"Admit CloudWatch Logs of {REGION} to the key, for the log group {GROUP} only.",
                call("kms", "PutKeyPolicy", KeyId=KEY, PolicyName="default", Policy=KEY_POLICY),
                actor=f"an administrator of the key, in account {ACCOUNT}",
            ),
            advice=("Keep a copy of the old policy: this replaces it as a whole.",),
            proof=Proof(True, "with this change the requirement holds, and the 6 others still do."),
        ),
        Finding(
            resource=Resource("log-group", GROUP),
            verdict="broken",
            said=GROUP_SAID,
            requirements=("group-encrypted",),
            evidence=(
                "DescribeLogGroups lists the group without kmsKeyId.",
                "The preferences demand an encrypted group (cloudWatchEncryptionEnabled is true).",
            ),
            symptoms=(NOT_ENCRYPTED,),
            change=change(
                f"Associate the key with the log group {GROUP}.",
                call("logs", "AssociateKmsKey", logGroupName=GROUP, kmsKeyId=KEY),
                actor=f"an administrator of account {ACCOUNT}",
            ),
            advice=(),
            proof=Proof(
                False, "CloudWatch Logs accepts the key only after the change of 2 has been made."
            ),
        ),
    ),
    chain=(
        Checked("agent-identity", "The agent has an identity", "identity", Holds("SessionNode.")),
        Checked(
            "role-describe-log-groups",
            "The role may look for log groups",
            "permission",
            Broken(
                ROLE_SAID,
                ROLE,
                ("None of its 2 policies allows it.",),
                (Allow("SessionNode", ("logs:DescribeLogGroups",), "*", "FindLogGroup"),),
            ),
        ),
        Checked(
            "role-kms-decrypt",
            "The role may decrypt with the session key",
            "permission",
            Holds("Allowed by SessionLogging.", ("Statement SessionKey.",)),
        ),
        Checked(
            "key-policy-logs",
            "CloudWatch Logs may use the key for the log group",
            "key",
            Broken(
                KEY_SAID,
                Resource("key-policy", KEY),
                ("No statement admits it.",),
                (
                    Admit(
                        KEY,
                        "CloudWatchLogs",
                        ("Service", f"logs.{REGION}.amazonaws.com"),
                        ("kms:Encrypt*", "kms:Decrypt*", "kms:GenerateDataKey*"),
                        {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": GROUP_ARN}},
                    ),
                ),
            ),
        ),
        Checked(
            "group-encrypted",
            "The log group is encrypted",
            "destination",
            Broken(
                GROUP_SAID,
                Resource("log-group", GROUP),
                ("It has no kmsKeyId.",),
                (
                    Write(
                        (call("logs", "AssociateKmsKey", logGroupName=GROUP, kmsKeyId=KEY),),
                        "Associate the key.",
                    ),
                ),
            ),
        ),
        Checked(
            "role-log-streams",
            "The role may write to the log group",
            "permission",
            Unverified(
                "Whether the role may write is known only once the group is.",
                (),
                "Run this again after the change of 1.",
                waits_for="role-describe-log-groups",
            ),
        ),
        Checked(
            "bucket-encrypted",
            "The log bucket is encrypted",
            "destination",
            NotApplicable("no bucket is set in the preferences."),
        ),
    ),
    past=(
        Symptom(
            pattern="network/endpoint-timeout",
            title="An endpoint did not answer in time",
            severity="degraded",
            count=3,
            first=EVENING - timedelta(days=2),
            last=EVENING - timedelta(days=1),
            sessions=(),
            fields=(("host", f"ssmmessages.{REGION}.amazonaws.com"),),
            failure=Failure(
                "unreachable", "i/o timeout", host=f"ssmmessages.{REGION}.amazonaws.com"
            ),
            suspects=(Suspect("endpoint-reachable", "endpoint-network"),),
            decided=False,
            sample=Record(
                f"dial tcp 10.20.30.40:443: i/o timeout (ssmmessages.{REGION}.amazonaws.com)",
                time=EVENING - timedelta(days=1),
                level="WARN",
                file=LOG,
                line=77,
                offset=9120,
            ),
        ),
    ),
    unexplained=(
        Symptom(
            pattern="local/disk-full",
            title="The agent could not write to its disk",
            severity="session-refused",
            count=2,
            first=None,
            last=EVENING,
            sessions=(),
            fields=(),
            failure=None,
            suspects=(),
            decided=False,
            sample=Record("write /var/lib/amazon/ssm: no space left on device", file=LOG, line=310),
            explanation="A full disk also keeps session logs from being written.",
        ),
    ),
    unrecognised=(
        Cluster(
            "frobnicating channel <*> failed after <*> ms",
            17,
            "ERROR",
            record("frobnicating channel 7 failed after 250 ms", 402),
        ),
    ),
    benign=12,
    notes=("The agent is older than 3.3.1802.0; newer ones name the policy type in denials.",),
    sources=(
        SourceFile(LOG, 2_097_152, 2_097_152),
        SourceFile("/var/log/amazon/ssm/errors.log", 0, 88_120, "permission denied"),
    ),
    calls=(
        AskedCall("sts:GetCallerIdentity()", "known"),
        AskedCall("iam:ListRolePolicies(RoleName=SessionNode)", "known"),
        AskedCall("s3:GetBucketEncryption(Bucket=none)", "absent"),
        AskedCall("ec2:DescribeVpcEndpoints()", "denied", "ec2:DescribeVpcEndpoints"),
    ),
    period=(EVENING - timedelta(days=2), EVENING + timedelta(hours=4)),
)
