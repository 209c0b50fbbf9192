"""The choice of a device, on machines that have it and on those that do not."""

import pytest
import torch

from lecturelib.core import devices


def machine(monkeypatch, *, cuda=False, mps=False):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)


@pytest.mark.parametrize(
    ("has", "dtype", "expected"),
    [
        ({"cuda": True, "mps": True}, torch.float64, "cuda"),
        ({"mps": True}, torch.float32, "mps"),
        ({"mps": True}, torch.float64, "cpu"),
        ({}, torch.float32, "cpu"),
    ],
)
def test_the_best_that_can_hold_the_numbers(monkeypatch, has, dtype, expected):
    machine(monkeypatch, **has)
    assert devices.pick(dtype=dtype).type == expected


def test_a_wish_is_granted(monkeypatch):
    machine(monkeypatch, cuda=True, mps=True)
    assert devices.pick("cpu").type == "cpu"
    assert devices.pick("mps", dtype=torch.float32).type == "mps"


def test_float64_on_mps_is_a_clear_error(monkeypatch):
    machine(monkeypatch, mps=True)
    with pytest.raises(ValueError, match="MPS cannot compute in float64"):
        devices.pick("mps")


def test_what_is_not_there_or_not_known_is_a_clear_error(monkeypatch):
    machine(monkeypatch)
    with pytest.raises(ValueError, match="this machine has no cuda, it has cpu"):
        devices.pick("cuda")
    with pytest.raises(ValueError, match="expected one of cuda, mps, cpu"):
        devices.pick("tpu")


def test_it_says_what_was_picked():
    assert devices.describe("cpu").startswith("CPU: ")
    assert "thread" in devices.describe("cpu")
