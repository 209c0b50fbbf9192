"""Kernels of infinitely wide networks: against neural-tangents, against 50 digits, and by their structure."""

import json
import math
import tracemalloc
from pathlib import Path

import pytest
import torch

from lecturelib.kernels import infinite_kernel
from lecturelib.kernels.tangent_kernel.moments import exact_kernel, textbook_kernel

STORED = json.loads(Path(__file__).with_name("tangents.json").read_text(encoding="utf-8"))
SETTINGS = ("depth", "activation", "weight_scale", "bias_scale")
SCALES = [(2**0.5, 0.0), (1.3, 0.4), (5.0, 0.1)]


def tensor(*values):
    return torch.tensor(*values, dtype=torch.float64)


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def first_angles(x1, x2, weight_scale, bias_scale):
    """Angles between what the first layer sees, in [0, π]."""
    one, other = (torch.cat([weight_scale * x / x.shape[1] ** 0.5, bias_scale + 0 * x[:, :1]], 1) for x in (x1, x2))
    one, other = (x / x.norm(dim=1, keepdim=True) for x in (one, other))
    return 2 * torch.atan2((one[:, None] - other).norm(dim=2), (one[:, None] + other).norm(dim=2))


@pytest.mark.parametrize("activation", ["relu", "erf"])
@pytest.mark.parametrize("depth", [0, 1, 2, 5])
def test_stored_kernels_of_neural_tangents(activation, depth):
    """To 1e-10. At angles below 1e-4, where the peer loses digits, to 1e-13 with 50 digits, and the peer to 1e-7."""
    found, hardest = 0, {True: 0.0, False: 0.0}
    for case in STORED["cases"]:
        if (case["activation"], case["depth"]) != (activation, depth):
            continue
        x1, x2 = (tensor(x) for x in STORED["inputs"][case["inputs"]])
        options = {name: case[name] for name in SETTINGS}
        hard = torch.sin(first_angles(x1, x2, case["weight_scale"], case["bias_scale"])) < 1e-4
        for place, kind in enumerate(("ntk", "nngp")):
            expected = tensor(case[kind])
            ours = infinite_kernel(x1, x2, kind=kind, **options)
            gap = (ours - expected).abs() / (1 + expected.abs())
            assert bool((gap <= torch.where(hard, 1e-7, 1e-10)).all()), (case["inputs"], options, kind)
            for n, m in hard.nonzero().tolist():
                exact = float(exact_kernel(x1[n], x2[m], **options)[place])
                for peer, value in ((False, ours[n, m]), (True, expected[n, m])):
                    hardest[peer] = max(hardest[peer], abs(float(value) - exact) / (1 + abs(exact)))
            found += 1
    assert found == 2 * 3 * len(STORED["inputs"])
    assert hardest[False] < 1e-13
    assert hardest[True] > 1e-10 or activation == "erf" or depth == 0  # erf has no square root there


@pytest.mark.parametrize("activation", ["relu", "erf"])
@pytest.mark.parametrize("depth", [1, 2, 4])
@pytest.mark.parametrize("scales", SCALES)
def test_digits_at_hard_inputs(activation, depth, scales):
    x = normal(3, 5)
    hard = {f"near {e}": x + e * normal(3, 5, seed=1) for e in (0.1, 1e-3, 1e-6, 1e-8, 1e-12, 0)}
    hard |= {f"opposite {e}": -x + e * normal(3, 5, seed=1) for e in (1e-3, 1e-8, 0)}
    hard |= {
        "parallel": 3.3 * x,
        "nearly equal": x * (1 + 1e-9),
        "zero": 0 * x,
        "large": 1e3 * x,
        "other": normal(3, 5, seed=2),
    }
    for name, z in hard.items():
        options = {"depth": depth, "activation": activation, "weight_scale": scales[0], "bias_scale": scales[1]}
        tangent, covariance = (infinite_kernel(x, z, kind=kind, **options).diagonal() for kind in ("ntk", "nngp"))
        for k in range(3):
            one, other = exact_kernel(x[k], z[k], **options)
            size = float(exact_kernel(x[k], x[k], **options)[1] * exact_kernel(z[k], z[k], **options)[1]) ** 0.5
            allowed = 2e-13 if (activation, scales[0]) == ("erf", 5.0) else 1e-14
            for found, expected in ((tangent[k], one), (covariance[k], other)):
                assert abs(float(found) - expected) <= allowed * (abs(expected) + size), name


