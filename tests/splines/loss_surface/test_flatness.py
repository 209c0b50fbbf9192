"""How flat the loss is where training ends, and where neurons degenerate."""

import pytest
import torch

from lecturelib.splines import degenerate_cases, flat_share, hessian, settle, zero_count
from lecturelib.splines.loss_surface.checks_critical import mixed
from lecturelib.splines.loss_surface.flatness import DATA, spectra
from lecturelib.splines.loss_surface.hessian import measured_zeros, zeros_off_critical


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(5)


@pytest.mark.parametrize("case", degenerate_cases(), ids=lambda case: case.name)
def test_degenerate_cases(case):
    found = measured_zeros(hessian(case.network, DATA, case.network(DATA)))
    assert found == 3 + case.extra
    if "output weight 0, active" not in case.name or "no datum" in case.name:
        assert zero_count(case.network, DATA).total == found


def test_training_ends_where_the_count_says():
    for seed in range(3):
        result = flat_share(seed=seed, width=60, points=6)
        if result["fitted"]:
            assert result["measured"] == result["predicted"] >= result["corollary"] - 1e-12
    start, end, x, y = spectra(seed=0, width=60, points=6)
    assert float((end(x) - y).abs().max()) < 1e-10
    assert measured_zeros(hessian(start, x, y)) == zeros_off_critical(start, x, y)
    result = flat_share(seed=0, width=60, points=6)  # 3 · 60 + 1 parameters
    assert result["fitted"] == 1.0
    assert result["corollary"] == 1 - 6 / 181
    for name, count in (
        ("start", measured_zeros(hessian(start, x, y))),
        ("measured", measured_zeros(hessian(end, x, y))),
        ("predicted", zero_count(end, x).total),
    ):
        assert result[name] == count / 181
    assert flat_share(seed=0, width=1, points=6)["measured"] == -1.0
    cells = 2 * torch.arange(6) / 6 - 1  # one datum in the middle half of each
    assert bool(((x > cells + 1 / 12) & (x < cells + 3 / 12)).all())


def test_settling_never_raises_the_loss(generator):
    network, x = mixed(generator)
    y = torch.sin(x)
    done = settle(network, x, y)
    assert float((done(x) - y).square().sum()) <= float((network(x) - y).square().sum())
