"""What units of a small network for digits see, and what is stored of it."""

import pytest
import torch

from lecturelib.core.experiments import load
from lecturelib.core.statements import CHAPTERS
from lecturelib.equivariance import exciting_images
from lecturelib.equivariance.composition.parts import CHANNELS, TASKS, layers, start


def network(seed=0):
    return start(torch.Generator().manual_seed(seed))


def test_layers_see_more_and_more():
    weights, x = network(), torch.rand(2, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    found = layers(weights, x)
    assert [tuple(one.shape) for one in found] == [(2, 8, 6, 6), (2, 12, 4, 4), (2, 16, 2, 2), (2, 10)]
    for layer, size in enumerate((3, 5, 7)):
        patch = layers(weights, x[..., :size, :size], layer + 1)[-1]
        assert torch.allclose(patch[..., 0, 0], found[layer][..., 0, 0], atol=1e-5)


def test_the_best_image_of_the_first_layer_is_the_positive_part_of_its_filter():
    weights = network(3)
    found = exciting_images(weights, 0, 3, generator=torch.Generator().manual_seed(0))
    best = weights[0][:, 0].clamp(min=0)
    best = best / best.flatten(1).norm(dim=1)[:, None, None]
    assert torch.allclose(found, best, atol=0.02)


@pytest.mark.parametrize(("layer", "size"), [(1, 5), (3, 8)])
def test_images_are_ink_of_length_one_and_better_than_chance(layer, size):
    weights = network(4)
    found = exciting_images(weights, layer, size, generator=torch.Generator().manual_seed(0), steps=30)
    units = len(weights[2 * layer])
    assert found.shape == (units, size, size)
    assert float(found.min()) >= 0
    assert torch.allclose(found.flatten(1).norm(dim=1), torch.ones(units), atol=1e-5)
    value = layers(weights, found[:, None], layer + 1)[-1].reshape(units, units).diagonal()
    other = torch.rand(200, 1, size, size, generator=torch.Generator().manual_seed(5))
    other = other / other.flatten(1).norm(dim=1)[:, None, None, None]
    assert bool((value > layers(weights, other, layer + 1)[-1].reshape(200, units).amax(0)).all())


def test_layers_and_sizes_have_to_fit():
    with pytest.raises(ValueError, match="size"):
        exciting_images(network(), 1, 3, generator=torch.Generator())
    with pytest.raises(ValueError, match="layer"):
        exciting_images(network(), 4, 8, generator=torch.Generator())


def test_the_stored_runs_are_whole():
    digits, origin = load(CHAPTERS / "equivariance/data/composition_digits.json")
    assert origin.seeds == [one["seed"] for one in digits]
    for one in digits:
        assert len(one["start"]) == len(one["trained"]) == 5
        assert one["start"][0] == one["trained"][0]
        assert one["wrong"] < 0.1
        assert [len(layer[0]) for layer in one["images"]] == [9, 25, 49, 64]
        assert len(one["images"][0]) == CHANNELS[1]
    tasks, _ = load(CHAPTERS / "equivariance/data/composition_classifiers.json")
    assert [(one["cloud"], tuple(one["names"]), tuple(one["hidden"])) for one in tasks] == TASKS
    for one in tasks:
        if one["cloud"] == "circle" and one["hidden"] and max(one["hidden"]) < 3:
            assert min(one["wrong"]) > 0.02  # none of these runs found a keyhole
