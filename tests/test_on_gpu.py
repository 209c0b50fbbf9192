"""What a GPU would run, tried on the CPU at small sizes; its runner; and parts on a machine that only computes."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path
from time import sleep

import pytest
import torch

from lecturelib.core.experiments import load

FILE = Path(__file__).resolve().parents[1] / "benchmarks" / "on_gpu.py"
JOBS = runpy.run_path(str(FILE), run_name="benchmark")["JOBS"]
SITE = (
    "ipywidgets", "IPython", "ipykernel", "jupyter_book", "jupytext", "matplotlib", "myst_nb", "nbclient", "nbformat",
    "pytest", "sphinx", "sympy", "yaml",
)  # fmt: skip
HIDE = f"""
import sys
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {SITE!r}:
            raise ImportError(f"{{name}} is not there")
sys.meta_path.insert(0, Hidden())
"""


@pytest.fixture
def runner():
    """What the file defines, to be changed by a test."""
    return runpy.run_path(str(FILE), run_name="benchmark")["main"].__globals__


@pytest.mark.parametrize("name", JOBS)
def test_a_job_runs_through(name):
    rows = JOBS[name].run("cpu", True)
    assert rows
    assert all(row.keys() == rows[0].keys() for row in rows)


@pytest.mark.parametrize("name", JOBS)
@pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA device")
def test_a_job_runs_through_on_a_gpu(name):
    assert JOBS[name].run("cuda", True)


def test_checks_come_first_and_all_fit_into_the_time():
    kinds = [name.startswith("check") for name in JOBS]
    assert kinds == sorted(kinds, reverse=True)
    assert any(kinds)
    assert sum(job.seconds for name, job in JOBS.items() if not name.startswith("check")) <= 9 * 60


def test_what_differs_or_lies_elsewhere_is_refused(runner):
    one = torch.tensor([1.0, 2.0], dtype=torch.float64)
    assert runner["compared"]({"same": (one, one)}, "cpu") == [{"what": "same", "apart": 0.0}]
    with pytest.raises(AssertionError, match="other: 1.0e-08 apart"):
        runner["compared"]({"other": (one * (1 + 1e-8), one)}, "cpu")
    with pytest.raises(AssertionError, match="on cuda, it is on cpu"):
        runner["compared"]({"elsewhere": (one, one)}, "cuda")


def test_nan_is_refused(runner):
    one = torch.tensor([1.0, 2.0], dtype=torch.float64)
    with pytest.raises(AssertionError, match="nan apart"):
        runner["compared"]({"lost": (one * torch.nan, one)}, "cpu")


def test_what_stands_is_not_run_again_and_results_have_their_provenance(runner, tmp_path, capsys):
    name = "check_equivariance"
    assert runner["main"](["--device", "cpu", "--quick", "--only", name, "--store", str(tmp_path)]) == 0
    rows, provenance = load(tmp_path / f"{name}.json")
    assert rows == [{"what": "mask", "apart": 0.0}, {"what": "filters", "apart": 0.0}]
    assert provenance.command == f"python benchmarks/on_gpu.py --only {name} --device cpu --quick"
    assert runner["main"](["--device", "cpu", "--quick", "--only", name, "--store", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines() == [f"{name}: done", f"{name}: stands"]


def test_a_job_that_fails_or_has_no_time_is_told_and_stops_no_other(runner, tmp_path):
    failed = runner["in_its_process"]("check_flows", "nowhere", True, tmp_path, 60.0)
    assert failed.startswith("failed: ")
    assert "--device" in failed
    assert runner["in_its_process"]("check_flows", "cpu", True, tmp_path, 0.2) == "stopped after 0 s"
    became = runner["run_all"](["check_flows", "check_games"], "cpu", True, tmp_path, 0.0, False)
    assert set(became.values()) == {"not begun: no time left"}
    runner["in_its_process"] = lambda name, *_: sleep(0) or ("failed: x" if name == "check_flows" else "done")
    became = runner["run_all"](["check_flows", "check_games"], "cpu", True, tmp_path, 60.0, False)
    assert became == {"check_flows": "failed: x", "check_games": "done"}


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_without_a_gpu_it_says_so(runner, tmp_path, capsys):
    with pytest.raises(SystemExit):
        runner["main"](["--store", str(tmp_path)])
    assert "this machine has no cuda" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("part", ["core.experiments", "kernels", "bias", "splines", "equivariance", "generative"])
def test_a_part_is_imported_where_widgets_and_the_site_are_missing(part):
    line = [sys.executable, "-c", f"{HIDE}import lecturelib.{part}"]
    found = subprocess.run(line, capture_output=True, text=True, check=False, cwd=FILE.parents[1])
    assert found.returncode == 0, found.stderr


def test_what_needs_the_site_is_noticed():
    line = [sys.executable, "-c", f"{HIDE}import lecturelib.core.figures"]
    found = subprocess.run(line, capture_output=True, text=True, check=False, cwd=FILE.parents[1])
    assert "matplotlib" in found.stderr
