"""Claims of the chapter `kernels/tangent_kernel` on networks of finite width."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Generator, Tensor, nn
from torch.func import functional_call, jacrev

from lecturelib.core.old_claims import Claim, relative_gap
from lecturelib.kernels.tangent_kernel.empirical import empirical_kernel
from lecturelib.kernels.tangent_kernel.layer_products import Signals, kernel_of
from lecturelib.kernels.tangent_kernel.wide_networks import WideNetwork, draw_wide, slope, value

JACOT = "Jacot et al. 2018"
EXACT = 1e-11


def normal(generator: Generator, *shape: int) -> Tensor:
    """Standard normal numbers in float64."""
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def perceptron(generator: Generator, sizes: tuple[int, ...] = (3, 7, 6, 1)) -> nn.Sequential:
    """A smooth network for torch.func, weights and biases of size one."""
    parts: list[nn.Module] = []
    for fan_in, fan_out in pairwise(sizes):
        linear = nn.Linear(fan_in, fan_out, dtype=torch.float64)
        for parameter in linear.parameters():
            parameter.data = normal(generator, *parameter.shape) / math.sqrt(fan_in)
        parts += [linear, nn.Tanh()]
    return nn.Sequential(*parts[:-1])


def jacobian(model: nn.Module, x: Tensor) -> Tensor:
    """All derivatives of the outputs, by torch.func alone: (N, P)."""
    parameters = {name: part.detach() for name, part in model.named_parameters()}
    found = jacrev(lambda p: functional_call(model, p, (x,))[:, 0])(parameters)
    return torch.cat([part.flatten(1) for part in found.values()], dim=1)


# The law of motion of the function


def _half_of_squares(f: Tensor, y: Tensor) -> Tensor:
    return 0.5 * (f - y).square().sum()


def _logistic(f: Tensor, y: Tensor) -> Tensor:
    return torch.nn.functional.softplus(-f * y.sign()).sum()


def _moves_along_gradient_flow(law, generator: Generator) -> float:
    model, x, z = perceptron(generator), normal(generator, 5, 3), normal(generator, 4, 3)
    y, kernel, worst = normal(generator, 5), empirical_kernel(model, z, x), 0.0
    for loss in (_half_of_squares, _logistic):
        outputs = model(x)[:, 0]
        value = loss(outputs, y)
        slopes = torch.autograd.grad(value, outputs, retain_graph=True)[0]
        flow = torch.autograd.grad(value, list(model.parameters()))
        speed = -jacobian(model, z) @ torch.cat([part.flatten() for part in flow])
        worst = max(worst, relative_gap(law(kernel, slopes, (outputs - y).detach()), speed))
    return worst


motion = Claim(
    label="thm-ntk-function",
    statement=r"Under gradient flow of any loss $\ell(f(x_1), \dots, f(x_N))$, $\dot f(x) = -\sum_n K(x, x_n)\, "
    r"\partial \ell / \partial f(x_n)$.",
    source=f"{JACOT}, section 3",
    method="exact identity",
    tolerance=EXACT,
    check=_moves_along_gradient_flow,
    formula=lambda kernel, slopes, residuals: -kernel @ slopes,
    falsifiers={
        "without the minus sign": lambda kernel, slopes, residuals: kernel @ slopes,
        "the mean over data instead of the sum": lambda kernel, slopes, residuals: -kernel @ slopes / slopes.numel(),
        "residuals, whatever the loss is": lambda kernel, slopes, residuals: -kernel @ residuals,
        "with squared slopes": lambda kernel, slopes, residuals: -kernel @ (slopes * slopes.abs()),
    },
)


# First-order expansion


def _misses_by_second_order(expansion, generator: Generator) -> float:
    model, x = perceptron(generator), normal(generator, 5, 3)
    parts, values = jacobian(model, x), model(x)[:, 0].detach()
    way = normal(generator, parts.shape[1])
    start = nn.utils.parameters_to_vector(model.parameters()).detach()
    errors = []
    for size in (2e-3, 1e-3):
        nn.utils.vector_to_parameters(start + size * way, model.parameters())
        errors.append(float((model(x)[:, 0].detach() - expansion(values, parts, size * way)).norm()))
    return abs(math.log2(errors[0] / errors[1]) - 2)


first_order = Claim(
    label="prop-ntk-linear",
    statement=r"$f_\theta(x) = f_{\theta_0}(x) + \partial f_{\theta_0}(x) \cdot (\theta - \theta_0) + O(\lVert\theta - "
    r"\theta_0\rVert^2)$ for smooth activations: half the way, a quarter of the error.",
    source="Taylor's formula",
    method="exact identity",
    tolerance=0.1,
    check=_misses_by_second_order,
    formula=lambda values, parts, way: values + parts @ way,
    falsifiers={
        "the value at the start": lambda values, parts, way: values,
        "half of the linear term": lambda values, parts, way: values + 0.5 * parts @ way,
        "the linear term with a minus": lambda values, parts, way: values - parts @ way,
    },
)


# The sum over layers


def _is_the_jacobian_squared(kernel, generator: Generator) -> float:
    model, x = perceptron(generator, (4, 9, 8, 5, 1)), normal(generator, 6, 4)
    parts = jacobian(model, x)
    return relative_gap(kernel(_signals_of(model, x)), parts @ parts.T)


def _signals_of(model: nn.Sequential, x: Tensor) -> list[Signals]:
    """h and δ of every linear layer from hooks on autograd, so that they do not come from the library's own."""
    inputs, outputs = [], []
    h = x
    for module in model:
        if type(module) is nn.Linear:
            inputs.append(h.detach())
            h = module(h)
            outputs.append(h)
        else:
            h = module(h)
    deltas = torch.autograd.grad(h.sum(), outputs)
    return [Signals(one, delta[:, None, :], 1.0, 1.0) for one, delta in zip(inputs, deltas, strict=True)]


