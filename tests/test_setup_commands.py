"""Write Calls become commands; what a shell and the AWS CLI make of them is what was meant."""

from __future__ import annotations

import gzip
import json
import subprocess
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import botocore
import pytest
from awscli.clidriver import create_clidriver
from botocore import xform_name
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ssmdiag.setup.commands import commands, kebab
from ssmdiag.world.call import Call, call, promising

POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "logs:DescribeLogGroups", "Resource": "*"}],
    }
)

# A shell function in place of the AWS CLI: it tells how many arguments arrived and which, and
# answers what `--query ... --output text` would.
RECORDER = """exec 3>&1 >/dev/null
aws() { printf '%s\\0' "$#" "$@" >&3; echo 7; }
"""


def arrive(*written: str) -> list[list[str]]:
    """Run commands with a recording ``aws`` and give back the arguments of each run."""
    script = RECORDER + "\n".join(written) + "\n"
    for options in (["-n"], []):
        done = subprocess.run(
            ["sh", *options], input=script.encode(), capture_output=True, check=True
        )
        assert done.stderr == b""
    words = iter(done.stdout.decode().split("\0")[:-1])
    return [list(islice(words, int(count))) for count in words]


def test_a_short_command_is_one_line() -> None:
    retention = call("logs", "PutRetentionPolicy", logGroupName="sessions", retentionInDays=365)
    assert commands([retention]) == (
        "aws logs put-retention-policy --log-group-name sessions --retention-in-days 365",
    )


def test_a_long_command_breaks_between_parameters_and_shows_its_policy_for_reading() -> None:
    grant = call(
        "iam",
        "PutRolePolicy",
        PolicyDocument=POLICY,
        PolicyName="SessionLogging",
        RoleName="SessionNode",
    )
    assert commands([grant], region="eu-central-1") == (
        """\
aws iam put-role-policy \\
  --policy-name SessionLogging \\
  --role-name SessionNode \\
  --policy-document '{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": "logs:DescribeLogGroups",
      "Resource": "*"
    }
  ]
}'""",
    )


def test_a_value_of_the_response_before_is_handed_on_through_a_variable() -> None:
    update = promising(
        call(
            "ssm",
            "UpdateDocument",
            Name="SSM-SessionManagerRunShell",
            DocumentVersion="$LATEST",
            Content='{"schemaVersion": "1.0"}',
        ),
        "DocumentDescription.DocumentVersion",
        "<new version>",
    )
    default = call(
        "ssm",
        "UpdateDocumentDefaultVersion",
        Name="SSM-SessionManagerRunShell",
        DocumentVersion="<new version>",
    )
    written = commands([update, default], region="eu-central-1")
    assert written == (
        """\
version=$(aws ssm update-document --region eu-central-1 \\
  --document-version '$LATEST' \\
  --name SSM-SessionManagerRunShell \\
  --query DocumentDescription.DocumentVersion \\
  --output text \\
  --content '{
  "schemaVersion": "1.0"
}')""",
        """\
aws ssm update-document-default-version --region eu-central-1 \\
  --document-version "$version" \\
  --name SSM-SessionManagerRunShell""",
    )
    assert arrive(*written)[1][-3] == "7"


def test_a_promised_value_may_stand_anywhere_in_later_arguments() -> None:
    new = "arn:aws:kms:us-east-1:123456789012:key/<new>"
    policy = json.dumps({"Statement": {"Resource": new, "Sid": "It's"}})
    calls = [
        promising(call("kms", "CreateKey"), "KeyMetadata.Arn", new),
        call("kms", "EnableKeyRotation", KeyId=new),
        call("iam", "PutRolePolicy", PolicyDocument=policy, Note=f"{new},{new}"),
    ]
    written = commands(calls)
    assert written[:2] == (
        "key_arn=$(aws kms create-key --query KeyMetadata.Arn --output text)",
        'aws kms enable-key-rotation --key-id "$key_arn"',
    )
    arrived = arrive(*written)[2]
    assert "7,7" in arrived
    assert json.loads(arrived[-1]) == {"Statement": {"Resource": "7", "Sid": "It's"}}


def test_a_promise_that_nobody_needs_leaves_no_trace() -> None:
    assert commands([promising(call("kms", "CreateKey"), "KeyMetadata.Arn", "<new>")]) == (
        "aws kms create-key",
    )


