"""Class activation maps, and whether they say where an object is."""

import pytest
import torch

from lecturelib.equivariance import class_activation_map, localization


def test_the_example_on_paper():
    found = class_activation_map([[[1.0, 2.0]], [[0.0, 4.0]]], [[1.0, 0.5], [0.0, -1.0]])
    assert found.tolist() == [[[1, 4]], [[0, -4]]]


def test_an_ensemble_of_pictures_is_each_alone():
    features, head = torch.randn(3, 2, 4, 5, 6, dtype=torch.float64), torch.randn(7, 4, dtype=torch.float64)
    found = class_activation_map(features, head)
    assert found.shape == (3, 2, 7, 5, 6)
    torch.testing.assert_close(found[1, 1], class_activation_map(features[1, 1], head))
    torch.testing.assert_close(found.mean((-2, -1)), features.mean((-2, -1)) @ head.T)


def test_precision_is_kept():
    assert class_activation_map(torch.ones(2, 3, 3), torch.ones(1, 2)).dtype == torch.float32


def test_localization_by_hand():
    place = [[0.0, 1.0, 1.0, 0.0]]
    found = localization([[1.0, 2.0, 1.0, -9.0]], place)
    assert (float(found.inside), float(found.hit), float(found.area)) == (0.75, 1, 0.5)
    found = localization([[5.0, 2.0, 1.0, 2.0]], place)
    assert (float(found.inside), float(found.hit)) == (0.3, 0)


def test_a_map_without_positive_values_finds_nothing():
    found = localization([[-1.0, -2.0]], [[1.0, 1.0]])
    assert (float(found.inside), float(found.hit)) == (0, 0)


def test_shapes_that_differ_are_refused():
    with pytest.raises(ValueError, match="place"):
        localization(torch.ones(3, 4), torch.ones(4, 3))
    with pytest.raises(ValueError, match="head"):
        class_activation_map(torch.ones(3, 4, 4), torch.ones(2, 4))
