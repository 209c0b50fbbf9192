"""The tangent kernel of a network as it is: Σ ∂f(x) ∂f(x') over its parameters."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lecturelib.core.arguments import as_tensor
from lecturelib.kernels.tangent_kernel.jacobians import kernel_by_jacobians
from lecturelib.kernels.tangent_kernel.layer_products import Signals, kernel_of, run_back
from lecturelib.kernels.tangent_kernel.wide_networks import WideNetwork

# entry by entry, without parameters and without chance
ELEMENTWISE = (
    nn.CELU, nn.ELU, nn.GELU, nn.Hardsigmoid, nn.Hardswish, nn.Hardtanh, nn.Identity,
    nn.LeakyReLU, nn.LogSigmoid, nn.Mish, nn.ReLU, nn.ReLU6, nn.SELU, nn.SiLU,
    nn.Sigmoid, nn.Softplus, nn.Softshrink, nn.Softsign, nn.Tanh, nn.Tanhshrink,
)  # fmt: skip


def empirical_kernel(model, x1, x2=None) -> Tensor:
    """K(x, x') = Σ_θ ∂f(x)/∂θ ∂f(x')/∂θ over the trainable parameters θ of a torch module, or of a `WideNetwork`.

    x1: (N, ...), x2: (M, ...), or None for x1 again. Returns (N, M) for one output, and (N, M, K, K) for K outputs,
    entry (n, m, k, j) belonging to outputs k at x1_n and j at x2_m; (..., N, M) for an ensemble of `WideNetwork`s.
    The module is given batches of one dimension more than an input. A `torch.nn.Sequential` of linear layers and
    elementwise activations is done by products of small Gram matrices (see `layer_products`); memory grows as N M.
    For any other module Jacobians are formed by torch.func, a few inputs at a time. One with an `nn.Embedding` is given
    whole numbers.

    The derivative of an activation at a kink is what torch takes it for. Raises ValueError where inputs are not finite,
    have different shapes or not the one that the module takes, the module has parameters that are not finite or none to
    train, or it treats inputs of a batch together or at random.
    """
    first = as_tensor("x1", x1)
    second = first if x2 is None else as_tensor("x2", x2)
    if first.ndim < 2 or first.shape[1:] != second.shape[1:] or 0 in (*first.shape, *second.shape):
        shapes = f"{tuple(first.shape)} and {tuple(second.shape)}"
        raise ValueError(f"x1, x2: expected shapes (N, ...) and (M, ...) alike but for N and M, got {shapes}")
    if isinstance(model, WideNetwork):
        one = model.signals(first)
        return kernel_of(one, one if x2 is None else model.signals(second)).squeeze((-1, -2))
    if not isinstance(model, nn.Module):
        raise ValueError(f"model: expected a torch module or a WideNetwork, got {type(model).__name__}")
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    if not all(_finite(parameter.detach()) for parameter in model.parameters()):
        raise ValueError("model: expected finite parameters, found NaN or infinity")
    if not trainable:
        raise ValueError("model: expected parameters that require a gradient, found none")
    reads_numbers = not any(isinstance(module, nn.Embedding) for module in model.modules())
    first, second = (part.to(trainable[0]) if reads_numbers else part.long() for part in (first, second))
    layers = _fully_connected(model)
    if layers is not None and first.ndim == 2:
        expected = next(module.in_features for module in layers if type(module) is nn.Linear)
        if first.shape[1] != expected:
            raise ValueError(f"x1, x2: expected {expected} columns, as the model reads, got {first.shape[1]}")
        with torch.no_grad():
            one = _signals(layers, first)
            kernel = kernel_of(one, one if x2 is None else _signals(layers, second))
    else:
        kernel = kernel_by_jacobians(model, first, None if x2 is None else second)
    return kernel[..., 0, 0] if kernel.shape[-1] == 1 else kernel


def _finite(parameter: Tensor) -> bool:
    """Are all numbers finite? Their sum tells, in no memory, unless it is too large itself."""
    return bool(torch.isfinite(parameter.sum())) or bool(torch.isfinite(parameter).all())


def _fully_connected(model: nn.Module) -> list[nn.Module] | None:
    """The linear layers and activations of a plain sequential network in order, or None where it is something else."""
    layers: list[nn.Module] = []
    for module in model if type(model) is nn.Sequential else ():
        layers += (_fully_connected(module) or [None]) if type(module) is nn.Sequential else [module]
    linear = [module for module in layers if type(module) is nn.Linear]
    parameters = [id(parameter) for module in linear for parameter in module.parameters(recurse=False)]
    plain = all(type(module) in (nn.Linear, *ELEMENTWISE) and not _hooked(module) for module in layers)
    if not linear or not plain or _hooked(model) or len(set(parameters)) != len(parameters):
        return None
    return layers


def _hooked(module: nn.Module | None) -> bool:
    return module is not None and bool(module._forward_hooks or module._forward_pre_hooks)


def _signals(layers: list[nn.Module], x: Tensor) -> list[Signals]:
    """Signals of every linear layer at x (N, d). Activations in a row, or none between two layers, become one slope."""
    inputs: list[Tensor] = []
    slopes: list[Tensor] = []  # of what lies below each linear layer
    linear = [module for module in layers if type(module) is nn.Linear]
    slope = torch.ones_like(x)
    for module in layers:
        if type(module) is nn.Linear:
            inputs.append(x)
            slopes.append(slope)
            x = module(x)
            slope = torch.ones_like(x)
        else:
            x, factor = _value_and_slope(module, x)
            slope = slope * factor
    steps = [
        part for module, below in zip(linear[:0:-1], slopes[:0:-1], strict=True) for part in (module.weight, below)
    ]
    last = torch.diag_embed(slope)  # what lies above the last linear layer, 1 on the diagonal if that is nothing
    deltas = run_back(last, steps)
    return [Signals(h, delta, *_factors(module)) for h, delta, module in zip(inputs, deltas, linear, strict=True)]


def _factors(module: nn.Linear) -> tuple[float, float]:
    """1 for weights and for biases that train, else 0."""
    return float(module.weight.requires_grad), float(module.bias is not None and module.bias.requires_grad)


def _value_and_slope(module: nn.Module, z: Tensor) -> tuple[Tensor, Tensor]:
    """φ(z) and φ'(z), entry by entry, as torch differentiates it."""
    with torch.enable_grad():
        leaf = z.detach().clone().requires_grad_()
        output = module(leaf.clone())  # some work in place
        return output.detach(), torch.autograd.grad(output.sum(), leaf)[0]