@pytest.mark.parametrize("scales", [(2.5, 0.3), (5.0, 0.3), (5.0, 0.0), (10.0, 0.1)])
def test_deep_erf_networks_amplify_no_rounding(scales):
    """They are chaotic: near inputs are pulled apart in every layer, and so would be what rounding leaves of a gap."""
    x = normal(2, 10)
    for z in (x + 1e-12 * normal(2, 10, seed=1), x + 1e-8 * normal(2, 10, seed=1), x * (1 + 1e-10), (1 + 1e-3) * x):
        for depth in (10, 20):
            options = {"depth": depth, "activation": "erf", "weight_scale": scales[0], "bias_scale": scales[1]}
            tangent, covariance = (infinite_kernel(x, z, kind=kind, **options).diagonal() for kind in ("ntk", "nngp"))
            for k in range(2):
                one, other = exact_kernel(x[k], z[k], digits=80, **options)
                assert float(tangent[k]) == pytest.approx(float(one), rel=1e-11)
                assert float(covariance[k]) == pytest.approx(float(other), rel=1e-11)


def test_an_angle_from_its_cosine_loses_half_of_the_digits():
    """Why the recursion carries versines: the formula of the books is off by 1e-9 where this one is right to 1e-15."""
    x = normal(3, 5)
    z = x + 3e-9 * normal(3, 5, seed=1)
    options = {"depth": 1, "activation": "relu", "weight_scale": 2**0.5, "bias_scale": 0.0}
    exact = [exact_kernel(x[k], z[k], **options)[0] for k in range(3)]
    mine = infinite_kernel(x, z, **options).diagonal()
    books = textbook_kernel(x, z, **options).slopes.diagonal()
    assert max(abs(float(a) / b - 1) for a, b in zip(mine, exact, strict=True)) < 1e-14
    assert max(abs(float(a) / b - 1) for a, b in zip(books, exact, strict=True)) > 1e-10


def test_by_hand():
    """Orthogonal inputs, one hidden layer, no bias: covariance w² · w² / 2π, slopes 1/4, first layer 0."""
    x = math.sqrt(2) * torch.eye(2, dtype=torch.float64)
    kernel = infinite_kernel(x, depth=1, weight_scale=1.0, bias_scale=0.0)
    torch.testing.assert_close(kernel, tensor([[1.0, 1 / (2 * math.pi)], [1 / (2 * math.pi), 1.0]]), rtol=1e-15, atol=0)
    linear = infinite_kernel(x, depth=0, weight_scale=3.0, bias_scale=2.0)
    torch.testing.assert_close(linear, 9 * torch.eye(2, dtype=torch.float64) + 4)


@pytest.mark.parametrize("activation", ["relu", "erf"])
@pytest.mark.parametrize("size", [1, 31, 32, 33, 300])
def test_one_set_of_inputs_is_that_set_twice(activation, size):
    x = normal(size, 3)
    options = {"depth": 2, "activation": activation, "weight_scale": 1.2, "bias_scale": 0.3}
    alone, twice = infinite_kernel(x, **options), infinite_kernel(x, x.clone(), **options)
    assert torch.equal(alone, alone.T)
    torch.testing.assert_close(alone, twice, rtol=1e-14, atol=1e-15)
    assert torch.equal(infinite_kernel(x, x, **options), alone)
    torch.testing.assert_close(alone, textbook_kernel(x, x, **options).slopes, rtol=1e-7, atol=1e-7)


def test_threads_change_nothing_and_precision_is_kept():
    x, z = normal(70, 4), normal(600, 4, seed=1)
    options = {"depth": 3, "weight_scale": 1.2, "bias_scale": 0.3}
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        alone = infinite_kernel(x, z, **options)
        torch.set_num_threads(3)
        assert torch.equal(infinite_kernel(x, z, **options), alone)
    finally:
        torch.set_num_threads(before)
    single = infinite_kernel(x.float(), z.float(), **options)
    assert single.dtype == torch.float32
    torch.testing.assert_close(single.double(), alone, rtol=1e-5, atol=1e-6)


