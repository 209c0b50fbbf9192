"""Lazy or feature training, measured: its data, and stored runs."""

import pytest
import torch

from lecturelib.core.experiments import load
from lecturelib.kernels.lazy_or_feature import phases

STORED = phases.Path(__file__).parents[3] / phases.DATA / "phases.json"


def test_data_are_on_the_sphere_and_balanced():
    for name, task in phases.TASKS.items():
        found = task(torch.Generator().manual_seed(0), 50)
        assert found.x.shape == (50, 10)
        torch.testing.assert_close(found.test_x.square().sum(1), torch.full_like(found.test_y, 10))
        assert abs(float(found.test_y.mean())) < 0.1, name
    with pytest.raises(ValueError, match="train: expected more than 10 and less than 1,797 data, got 1797"):
        phases.digits(torch.Generator(), 1797)
    with pytest.raises(ValueError, match="task: expected one of digits, stripe"):
        phases.phase(seed=0, width=8, task="faces")
    with pytest.raises(ValueError, match="networks: expected at least 2"):
        phases.phase(seed=0, width=8, networks=1)


def test_stored_runs_come_out_again():
    results, provenance = load(STORED)
    assert provenance.command == "python -m lecturelib.kernels.lazy_or_feature.phases phases"
    stored = next(result for result in results if (result["width"], result["seed"]) == (32, 1))
    scales = phases.SCALES[5:9:3]
    again = phases.phase(seed=1, width=32, scales=scales)
    for name in ("half", "change", "first", "hidden", "last", "size"):
        assert again[name] == pytest.approx(stored[name][5:9:3], rel=0.01), name
    assert again["kernel"] == pytest.approx(stored["kernel"])
