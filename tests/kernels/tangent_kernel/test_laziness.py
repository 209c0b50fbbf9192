"""The experiment on laziness: its derivatives, its κ, and the theorem's bound."""

import math

import torch

from lecturelib.kernels import empirical_kernel
from lecturelib.kernels.tangent_kernel.laziness import jacobian_of, staying
from lecturelib.kernels.tangent_kernel.wide_networks import with_parts
from lecturelib.kernels.tangent_kernel.widths import circle, start


def test_the_jacobian_gives_the_kernel_and_the_derivatives():
    networks, x = start(1, 4, 2, "erf", 3), circle(5)[0]
    jacobian = jacobian_of(networks, x)
    torch.testing.assert_close(jacobian @ jacobian.mT, empirical_kernel(networks, x))
    weights = networks.weights[0].clone()
    weights[1, 2, 0] += 1e-6
    moved = (with_parts(networks, (weights, *networks.weights[1:]), networks.biases)(x) - networks(x)) / 1e-6
    torch.testing.assert_close(moved[1], jacobian[1, :, 4], atol=1e-5, rtol=1e-4)  # row 2 of two inputs, the first


def test_wide_networks_keep_the_bound_and_get_lazier():
    narrow, wide = (staying(seed=3, width=width, ensemble=4) for width in (64, 6400))
    for one in (narrow, wide):
        assert max(one["left"]) < 1e-3
        assert len(one["kappa"]) == 4
    for name, least in (("kappa", 5), ("changed", 5), ("moved", 5), ("kernel", 20)):
        assert sum(narrow[name]) > least * sum(wide[name]), name
    bounds = [1 - math.sqrt(1 - kappa) for kappa in wide["kappa"] if kappa < 1]
    assert bounds
    found = [changed for changed, kappa in zip(wide["changed"], wide["kappa"], strict=True) if kappa < 1]
    assert all(changed < bound for changed, bound in zip(found, bounds, strict=True))


def test_kappa_bounds_what_the_hessian_is_at_the_start():
    network = start(0, 6, 1, "erf", 1)
    x, y = circle(3)
    parts = (network.weights[0][0], network.weights[1][0], network.biases[0][0], network.biases[1][0])
    shapes = [part.shape for part in parts]

    def output(theta):
        pieces = theta.split([shape.numel() for shape in shapes])
        w, v, b, c = (piece.reshape(shape) for piece, shape in zip(pieces, shapes, strict=True))
        return with_parts(network, (w[None], v[None]), (b[None], c[None]))(x[:1])[0, 0]

    theta = torch.cat([part.flatten() for part in parts])
    size = float(torch.linalg.eigvalsh(torch.autograd.functional.hessian(output, theta)).abs().max())
    least = float(torch.linalg.eigvalsh(empirical_kernel(network, x)[0])[0])
    whole = 2 * math.sqrt(3) * size * float((network(x)[0] - y).norm()) / least
    found = staying(seed=0, width=6, ensemble=1)["kappa"][0]
    assert 0.05 * found < whole < found
