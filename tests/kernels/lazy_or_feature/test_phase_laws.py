"""Laws of the two regimes, fitted: to made-up results, and to the stored ones."""

import pytest
import torch

from lecturelib.core.experiments import PowerLaw, load
from lecturelib.kernels import chain_time
from lecturelib.kernels.lazy_or_feature import phases
from lecturelib.kernels.lazy_or_feature.phase_laws import (
    border,
    chain_exponent,
    chain_units,
    collapse_exponent,
    crossing,
    grid,
    laws,
    over_scales,
    over_widths,
    root,
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
    with pytest.raises(ValueError, match="results: expected 'loss' among width"):
        grid(results, "loss")
    with pytest.raises(ValueError, match="results: expected equally many for each width"):
        grid(results[:-1], "half")
    with pytest.raises(ValueError, match="results: expected the same scales everywhere, got 2"):
        grid([{**results[0], "scales": [1.0, 2.0]}, *results], "half")
    widths, scales, values = grid([*results[4:], *results[:4]], "half", from_width=20)
    assert widths == [64, 256]
    assert scales.tolist() == list(phases.SCALES)
    assert values[1, 3].tolist() == [result["half"][3] for result in results if result["width"] == 256]
    with pytest.raises(ValueError, match=r"width: expected one of \[16, 64, 256\], got 8"):
        over_scales(results, "half", 1e-3, 1e-2, width=8)


def chain_results(unit=3.0, factor=0.07, width=64, scales=(1e-9, 1e-4, 1.0, 1e4, 1e9)):
    """Runs in which networks are chains of four factors, with other units of time and of s."""
    s = torch.tensor(scales, dtype=torch.float64)
    half = unit * chain_time(4, factor * s, 0.5)
    for seed, noise in enumerate((0.9, 1.1)):
        yield {"width": width, "seed": seed, "scales": list(scales), "half": (noise * half).tolist()}


def test_units_of_a_chain_are_found_again():
    assert chain_units(list(chain_results()), width=64) == pytest.approx((3.0, 0.07), rel=1e-4)


def test_exponents_of_a_chain():
    """The limits of both regimes, and a fit over all scales of an interval with its ends."""
    for name, feature, lazy in (("half", 1.0, 0.0), ("change", -1.5, -1.0), ("last", -0.25, -1.0)):
        assert chain_exponent(name, 1e-9, 1e-3, 1e-1) == pytest.approx(feature, abs=1e-3)
        assert chain_exponent(name, 1e9, 1e-3, 1e-1) == pytest.approx(lazy, abs=1e-3)
    s = torch.logspace(-2, 1, 7, dtype=torch.float64)
    grown = 1 + 1 / (0.2 * s)
    times = 0.2 * s / 2 * (1 - (1 + 0.5 / (0.2 * s)) ** -0.5)
    for name, values in (("half", times), ("change", grown**1.5 - 1), ("last", grown**0.25 - 1)):
        slope = torch.linalg.lstsq(torch.stack([s.log(), torch.ones(7)], 1), values.log()[:, None]).solution[0]
        assert chain_exponent(name, 0.2, 1e-2, 10.0) == pytest.approx(float(slope))


POWERS = {  # name → exponents of s and of m, all of them different
    **{"half": (0.9, 0.12), "change": (-1.4, -0.3), "last": (-0.6, -0.2)},
    **{"spread": (-0.8, -1.1), "hidden": (-0.1, -0.7), "kernel": (0.0, -0.9)},
}


def powers_of_both(name, s, m):
    a, b = POWERS[name]
    return s**a * m**b


def results_of_powers(spoilt_width=None, spoilt_scale=None):
    for width in (8, 32, 64, 256):
        for seed in range(3):
            run = {name: [powers_of_both(name, s, width) for s in phases.SCALES] for name in POWERS}
            for values in run.values():
                for k in range(len(values)):
                    if width == spoilt_width or (k == spoilt_scale and width == 256):
                        values[k] *= 1.5
            yield {"width": width, "seed": seed, **run, "kernel": powers_of_both("kernel", 1.0, width)}


def test_every_law_is_fitted_to_what_it_names():
    """Results that are powers of s and of m, so that every fit is known."""
    results = list(results_of_powers())
    found = {(law.what, law.where): law for law in laws(results)}

    def star(name):
        a, b = POWERS[name]
        return -b / a - 0.5  # s^a m^b = 1

    small, lazy, below, above = r"$s = 10^{-2}$", r"$s = 10^3$", r"$s \leq 10^{-1}$", r"$s \geq 10^2$"
    expected = {
        (r"$\alpha^*$: output weights move by their size", ""): (-0.5, star("last")),
        (r"$\alpha^*$: the kernel changes by its size", ""): (-0.5, star("change")),
        (r"$\alpha^*$: $t_{1/2}$ is between its two laws", ""): (-0.5, -0.5),
        (r"spread of $K_0$ with $m$", "start"): (-0.5, -0.45),
        (r"$\delta F$ with $m$", lazy): (-0.5, -0.55),
        (r"$\delta F$ with $m$", small): (-0.5, -0.55),
        (r"$t_{1/2}$ with $s$", below): (1.0, 0.9),
        (r"$t_{1/2}$ with $s$", above): (0.0, 0.9),
        (r"$t_{1/2}$ with $m$", small): (0.0, 0.12),
        (r"change of $K$ with $s$", below): (-1.5, -1.4),
        (r"change of $K$ with $s$", above): (-1.0, -1.4),
        (r"change of $K$ with $m$", small): (0.0, -0.3),
        (r"change of $K$ with $m$", lazy): (-0.5, -0.3),
        (r"distance of $v$ with $s$", below): (-0.25, -0.6),
        (r"distance of $v$ with $s$", above): (-1.0, -0.6),
        (r"distance of $W_2$ with $m$", small): (-0.5, -0.7),
    }
    assert found.keys() == expected.keys()
    for key, (predicted, fitted) in expected.items():
        assert found[key].predicted == pytest.approx(predicted), key
        assert found[key].fit.exponent == pytest.approx(fitted, abs=1e-3), key
        assert (found[key].chain is None) == (key[1] not in (below, above)), key
    _, factor = chain_units(results, width=256)
    assert found[r"change of $K$ with $s$", above].chain == chain_exponent("change", factor, 100, 1000)
    assert found[r"distance of $v$ with $s$", below].chain == chain_exponent("last", factor, 1e-3, 0.1)
    assert found[r"$t_{1/2}$ with $s$", below].chain == chain_exponent("half", factor, 1e-3, 0.1)


def test_laws_look_at_the_scales_and_widths_that_they_name():
    """A value that is spoilt elsewhere changes nothing; where a law looks, it changes the fit."""
    results = list(results_of_powers(spoilt_width=8))
    clean = list(results_of_powers())
    for one, other in zip(laws(results), laws(clean), strict=True):
        assert one.fit == pytest.approx(other.fit), one.what
    assert border(results, "last", 1.0)[2].exponent != pytest.approx(border(clean, "last", 1.0)[2].exponent, abs=1e-3)
    ends = {2: {r"$s = 10^{-2}$", r"$s \leq 10^{-1}$"}, 12: {r"$s = 10^3$", r"$s \geq 10^2$"}}
    for place, where in ends.items():
        spoilt = laws(list(results_of_powers(spoilt_scale=place)))
        changed = [one.fit != pytest.approx(other.fit) for one, other in zip(spoilt, laws(clean), strict=True)]
        # the middle between the ends of a curve depends on its last value, and so does where it is crossed
        middle = r"$\alpha^*$: $t_{1/2}$ is between its two laws" if place == 12 else None
        assert changed == [law.where in where or law.what == middle for law in spoilt]


def test_roots_halve_exponents_and_errors():
    assert root(PowerLaw(-1.0, 0.2, 9.0)) == PowerLaw(-0.5, 0.1, 3.0)


def test_borders_by_hand():
    """Curves s m^{1/2} cross 2 at s = 2 m^{-1/2}, so α* = 2/m; their geometric middle is that of the ends."""
    results = [
        {"width": m, "seed": k, "half": [s * m**0.5 for s in phases.SCALES]} for m in (4, 16, 64) for k in range(2)
    ]
    widths, stars, law = border(results, "half", 2.0)
    assert widths == [4, 16, 64]
    torch.testing.assert_close(stars, tensor([[0.5] * 2, [0.125] * 2, [0.03125] * 2]))
    assert law.exponent == pytest.approx(-1)
    results += [{**run, "width": 256} for run in results[-2:]]
    widths, stars, _ = border(results, "half", "half", from_width=16)
    assert widths == [16, 64, 256]
    torch.testing.assert_close(stars, tensor([[1 / 4] * 2, [1 / 8] * 2, [1 / 16] * 2]))


def test_jackknife_errors_of_the_collapse():
    """Two seeds: each left out once, so that the error is half their distance."""
    results = [run for power in (0.2, 0.6) for run in synthetic(power, seeds=1)]
    alone = [collapse_exponent(list(synthetic(power, seeds=2))).exponent for power in (0.2, 0.6)]
    both = collapse_exponent(results)
    assert alone == pytest.approx([0.2, 0.6], abs=0.03)
    assert both.error == pytest.approx((alone[1] - alone[0]) / 2, abs=0.02)
    assert collapse_exponent(results, powers=(0.1, 0.35, 0.9)).exponent == 0.35


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
