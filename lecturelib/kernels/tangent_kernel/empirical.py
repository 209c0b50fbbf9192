"""The tangent kernel of a network as it is: Σ ∂f(x) ∂f(x') over its parameters."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lecturelib.core.arguments import Array, checked
from lecturelib.kernels.tangent_kernel.jacobians import Pure, kernel_by_jacobians
from lecturelib.kernels.tangent_kernel.layer_products import Signals, kernel_of, run_back
from lecturelib.kernels.tangent_kernel.wide_networks import Bend, WideNetwork

# entry by entry, without parameters and without chance
ELEMENTWISE = (
    nn.CELU, nn.ELU, nn.GELU, nn.Hardsigmoid, nn.Hardswish, nn.Hardtanh, nn.Identity,
    nn.LeakyReLU, nn.LogSigmoid, nn.Mish, nn.ReLU, nn.ReLU6, nn.SELU, nn.SiLU,
    nn.Sigmoid, nn.Softplus, nn.Softshrink, nn.Softsign, nn.Tanh, nn.Tanhshrink, Bend,
)  # fmt: skip


@checked
def empirical_kernel(model: nn.Module | WideNetwork, x1: Array, x2: Array | None = None) -> Tensor:
    """K(x, x') = Σ_θ ∂f(x)/∂θ ∂f(x')/∂θ over the trainable parameters θ of a torch module, or of a `WideNetwork`.

    x1: (N, ...), x2: (M, ...), or None for x1 again. Returns (N, M) for one output, and (N, M, K, K) for K outputs,
    entry (n, m, k, j) belonging to outputs k at x1_n and j at x2_m; (..., N, M) for an ensemble of `WideNetwork`s.
    The module is given batches of one dimension more than an input. A `torch.nn.Sequential` of linear layers and
    elementwise activations is done by products of small Gram matrices (see `layer_products`); memory grows as N M.
    For any other module Jacobians are formed by torch.func, a few inputs at a time. One with an `nn.Embedding` is given
    whole numbers. A module is left as it is, and no gradient is taken through its kernel; through that of a
    `WideNetwork` one is, if its tensors ask for it.

    The derivative of an activation at a kink is what torch takes it for. Raises ValueError where inputs have different
    shapes or not the one that the module takes, the module has parameters that are not finite or none to train, or it
    treats inputs of a batch together or at random.

    >>> empirical_kernel(torch.nn.Linear(2, 1), [[1.0, 2.0]])  # 1² + 2², and 1 for the bias
    tensor([[6.]])
    """
    second = x1 if x2 is None else x2
    if x1.ndim < 2:
        raise ValueError(f"x1: expected shape (N, ...), got {tuple(x1.shape)}")
    if x1.shape[1:] != second.shape[1:]:
        raise ValueError(f"x2: expected shape (M, ...) like x1 but for M, got {tuple(x1.shape)}, {tuple(second.shape)}")
    if isinstance(model, WideNetwork):
        _expect_columns(x1, model.weights[0].shape[-1])
        one = model.signals(x1)
        return kernel_of(one, one if x2 is None else model.signals(second)).squeeze((-1, -2))
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    # a sum tells whether all are finite, in no memory, unless it is too large itself
    if not all(bool(part.sum().isfinite() or part.isfinite().all()) for part in map(torch.detach, model.parameters())):
        raise ValueError("model: expected finite parameters, found NaN or infinity")
    if not trainable:
        raise ValueError("model: expected parameters that require a gradient, found none")
    reads_numbers = not any(isinstance(module, nn.Embedding) for module in model.modules())
    first, second = (part.to(trainable[0]) if reads_numbers else part.long() for part in (x1, second))
    layers = _fully_connected(model)
    if layers is not None and x1.ndim == 2:
        _expect_columns(x1, next(module.in_features for module in layers if type(module) is nn.Linear))
        with torch.no_grad():
            one = _signals(layers, first)
            kernel = kernel_of(one, one if x2 is None else _signals(layers, second))
    else:
        kernel = kernel_by_jacobians(Pure(model), first.detach(), None if x2 is None else second.detach())
    return kernel[..., 0, 0] if kernel.shape[-1] == 1 else kernel


def _expect_columns(x: Tensor, expected: int) -> None:
    if x.shape[1:] != (expected,):
        raise ValueError(f"x1: expected {expected} columns, as the model reads, got {tuple(x.shape)}")


def _fully_connected(model: nn.Module) -> list[nn.Module] | None:
    """The linear layers and activations of a plain sequential network in order, or None where it is something else."""
    layers: list[nn.Module] = []
    for module in model if type(model) is nn.Sequential else ():
        layers += (_fully_connected(module) or [None]) if type(module) is nn.Sequential else [module]
    linear = [module for module in layers if type(module) is nn.Linear]
    parameters = [id(parameter) for module in linear for parameter in module.parameters(recurse=False)]
    known = (nn.Linear, nn.Sequential, *ELEMENTWISE)
    plain = all(type(one) in known and not one._forward_hooks | one._forward_pre_hooks for one in (model, *layers))
    return layers if linear and plain and len(set(parameters)) == len(parameters) else None


def _signals(layers: list[nn.Module], x: Tensor) -> list[Signals]:
    """Signals of every linear layer at x (N, d). Activations in a row, or none between two layers, become one slope."""
    linear, inputs, slopes = [], [], []  # slopes: of what lies below each linear layer
    slope = torch.ones_like(x)
    for module in layers:
        if type(module) is nn.Linear:
            linear, inputs, slopes = [*linear, module], [*inputs, x], [*slopes, slope]
            x = module(x)
            slope = torch.ones_like(x)
        else:
            x, factor = _value_and_slope(module, x)
            slope = slope * factor
    # above the last linear layer: 1 on the diagonal if there is nothing
    deltas = run_back(torch.diag_embed(slope), [one.weight for one in linear[1:]], slopes[1:])
    pairs = ((one.weight, one.bias) for one in linear)
    trained = [[float(part is not None and part.requires_grad) for part in pair] for pair in pairs]
    return [Signals(h, delta, *factors) for h, delta, factors in zip(inputs, deltas, trained, strict=True)]


def _value_and_slope(module: nn.Module, z: Tensor) -> tuple[Tensor, Tensor]:
    """φ(z) and φ'(z), entry by entry, as torch differentiates it."""
    with torch.enable_grad():
        leaf = z.detach().clone().requires_grad_()
        output = module(leaf.clone())  # some work in place
        return output.detach(), torch.autograd.grad(output.sum(), leaf)[0]
