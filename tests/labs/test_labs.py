"""The labs: their form, and that the data and helpers they bring say the same as the library."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from lecturelib.bias import euler_path, gradient_field, hard_margin, least_norm, risk_curve, stopping_risk
from lecturelib.homework.lab import source
from lecturelib.homework.lab.lab import split
from lecturelib.kernels import WideNetwork, empirical_kernel, train_wide
from lecturelib.splines import Network, Spline, expected_breakpoints
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


on_splines = pytest.mark.parametrize("name", [name for name in LABS if name.startswith("splines_")])


def test_the_labs_of_all_parts_are_here():
    kernels, splines = {"kernels_tangent"}, {"splines_breakpoints", "splines_training", "splines_depth"}
    bias, generative = {"bias_margin", "bias_stopping"}, {"generative_games", "generative_likelihood"}
    equivariance = {"equivariance_layers", "equivariance_laws"}
    expected = kernels | splines | bias | equivariance | generative
    assert expected <= set(LABS)


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


@on_splines
def test_given_functions_compute_what_the_library_computes(name):
    space = setup_of(LABS[name])
    generator = torch.Generator().manual_seed(3)
    w, b, v = torch.randn(3, 9, generator=generator, dtype=torch.float64)
    x = torch.linspace(-3, 3, 50, dtype=torch.float64)
    if "outputs" in space:  # of deep networks
        layers = [(w[:, None].numpy(), b.numpy()), (v[None].numpy(), np.array([0.3]))]
        found = space["outputs"](layers, x.numpy())
    else:
        found = space["network_values"](w.numpy(), b.numpy(), v.numpy(), 0.3, x.numpy())
    np.testing.assert_allclose(found, Network(w, b, v, 0.3)(x), rtol=1e-12, atol=1e-12)
    if "spline_values" in space:
        s = torch.sign(b)
        found = space["spline_values"](w.numpy(), v.numpy(), s.numpy(), 0.3, x.numpy())
        np.testing.assert_allclose(found, Spline(w, v, s, 0.3)(x), rtol=1e-12, atol=1e-12)


@pytest.fixture(scope="module")
def tangent():
    return setup_of(LABS["kernels_tangent"])


def two_layers(w, a, factor):
    """The lab's network in the library, which divides inputs by √d: inputs of both differ by `factor` = √d."""
    biases = (torch.zeros(len(a), dtype=torch.float64), torch.zeros(1, dtype=torch.float64))
    weights = (torch.as_tensor(w), torch.as_tensor(a)[None])
    return lambda x: (WideNetwork(weights, biases, "relu", 1.0, 0.0), torch.as_tensor(factor * x))


def test_given_network_and_its_derivatives_are_those_of_the_library(tangent):
    generator = np.random.default_rng(5)
    w, a, x = generator.normal(size=(7, 3)), generator.normal(size=7), generator.normal(size=(4, 3))
    network, inputs = two_layers(w, a, 3**0.5)(x)
    np.testing.assert_allclose(tangent["network_values"](w, a, x), network(inputs), rtol=1e-12, atol=1e-12)
    slopes = tangent["derivatives"](w, a, x)
    np.testing.assert_allclose(slopes @ slopes.T, empirical_kernel(network, inputs), rtol=1e-12, atol=1e-12)