def _changed(signals: list[Signals], **factors: float) -> Tensor:
    changed = [Signals(s.inputs, s.deltas, factors.get("w", 1.0), factors.get("b", 1.0)) for s in signals]
    return kernel_of(changed, changed)[..., 0, 0]


def _added(signals: list[Signals]) -> Tensor:
    return sum(s.inputs @ s.inputs.T + 1 + s.deltas[:, 0] @ s.deltas[:, 0].T for s in signals)


layers = Claim(
    label="thm-ntk-layers",
    statement=r"$K = \sum_\ell (s_\ell^2 \langle h_\ell, h_\ell' \rangle + t_\ell^2) \langle \delta_\ell, \delta_\ell' "
    r"\rangle$ equals $J J^\top$.",
    source="derived here",
    method="exact identity",
    tolerance=EXACT,
    check=_is_the_jacobian_squared,
    formula=lambda signals: kernel_of(signals, signals)[..., 0, 0],
    falsifiers={
        "without biases": lambda signals: _changed(signals, b=0.0),
        "biases alone": lambda signals: _changed(signals, w=0.0),
        "without the first layer": lambda signals: kernel_of(signals[1:], signals[1:])[..., 0, 0],
        "a sum of the two products in place of their product": _added,
    },
)


# Two layers


def _is_that_of_autograd(kernel, generator: Generator) -> float:
    x, worst = normal(generator, 5, 3), 0.0
    for activation in ("relu", "erf"):
        network = draw_wide((3, 8, 1), generator=generator, activation=activation, weight_scale=1.3, bias_scale=0.7)
        parts = [part.clone().requires_grad_() for part in (*network.weights, *network.biases)]
        z = 1.3 / math.sqrt(3) * x @ parts[0].T + 0.7 * parts[2]
        f = 1.3 / math.sqrt(8) * value(activation, z) @ parts[1][0] + 0.7 * parts[3]
        rows = [torch.cat([g.flatten() for g in torch.autograd.grad(one, parts, retain_graph=True)]) for one in f]
        expected = torch.stack(rows) @ torch.stack(rows).T
        worst = max(worst, relative_gap(kernel(network, x), expected))
    return worst


def two_layer_kernel(network: WideNetwork, x: Tensor, *, inner: float = 1.0, outer: float = 1.0) -> Tensor:
    """The closed form for one hidden layer; `inner` and `outer` weigh the two layers."""
    z = network.forward(x)[0][1]
    width, w2, b2 = z.shape[-1], network.weight_scale**2, network.bias_scale**2
    back = slope(network.activation, z) * network.weights[1]
    first = (w2 / width) * (back @ back.T) * (w2 * (x @ x.T) / x.shape[1] + b2)
    hidden = value(network.activation, z)
    return inner * first + outer * (w2 / width) * (hidden @ hidden.T) + b2


def _without_output_weights(network: WideNetwork, x: Tensor) -> Tensor:
    ones = WideNetwork(
        (network.weights[0], torch.ones_like(network.weights[1])), network.biases, network.activation,
        network.weight_scale, network.bias_scale,
    )  # fmt: skip
    return two_layer_kernel(ones, x)


two_layers = Claim(
    label="cor-ntk-two-layer",
    statement=r"With one hidden layer $K = \frac{\sigma_w^2}{m} \sum_i \bigl( \varphi_i \varphi_i' + v_i^2 "
    r"\dot\varphi_i \dot\varphi_i' \, (\sigma_w^2 \langle x, x' \rangle / d + \sigma_b^2) \bigr) + \sigma_b^2$.",
    source="class 1 of Anselmi's lectures leaves it as an exercise; derived here",
    method="exact identity",
    tolerance=EXACT,
    check=_is_that_of_autograd,
    formula=two_layer_kernel,
    falsifiers={
        "only output weights are trained": lambda n, x: two_layer_kernel(n, x, inner=0.0),
        "only input weights are trained": lambda n, x: two_layer_kernel(n, x, outer=0.0),
        r"without $v_i^2$": _without_output_weights,
        r"without the $\sigma_b^2$ of the output": lambda n, x: two_layer_kernel(n, x) - n.bias_scale**2,
    },
)
