"""Pictures with a known answer, and the networks that are stored."""

import pytest
import torch

from lecturelib.core.experiments import load
from lecturelib.equivariance.augmentation.filters import stacked
from lecturelib.equivariance.interpretability import glyphs, trained


@pytest.mark.parametrize("cues", ["agree", "shape", "conflict"])
def test_which_texture_goes_with_which_shape(cues):
    found = glyphs.draw_pictures(300, torch.Generator().manual_seed(0), cues)
    assert found.x.shape == (300, 1, 24, 24)
    share = float((found.shape == found.texture).double().mean())
    assert {"agree": share == 1, "shape": 0.15 < share < 0.35, "conflict": share == 0}[cues]
    assert found.place.sum((1, 2)).unique().tolist() == [144]


def test_a_glyph_is_where_its_place_says(monkeypatch):
    monkeypatch.setattr(glyphs, "NOISE", 0.0)
    found = glyphs.draw_pictures(50, torch.Generator().manual_seed(0))
    assert float((found.x[:, 0] * (1 - found.place)).abs().max()) == 0
    assert float((found.x[:, 0] * found.place).sum((1, 2)).min()) > 20
    wave = torch.fft.fft2(found.x[:, 0] - found.x[:, 0].mean((1, 2), keepdim=True)).abs()
    for k, (column, line) in enumerate(glyphs.TEXTURES.values()):
        mean = wave[found.texture == k].mean(0)
        assert mean[line % 24, column % 24] > 3 * mean[line % 24, (column + 6) % 24] or column == line


def test_the_scores_are_the_means_of_maps():
    weights = glyphs.start(torch.Generator().manual_seed(0))
    x = glyphs.draw_pictures(3, torch.Generator().manual_seed(1)).x
    features = glyphs.features(weights, x)
    assert features.shape == (3, 12, 12, 12)
    torch.testing.assert_close(glyphs.scores(weights, x), features.mean((2, 3)) @ weights[-2].T + weights[-1])
    moved = glyphs.features(weights, x.roll((2, 4), (2, 3)))
    torch.testing.assert_close(moved, features.roll((1, 2), (2, 3)), rtol=1e-4, atol=1e-5)


def test_a_training_depends_on_its_seed_alone():
    together = glyphs.train([0, 1], "agree", steps=2)
    (first, again, other) = (glyphs.train([seed], "agree", steps=2) for seed in (0, 0, 1))
    for both, a, b, c in zip(together, first, again, other, strict=True):
        assert torch.equal(a, b)
        torch.testing.assert_close(both, torch.cat([a, c]), rtol=1e-3, atol=1e-5)
        assert float(a.abs().max()) > 0
    assert not torch.equal(first[0], other[0])


def test_networks_side_by_side_say_what_each_says():
    weights = [[one.detach() for one in glyphs.start(torch.Generator().manual_seed(seed))] for seed in (0, 1)]
    x = torch.stack([glyphs.draw_pictures(3, torch.Generator().manual_seed(seed)).x for seed in (2, 3)])
    expected = torch.stack([glyphs.scores(one, part) for one, part in zip(weights, x, strict=True)])
    torch.testing.assert_close(glyphs.all_scores(stacked(weights), x), expected)


def test_packing_keeps_weights_to_two_bytes():
    weights = [one.detach() for one in glyphs.start(torch.Generator().manual_seed(0))]
    for before, after in zip(weights, trained.unpack(trained.pack(weights)), strict=True):
        torch.testing.assert_close(after, before, rtol=1e-3, atol=1e-6)


def test_the_stored_networks_are_what_the_run_says():
    results, origin = load(trained.STORED)
    assert origin.seeds == list(trained.SEEDS)
    assert [(one["cues"], one["seed"]) for one in results] == [
        (c, s) for c in ("agree", "shape") for s in trained.SEEDS
    ]
    networks = trained.networks()
    pictures = glyphs.draw_pictures(200, torch.Generator().manual_seed(9), "conflict")
    assert trained.share(networks["agree"][0], pictures.x, pictures.texture) > 0.9
    assert trained.share(networks["shape"][0], pictures.x, pictures.texture) < 0.2
    for one in results:
        mask = torch.tensor(one["mask"])
        assert mask.shape == (24, 24)
        stuck = one["agree"][0] < 0.5  # a network that never got beyond guessing needs no wave
        assert (float(mask.sum()) < 0.1) == stuck