def test_variables_of_one_word_are_told_apart() -> None:
    calls = [
        promising(call("kms", "CreateKey"), "KeyMetadata.Arn", "<one>"),
        promising(call("kms", "CreateKey"), "KeyMetadata.Arn", "<two>"),
        call("kms", "CreateAlias", A="<one>", B="<two>"),
    ]
    assert commands(calls)[2] == 'aws kms create-alias --a "$key_arn" --b "$key_arn2"'


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        pytest.param(
            call("kms", "CreateKey", region="eu-west-1"),
            "aws kms create-key --region eu-west-1",
            id="the Call's own region goes before the one passed",
        ),
        pytest.param(
            call("kms", "CreateKey"),
            "aws kms create-key --region us-east-1",
            id="a regional service gets the region passed",
        ),
        pytest.param(
            call("iam", "CreateRole", region="us-east-1", RoleName="Node"),
            "aws iam create-role --role-name Node",
            id="IAM is global",
        ),
        pytest.param(
            call("s3", "DeletePublicAccessBlock", Bucket="logs"),
            "aws s3api delete-public-access-block --region us-east-1 --bucket logs",
            id="operations of the S3 API stand under s3api",
        ),
        pytest.param(
            call("ec2", "ModifyVpcEndpoint", VpcEndpointId="vpce-1", PrivateDnsEnabled=True),
            "aws ec2 modify-vpc-endpoint --region us-east-1 \\\n"
            "  --private-dns-enabled \\\n  --vpc-endpoint-id vpce-1",
            id="a true boolean is a flag",
        ),
        pytest.param(
            call("ssm", "UpdateServiceSetting", DryRun=False),
            "aws ssm update-service-setting --region us-east-1 --no-dry-run",
            id="a false boolean is the flag's opposite",
        ),
        pytest.param(
            call("ec2", "ModifyVpcAttribute", EnableDnsSupport={"Value": True}),
            "aws ec2 modify-vpc-attribute --region us-east-1 \\\n"
            "  --enable-dns-support '{\"Value\": true}'",
            id="a structure is JSON",
        ),
        pytest.param(
            call("kms", "CreateKey", Description="Ann's key"),
            "aws kms create-key --region us-east-1 --description 'Ann'\\''s key'",
            id="an apostrophe ends and resumes the quotes",
        ),
        pytest.param(
            call("kms", "CreateKey", Description="--force"),
            "aws kms create-key --region us-east-1 --description=--force",
            id="a leading dash is bound by an equals sign",
        ),
        pytest.param(
            call("kms", "CreateKey", Description="a\u202eb", Tags=[{"TagKey": "a\u202eb"}]),
            "aws kms create-key --region us-east-1 \\\n  --description 'a\u202eb' \\\n"
            '  --tags \'[{"TagKey": "a\\u202eb"}]\'',
            id="JSON escapes what does not print",
        ),
    ],
)
def test_each_kind_of_value_has_its_form(order: Call, expected: str) -> None:
    (written,) = commands([order], region="us-east-1")
    assert written == expected


@pytest.mark.parametrize(
    ("calls", "complaint"),
    [
        ([call("kms", "CreateKey", Description="file:///etc/shadow")], "would not pass"),
        ([call("kms", "CreateKey", Description="fileb://x")], "would not pass"),
        ([call("kms", "CreateKey", Description="http://127.0.0.1/")], "would not pass"),
        ([call("kms", "CreateKey", Description="https://a.example/")], "would not pass"),
        ([call("kms", "CreateKey", Description="a\0b")], "no command line can carry"),
        ([call("kms", "CreateKey", Description="\udce9")], "no command line can carry"),
        ([call("kms", "CreateKey", Description=None)], "Description has no value"),
        ([call("host", "WriteFile", path="/etc/hosts")], "not an operation of AWS"),
        ([Call("kms; reboot", "CreateKey")], "not an operation of AWS"),
        ([call("kms", "Create Key")], "not the name of an operation"),
        ([Call("kms", "CreateKey", '{"a b": 1}')], "not the name of an operation"),
        (
            [promising(call("kms", "CreateKey"), "`id`", "<id>"), call("kms", "A", A="<id>")],
            "not a path",
        ),
    ],
)
def test_what_no_command_can_say_is_refused_in_words(calls: list[Call], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        commands(calls)


TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])).filter(
    lambda text: not text.startswith(("file://", "fileb://", "http://", "https://"))
)
NASTY = st.text(st.sampled_from(list("'\"\\$`!*?~#;&|<>(){}[] \t\r\n=-@%aé\x1b\u202e\U0001f511")))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT | NASTY,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT | NASTY, inner),
    max_leaves=5,
)


