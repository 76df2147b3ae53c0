"""The systemd units: what systemd itself says of them, and that every value arrives as it was."""

from __future__ import annotations

import configparser
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssmdiag.install.installation import Wish
from ssmdiag.install.systemd import SERVICE, TIMER, installation, quoted
from ssmdiag.install.write import write

_ANALYZE = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(_ANALYZE is None, reason="systemd-analyze is not on the PATH")
_KNOWS_EVERY_KEY = 247

FORMS: dict[str, dict[str, Any]] = {
    "timer": {},
    "for ever": {"every": None},
    "own user": {"every": None, "user": "ssmdiag"},
    "timer of an own user": {"every": 1, "user": "ssmdiag"},
    "at home": {"executable": "/home/alice/bin/ssmdiag", "every": None},
    "odd": {
        "executable": "/opt/Tëst 100% (new);/ssmdiag",
        "arguments": ("--tell", "exec:a ; 'b' \"c\" $HOME ${X} %h \\"),
        "writes": ("/var/log/my %h $x",),
    },
}


def units(**wished: Any) -> dict[str, configparser.RawConfigParser]:
    read = {}
    for file in installation(Wish(**{"executable": "/usr/bin/ssmdiag", **wished})).files:
        parser = configparser.RawConfigParser(strict=False, delimiters=("=",), interpolation=None)
        parser.optionxform = str  # type: ignore[assignment,method-assign]
        parser.read_string(file.text)
        read[Path(file.path).name] = parser
    return read


# --- as systemd reads them ----------------------------------------------------------------------


@pytest.fixture
def image(tmp_path: Path) -> Path:
    (tmp_path / "etc/systemd/system").mkdir(parents=True)
    return tmp_path


def _is_new_enough() -> bool:
    said = subprocess.run([str(_ANALYZE), "--version"], capture_output=True, text=True, check=True)
    return int(re.findall(r"\d+", said.stdout)[0]) >= _KNOWS_EVERY_KEY


def _verified(image: Path, **wished: Any) -> subprocess.CompletedProcess[str]:
    """What systemd says of the units, whose program stands in the image and is found there."""
    wish = Wish(**{"executable": "/opt/ssmdiag", **wished})
    program = image / wish.executable[1:]
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    paths = write(installation(wish), image)
    for path in paths:
        first = quoted(wish.executable)
        moved = first.replace("/", f"{quoted(str(image))}/", 1)
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(f"ExecStart={first}", f"ExecStart={moved}"), encoding="utf-8")
    return subprocess.run(
        [str(_ANALYZE), "verify", "--man=no", *map(str, paths)],
        capture_output=True,
        text=True,
        check=False,
    )


