"""The playground as Python sees it: settings, what is given to the browser and what comes back, the still picture."""

import json
import math

import pytest
import torch

from lecturelib.core.display import BUILDING, EXPLORER_MIME
from lecturelib.splines import Network, attractors, descend
from lecturelib.splines.playground.explorer import OWN, TARGETS, Playground

NETWORK = Network([1.0, -2.0], [0.5, 0.25], [1.0, 3.0], 0.5)


def test_what_the_browser_offers_becomes_a_network_and_data():
    explorer = Playground()
    with pytest.raises(RuntimeError, match="show the explorer in a notebook"):
        _ = explorer.network
    found = {
        "w": [1.0, 2.0],
        "b": [0.0, 1.0],
        "v": [3.0, 4.0],
        "b0": 0.5,
        "x": [0.0, 1.0],
        "y": [2.0, 3.0],
        "steps": 70,
    }
    explorer.found = found
    assert isinstance(explorer.network, Network)
    assert explorer.network([1.0]).item() == 3 * 1 + 4 * 3 + 0.5
    x, y = explorer.data
    assert (x.tolist(), y.tolist(), explorer.steps) == ([0.0, 1.0], [2.0, 3.0], 70)
    # it is one that the library works on
    run = descend(explorer.network, x, y, steps=10, learning_rate=1e-3)
    assert run.losses[-1] < run.losses[0]


def test_a_start_and_data_can_be_given():
    explorer = Playground("mine", network=NETWORK, data=([2.0, 1.0], [0.0, 5.0]), alpha=3)
    assert explorer.state["scheme"] == explorer.state["target"] == "given"
    assert explorer.givens["network"] == {"w": [1.0, -2.0], "b": [0.5, 0.25], "v": [1.0, 3.0], "b0": 0.5}
    assert explorer.givens["data"] == {"x": [2.0, 1.0], "y": [0.0, 5.0]}
    explorer.state = {"scheme": "he"}  # the others stay on offer
    start = Playground("mine", network=NETWORK, alpha=3).start()
    assert torch.equal(start.w, 3 * NETWORK.w)
    assert torch.allclose(start([0.3, -1.0]), NETWORK([0.3, -1.0]))
    assert Playground().state["scheme"] == "he"
    with pytest.raises(ValueError, match="scheme: expected one of"):
        Playground(scheme="given")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"network": Network(torch.ones(2, 3), torch.ones(2, 3), torch.ones(2, 3), torch.ones(2))},
            "network: expected a single Network",
        ),
        ({"data": ([1.0], [1.0, 2.0])}, "y: expected shape"),
        ({"data": ([], [])}, "x: expected shape .* with at least one number"),
        ({"data": ([math.nan], [1.0])}, "x: "),
        ({"width": 4}, "width: expected a number from 5"),
        ({"colour": 1}, "colour: no setting"),
    ],
)
def test_what_does_not_fit_is_named(given, message):
    with pytest.raises(ValueError, match=message):
        Playground(**given)


def test_data_of_every_target():
    x = torch.tensor([-0.9, -0.4, 0.1, 0.8], dtype=torch.float64)
    for name, target in TARGETS.items():
        explorer = Playground(target=name, count=31)
        places, values = explorer.sample()
        assert places.numel() == 31
        assert torch.equal(values, target(places))
        assert (target(x).abs() <= 1.5).all()
        noisy = Playground(target=name, count=31, noise=0.2).sample()[1]
        assert 0.1 < float((noisy - values).std()) < 0.3
    assert (Playground(target="gap").sample()[0].abs() >= 0.5).all()
    assert Playground(target="own").sample()[0].tolist() == [x for x, _ in OWN]


@pytest.mark.parametrize("preset", Playground.presets)
def test_presets_and_their_stills(preset):
    explorer = Playground(target="quadratic", noise=0.1, psi=True)
    explorer.use(preset)
    _, alt = explorer.draw()
    assert "breakpoints on their way" in alt
    run = explorer.train()
    if preset == "diverges":
        assert run.diverged
    else:
        assert not run.diverged
        assert run.losses[-1] < 0.1 * run.losses[0]


def test_what_the_chapters_say_of_the_presets():
    kernel, adaptive = Playground(), Playground()
    kernel.use("kernel")
    adaptive.use("adaptive")
    moved = {}
    for name, explorer in (("kernel", kernel), ("adaptive", adaptive)):
        run = explorer.train()
        paths = -run.networks.b / run.networks.w
        moved[name] = float((paths[-1] - paths[0]).abs().median())
    assert moved["kernel"] < 1e-3
    assert moved["adaptive"] > 0.1
    # the function bends at the points and hardly anywhere else
    end = adaptive.train().final
    bends, places = (end.w * end.v).abs(), -end.b / end.w
    inside = places.abs() < 0.9
    near = (places[:, None] - torch.tensor([x for x, _ in OWN], dtype=torch.float64)).abs().amin(1) < 0.02
    assert bends[inside & near].sum() > 0.95 * bends[inside].sum()


def test_breakpoints_gather_where_psi_sends_them():
    explorer = Playground()
    explorer.use("gather")
    x, y = explorer.sample()
    run = descend(explorer.start(), x, y, steps=2000, learning_rate=2.9e-4)
    found = attractors(x, run.final(x) - y)
    places, signs = found.places.tolist(), found.signs.tolist()
    upwards = [place for place, sign in zip(places, signs, strict=True) if sign > 0 and abs(place) < 1]
    assert min(upwards) < -0.4
    assert max(upwards) > 0.4


def test_in_a_book_it_carries_all_that_a_page_needs(monkeypatch):
    monkeypatch.setenv(BUILDING, "1")
    data, _ = Playground(target="hills")._repr_mimebundle_()
    content = json.loads(data[EXPLORER_MIME])
    assert content["spec"]["first"]["target"] == "hills"
    assert content["module"] == "splines/playground/browser/face.js"
    assert "The playground" in data["text/plain"]
