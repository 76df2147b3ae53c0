"""A plan as a CloudFormation template of what is new, and commands for what exists and is edited.

Sources: CloudFormation User Guide, "Template sections" and "Update behaviors of stack resources";
AWS CLI Command Reference, "cloudformation deploy".
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from ssmdiag.setup.formats import by_hand
from ssmdiag.setup.formats.cloudformation_resources import entries, outputs
from ssmdiag.setup.formats.comments import comment, explained, why
from ssmdiag.setup.formats.stages import Stages, staged
from ssmdiag.setup.plan import Plan
from ssmdiag.world.call import Call

_MARGIN = "  "


def cloudformation(plan: Plan) -> str:
    """The whole template. Raises ValueError, worded, for what no template or command can say.

    What a template cannot do stands in its metadata, as commands to run before and after. If
    nothing is new, CloudFormation would refuse the template: then all is comments, and lines that
    begin with ``#run:`` hold the commands.
    """
    stages = staged(plan)
    lines = _template(plan, stages) if stages.made else _no_template(plan)
    return "\n".join(lines) + "\n"


def _template(plan: Plan, stages: Stages) -> Iterator[str]:
    yield from _header(plan, stages)
    yield from _yaml({"AWSTemplateFormatVersion": "2010-09-09", "Description": plan.title})
    around = {
        "Before": _worded(stages.before, plan),
        "After": _worded([*by_hand.lookups(stages.made, stages.after), *stages.after], plan),
    }
    around = {when: texts for when, texts in around.items() if texts}
    if around:
        yield ""
        yield from _yaml({"Metadata": {"ssmdiag": around}})
    yield ""
    yield "Resources:"
    found = tuple(entries(stages.made, plan.wanted))
    said: set[int] = set()
    for number, entry in enumerate(found):
        if number:
            yield ""
        yield from (_MARGIN + line for line in why(entry.made, plan, said))
        yield from _yaml({entry.id: entry.body}, _MARGIN)
    told = outputs(found)
    if told:
        yield ""
        yield from _yaml({"Outputs": told})


def _header(plan: Plan, stages: Stages) -> Iterator[str]:
    name = _stack(plan)
    yield from _made_by(plan, "Save it, and deploy it:")
    yield f"#   aws cloudformation deploy --region {plan.wanted.region} \\"
    yield f"#     --template-file {name}.yaml --stack-name {name} \\"
    yield "#     --capabilities CAPABILITY_NAMED_IAM"
    yield "#"
    yield from comment(
        "A later plan holds only what is missing then: deploy it as a stack of another name, since "
        "a stack deletes what is no longer in its template. Key, log group and bucket are kept "
        "even then."
    )
    parts = [("before", "Before", stages.before), ("after", "After", stages.after)]
    held = [f"{when} the deployment those of {name}" for when, name, calls in parts if calls]
    if held:
        yield "#"
        yield from comment(
            "A template cannot edit what exists already. Commands under Metadata do that; run "
            f"{', and '.join(held)}."
        )
    yield from _advice(plan)


def _made_by(plan: Plan, then: str) -> Iterator[str]:
    yield from comment(f"{plan.title}. Made by `ssmdiag setup`, --format cloudformation. {then}")


def _stack(plan: Plan) -> str:
    """What is set up for another purpose is another stack, or either would delete the other."""
    if plan.purpose == Plan.purpose:
        return "session-manager-logging"
    return "-".join(re.findall("[a-z0-9]+", plan.purpose.lower()))


def _advice(plan: Plan) -> Iterator[str]:
    for step in plan.steps:
        if not step.calls:
            yield "#"
            yield from comment(f"Neither template nor command can do this. {explained(step)}")


def _yaml(value: Any, margin: str = "") -> Iterator[str]:
    import yaml

    # Some parsers of templates know no aliases, and a command is read line by line.
    readable: Any = type("Readable", (yaml.SafeDumper,), {"ignore_aliases": lambda *_: True})
    readable.add_representer(str, _text)
    text = yaml.dump(value, Dumper=readable, sort_keys=False, default_flow_style=False)
    yield from textwrap.indent(text, margin).rstrip("\n").split("\n")


def _text(dumper: Any, text: str) -> Any:
    if re.search("[\ud800-\udfff]", text):
        raise ValueError(f"no template can carry {text!r}")
    # A last newline in a block would leave it open to what follows.
    style = "|" if "\n" in text and not text.endswith("\n") else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


# --- what is left to commands ---------------------------------------------------------------------


def _no_template(plan: Plan) -> Iterator[str]:
    yield from _made_by(plan, "There is no template, for nothing is new.")
    if not plan.calls:
        yield "#"
        yield "# Nothing is to be done."
    else:
        yield "#"
        yield from comment("These commands edit what exists already:")
        yield "#   sed -n 's/^#run: \\{0,1\\}//p' FILE | sh -eu"
        yield "#"
        text = "\n".join(_worded(plan.calls, plan))
        if re.search("[\r\x85\u2028\u2029]", text):
            raise ValueError("a value of these commands would end the comment that it stands in")
        yield from (f"#run: {line}".rstrip(" ") for line in text.split("\n"))
    yield from _advice(plan)


def _worded(calls: Sequence[Call], plan: Plan) -> list[str]:
    """Calls as commands, with comments that say what for; nothing for none."""
    if not calls:
        return []
    texts = [by_hand.OPENING]
    for reasons, text in by_hand.told(calls, plan):
        texts.append("\n".join([*(line for why in reasons for line in comment(why)), text]))
    return texts
