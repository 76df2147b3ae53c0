"""Files are written as a whole and taken away again, and what others wrote is never touched."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ssmdiag.install import cron, launchd, systemd, windows_task
from ssmdiag.install.installation import Installation, Kind, Wish
from ssmdiag.install.write import InstallError, place, remove, write

_USUAL = Wish("/usr/bin/ssmdiag")
_FOR_EVER = Wish("/usr/bin/ssmdiag", every=None)
_WINDOWS = Wish(r"C:\ssmdiag.exe", ("é",))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in ("etc/cron.d", "etc/systemd/system", "Library/LaunchDaemons"):
        (tmp_path / folder).mkdir(parents=True)
    return tmp_path


def files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir())


ALL = [
    (cron.installation(_USUAL), ["etc/cron.d/ssmdiag"]),
    (
        systemd.installation(_USUAL),
        ["etc/systemd/system/ssmdiag-watch.service", "etc/systemd/system/ssmdiag-watch.timer"],
    ),
    (launchd.installation(_USUAL), ["Library/LaunchDaemons/ssmdiag.watch.plist"]),
    (windows_task.installation(_WINDOWS), ["Program Files/ssmdiag/ssmdiag-watch.xml"]),
]


@pytest.mark.parametrize(("made", "names"), ALL, ids=lambda part: getattr(part, "kind", None))
def test_what_is_written_is_there_whole_and_goes_again(
    made: Installation, names: list[str], root: Path
) -> None:
    before = files(root)
    written = write(made, root)
    assert files(root) == names
    assert [str(path.relative_to(root)) for path in written] == names
    for path, file in zip(written, made.files):
        assert path.read_bytes().decode(file.encoding) == file.text
        assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert remove(made.kind, root) == written
    assert files(root) == before
    assert remove(made.kind, root) == ()


def test_a_task_for_windows_has_the_mark_of_its_byte_order(root: Path) -> None:
    (path,) = write(windows_task.installation(_WINDOWS), root)
    assert path.read_bytes()[:2] in (b"\xff\xfe", b"\xfe\xff")


def test_the_mode_does_not_follow_from_the_umask(root: Path) -> None:
    before = os.umask(0o077)
    try:
        (path,) = write(cron.installation(_USUAL), root)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


@pytest.mark.parametrize(("made", "names"), ALL, ids=lambda part: getattr(part, "kind", None))
def test_what_it_wrote_itself_it_replaces(made: Installation, names: list[str], root: Path) -> None:
    write(made, root)
    (root / names[0]).chmod(0o600)
    write(made, root)
    assert files(root) == names
    assert stat.S_IMODE((root / names[0]).stat().st_mode) == 0o644


# --- what others wrote --------------------------------------------------------------------------


def _foreign(path: Path) -> None:
    path.write_text("*/5 * * * * root /usr/local/bin/other\n", encoding="utf-8")


def _empty(path: Path) -> None:
    path.touch()


def _masked(path: Path) -> None:
    path.symlink_to("/dev/null")


def _dangling(path: Path) -> None:
    path.symlink_to("nowhere")


def _linked(path: Path) -> None:
    """A link to a file of ours, as an attacker or a stow-like program makes it."""
    (path.parent / "ours").write_text("# written by ssmdiag install\n", encoding="utf-8")
    path.symlink_to(path.parent / "ours")


def _folder(path: Path) -> None:
    path.mkdir()


@pytest.fixture(params=[_foreign, _empty, _masked, _dangling, _linked, _folder])
def taken(request: pytest.FixtureRequest, root: Path) -> Iterator[Path]:
    path = root / "etc/systemd/system/ssmdiag-watch.timer"
    request.param(path)
    before = os.lstat(path)
    yield path
    after = os.lstat(path)
    assert (after.st_ino, after.st_size, after.st_mtime_ns) == (
        before.st_ino,
        before.st_size,
        before.st_mtime_ns,
    )


def test_what_others_wrote_is_left_and_nothing_else_is_written(taken: Path, root: Path) -> None:
    before = files(root)
    with pytest.raises(InstallError, match=r"ssmdiag-watch\.timer .*left alone") as refused:
        write(systemd.installation(_USUAL), root)
    assert str(refused.value).isprintable()
    assert files(root) == before
    assert os.path.lexists(taken)


def test_what_others_wrote_is_not_removed_and_nothing_else_is(taken: Path, root: Path) -> None:
    ours = root / "etc/systemd/system/ssmdiag-watch.service"
    ours.write_text(systemd.installation(_USUAL).files[0].text, encoding="utf-8")
    with pytest.raises(InstallError, match="left alone"):
        remove(systemd.KIND, root)
    assert ours.exists()
    assert os.path.lexists(taken)


def test_the_other_form_must_go_first_since_the_system_would_run_both(root: Path) -> None:
    write(systemd.installation(_USUAL), root)
    with pytest.raises(InstallError, match="first run ssmdiag install systemd --remove"):
        write(systemd.installation(_FOR_EVER), root)
    remove(systemd.KIND, root)
    write(systemd.installation(_FOR_EVER), root)
    assert files(root) == ["etc/systemd/system/ssmdiag-watch.service"]


def test_what_lies_beside_stays(root: Path) -> None:
    (root / "etc/cron.d/other").write_text("# other\n", encoding="utf-8")
    write(cron.installation(_USUAL), root)
    remove(cron.KIND, root)
    assert files(root) == ["etc/cron.d/other"]


# --- what cannot be done ------------------------------------------------------------------------


@pytest.mark.parametrize("made", [made for made, _ in ALL[:3]], ids=lambda made: made.kind.name)
def test_a_folder_that_nobody_reads_is_not_made(made: Installation, tmp_path: Path) -> None:
    with pytest.raises(InstallError, match="what reads it is not installed"):
        write(made, tmp_path)
    assert files(tmp_path) == []


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="Windows has no such owners")
def test_a_folder_that_may_not_be_written_is_said_in_one_line() -> None:
    with tempfile.TemporaryDirectory() as folder:
        there = Path(folder)
        there.chmod(0o755)
        (there / "etc/cron.d").mkdir(parents=True)
        (there / "etc").chmod(0o755)
        (there / "etc/cron.d").chmod(0o555)
        with as_nobody(), pytest.raises(InstallError, match="cannot be written: Permission denied"):
            write(cron.installation(_USUAL), there)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root may write everywhere, so it is somebody else for a moment."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def test_a_file_that_cannot_be_put_in_its_place_leaves_nothing_behind(root: Path) -> None:
    (root / "Program Files").write_text("in the way", encoding="utf-8")
    with pytest.raises(InstallError, match="cannot be made"):
        write(windows_task.installation(_WINDOWS), root)
    assert files(root) == ["Program Files"]


@pytest.mark.parametrize("kind", [made.kind for made, _ in ALL], ids=lambda kind: kind.name)
def test_every_path_stays_in_the_root(kind: Kind, tmp_path: Path) -> None:
    for path in kind.paths:
        assert tmp_path in place(path, tmp_path).parents


def test_without_a_root_a_path_is_what_it_is() -> None:
    assert place("/etc/cron.d/ssmdiag", None) == Path("/etc/cron.d/ssmdiag")