def test_given_training_takes_the_steps_of_the_library(tangent):
    x, y = tangent["x_circle"], tangent["y_circle"]
    w, a = tangent["start"](20)
    network, inputs = two_layers(w, a, 2**0.5)(x)
    trained = train_wide(network, inputs, y, learning_rate=0.2, steps=5, record_at=range(6))
    w_end, a_end, outputs = tangent["run"](w, a, x, y, 0.2, 5)
    np.testing.assert_allclose(outputs, trained.outputs, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(w_end, trained.final.weights[0], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(a_end, trained.final.weights[1][0], rtol=1e-12, atol=1e-12)


def test_given_start_is_the_function_zero(tangent):
    w, a = tangent["start"](50, seed=3)
    assert w.shape == (50, 2)
    assert a.shape == (50,)
    np.testing.assert_allclose(tangent["network_values"](w, a, tangent["x_circle"]), 0, atol=1e-14)


def test_given_training_stops_where_it_diverges(tangent):
    x, y = tangent["x_circle"], tangent["y_circle"]
    *_, outputs = tangent["run"](*tangent["start"](64), x, y, 20.0, 100)
    assert len(outputs) < 100
    assert np.isfinite(outputs).all()


def test_the_values_are_those_of_the_network_that_the_hidden_test_knows():
    texts = make_values.FILE.read_text(encoding="utf-8"), make_values.table()
    (x, f), (x_now, f_now) = (np.loadtxt(text.splitlines(), delimiter=",", skiprows=1).T for text in texts)
    np.testing.assert_array_equal(x, x_now)
    np.testing.assert_allclose(f, f_now, rtol=0, atol=1e-13)  # the last digit is the machine's
    (test,) = LABS["splines_breakpoints"].task("weights").tests
    hidden = split(test)[1][0]
    for name in ("breakpoints", "delta_slopes", "orientations"):
        assert str(getattr(make_values.SPLINE, name).tolist()) in hidden, name
    assert str(float(make_values.SPLINE.b0)) in hidden


@pytest.fixture(scope="module")
def margins():
    return setup_of(LABS["bias_margin"])


@pytest.fixture(scope="module")
def stopping():
    return setup_of(LABS["bias_stopping"])


def test_given_descent_ends_at_the_nearest_solution(margins):
    a, b = margins["a_few"], margins["b_few"]
    kick = np.array([0.0, 0, 0, 1, 1])
    for change, start in (("", 0 * kick), ("B", 0 * kick + 1), ("C", 2 * a[0] - a[1]), ("E", 0 * kick), ("G", kick)):
        np.testing.assert_allclose(margins["end_with"](change), least_norm(a, b, start), rtol=0, atol=1e-9)
    units = np.array([3.0, 1, 1, 1, 1])
    np.testing.assert_allclose(margins["end_with"]("J"), units * least_norm(a * units, b).numpy(), rtol=0, atol=1e-9)
    assert np.abs(a @ margins["end_with"]("I") - b).max() < 0.01  # signs, too, find a solution


def test_given_flow_of_two_points_is_the_one_on_paper(margins):
    for power in (1, 6, 12):
        w = np.log1p(10.0**power), np.log1p(9 * 10.0**power) / 3
        found = margins["two_points"](power)
        np.testing.assert_allclose(found, [w[1] / w[0], np.log10(np.exp(-w[0]) + np.exp(-3 * w[1]))], rtol=1e-4)


def test_given_directions_tend_to_the_widest_margin_of_the_changed_data(margins):
    x, y = margins["x_ten"], margins["y_ten"]
    doubled = x * np.where(np.arange(10) == 5, 2, 1)[:, None]
    cases = {"": (x, y), "A": (x, y), "C": (x[1:], y[1:]), "G": (x, y), "H": (doubled, y), "I": (x, y)}
    for change, data in cases.items():
        w = hard_margin(*data).weights.numpy()
        angle = np.degrees(np.arctan2(w[1], w[0]))
        np.testing.assert_allclose(margins["directions"](change, [300])[0], angle, rtol=0, atol=0.3)


def test_given_draws_have_the_errors_that_theory_expects(stopping):
    for p, n, total in ((15, 30, 120), (120, 30, 120), (40, 25, 40)):
        seen = risk_curve(n, [p], 0.5, total=total).total[0]
        np.testing.assert_allclose(stopping["drawn"](p, n, total).mean(), seen, rtol=0.03)
    best = stopping["drawn"](60, ridge=90.0).mean()
    assert best < min(stopping["drawn"](60, ridge=one).mean() for one in (0.0, 50.0, 160.0))


def test_given_errors_of_stopping_are_those_that_theory_expects(stopping):
    a, start = torch.tensor(stopping["a_case"]), torch.zeros(30, dtype=torch.float64)
    true = torch.ones(30, dtype=torch.float64)  # any weights with squares of mean 1 along each mode, on average
    times = torch.tensor([0.05, 0.2, 1.0], dtype=torch.float64)
    variance = stopping_risk(a, true, start, noise=2.0, times=times).variance
    bias = np.exp(-2 * np.outer(times, stopping["curvatures"])).sum(axis=1)
    found, _ = stopping["measured"](times.numpy(), [4.0])
    np.testing.assert_allclose(found, bias + variance.numpy(), rtol=0.03)


def test_given_steps_in_the_valley_are_those_of_the_library(stopping):
    field = gradient_field(lambda w: 0.5 * (w[..., 0] * w[..., 1] - 1) ** 2)
    path = euler_path(field, torch.tensor([2.5, 1.0], dtype=torch.float64), learning_rate=0.1, steps=7)
    np.testing.assert_allclose(stopping["plain_steps"](0.1, 7), path[-1], rtol=1e-12)
    far, near = stopping["distances"](0.02)
    assert near < 0.2 * far


def test_given_draws_and_landscapes_have_the_numbers_of_the_theorems():
    depth = setup_of(LABS["splines_depth"])
    knots, values = torch.arange(4.0, dtype=torch.float64), torch.tensor([0.0, 1.0, -0.5, 0.0], dtype=torch.float64)
    mean = expected_breakpoints(knots, values, bias_scale=2 / 3**0.5, uniform=True)
    assert depth["crossings"]([0, 1, -0.5, 0], 2) == pytest.approx(mean, abs=0.02)
    np.testing.assert_allclose(depth["newborn"](0.06), [-0.03, 0.02], atol=1e-6)
    np.testing.assert_allclose(depth["slopes_by_layer"](8, 3), [3**-0.5, 18**-0.5, 108**-0.5], rtol=0.05)
    assert depth["tent"](0.5)[1][1] == -0.5
    np.testing.assert_allclose(depth["outputs"](depth["tent"](0.5), [0.25, 0.75, 1.0, 1.25, 9.0]), [0, 0.5, 1, 0.5, 0])
