"""Wider networks are nearer to the limit."""

import torch

from lecturelib.kernels.tangent_kernel.widths import distance, lazy, linear_path


def test_wider_is_nearer_to_the_limit_and_lazier():
    for activation in ("relu", "erf"):
        near = [distance(seed=0, width=w, depth=1, activation=activation)["distance"] for w in (16, 1024)]
        assert sum(near[1]) < 0.3 * sum(near[0])
        runs = [lazy(seed=0, width=w, activation=activation, steps=50) for w in (16, 1024)]
        for name in ("drift", "moved", "apart"):
            assert sum(runs[1][name]) < 0.3 * sum(runs[0][name]), (activation, name)


def test_the_linear_path_is_gradient_descent_on_the_linear_model():
    kernel = torch.tensor([[2.0, 0.5], [0.5, 1.0]], dtype=torch.float64)
    start, y = torch.tensor([1.0, -1.0], dtype=torch.float64), torch.tensor([0.3, 0.2], dtype=torch.float64)
    f = start
    for _ in range(7):
        f = f - 0.1 * kernel @ (f - y)
    torch.testing.assert_close(linear_path(kernel, start, y, 0.1, [0, 7]), torch.stack([start, f]))
