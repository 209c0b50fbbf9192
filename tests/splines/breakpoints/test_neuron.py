"""The explorer of a neuron as Python has it; its numerics in the browser are tested beside the browser's modules."""

from pathlib import Path

import pytest
import torch

import lecturelib.splines
from lecturelib.splines import Network, NeuronExplorer
from lecturelib.splines.training.prefix_sums import gradient
from tests.splines.breakpoints.browser.make_neurons import STORED, cases
from tests.stored import assert_stored

DATA = [(-1, 0), (1, 2), (2, 3)]
CHAPTER = Path(__file__).parents[3] / "chapters" / "first_steps.md"


def test_the_stored_numbers_are_those_of_the_library():
    assert_stored(STORED, cases(), within=1e-12)


def test_the_network_is_that_of_the_state():
    one = NeuronExplorer("one", w=-2.0, b=1.0, v=0.5)
    assert [part.tolist() for part in (one.network.w, one.network.b, one.network.v)] == [[-2.0], [1.0], [0.5]]
    two = NeuronExplorer("two", neurons=2, w2=-1.0, b2=0.5, v2=3.0)
    assert two.network.w.tolist() == [1.0, -1.0]
    assert two.network.b.tolist() == [0.0, 0.5]
    assert two.network([-1.0, 1.0]).tolist() == [4.5, 1.0]
    assert two.network.w.dtype == torch.float64


def test_the_loss_is_half_the_sum_of_squares():
    explorer = NeuronExplorer("fit", data=DATA)
    assert explorer.loss == 1.0
    assert explorer.loss == float(gradient(explorer.network, *torch.tensor(DATA).double().T)[0])
    assert NeuronExplorer("one").loss == 0.0


def test_options_bring_their_settings_and_presets():
    names = {name: [setting["name"] for setting in NeuronExplorer("n", **options).spec["settings"]]
             for name, options in {"one": {}, "two": {"neurons": 2}, "fit": {"data": DATA}}.items()}  # fmt: skip
    assert names == {"one": ["w", "b", "v"], "two": ["w", "b", "v", "w2", "b2", "v2"], "fit": ["w", "b", "v", "rate"]}
    assert set(NeuronExplorer("n").spec["presets"]) == {"left", "down", "flat"}
    assert set(NeuronExplorer("n", neurons=2).spec["presets"]) == {"step", "fold", "line"}
    own = NeuronExplorer("n", data=DATA, presets={"far": ("Far away", {"b": -3.0})})
    assert own.spec["presets"]["far"]["state"] == {"b": -3.0}
    with pytest.raises(ValueError, match="neurons: expected 1 or 2, got 3"):
        NeuronExplorer("n", neurons=3)
    with pytest.raises(ValueError, match="rate: no setting of NeuronExplorer"):
        NeuronExplorer("n", rate=0.1)


def test_presets_of_two_are_what_they_say():
    explorer, x = NeuronExplorer("two", neurons=2), torch.tensor([-3.0, -1.0, 0.5, 2.0, 4.0], dtype=torch.float64)
    wanted = {"step": x.clamp(0, 1), "fold": x.abs(), "line": x}
    for preset, values in wanted.items():
        explorer.use(preset)
        torch.testing.assert_close(explorer.network(x), values)


def test_the_still_picture_says_the_weights_and_where_it_bends():
    assert "w = -2, b = 1, v = 0.5, the graph bends at 0.5." in NeuronExplorer("one", w=-2.0, b=1.0, v=0.5).still().alt
    assert "the graph bends at 0 and at 1." in NeuronExplorer("two", neurons=2).still().alt
    assert "the graph bends at no place." in NeuronExplorer("one", w=0.0).still().alt
    assert "The loss on 3 data is 1." in NeuronExplorer("fit", data=DATA).still().alt


def test_it_is_fetched_only_when_asked_for():
    with pytest.raises(AttributeError, match="has no attribute 'NoExplorer'"):
        lecturelib.splines.NoExplorer  # noqa: B018


def test_the_numbers_that_first_steps_works_out_on_paper():
    text, (x, y) = CHAPTER.read_text(encoding="utf-8"), torch.tensor(DATA, dtype=torch.float64).T
    for start, slopes, end, loss in (
        ((1.0, 0.0, 1.0), (-3.0, -2.0, -3.0), (1.3, 0.2, 1.3), "0.206"),
        ((2.0, 0.0, 0.5), (-1.5, -1.0, -6.0), (2.15, 0.1, 1.1), "1.81"),
    ):
        network = Network(*([one] for one in start), 0.0)
        before, found = gradient(network, x, y)
        assert float(before) == 1.0
        assert [float(part) for part in (found.w, found.b, found.v)] == list(slopes)
        after = Network(network.w - 0.1 * found.w, network.b - 0.1 * found.b, network.v - 0.1 * found.v, 0.0)
        assert [float(part) for part in (after.w, after.b, after.v)] == pytest.approx(end)
        assert "$w = {:g}$, $b = {:g}$, $v = {:g}$".format(*end) in text
        assert f"{float(gradient(after, x, y)[0]):.3g}" == loss
    assert "0.206" in text
    step = Network([1.3], [0.2], [1.3], 0.0)([1.0, 2.0]).tolist()
    assert step == pytest.approx([1.95, 3.64])
    assert "$f(1) = 1.95$ and $f(2) = 3.64$" in text
    exercise = Network([-1.0], [1.2], [1.2], 0.0)([0.0, -1.0]).tolist()
    assert exercise == pytest.approx([1.44, 2.64])
    assert "$f(0) = 1.44$ and $f(-1) = 2.64$" in text
