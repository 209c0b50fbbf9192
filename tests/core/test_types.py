"""Static types: core passes mypy, and so does a user who gives lists, arrays and tensors, but not one who errs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest

import lecturelib

ROOT = Path(__file__).resolve().parents[2]

AUTHOR = """
from typing import Annotated

import numpy as np
import torch
from torch import Tensor

from lecturelib.core.arguments import Array, Count, Ensemble, Interval, Matrix, Positive, Vector, checked
from lecturelib.core.records import Record


class Net(Record):
    w: Annotated[Array, "... H"]
    layers: tuple[Annotated[Array, "... _out _in"], ...] = ()
    scale: Positive = 1.0

    @checked
    def __call__(self, x: Annotated[Vector, "N"]) -> Tensor:
        return self.w.sum() * x


@checked
def fit(
    x: Annotated[Matrix, "N d"],
    y: Annotated[Vector, "N"] | None = None,
    *,
    steps: Count = 1,
    rate: Positive,
    ensemble: Ensemble = (),
    between: Interval = (0.0, 1.0),
) -> Tensor:
    low, high = between
    return x * rate * (high - low)


net = Net([1, 2])
"""

GOOD = """
net(np.ones(3)).sum()
net.to(torch.float32)[0].scale * 2
[one.w for one in net.detach()]
fit([[1, 2]], [1.0], rate=1)
fit(np.ones((1, 2)), torch.ones(1), steps=3, rate=0.5, ensemble=3)
fit(torch.ones(1, 2), None, rate=1, ensemble=(2, 3), between=[-1, 1])
"""

WRONG = {
    'fit([1], rate="fast")': 'incompatible type "str"; expected "float"',
    "fit([1], rate=1, steps=2.5)": 'incompatible type "float"; expected "int"',
    "fit([1])": 'Missing named argument "rate"',
    "fit([1], rate=1, between=3)": 'incompatible type "int"; expected "Sequence[float]"',
    "fit([1], rate=1).missing": '"Tensor" has no attribute "missing"',
    "Net(w=[1], scale=None)": 'incompatible type "None"; expected "float"',
    "Net()": 'Missing positional argument "w"',
    "net.w = 3": "read-only",
    "net.to(torch.float32).bias": '"Net" has no attribute "bias"',
}


def mypy(*arguments: str) -> str:
    command = [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), *arguments]
    environment = {**os.environ, "MYPYPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout


def test_core_has_types():
    assert "Success" in (told := mypy()), told


@pytest.mark.parametrize("wrong", [False, True])
def test_a_user_is_told_what_is_wrong_and_no_more(tmp_path, wrong):
    lines = "\n".join(WRONG) if wrong else GOOD
    (tmp_path / "user.py").write_text(AUTHOR + lines, encoding="utf-8")
    told = mypy("--follow-imports=silent", str(tmp_path / "user.py"))
    if not wrong:
        assert "Success" in told, told
        return
    first = AUTHOR.count("\n") + 1
    for place, (line, expected) in enumerate(WRONG.items(), first):
        assert re.search(rf"user.py:{place}: error: .*{re.escape(expected)}", told), f"{line}\n{told}"


def test_types_are_shipped():
    assert files(lecturelib).joinpath("py.typed").is_file()
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "py.typed" in settings["tool"]["setuptools"]["package-data"]["lecturelib"]


def test_version():
    assert re.match(r"\d+[.+]\w+", lecturelib.__version__)
