"""Signals of trained networks."""

import pytest

from lecturelib.kernels.initialization.trained_signals import DEPTH, size_ratios


def test_training_makes_signals_larger_than_random_signs_would():
    found = size_ratios(seed=0, steps=30)
    assert len(found["start"]) == len(found["trained"]) == DEPTH + 1
    assert found["start"][0] == found["trained"][0] == pytest.approx(1)
    assert found["trained"][-1] > found["start"][-1]
    assert found["loss"][0] < 2.3  # that of ten equal chances is ln 10
