"""Laws of the two regimes, fitted: to made-up results, and to the stored ones."""

import pytest
import torch

from lecturelib.core.experiments import load
from lecturelib.kernels.lazy_or_feature import phases
from lecturelib.kernels.lazy_or_feature.phase_laws import (
    border,
    collapse_exponent,
    crossing,
    grid,
    laws,
    over_scales,
    over_widths,
)

STORED = phases.Path(__file__).parents[3] / phases.DATA / "phases.json"


def tensor(*values):
    return torch.tensor(*values, dtype=torch.float64)


def synthetic(power=0.5, seeds=4, widths=(16, 64, 256)):
    """Runs in which everything is a function of α m^power, with a little noise."""
    generator = torch.Generator().manual_seed(0)
    scales = torch.tensor(phases.SCALES)
    for width in widths:
        for seed in range(seeds):
            noise = 1 + 0.001 * torch.randn(len(scales), generator=generator)
            s = scales * width ** (power - 0.5)
            yield {
                **{"width": width, "seed": seed, "half": (noise * s / (1 + s)).tolist()},
                **{"error": (0.1 + 0.05 * noise / (1 + s)).tolist(), "kernel": float(noise[0]) / width},
            }


@pytest.mark.parametrize("power", [0.3, 0.5])
def test_fits_find_the_laws_that_were_put_in(power):
    results = list(synthetic(power))
    # straight lines between scales half a decade apart are off by some hundredths, unless at the same place of a cell
    assert border(results, "half", 0.5)[2].exponent == pytest.approx(-power, abs=0.01 if power == 0.5 else 0.04)
    assert border(results, "half", 0.5)[2].error < 0.01
    assert collapse_exponent(results).exponent == pytest.approx(power, abs=0.02)
    assert over_scales(results, "half", 1e-3, 1e-2, width=64).exponent == pytest.approx(1, abs=0.02)
    assert over_widths(results, "kernel", 1.0).exponent == pytest.approx(-1, abs=0.01)


def test_crossings_by_hand():
    found = crossing([1.0, 10.0, 100.0], tensor([[1.0, 10.0, 1000.0], [9.0, 1.0, 0.1]]), 3.0)
    torch.testing.assert_close(found, tensor([3.0, 10**0.5]))
    with pytest.raises(ValueError, match="values: expected curves over 3 scales that all cross the level 3"):
        crossing([1.0, 10.0, 100.0], tensor([1.0, 1.0, 2.0]), 3.0)
    with pytest.raises(ValueError, match="scales: expected positive"):
        crossing([0.0, 1.0], tensor([1.0, 2.0]), 1.5)


def test_grids_refuse_what_does_not_fit():
    results = list(synthetic())
    assert grid(results, "half")[2].shape == (3, 13, 4)
    with pytest.raises(ValueError, match="name: expected one of width"):
        grid(results, "loss")
    with pytest.raises(ValueError, match="results: expected the same scales everywhere"):
        grid(results[:-1], "half")
    with pytest.raises(ValueError, match=r"width: expected one of \[16, 64, 256\], got 8"):
        over_scales(results, "half", 1e-3, 1e-2, width=8)


def test_the_stored_laws():
    """What the chapter says in words about the fits of the stored run."""
    results = load(STORED)[0]
    found = {(law.what, law.where): law for law in laws(results)}
    assert len(found) == 16
    for law in found.values():
        assert abs(law.fit.exponent - law.predicted) < 0.15, law
        assert 0 < law.fit.error < 0.2, law
    for name, level in (("last", 1.0), ("change", 1.0), ("half", "half")):
        fits = [border(results, name, level, from_width=width)[2] for width in (8, 16, 32)]
        assert fits[0].exponent < fits[1].exponent < fits[2].exponent < -0.5, name


def test_on_the_stripe_the_error_follows_the_border():
    results = load(STORED.with_name("phases_stripe.json"))[0]
    gamma, star = collapse_exponent(results), border(results, "change", 1.0)[2]
    assert 0.5 < gamma.exponent < 0.8
    assert gamma.error < 0.1
    assert abs(gamma.exponent + star.exponent) < gamma.error
    widths, _, errors = grid(results, "error")
    assert bool((errors[..., -1, :].mean(-1) > errors[..., 0, :].mean(-1) + 0.1).all()), widths
