"""Terraform: no name breaks out of where it stands, and no two share a label."""

from __future__ import annotations

import base64
import json
import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ssmdiag.setup.commands import commands
from ssmdiag.setup.formats.hcl import Argument, Block, Document, Known, written
from ssmdiag.setup.formats.terraform import terraform
from ssmdiag.world.call import call, promising
from tests.terraform_cases import (
    REGION,
    accepts,
    documents,
    group,
    installed,
    left_over,
    plan_of,
    policy,
    run_terraform,
)
from tests.terraform_language import evaluated, parsed

# What is executed are other programs, whatever Python wrote it.
pytestmark = pytest.mark.exhaustive

HOSTILE = [
    'a" }\nresource "aws_kms_key" "b" {',
    "\nJSON\n",
    "*/ # //\r\n\x00\x1b\u2028\u202e",
    "${file(\"/etc/passwd\")} $${x} %{ if true } %%{x} $",
    "\\ \\\\ \\\" \\u0041 \U0001f511 e\u0301",
    "$", "%", "$$", "{", "",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_breaks_out_of_its_string_its_comment_or_its_document(name: str) -> None:
    trust = json.dumps({"Version": "2012-10-17", "Statement": [], "Id": name})
    role = call(
        "iam", "CreateRole", RoleName=name, Description=name, AssumeRolePolicyDocument=trust
    )
    text = terraform(plan_of(role, why=name))
    ((address, body),) = parsed(text).resources.items()
    values = evaluated(body, {})
    assert re.fullmatch(r"aws_iam_role\.[A-Za-z_][A-Za-z0-9_-]*", address)
    assert (values["name"], values["description"]) == (name, name)
    assert json.loads(values["assume_role_policy"]) == json.loads(trust)
    assert documents(text) == [json.loads(trust.replace("${", "$${").replace("%{", "%%{"))]


@installed
@pytest.mark.parametrize("name", HOSTILE)
def test_terraform_reads_hostile_text_as_one_resource(name: str, tmp_path: Path) -> None:
    order = call("logs", "CreateLogGroup", logGroupName=name)
    unknown = call("logs", "TagLogGroup", logGroupName="a", tags={"a": name})
    text = terraform(plan_of(order, unknown, why=name))
    accepts(text, tmp_path)
    assert len(parsed(text).resources) == 1
    assert left_over(text, "before").split("\n", 1)[1] == commands([unknown], REGION)[0]


def test_a_variable_of_iam_stays_one() -> None:
    document = policy("arn:aws:s3:::b/${aws:username}/%{x}/*", Sid="Own")
    order = call("iam", "PutRolePolicy", RoleName="Node", PolicyName="Own", PolicyDocument=document)
    text = terraform(plan_of(order))
    assert '"Resource": "arn:aws:s3:::b/$${aws:username}/%%{x}/*"' in text
    assert json.loads(
        evaluated(next(iter(parsed(text).resources.values()))["policy"], {})
    ) == json.loads(document)


TEXTS = st.text(st.characters(exclude_categories=["Cs"])) | st.text(
    st.sampled_from(list("\"'\\${}%#\r\n\t /*<-JSON@")), max_size=12
)


@installed
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(TEXTS, min_size=1))
@example(HOSTILE)
@example(["$<a>", "$$<a>", "%<a>", "\\<a>", "\\$<a>", "<a><a>", "$", "${<a>}", '"<b>"', "<b>"])
def test_terraform_itself_reads_back_every_text(tmp_path: Path, texts: list[str]) -> None:
    known = Known({"<a>": "local.a"}, {"<b>": "local.b"})
    items = (
        Argument("a", "A"),
        Argument("b", "B"),
        *(Argument(f"s{n}", text) for n, text in enumerate(texts)),
        *(Argument(f"d{n}", Document({"t": [text]})) for n, text in enumerate(texts)),
    )
    lines = "\n".join(written(Block("locals", (), items), known)) + "\n"
    run_terraform("fmt", "-check", "-diff", "-", text=lines)
    (tmp_path / "main.tf").write_bytes(lines.encode())
    names = ", ".join(f"{kind}{n}" for kind in ("local.s", "local.d") for n in range(len(texts)))
    told = run_terraform("console", text=f"base64encode(jsonencode([{names}]))\n", folder=tmp_path)
    read = json.loads(base64.b64decode(told.strip().strip('"')))
    meant = [t.replace("<a>", "A").replace("<b>", "B" if t == "<b>" else "<b>") for t in texts]
    assert read[: len(texts)] == [unicodedata.normalize("NFC", text) for text in meant]
    assert [json.loads(each)["t"] for each in read[len(texts) :]] == [[text] for text in meant]


def test_what_no_string_can_carry_is_refused() -> None:
    with pytest.raises(ValueError, match="can carry"):
        terraform(plan_of(call("logs", "CreateLogGroup", logGroupName="\ud800")))


def test_a_parameter_that_terraform_is_not_told_of_is_refused_rather_than_lost() -> None:
    with pytest.raises(ValueError, match="KeySpec"):
        terraform(plan_of(promising(call("kms", "CreateKey", KeySpec="x"), "KeyMetadata.Arn", "<")))


def test_labels_are_stable_and_no_two_names_share_one() -> None:
    names = ["a", "a/b", "a_b", "a.b", "/a/b", "a#b", "1", "-1", "_1", "A", "", "é", "a" * 512]
    first = terraform(plan_of(*(group(name) for name in names)))
    labels = list(parsed(first).resources)
    assert len(set(labels)) == len(names)
    again = terraform(plan_of(*(group(name) for name in [*reversed(names), *labels])))
    assert set(labels) < set(parsed(again).resources)


def test_a_name_that_looks_like_a_label_with_a_digest_gets_one_of_its_own() -> None:
    (label,) = parsed(terraform(plan_of(group("a/b")))).resources
    twin = label.split(".")[1]
    assert len(parsed(terraform(plan_of(group("a/b"), group(twin)))).resources) == 2
