"""The tangent kernel of any module by its Jacobian, a few inputs at a time."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor, nn
from torch.autograd.functional import jacobian
from torch.func import functional_call, jacrev, vmap

CALLS = 20  # of a module, to see whether it is always alike: one coin may fall the same way a few times
MEMORY = 2**25  # numbers that the Jacobians of one block of inputs may hold
TOGETHER = (nn.modules.batchnorm._BatchNorm, nn.modules.dropout._DropoutNd, nn.RReLU)  # or by chance, in training


def kernel_by_jacobians(model: nn.Module, x1: Tensor, x2: Tensor | None) -> Tensor:
    """Σ_θ ∂f_k(x)/∂θ ∂f_j(x')/∂θ for inputs (N, ...) and (M, ...), or x1 with itself: (N, M, K, K).

    Raises ValueError where the module does not treat the inputs of a batch one by one and always alike, or does not
    take inputs of their shape.
    """
    _try_out(model, torch.cat([x1[:1], (x1 if x2 is None else x2)[-1:]]))
    rows = []
    for first in _jacobians(model, x1):
        blocks = [_contract(first, second) for second in _jacobians(model, x1 if x2 is None else x2)]
        rows.append(torch.cat(blocks, dim=1))
    return torch.cat(rows)


def _try_out(model: nn.Module, pair: Tensor) -> None:
    """Do two inputs together give what each gives alone?"""
    for module in model.modules():
        if isinstance(module, TOGETHER) and module.training and getattr(module, "p", 1) > 0:
            name = type(module).__name__
            raise ValueError(
                f"model: expected one that treats inputs one by one, got a training {name}; call model.eval()"
            )
    with torch.no_grad():
        try:
            alone = [model(one[None].clone()) for one in pair]
            together = [model(pair.clone()) for _ in range(CALLS)]
        except RuntimeError as error:
            shape = tuple(pair.shape[1:])
            raise ValueError(f"x1: expected inputs that the model takes, got shape {shape} each ({error})") from None
    if not all(isinstance(output, Tensor) for output in (*alone, *together)):
        raise ValueError(f"model: expected one whose output is a tensor, got {type(together[0]).__name__}")
    expected = torch.cat(alone)
    for outputs in together:
        if outputs.shape != expected.shape or bool(((outputs - expected).abs() > 1e-3 * expected.abs().max()).any()):
            raise ValueError("model: expected one that treats inputs one by one and always alike, this one does not")


def _jacobians(model: nn.Module, x: Tensor) -> Iterator[dict[str, Tensor]]:
    """Blocks of the Jacobian: parameter name → (n, K, parameters of that name)."""
    everything = dict(model.named_parameters()) | dict(model.named_buffers())
    trained = {name: part.detach() for name, part in model.named_parameters() if part.requires_grad}
    fixed = {name: part.detach() for name, part in everything.items() if name not in trained}

    def outputs(parameters: dict[str, Tensor], one: Tensor) -> Tensor:
        return functional_call(model, parameters | fixed, (one[None].clone(),)).flatten()

    def listed(*parameters: Tensor, one: Tensor) -> Tensor:
        return outputs(dict(zip(trained, parameters, strict=True)), one)

    with torch.no_grad():
        count = outputs(trained, x[0]).numel()
    size = max(1, MEMORY // (count * sum(part.numel() for part in trained.values())))
    for block in x.split(size):
        try:
            found = vmap(jacrev(outputs), (None, 0))(trained, block)
        except RuntimeError:  # some modules, PReLU among them, cannot be differentiated for many inputs at once
            each = [jacobian(partial(listed, one=one), tuple(trained.values())) for one in block]
            found = {name: torch.stack([parts[k] for parts in each]) for k, name in enumerate(trained)}
        yield {name: part.flatten(2) for name, part in found.items()}


def _contract(one: dict[str, Tensor], other: dict[str, Tensor]) -> Tensor:
    return sum(torch.einsum("nkp,mjp->nmkj", part, other[name]) for name, part in one.items())
