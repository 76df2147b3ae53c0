"""The property list for launchd, read back with plistlib."""

from __future__ import annotations

import plistlib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ssmdiag.install.installation import Wish
from ssmdiag.install.launchd import LABEL, LOG, installation


def job(**wished: Any) -> dict[str, Any]:
    (file,) = installation(Wish(**{"executable": "/usr/local/bin/ssmdiag", **wished})).files
    # launchd.plist(5): the file is named after its label.
    assert file.path == f"/Library/LaunchDaemons/{LABEL}.plist"
    read: dict[str, Any] = plistlib.loads(file.text.encode(file.encoding))
    return read


def test_it_stays_out_of_the_way() -> None:
    read = job()
    assert read["Label"] == LABEL
    assert read["UserName"] == "root"
    assert read["ProcessType"] == "Background"
    assert read["LowPriorityIO"] is True
    assert read["StandardErrorPath"] == LOG
    assert read["Umask"] == 0o077


def test_one_form_is_started_again_and_again() -> None:
    read = job(every=7)
    assert read["ProgramArguments"] == ["/usr/local/bin/ssmdiag", "watch", "--once"]
    assert read["StartInterval"] == 420
    assert "KeepAlive" not in read


def test_the_other_is_kept_alive_unless_it_ends_cleanly() -> None:
    read = job(every=None, arguments=("--tell", "syslog"))
    assert read["ProgramArguments"] == ["/usr/local/bin/ssmdiag", "watch", "--tell", "syslog"]
    assert read["KeepAlive"] == {"SuccessfulExit": False}
    assert read["ThrottleInterval"] == 60
    assert "StartInterval" not in read


def test_a_program_that_others_may_change_is_warned_of() -> None:
    made = installation(Wish("/Users/alice/bin/ssmdiag"))
    assert any("decides what root runs" in note for note in made.notes)


@given(st.lists(st.text(), max_size=3))
def test_every_word_arrives_as_it_was_or_is_refused(words: list[str]) -> None:
    try:
        read = job(arguments=tuple(words))
    except ValueError as refused:
        assert str(refused).isprintable()  # noqa: PT017 - what it says is looked at
        return
    assert read["ProgramArguments"][3:] == words
