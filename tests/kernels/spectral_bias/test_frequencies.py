"""Frequencies that a deep network learns: by hand, a short run, and the stored one."""

import math
from functools import partial

import pytest
import torch

from lecturelib.core.experiments import generator_for, load
from lecturelib.kernels.spectral_bias import frequencies
from lecturelib.kernels.spectral_bias.frequencies import learned, spectrum, waves


def test_waves_and_what_is_learned_of_them():
    x = torch.arange(40, dtype=torch.float64) / 40
    y = waves(x, [3, 5], [1.0, 0.5], [0.1, 2.0])
    assert float(y[0]) == pytest.approx(math.sin(0.1) + 0.5 * math.sin(2.0))
    torch.testing.assert_close(learned(y, [3, 5], [1.0, 0.5]), torch.ones(2, dtype=torch.float64))
    torch.testing.assert_close(learned(0.25 * y, [5, 4], [0.5, 1.0]), torch.tensor([0.25, 0.0], dtype=torch.float64))
    with pytest.raises(ValueError, match=r"amplitudes: expected shape \(2,\), as frequencies has"):
        waves(x, [3, 5], [1.0], [0.1, 2.0])
    with pytest.raises(ValueError, match="frequencies: expected them between"):
        learned(y, [20], [1.0])


def test_low_frequencies_come_first():
    run = spectrum(seed=1, amplitudes="equal", steps=200, record_every=100, width=32, layers=3, frequencies=(1, 8))
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


def test_the_run_is_that_of_a_loop_written_out():
    """Five steps of Adam on the mean squared error, from the same start."""
    run = spectrum(
        seed=2, amplitudes="increasing", steps=200, record_every=100, width=8, layers=3, frequencies=(2, 5, 9)
    )
    generator = generator_for(2, "frequencies", "increasing")
    x, k = torch.arange(200, dtype=torch.float64) / 200, torch.tensor([2.0, 5.0, 9.0], dtype=torch.float64)
    phases = 2 * math.pi * torch.rand(3, generator=generator, dtype=torch.float64)
    target = (torch.tensor([0.1, 0.2, 0.3]) * torch.sin(2 * math.pi * k * x[:, None] + phases)).sum(1)
    model = frequencies.deep_network(8, 3, generator)
    assert [tuple(part.shape) for part in model.parameters()] == [(8, 1), (8,), (8, 8), (8,), (1, 8), (1,)]
    for layer in model[::2]:  # between half and all of PyTorch's bound
        assert 0.5 < float(layer.weight.detach().abs().max()) * layer.in_features**0.5 <= 1
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-4)
    for step in range(201):
        outputs = model(x.float()[:, None])[:, 0]
        loss = ((outputs - target) ** 2).mean()
        if step % 100 == 0:
            place = step // 100
            assert run["loss"][place] == pytest.approx(loss.item(), rel=2e-3)
            found = [float(torch.fft.fft(outputs.detach().double())[int(one)].abs()) / 100 for one in k]
            assert run["learned"][place] == pytest.approx(
                [a / b for a, b in zip(found, (0.1, 0.2, 0.3), strict=True)], abs=2e-3
            )
        if step == 100:
            assert run["outputs"][0] == pytest.approx(outputs.detach().tolist(), abs=1e-3)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert run["target"] == pytest.approx(target.tolist(), abs=6e-4)


def test_published_settings():
    assert (frequencies.POINTS, frequencies.WIDTH, frequencies.LAYERS, frequencies.RATE) == (200, 256, 6, 3e-4)
    assert list(frequencies.FREQUENCIES) == list(range(5, 51, 5))
    assert frequencies.AMPLITUDES["equal"] == [1.0] * 10
    assert frequencies.AMPLITUDES["increasing"] == pytest.approx([k / 10 for k in range(1, 11)])
    assert frequencies.SHOWN == (100, 1000, 10_000, 80_000)


def test_the_command_stores_what_it_ran(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(frequencies, "STORED", tmp_path / "frequencies.json")
    short = partial(spectrum, steps=2, record_every=1, width=4, layers=2)
    monkeypatch.setattr(frequencies, "spectrum", short)
    frequencies.main(["--seeds", "3", "--amplitudes", "equal", "--store", str(tmp_path / "runs.jsonl")])
    results, provenance = load(tmp_path / "frequencies.json")
    assert (len(results), results[0]["step"], results[0]["amplitudes"]) == (1, [0, 1, 2], "equal")
    assert provenance.command.endswith("--seeds 3 --amplitudes equal")
