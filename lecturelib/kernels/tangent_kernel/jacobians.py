"""The tangent kernel of any module by its Jacobian, a few inputs at a time."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.autograd.functional import jacobian
from torch.func import jacrev, vmap

CALLS = 20  # of a module, to see whether it is always alike: one coin may fall the same way a few times
MEMORY = 2**25  # numbers that the Jacobians of one block of inputs may hold
TOGETHER = (nn.modules.batchnorm._BatchNorm, nn.modules.dropout._DropoutNd, nn.RReLU)  # or by chance, in training


class Pure:
    """A copy of a module as a function of its trainable parameters and a batch, every call from the same buffers.

    torch.func.functional_call is not asked, as it leaves a module broken in which a part is used twice.
    """

    def __init__(self, model: nn.Module) -> None:
        parts = {id(part): part for module in model.modules() for part in vars(module).values()}
        computed = {key: part.detach() for key, part in parts.items() if isinstance(part, Tensor)}
        self.model = copy.deepcopy(model, computed)  # torch copies leaves only
        modules = list(self.model.modules())
        trained = {id(part): part.detach() for part in self.model.parameters() if part.requires_grad}
        self.parameters = list(trained.values())
        number = {key: k for k, key in enumerate(trained)}
        own = [(module, name, id(part)) for module in modules for name, part in module._parameters.items()]
        self._places = [(module, name, number[key]) for module, name, key in own if key in number]
        for module, name, _ in self._places:
            delattr(module, name)  # so that any tensor may stand in its place
        self._buffers = [(m, name, kept) for m in modules for name, kept in m._buffers.items() if kept is not None]

    def __call__(self, parameters: tuple[Tensor, ...], batch: Tensor) -> Tensor:
        """What the module gives with these parameters."""
        for module, name, k in self._places:
            setattr(module, name, parameters[k])
        for module, name, kept in self._buffers:
            module._buffers[name] = kept.clone()
        return self.model(batch.clone())


def kernel_by_jacobians(model: Pure, x1: Tensor, x2: Tensor | None) -> Tensor:
    """Σ_θ ∂f_k(x)/∂θ ∂f_j(x')/∂θ for inputs (N, ...) and (M, ...), or x1 with itself: (N, M, K, K).

    Raises ValueError where the module does not treat the inputs of a batch one by one and always alike, or does not
    take inputs of their shape.
    """
    _try_out(model, torch.cat([x1[:1], (x1 if x2 is None else x2)[-1:]]))
    rows = []
    for first in _jacobians(model, x1):
        blocks = _jacobians(model, x1 if x2 is None else x2)
        rows.append(torch.cat([torch.einsum("nkp,mjp->nmkj", first, second) for second in blocks], dim=1))
    return torch.cat(rows)


def _try_out(model: Pure, pair: Tensor) -> None:
    """Do two inputs together give what each gives alone?"""
    for module in model.model.modules():
        if isinstance(module, TOGETHER) and module.training and getattr(module, "p", 1) > 0:
            name = type(module).__name__
            raise ValueError(f"model: expected one that treats inputs one by one, got a training {name}; call eval()")
    with torch.no_grad():
        try:
            alone = [model(tuple(model.parameters), one[None]) for one in pair]
            together = [model(tuple(model.parameters), pair) for _ in range(CALLS)]
        except RuntimeError as error:
            shape = tuple(pair.shape[1:])
            raise ValueError(f"x1: expected inputs that the model takes, got shape {shape} each ({error})") from None
    if not all(isinstance(output, Tensor) for output in (*alone, *together)):
        raise ValueError(f"model: expected one whose output is a tensor, got {type(together[0]).__name__}")
    expected = torch.cat(alone)
    for outputs in together:
        if outputs.shape != expected.shape or bool(((outputs - expected).abs() > 1e-3 * expected.abs().max()).any()):
            raise ValueError("model: expected one that treats inputs one by one and always alike, this one does not")


def _jacobians(model: Pure, x: Tensor) -> Iterator[Tensor]:
    """Blocks of the Jacobian: (n, K, P)."""
    parameters = tuple(model.parameters)

    def outputs(parameters: tuple[Tensor, ...], one: Tensor) -> Tensor:
        return model(parameters, one[None]).flatten()

    with torch.no_grad():
        count = outputs(parameters, x[0]).numel()
    for block in x.split(max(1, MEMORY // (count * sum(part.numel() for part in parameters)))):
        try:
            found = vmap(jacrev(outputs), (None, 0))(parameters, block)
        except RuntimeError:  # some modules, PReLU among them, cannot be differentiated for many inputs at once
            each = [jacobian(lambda *p, one=one: outputs(p, one), parameters) for one in block]
            found = [torch.stack(parts) for parts in zip(*each, strict=True)]
        yield torch.cat([part.flatten(2) for part in found], dim=2)
