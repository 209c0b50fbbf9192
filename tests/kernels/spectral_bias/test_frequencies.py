"""Frequencies that a deep network learns: by hand, a short run, and the stored one."""

import math

import pytest
import torch

from lecturelib.core.experiments import load
from lecturelib.kernels.spectral_bias import frequencies
from lecturelib.kernels.spectral_bias.frequencies import learned, spectrum, waves


def test_waves_and_what_is_learned_of_them():
    x = torch.arange(40, dtype=torch.float64) / 40
    y = waves(x, [3, 5], [1.0, 0.5], [0.1, 2.0])
    assert float(y[0]) == pytest.approx(math.sin(0.1) + 0.5 * math.sin(2.0))
    torch.testing.assert_close(learned(y, [3, 5], [1.0, 0.5]), torch.ones(2, dtype=torch.float64))
    torch.testing.assert_close(learned(0.25 * y, [5, 4], [0.5, 1.0]), torch.tensor([0.25, 0.0], dtype=torch.float64))
    with pytest.raises(ValueError, match="frequencies: expected one amplitude"):
        waves(x, [3, 5], [1.0], [0.1, 2.0])
    with pytest.raises(ValueError, match="frequencies: expected them between"):
        learned(y, [20], [1.0])


def test_low_frequencies_come_first():
    run = spectrum(seed=1, amplitudes="equal", steps=200, every=100, width=32, layers=3, frequencies=(1, 8))
    assert run["step"] == [0, 100, 200]
    assert run["loss"][-1] < run["loss"][0]
    assert run["learned"][-1][0] > 2 * run["learned"][-1][1]
    assert len(run["outputs"]) == 1  # that after 100 steps
    assert len(run["outputs"][0]) == len(run["target"]) == 200
    error = torch.tensor(run["outputs"][0]) - torch.tensor(run["target"])
    assert float(error.square().mean()) == pytest.approx(run["loss"][1], rel=0.01)


def test_the_stored_run_has_the_published_settings():
    path = frequencies.Path(__file__).parents[3] / frequencies.STORED
    results, provenance = load(path)
    assert provenance.command.startswith("python -m lecturelib.kernels.spectral_bias.frequencies")
    for result in results:
        assert result["step"][-1] == frequencies.STEPS == 80_000
        assert len(result["outputs"]) == len(frequencies.SHOWN)
        assert len(result["learned"][-1]) == 10
