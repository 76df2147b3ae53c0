"""A folder of Windows that was moved is followed by everything that looks into it."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path

import pytest

from ssmdiag.folders import program_data, program_files
from ssmdiag.log.places import default_places
from ssmdiag.wiring.catalogues import catalogue
from ssmdiag.wiring.job import Reach, Surroundings
from ssmdiag.wiring.reach import host
from ssmdiag.wiring.state import state_folder
from ssmdiag.world.call import Known, call
from ssmdiag.world.host.agent_files import config_folder
from ssmdiag.world.host.place import Place


@pytest.mark.parametrize("name", ["ProgramData", "PROGRAMDATA"])
def test_case_is_nothing_to_windows(name: str) -> None:
    assert program_data({"PATH": "C:\\", name: "D:\\PD"}) == "D:\\PD"


@pytest.mark.parametrize("environ", [{}, {"PROGRAMDATA": "", "PROGRAMFILES": ""}])
def test_where_nothing_is_named_the_usual_one_is_meant(environ: dict[str, str]) -> None:
    assert program_data(environ) == "C:\\ProgramData"
    assert program_files(environ) == "C:\\Program Files"


def test_a_moved_folder_is_followed_everywhere(tmp_path: Path) -> None:
    """On Windows the keys of a copy of os.environ are upper case."""
    environ = {"PROGRAMDATA": str(tmp_path), "PROGRAMFILES": "D:\\PF"}
    around = Surroundings("win32", environ, io.BytesIO(), datetime(2026, 11, 25))
    patterns = tmp_path / "ssmdiag" / "patterns.d"
    patterns.mkdir(parents=True)
    kept = tmp_path / "Amazon" / "SSM" / "InstanceData"
    kept.mkdir(parents=True)
    (kept / "registration").write_text('{"ManagedInstanceID": "mi-0a", "Region": "eu-west-1"}')

    assert state_folder(around) == tmp_path / "ssmdiag"
    assert patterns in catalogue((), around).folders
    assert default_places("win32", environ)[0].startswith(str(tmp_path))
    assert config_folder(Place("win32", environ)) == Path("D:\\PF", "Amazon", "SSM")
    # However the node is reached, also where a setting is laid over the environment.
    for reach in (Reach(), Reach(endpoint_url="http://127.0.0.1:9")):
        answer = host(reach, around)(call("host", "GetRegistration"))
        assert isinstance(answer, Known)
        assert answer.data["Hybrid"] == {"ManagedInstanceID": "mi-0a", "Region": "eu-west-1"}


def test_the_folders_of_another_disk_are_the_usual_ones(tmp_path: Path) -> None:
    place = Place("win32", {"PROGRAMFILES": "D:\\PF"}, tmp_path)
    assert config_folder(place) == tmp_path / "Program Files" / "Amazon" / "SSM"
