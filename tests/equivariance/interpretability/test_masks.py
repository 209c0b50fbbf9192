"""Masks in Fourier space: what they do to a picture, and what is learned."""

import math

import pytest
import torch

from lecturelib.equivariance import even_part, fourier_mask, masked


def test_a_wave_is_kept_or_erased():
    at = torch.arange(8, dtype=torch.float64)
    slow, fast = torch.cos(2 * math.pi * at / 8), torch.cos(6 * math.pi * at / 8)
    mask = torch.zeros(1, 8, dtype=torch.float64)
    mask[0, [1, 7]] = 1
    torch.testing.assert_close(masked((slow + fast)[None], mask), slow[None])
    mask[0, 7] = 0  # half of a pair leaves half of the wave
    torch.testing.assert_close(masked((slow + fast)[None], mask), slow[None] / 2)


def test_the_even_part_by_hand():
    assert even_part([[1.0, 2.0, 6.0]]).tolist() == [[1, 4, 4]]
    mask = torch.randn(4, 6, dtype=torch.float64)
    x = torch.randn(2, 4, 6, dtype=torch.float64)
    torch.testing.assert_close(masked(x, mask), masked(x, even_part(mask)))


def two_waves(count: int = 40) -> tuple[torch.Tensor, torch.Tensor]:
    """Pictures of a wave of 2 periods, upwards or downwards, with one of 3 periods that says nothing; labels."""
    generator = torch.Generator().manual_seed(0)
    at = 2 * math.pi * torch.arange(12, dtype=torch.float64) / 12
    signs, others = (2 * torch.randint(0, 2, (2, count, 1), generator=generator) - 1).double()
    return (signs * torch.cos(2 * at) + others * torch.cos(3 * at))[:, None], (signs[:, 0] > 0).long()


def test_only_the_wave_that_says_something_is_kept():
    x, labels = two_waves()
    wave = torch.cos(4 * math.pi * torch.arange(12, dtype=torch.float64) / 12)

    def model(x: torch.Tensor) -> torch.Tensor:
        return torch.stack([-(x[:, 0] @ wave), x[:, 0] @ wave], 1)

    found = fourier_mask(model, (x, labels), penalty=0.001, steps=60)
    assert found.mask.shape == (1, 12)
    assert found.objective.shape == (60,)
    assert found.objective[-1] < found.objective[0]
    torch.testing.assert_close(found.mask, even_part(found.mask))
    assert 0.3 < float(found.mask[0, 2]) <= 1
    assert float(found.mask.sum() - 2 * found.mask[0, 2]) < 0.05
    assert float(fourier_mask(model, (x, labels), penalty=0.0, steps=5).mask.min()) == 1


def test_the_objective_at_the_start_is_one_and_the_size_of_the_mask():
    x, labels = two_waves(6)
    for p, size in ((1.0, 12), (2.0, math.sqrt(12))):
        start = fourier_mask(lambda x: x[:, 0, :2], (x, labels), penalty=0.5, p=p, steps=1).objective
        assert float(start) == pytest.approx(1 + 0.5 * size)


def test_masks_of_an_ensemble_are_those_of_each():
    x, labels = two_waves(20)
    wave = torch.cos(4 * math.pi * torch.arange(12, dtype=torch.float64) / 12)
    size = torch.tensor([1.0, 0.2], dtype=torch.float64)

    def model(x: torch.Tensor, size: torch.Tensor) -> torch.Tensor:
        score = size * (x[..., 0, :] @ wave)
        return torch.stack([-score, score], -1)

    options = {"penalty": 0.01, "steps": 20, "p": 0.8}
    both = fourier_mask(lambda z: model(z, size[:, None]), (torch.stack([x, x]), torch.stack([labels] * 2)), **options)
    assert both.mask.shape == (2, 1, 12)
    assert both.objective.shape == (2, 20)
    for k in (0, 1):
        alone = fourier_mask(lambda z, k=k: model(z, size[k]), (x, labels), **options)
        torch.testing.assert_close(both.mask[k], alone.mask)
        torch.testing.assert_close(both.objective[k], alone.objective)
    assert not torch.allclose(both.mask[0], both.mask[1])


def test_data_of_other_shapes_are_refused():
    with pytest.raises(ValueError, match="data"):
        fourier_mask(lambda x: x, (torch.ones(3, 4), torch.zeros(3).long()), penalty=1.0)
    with pytest.raises(ValueError, match="data"):
        fourier_mask(lambda x: x, (torch.ones(3, 1, 4), torch.zeros(2).long()), penalty=1.0)
