"""Runs of exact training: ensembles, records, batches, work in pieces, on the cores and in torch."""

import math

import pytest
import torch

from lecturelib.splines import Network, descend, gradient, pieces, spikes
from tests.splines.training.loops import FIELDS, distance, optimizers, random_network, run, tensor, ways

pytestmark = pytest.mark.usefixtures("one_thread")


@ways
@optimizers
def test_an_ensemble_is_its_members(optimizer, way):
    ensemble = random_network(2, 3, 10, seed=1)
    x = torch.linspace(-1, 1, 8, dtype=torch.float64)
    y = torch.stack([x, x.square(), x.abs()])  # one target for each of the 3
    rate = tensor([[0.01], [0.005]])
    options = {"steps": 40, "optimizer": optimizer, "record_every": 15}
    together = run(way, ensemble, x, y, learning_rate=rate, **options)
    assert together.steps.tolist() == [0, 15, 30, 40]
    assert together.losses.shape == (4, 2, 3)
    assert together.networks.w.shape == (4, 2, 3, 10)
    for i in range(2):
        for j in range(3):
            member = Network(*(getattr(ensemble, name)[i, j] for name in FIELDS))
            alone = run(way, member, x, y[j], learning_rate=float(rate[i, 0]), **options)
            theirs = Network(*(getattr(together.networks, name)[:, i, j] for name in FIELDS))
            assert distance(alone.networks, theirs) <= (0 if way == "cores" else 1e-12)


def test_threads_change_nothing():
    ensemble, x = random_network(9, 6), torch.linspace(-1, 1, 5, dtype=torch.float64)
    alone = descend(ensemble, x, x, steps=20, learning_rate=0.01)
    torch.set_num_threads(3)
    assert distance(alone.final, descend(ensemble, x, x, steps=20, learning_rate=0.01).final) == 0


def test_work_in_several_calls_is_the_same_work(monkeypatch):
    network, x = random_network(9), torch.linspace(-1, 1, 5, dtype=torch.float64)
    options = {"steps": 50, "learning_rate": 0.01, "optimizer": "adam", "record_every": 7, "batch": 2}
    whole = descend(network, x, x, **options, generator=torch.Generator().manual_seed(1))
    monkeypatch.setattr("lecturelib.splines.training.runners._WORK_A_CALL", 14 * 11)  # 11 steps a call
    pieces = descend(network, x, x, **options, generator=torch.Generator().manual_seed(1))
    assert distance(whole.networks, pieces.networks) == 0
    assert torch.equal(whole.losses, pieces.losses)


@ways
def test_records_are_true(way):
    network, x = random_network(6), torch.linspace(-1, 1, 5, dtype=torch.float64)
    record = run(way, network, x, x.square(), steps=10, learning_rate=0.01, record_every=4)
    assert record.steps.tolist() == [0, 4, 8, 10]
    assert not record.diverged
    assert distance(Network(*(getattr(record.networks, name)[0] for name in FIELDS)), network) == 0
    expected = 0.5 * (record.networks(x) - x.square()).square().sum(-1)
    torch.testing.assert_close(record.losses, expected, rtol=1e-12, atol=0)


def test_precision_of_the_network_is_kept_and_its_tensors_untouched():
    network = random_network(5)
    single = Network(*(getattr(network, name).float() for name in FIELDS))
    before = single.w.clone()
    final = descend(single, [0.0, 1.0], [1.0, 0.0], steps=5, learning_rate=0.1).final
    assert final.w.dtype == torch.float32
    assert torch.equal(single.w, before)
    assert not torch.equal(final.w, before)


@ways
@optimizers
def test_batches_are_subsets_without_repeats(optimizer, way):
    """A neuron whose only effect is b₀ shows how many points a step used, and which."""
    x, network = (
        torch.arange(6, dtype=torch.float64),
        Network(tensor([0.0]), tensor([-1.0]), tensor([0.0]), tensor(0.0)),
    )
    y = -(2.0 ** torch.arange(6, dtype=torch.float64))  # any subset has its own sum
    options = {"steps": 1, "learning_rate": 1.0, "batch": 3}
    seen = {
        int(-run(way, network, x, y, **options, generator=torch.Generator().manual_seed(seed)).final.b0)
        for seed in range(200)
    }
    assert all(total.bit_count() == 3 and total < 64 for total in seen)
    assert len(seen) == math.comb(6, 3)
    two = [
        run(
            way,
            random_network(4),
            x,
            y,
            steps=30,
            learning_rate=1e-3,
            optimizer=optimizer,
            batch=2,
            generator=generator,
        )
        for generator in (torch.Generator().manual_seed(5), torch.Generator().manual_seed(5))
    ]
    assert distance(two[0].final, two[1].final) == 0


@optimizers
def test_both_ways_draw_the_same_batches(optimizer):
    network, x = random_network(8), torch.linspace(-1, 1, 9, dtype=torch.float64)
    options = {"steps": 100, "learning_rate": 0.01, "optimizer": optimizer, "batch": 4}
    cores, other = (
        run(way, network, x, x.square(), **options, generator=torch.Generator().manual_seed(2))
        for way in ("cores", "torch")
    )
    assert distance(cores.final, other.final) <= 1e-9
    full = descend(network, x, x.square(), steps=100, learning_rate=0.01, optimizer=optimizer)
    assert distance(cores.final, full.final) > 1e-6


@optimizers
@pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA device")
def test_a_gpu_does_what_the_cores_do(optimizer):
    ensemble = random_network(3, 20, seed=2)
    x = tensor([0.5, -1.0, 0.5, 2.0, -0.25, 1.5])
    on_gpu = ensemble.to("cuda")
    options = {"steps": 300, "learning_rate": 0.003, "optimizer": optimizer, "record_every": 100}
    expected = descend(ensemble, x, torch.sin(x), **options)
    found = descend(on_gpu, x.cuda(), torch.sin(x).cuda(), **options)
    assert found.networks.w.is_cuda
    assert found.steps.tolist() == expected.steps.tolist()
    assert found.losses.is_cuda
    assert distance(found.networks.to("cpu"), expected.networks) <= 1e-9
    loss, slopes = gradient(on_gpu, x.tolist(), torch.sin(x).tolist())
    assert loss.is_cuda
    assert distance(slopes.to("cpu"), gradient(ensemble, x, torch.sin(x))[1]) <= 1e-9
    torch.testing.assert_close(pieces(on_gpu).slopes.cpu(), pieces(ensemble).slopes)
    assert spikes(on_gpu[0]).weights.is_cuda
    lost = descend(on_gpu, x.cuda(), torch.sin(x).cuda(), **{**options, "learning_rate": 1e6})
    assert lost.diverged
    assert "diverged at step" in lost.reason
