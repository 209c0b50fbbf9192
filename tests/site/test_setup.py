"""What make says to a newcomer whose machine or connection is not up to it, and that versions are pinned."""

import itertools
import os
import re
import shutil
import subprocess
import tomllib
from importlib.metadata import metadata, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from lecturelib.site import pins
from lecturelib.site.pins import exact, reasons

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def clone(tmp_path):
    """The files that set-up looks at, in a folder with a space in its name."""
    place = tmp_path / "my book"
    (place / "lecturelib" / "site").mkdir(parents=True)
    for name in ("Makefile", "pyproject.toml", "package-lock.json", "lecturelib/site/assets.py"):
        shutil.copy(ROOT / name, place / name)
    (place / "requirements.txt").write_text("there-is-no-such-package==1.0\n")
    return place


def make(place, *arguments, **environment):
    # when the tests themselves are run by make, it must not speak of its levels and folders
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", *arguments], cwd=place, env={**inherited, **environment}, capture_output=True, text=True, timeout=300
    )


def program(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_help_lists_the_targets(clone):
    listed = make(clone).stdout
    for target in ("book", "page", "serve", "lab", "test", "pins"):
        assert f"make {target} " in listed


def test_an_old_python_stops_with_one_clear_line(clone):
    old = program(clone.parent / "oldpython", 'case "$1" in --version) echo Python 3.9.2;; *) exit 1;; esac')
    done = make(clone, "book", f"PYTHON={old}")
    assert done.returncode
    assert done.stdout.splitlines() == [
        f"The book needs Python 3.11 or newer; {old} is Python 3.9.2. Try: make PYTHON=python3.12 ..."
    ]
    assert not (clone / ".venv").exists()


def test_packages_that_cannot_be_had_stop_with_one_clear_line(clone):
    nowhere = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(clone), "PIP_CONFIG_FILE": os.devnull}
    done = make(clone, "test", **nowhere)
    assert done.returncode
    assert done.stdout.splitlines()[1:] == [
        "Python packages could not be downloaded or installed: see setup.log, check the connection, run make again"
    ]
    assert "there-is-no-such-package" in (clone / "setup.log").read_text()
    # nothing half-done counts as done: the next call tries again
    assert make(clone, "test", **nowhere).stdout == done.stdout


def test_browser_packages_that_cannot_be_had_stop_with_one_clear_line(clone):
    program(clone / ".venv" / "bin" / "python", "echo no connection; exit 1")
    (clone / ".venv" / "ready").touch()
    done = make(clone, "book")
    assert done.returncode
    assert done.stdout.splitlines()[1:] == [
        "Browser packages could not be downloaded: see setup.log, check the connection, run make again"
    ]


def test_serve_says_when_there_is_no_site(clone):
    done = make(clone, "serve")
    assert done.returncode
    assert done.stdout == "There is no site yet. Build it with: make book\n"


def test_every_version_is_pinned_exactly():
    lines = [line for line in (ROOT / "requirements.txt").read_text().splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.!]+", line) for line in lines)
    assert "torch==2.13.0" in lines
    pinned = {line.split("==")[0].lower().replace("_", "-") for line in lines}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *itertools.chain(*project["optional-dependencies"].values())]
    assert {re.split(r"[<=>]", name)[0].lower() for name in wanted} <= pinned


def test_every_pin_runs_on_the_oldest_python():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    oldest = project["requires-python"].removeprefix(">=") + ".0"
    names = [line.split("==")[0] for line in (ROOT / "requirements.txt").read_text().splitlines() if "==" in line]
    asked = {name: metadata(name).get("Requires-Python") or "" for name in names}
    assert not [(name, versions) for name, versions in asked.items() if oldest not in SpecifierSet(versions)]


def test_a_local_build_is_pinned_by_its_version():
    answer = "torch==2.13.0+cpu\nnumpy==2.4.6\n# unsafe:\npip==26.3\n"
    assert exact(answer).splitlines()[1:] == ["numpy==2.4.6", "pip==26.3", "torch==2.13.0"]


def test_the_pins_are_complete_and_fit_each_other():
    """Lines that were put in by hand too: what each package needs is pinned, in a version that it can use."""
    lines = (line for line in (ROOT / "requirements.txt").read_text().splitlines() if "==" in line)
    pinned = {canonicalize_name(name): version for name, version in (line.split("==") for line in lines)}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    own = [*project["dependencies"], *itertools.chain(*project["optional-dependencies"].values())]
    asked = {"pyproject.toml": own, **{name: requires(name) or [] for name in pinned}}
    needed = [(who, Requirement(text)) for who, texts in asked.items() for text in texts]
    needed = [(who, one) for who, one in needed if one.marker is None or one.marker.evaluate({"extra": ""})]
    versions = [(who, one, pinned.get(canonicalize_name(one.name))) for who, one in needed]
    amiss = [f"{who}: {one}" for who, one, version in versions if version is None or version not in one.specifier]
    assert not amiss


CONFLICT = """\
  WARNING: Location 'file:///somewhere' is ignored: it is neither a file nor a directory.
  ERROR: Cannot install docutils>=0.22 and x (pyproject.toml) because these package versions conflict.
Traceback (most recent call last):
pip._vendor.resolvelib.resolvers.exceptions.ResolutionImpossible: [RequirementInformation(requirement=\
SpecifierRequirement('docutils>=0.22'), parent=None), RequirementInformation(\
requirement=SpecifierRequirement('docutils<0.22,>=0.20'), \
parent=LinkCandidate('https://somewhere/sphinx-7.4.7-py3-none-any.whl (from https://pypi.org/simple/sphinx/)'))]
pip._internal.exceptions.DistributionNotFound: ResolutionImpossible: for help visit https://pip.pypa.io
"""


def test_versions_that_do_not_fit_are_named_with_who_asks_for_them():
    assert reasons(CONFLICT).splitlines() == [
        "ERROR: Cannot install docutils>=0.22 and x (pyproject.toml) because these package versions conflict.",
        "docutils>=0.22 is asked for by pyproject.toml",
        "docutils<0.22,>=0.20 is asked for by sphinx 7.4.7",
    ]
    assert reasons("Traceback\npip.exceptions.NetworkError: no connection\n") == "NetworkError: no connection"


def test_nothing_is_pinned_where_versions_do_not_fit(tmp_path, monkeypatch, capsys):
    before = (ROOT / "requirements.txt").read_text()
    failed = subprocess.CompletedProcess([], 1, "", CONFLICT)
    monkeypatch.setattr(pins.subprocess, "run", lambda *command, **options: failed)
    monkeypatch.setattr(pins, "npm", pytest.fail)
    monkeypatch.setattr(pins, "REQUIREMENTS", tmp_path / "requirements.txt")
    assert pins.main() == 1
    assert "docutils<0.22,>=0.20 is asked for by sphinx 7.4.7" in capsys.readouterr().out
    assert not (tmp_path / "requirements.txt").exists()
    assert (ROOT / "requirements.txt").read_text() == before