@settings(max_examples=150, deadline=None)
@given(TEXT | NASTY, NASTY, st.lists(JSON) | st.dictionaries(TEXT, JSON), st.booleans())
@example("$LATEST", "'", {"it's": ["\n", "\x85"]}, True)
@example("-1", "--", [], False)
@example('{"a": "b"} ', "\n", {}, True)
@example("\x81\x88ÿ\u0081", "@x", [], True)
def test_any_value_arrives_at_the_cli_as_it_was_meant(
    first: str, second: str, structure: Any, flag: bool
) -> None:
    order = call("kms", "CreateKey", Aa=first, Bb=second, Cc=structure, Dd=flag, Ee=-7)
    (words,) = arrive(*commands([order], region="us-east-1"))
    assert words[:4] == ["kms", "create-key", "--region", "us-east-1"]
    assert dict(options(words[4:])) == {
        "--aa": meaning(first),
        "--bb": meaning(second),
        "--cc": structure,
        "--dd" if flag else "--no-dd": True,
        "--ee": -7,
    }


def options(words: list[str]) -> Iterator[tuple[str, Any]]:
    """Pair options with their values as argparse does."""
    waiting = iter(words)
    for word in waiting:
        name, bound, value = word.partition("=")
        if name in ("--dd", "--no-dd"):
            yield name, True
        elif name in ("--cc", "--ee"):
            yield name, json.loads(value if bound else next(waiting))
        else:
            yield name, meaning(value if bound else next(waiting))


def meaning(text: str) -> Any:
    """A JSON object is laid out anew, so only its meaning must arrive; other text is exact."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, dict) else text


def meanings(parameters: dict[str, Any]) -> dict[str, Any]:
    return {
        name: meaning(value) if isinstance(value, str) else value
        for name, value in parameters.items()
    }


SERVICES = ["ssm", "kms", "iam", "logs", "ec2", "s3", "sts"]


def models(service: str) -> dict[str, Any]:
    """Read the newest description of a service's API that botocore ships."""
    folder = Path(botocore.__file__).parent / "data" / service
    newest = max(path for path in folder.iterdir() if path.is_dir())
    packed = newest / "service-2.json.gz"
    if packed.exists():
        text = gzip.decompress(packed.read_bytes()).decode()
    else:
        text = (newest / "service-2.json").read_text(encoding="utf-8")
    model: dict[str, Any] = json.loads(text)
    return model


@pytest.mark.parametrize("service", SERVICES)
def test_operations_and_parameters_are_named_as_botocore_names_them(service: str) -> None:
    model = models(service)
    names = set(model["operations"])
    for operation in model["operations"].values():
        if "input" in operation:
            names |= set(model["shapes"][operation["input"]["shape"]].get("members", {}))
    assert names
    assert {name: kebab(name) for name in names} == {name: xform_name(name, "-") for name in names}


REAL = [
    call("ssm", "UpdateDocument", Name="A", DocumentVersion="$LATEST", Content='{"a": "b\'c"}'),
    call("kms", "PutKeyPolicy", KeyId="alias/a", PolicyName="default", Policy=POLICY),
    call(
        "logs", "CreateLogGroup", logGroupName="/a/b", kmsKeyId="arn:aws:kms:x:y", tags={"a": "b"}
    ),
    call("logs", "PutRetentionPolicy", logGroupName="-a", retentionInDays=30),
    call("ec2", "ModifyVpcEndpoint", VpcEndpointId="vpce-1", PrivateDnsEnabled=False),
    call(
        "ec2",
        "CreateNetworkAclEntry",
        NetworkAclId="acl-1",
        RuleNumber=10,
        Protocol="6",
        RuleAction="allow",
        Egress=False,
        PortRange={"From": 443, "To": 443},
        Ipv6CidrBlock="::/0",
    ),
    call("iam", "PutRolePolicy", RoleName="R", PolicyName="P", PolicyDocument=POLICY),
    call(
        "s3",
        "PutBucketEncryption",
        Bucket="b",
        ServerSideEncryptionConfiguration={
            "Rules": [
                {
                    "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"},
                    "BucketKeyEnabled": True,
                }
            ]
        },
    ),
    call(
        "ec2",
        "ModifyVpcEndpoint",
        VpcEndpointId="vpce-1",
        AddSubnetIds=["subnet-1", "subnet-2"],
        PrivateDnsEnabled=True,
    ),
    call("ec2", "ModifyVpcAttribute", VpcId="vpc-1", EnableDnsSupport={"Value": True}),
]


def test_the_real_aws_cli_reads_back_the_parameters_of_the_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The CLI parses each command in this process, and is stopped before it would send anything."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    }.items():
        monkeypatch.setenv(name, value)
    read: list[dict[str, Any]] = []

    def stop(params: dict[str, Any], **_: Any) -> None:
        read.append(params)
        raise KeyboardInterrupt

    driver = create_clidriver()
    driver.session.register("provide-client-params.*.*", stop)
    for words in arrive(*commands(REAL, region="us-east-1")):
        driver.main(words)
    assert [meanings(params) for params in read] == [meanings(o.parameters) for o in REAL]