@needs_systemd
@pytest.mark.parametrize("form", FORMS)
def test_systemd_has_nothing_to_say_of_the_units(form: str, image: Path) -> None:
    if not _is_new_enough():
        pytest.skip("this systemd passes over the keys that it does not know, and says so")
    if not Path("/bin/kill").exists():
        pytest.skip("systemd looks for /bin/kill, too, which is not here")
    done = _verified(image, **FORMS[form])
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@needs_systemd
def test_systemd_would_say_it_if_the_program_were_not_found(image: Path) -> None:
    paths = write(installation(Wish("/opt/no where/100%/ssmdiag")), image)
    done = subprocess.run(
        [str(_ANALYZE), "verify", "--man=no", str(paths[0])],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Command /opt/no where/100%/ssmdiag is not executable" in done.stderr


@needs_systemd
@pytest.mark.parametrize(("form", "most"), [("timer", 18), ("for ever", 18), ("own user", 15)])
def test_systemd_grades_the_sandbox_as_good(form: str, most: int, image: Path) -> None:
    wish = Wish(**{"executable": "/opt/ssmdiag", **FORMS[form]})
    paths = write(installation(wish), image)
    asked = [str(_ANALYZE), "security", "--offline=true", f"--threshold={most}", "--json=short"]
    done = subprocess.run([*asked, str(paths[0])], capture_output=True, text=True, check=False)
    if "offline" in done.stderr:
        pytest.skip("this systemd grades running units only")
    weak = [each["name"] for each in json.loads(done.stdout) if not each["set"]]
    assert done.returncode == 0, weak


@needs_systemd
@pytest.mark.parametrize("every", [1, 5, 90, 1440])
def test_systemd_reads_every_span_of_the_timer(every: int) -> None:
    timer = units(every=every)[TIMER]["Timer"]
    for name, span in timer.items():
        done = subprocess.run([str(_ANALYZE), "timespan", span], capture_output=True, check=False)
        assert done.returncode == 0, name


# --- what they say ------------------------------------------------------------------------------


def test_the_long_running_form_is_one_service_that_is_started_again() -> None:
    read = units(every=None)
    assert list(read) == [SERVICE]
    service = read[SERVICE]["Service"]
    assert service["ExecStart"] == "/usr/bin/ssmdiag watch"
    assert service["Type"] == "notify"
    assert service["Restart"] == "on-failure"
    assert service["ExecReload"] == "/bin/kill -HUP $MAINPID"
    assert service["WatchdogSec"] == "5min"
    assert read[SERVICE]["Unit"]["StartLimitBurst"] == "10"
    assert read[SERVICE]["Install"]["WantedBy"] == "multi-user.target"


def test_the_other_form_is_a_timer_whose_service_counts_news_as_success() -> None:
    read = units(every=10, arguments=("--tell", "journald"))
    assert list(read) == [SERVICE, TIMER]
    service = read[SERVICE]["Service"]
    assert service["ExecStart"] == "/usr/bin/ssmdiag watch --once --tell journald"
    assert service["Type"] == "oneshot"
    assert service["SuccessExitStatus"] == "1 4"
    assert "Install" not in read[SERVICE]
    timer = read[TIMER]["Timer"]
    assert (timer["OnUnitActiveSec"], timer["RandomizedDelaySec"]) == ("10min", "150s")
    assert read[TIMER]["Install"]["WantedBy"] == "timers.target"


def test_root_keeps_one_capability_only() -> None:
    service = units()[SERVICE]["Service"]
    assert service["User"] == "root"
    assert service["CapabilityBoundingSet"] == "CAP_DAC_READ_SEARCH"
    assert "AmbientCapabilities" not in service
    assert "DynamicUser" not in service


def test_another_user_is_given_that_capability_and_finds_state_and_credentials() -> None:
    service = units(user="watcher")[SERVICE]["Service"]
    assert (service["User"], service["DynamicUser"]) == ("watcher", "yes")
    assert service["AmbientCapabilities"] == "CAP_DAC_READ_SEARCH"
    text = installation(Wish("/usr/bin/ssmdiag", user="watcher")).files[0].text
    assert "Environment=XDG_STATE_HOME=/var/lib\n" in text
    assert "AWS_SHARED_CREDENTIALS_FILE=/root/.aws/credentials" in text


def test_a_program_at_home_can_be_seen_by_its_service_and_is_warned_of() -> None:
    for wish in (
        Wish("/home/alice/bin/ssmdiag"),
        Wish("/usr/bin/ssmdiag", folders=("/home/alice/python",)),
    ):
        made = installation(wish)
        assert "ProtectHome=tmpfs" not in made.files[0].text
        assert "ProtectHome=read-only\n" in made.files[0].text
        assert any("decides what root runs" in note for note in made.notes)


def test_a_file_that_is_told_can_be_written() -> None:
    text = installation(Wish("/usr/bin/ssmdiag", writes=("/var/log", "/srv/my logs"))).files[0].text
    assert "ReadWritePaths=-/var/log\n" in text
    assert 'ReadWritePaths="-/srv/my logs"\n' in text


def test_the_memory_limit_is_the_one_that_was_wished() -> None:
    assert units(memory="512M")[SERVICE]["Service"]["MemoryMax"] == "512M"


# --- quoting ------------------------------------------------------------------------------------


def read_words(line: str) -> list[str]:
    """A command line as systemd reads it: systemd.syntax(7) "Quoting", specifiers, variables."""
    words = []
    for bare, double in re.findall(r'([^\s"]\S*)|"((?:[^"\\]|\\.)*)"', line):
        word = bare or re.sub(r"\\(.)", r"\1", double)
        assert not re.search(r"%(?!%)", word.replace("%%", ""))
        assert "$" not in word.replace("$$", "")
        words.append(word.replace("%%", "%").replace("$$", "$"))
    return words


_PRINTABLE = st.text(st.characters(blacklist_categories=("C", "Z"))) | st.text(
    st.sampled_from(" '\"\\%$;{}aé@:+-!=#")
)


@given(st.lists(_PRINTABLE, max_size=4))
def test_every_word_arrives_as_it_was(words: list[str]) -> None:
    made = installation(Wish("/usr/bin/ssm diag", ("--tell", *words)))
    command = re.search("^ExecStart=(.*)$", made.files[0].text, re.MULTILINE)
    assert command is not None
    assert read_words(command.group(1)) == [
        "/usr/bin/ssm diag",
        "watch",
        "--once",
        "--tell",
        *words,
    ]


@given(st.text())
def test_no_text_whatever_adds_a_line_to_a_unit(text: str) -> None:
    plain = len(installation(Wish("/usr/bin/ssmdiag", ("x",))).files[0].text.splitlines())
    try:
        made = installation(Wish("/usr/bin/ssmdiag", (text,)))
    except ValueError as refused:
        assert str(refused).isprintable()  # noqa: PT017 - what it says is looked at
        return
    assert len(made.files[0].text.splitlines()) == plain
