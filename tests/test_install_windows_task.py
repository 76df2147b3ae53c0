"""The task for the Task Scheduler, read back from its XML."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree as Xml

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssmdiag.install.installation import Wish
from ssmdiag.install.windows_task import NAMESPACE, TASK, installation

_PROGRAM = r"C:\Program Files\ssmdiag\ssmdiag.exe"
_TRIGGER_ORDER = ["Enabled", "StartBoundary", "Repetition", "Delay", "RandomDelay"]


def task(**wished: Any) -> Xml.Element:
    (file,) = installation(Wish(**{"executable": _PROGRAM, "node": "i-1", **wished})).files
    content = file.text.encode(file.encoding)
    assert content.startswith((b"\xff\xfe", b"\xfe\xff"))
    return Xml.fromstring(content)


def text(parent: Xml.Element, path: str) -> str:
    steps = "/".join(f"{{{NAMESPACE}}}{step}" for step in path.split("/"))
    found = parent.find(steps)
    assert found is not None, path
    return found.text or ""


def read_arguments(line: str) -> list[str]:
    """A command line as programs of Windows read it ("Parsing C Command-Line Arguments")."""
    words, word, quoted, begun = [], "", False, False
    for part in re.findall(r'\\+"|\\+|"|[^"\\]', line):
        if part.endswith('"'):
            word += "\\" * ((len(part) - 1) // 2)
            if (len(part) - 1) % 2:
                word += '"'
            else:
                quoted = not quoted
            begun = True
        elif part in " \t" and not quoted:
            words += [word] if begun else []
            word, begun = "", False
        else:
            word, begun = word + part, True
    return words + ([word] if begun else [])


@pytest.mark.parametrize("every", [5, None])
def test_system_runs_it_one_at_a_time(every: Any) -> None:
    read = task(every=every)
    assert read.tag == f"{{{NAMESPACE}}}Task"
    assert read.get("version") == "1.2"
    assert text(read, "Principals/Principal/UserId") == "S-1-5-18"
    assert text(read, "Settings/MultipleInstancesPolicy") == "IgnoreNew"
    assert text(read, "Settings/StopIfGoingOnBatteries") == "false"
    assert text(read, "Actions/Exec/Command") == _PROGRAM


def test_one_form_repeats_for_ever_at_a_time_of_its_own() -> None:
    read = task(every=10)
    assert text(read, "Actions/Exec/Arguments") == "watch --once"
    assert text(read, "Triggers/TimeTrigger/Repetition/Interval") == "PT10M"
    assert text(read, "Triggers/TimeTrigger/RandomDelay") == "PT150S"
    assert text(read, "Settings/ExecutionTimeLimit") == "PT10M"
    starts = {text(task(node=f"i-{n}"), "Triggers/TimeTrigger/StartBoundary") for n in range(50)}
    assert len(starts) == 5


def test_the_other_starts_at_boot_and_again_after_a_failure() -> None:
    read = task(every=None)
    assert text(read, "Actions/Exec/Arguments") == "watch"
    assert text(read, "Triggers/BootTrigger/Enabled") == "true"
    assert text(read, "Triggers/BootTrigger/Repetition/Interval") == "PT15M"
    assert text(read, "Settings/RestartOnFailure/Interval") == "PT1M"
    assert text(read, "Settings/ExecutionTimeLimit") == "PT0S"


@pytest.mark.parametrize("every", [5, None])
def test_a_trigger_s_elements_stand_in_the_order_of_the_schema(every: Any) -> None:
    (triggers,) = task(every=every).iterfind(f"{{{NAMESPACE}}}Triggers")
    for trigger in triggers:
        places = [_TRIGGER_ORDER.index(each.tag.rpartition("}")[2]) for each in trigger]
        assert places == sorted(places)


def test_the_commands_name_the_task_and_its_file() -> None:
    made = installation(Wish(_PROGRAM, every=None))
    assert made.then.here[0] == f'schtasks /Create /TN {TASK} /XML "{made.files[0].path}" /F'
    assert made.kind.back.here == (f"schtasks /Delete /TN {TASK} /F",)


_PRINTABLE = st.text(st.characters(blacklist_categories=("C", "Z"), blacklist_characters="%$"))


@given(st.lists(_PRINTABLE | st.text(st.sampled_from(' "\\&<>a')), max_size=4))
def test_every_word_arrives_as_it_was(words: list[str]) -> None:
    line = text(task(arguments=tuple(words)), "Actions/Exec/Arguments")
    assert read_arguments(line) == ["watch", "--once", *words]


@given(st.text())
def test_no_text_whatever_adds_an_element(value: str) -> None:
    try:
        read = task(arguments=(value,))
    except ValueError as refused:
        assert str(refused).isprintable()  # noqa: PT017 - what it says is looked at
        return
    assert len(list(read.iter())) == len(list(task(arguments=("x",)).iter()))
