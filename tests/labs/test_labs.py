"""The labs: their form, and that the data and helpers they bring say the same as the library."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from lecturelib.homework import source
from lecturelib.homework.lab import split
from lecturelib.splines import Network, Spline
from tests.labs import make_values

ROOT = Path(__file__).resolve().parents[2]
PATHS = sorted(path for path in (ROOT / "labs").glob("*.md") if path.name != "README.md")
LABS = {path.stem: source.read(path) for path in PATHS}  # which finds what breaks the format
each = pytest.mark.parametrize("lab", LABS.values(), ids=LABS)


def setup_of(lab):
    """What the setup cells of a lab define."""
    space = {}
    for cell in lab.cells:
        if cell.kind == "setup":
            exec(compile(cell.source, lab.name, "exec"), space)
    return space


def text_of(lab):
    """All Markdown that students read."""
    return "\n".join(split(cell)[0] for cell in lab.cells if cell.kind in ("prose", "written"))


def test_both_labs_on_splines_are_here():
    assert {"splines_breakpoints", "splines_training"} <= set(LABS)


@each
def test_size_and_points(lab):
    assert 5 <= len(lab.tasks) <= 8
    assert 30 <= lab.minutes <= 90
    assert lab.points == 30
    for path in lab.data:
        assert (lab.path.parent / path).stat().st_size < 100_000


@each
def test_kinds_of_tasks_are_covered(lab):
    text = text_of(lab)
    for word in ("Derive", "Write a function|Write the function", "Predict", "[Rr]un ", "sentences"):
        assert re.search(word, text), f"{lab.name}: no task asks to {word}"
    assert [task.kind for task in lab.tasks].count("written") >= 1
    assert [task.kind for task in lab.tasks].count("code") >= 4


@each
def test_students_learn_what_awaits_them_and_what_to_hand_in(lab):
    text = text_of(lab)
    for phrase in ("**What you will find out.**", "**Time.**", "**Read before.**", "## What to hand in"):
        assert text.count(phrase) == 1, phrase
    assert text.index("**Read before.**") < text.index("## Task 1")
    assert re.search(rf"[Aa]bout {lab.minutes} minutes", text)
    assert re.findall(r"^## Task (\d)\.", text, flags=re.M) == [str(k + 1) for k in range(len(lab.tasks))]


@each
def test_every_code_task_lists_mistakes_and_other_ways(lab):
    for task in lab.tasks:
        if task.kind == "code":
            assert len(task.wrong) >= 2, task.name
            assert len(task.right) >= 1, task.name


@each
def test_every_test_hides_something_and_says_what_is_wrong(lab):
    for task in lab.tasks:
        for test in task.tests:
            assert split(test)[1], f"{test} has no hidden part"
            bare = re.findall(r"^\s*assert [^\n]*[^,(\[{\\\"']$", test.source, flags=re.M)
            assert all('"' in line for line in bare), f"{test} has an assert without words: {bare}"


@each
def test_points_of_a_rubric_add_up(lab):
    for task in lab.tasks:
        if task.kind == "written":
            assert sum(float(n) for n in re.findall(r"\*\*([\d.]+) points?\.?\*\*", task.rubric)) == task.points


@each
def test_given_functions_compute_what_the_library_computes(lab):
    space = setup_of(lab)
    generator = torch.Generator().manual_seed(3)
    w, b, v = torch.randn(3, 9, generator=generator, dtype=torch.float64)
    x = torch.linspace(-3, 3, 50, dtype=torch.float64)
    found = space["network_values"](w.numpy(), b.numpy(), v.numpy(), 0.3, x.numpy())
    np.testing.assert_allclose(found, Network(w, b, v, 0.3)(x), rtol=1e-12, atol=1e-12)
    if "spline_values" in space:
        s = torch.sign(b)
        found = space["spline_values"](w.numpy(), v.numpy(), s.numpy(), 0.3, x.numpy())
        np.testing.assert_allclose(found, Spline(w, v, s, 0.3)(x), rtol=1e-12, atol=1e-12)


def test_the_values_are_those_of_the_network_that_the_hidden_test_knows():
    assert make_values.FILE.read_text(encoding="utf-8") == make_values.table()
    (test,) = LABS["splines_breakpoints"].task("weights").tests
    hidden = split(test)[1][0]
    for name in ("breakpoints", "delta_slopes", "orientations"):
        assert str(getattr(make_values.SPLINE, name).tolist()) in hidden, name
    assert str(float(make_values.SPLINE.b0)) in hidden