def test_memory_holds_the_matrix_and_the_inputs():
    """Peak of what numpy holds, in matrices of N × N: the kernel, the inputs padded by one column, little else."""
    x = normal(1200, 30)
    infinite_kernel(x[:2], depth=2, weight_scale=1.0, bias_scale=0.1)  # compiles
    tracemalloc.start()
    try:
        infinite_kernel(x, depth=2, weight_scale=1.0, bias_scale=0.1)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert 8 * 1200**2 <= peak < 1.2 * 8 * 1200**2


def test_homogeneous_without_biases():
    x = normal(6, 3)
    options = {"depth": 3, "weight_scale": 2**0.5, "bias_scale": 0.0}
    factors = tensor([0.0, 0.5, 1.0, 2.0, 3.0, 1e-6])
    kernel = infinite_kernel(x, **options)
    torch.testing.assert_close(infinite_kernel(factors[:, None] * x, **options), torch.outer(factors, factors) * kernel)


def test_degenerate_scales():
    x = normal(3, 2)
    for activation in ("relu", "erf"):
        constant = infinite_kernel(x, depth=2, activation=activation, weight_scale=0.0, bias_scale=0.5)
        torch.testing.assert_close(constant, torch.full((3, 3), 0.25, dtype=torch.float64))
        nothing = infinite_kernel(x, depth=2, activation=activation, weight_scale=0.0, bias_scale=0.0)
        assert torch.equal(nothing, torch.zeros(3, 3, dtype=torch.float64))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x1": [[math.nan, 0.0]]}, "x1: expected real numbers, all finite"),
        ({"x2": [[math.inf, 0.0]]}, "x2: expected real numbers, all finite"),
        ({"x1": [0.0, 1.0]}, "x1: expected shape"),
        ({"x2": torch.zeros(3, 0)}, "x2: expected shape"),
        ({"x2": [[0.0]]}, "x2: expected shape"),
        ({"depth": -1}, "depth: expected an integer, at least 0"),
        ({"activation": "tanh"}, "activation: expected one of 'relu', 'erf'"),
        ({"kind": "kernel"}, "kind: expected one of 'ntk', 'nngp'"),
        ({"weight_scale": -1.0}, "weight_scale: expected a number, at least 0"),
        ({"bias_scale": -0.1}, "bias_scale: expected a number, at least 0"),
        ({"bias_scale": math.inf}, "bias_scale: expected a number, at least 0"),
        ({"x1": [[0.0, 1.0], [1e200, 0.0]]}, "x1, x2: expected inputs and scales whose kernel is a finite"),
        (
            {"x2": None, "activation": "erf", "depth": 40, "weight_scale": 1e10},
            "x1, x2: expected inputs and scales whose kernel is a finite",
        ),
    ],
)
def test_errors_name_the_argument(change, message):
    arguments = {"x1": [[0.0, 1.0]], "x2": [[1.0, 2.0]], "depth": 1, "weight_scale": 1.0, "bias_scale": 0.0, **change}
    with pytest.raises(ValueError, match=message):
        infinite_kernel(arguments.pop("x1"), arguments.pop("x2"), **arguments)


def test_lists_and_single_precision():
    options = {"depth": 2, "weight_scale": 1.4, "bias_scale": 0.3}
    x1, x2 = normal(4, 3), normal(2, 3, seed=1)
    expected = infinite_kernel(x1, x2, **options)
    torch.testing.assert_close(infinite_kernel(x1.tolist(), x2.numpy(), **options), expected)
    for one, other in ((x1.float(), x2.float()), (x1.float(), x2.float().tolist())):
        found = infinite_kernel(one, other, **options)
        assert found.dtype == torch.float32
        torch.testing.assert_close(found, expected.float(), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(infinite_kernel(x1, x1.clone(), **options), infinite_kernel(x1, **options))
    assert infinite_kernel([[1, 2]], depth=1, weight_scale=1, bias_scale=0).dtype == torch.float64
