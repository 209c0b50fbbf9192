"""Fully connected networks f(x) = wᵀ σ(W_Lᵀ σ(… σ(W_1ᵀ x + b_1) …) + b_L), and their gradient written out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Annotated, Any

import torch
from torch import Generator, Tensor, nn

from lecturelib.core.arguments import Array, Ensemble, Matrix, Precision, Widths, checked
from lecturelib.core.records import Record
from lecturelib.kernels.models.activations import KNOWN, Activation


class LayeredNetwork(Record):
    """Matrices W_1, …, W_L with W_ℓ of shape (k_{ℓ−1}, k_ℓ), biases b_ℓ (k_ℓ,), output weights w (k_L,); k_0 = d.

    All may have the same dimensions of an ensemble before these. Raises ValueError where sizes do not fit.

    >>> from lecturelib.kernels import relu
    >>> network = LayeredNetwork([[[1.0, -1.0]]], [[0.0, 0.0]], [1.0, 1.0], relu)
    >>> network([[-3.0], [2.0]])  # |x|
    tensor([3., 2.], dtype=torch.float64)
    """

    matrices: tuple[Annotated[Array, "... _k _l"], ...]
    biases: tuple[Annotated[Array, "... _l"], ...]
    output: Annotated[Array, "... _l"]
    activation: Activation

    def __post_init__(self) -> None:
        widths = [one.shape[-1] for one in self.matrices]
        if not widths or [one.shape[-1] for one in self.biases] != widths:
            raise ValueError(f"biases: expected one for each of one or more layers, of its width, for widths {widths}")
        if [one.shape[-2] for one in self.matrices[1:]] != widths[:-1]:
            raise ValueError(f"matrices: expected as many rows as the layer before is wide, for widths {widths}")
        if self.output.shape[-1] != widths[-1]:
            raise ValueError(f"output: expected {widths[-1]}, the width of the last layer, got {self.output.shape[-1]}")

    @property
    def sizes(self) -> dict[str, Any]:  # type: ignore[override]
        """As of all records, and d, the number of inputs."""
        return super().sizes | {"d": self.matrices[0].shape[-2]}

    @checked
    def hidden(self, x: Annotated[Matrix, "_N d"]) -> list[Tensor]:
        """The input and what each hidden layer puts out: h_0 = x (N, d), h_ℓ (..., N, k_ℓ)."""
        layers = [x]
        for matrix, bias in zip(self.matrices, self.biases, strict=True):
            layers.append(self.activation(layers[-1] @ matrix + bias[..., None, :]))
        return layers

    @checked
    def __call__(self, x: Annotated[Matrix, "_N d"]) -> Tensor:
        """f at x (N, d): shape (..., N)."""
        return (self.hidden(x)[-1] @ self.output[..., None])[..., 0]

    @staticmethod
    @checked
    def from_module(module: nn.Sequential) -> LayeredNetwork:
        """The network that linear layers with one activation between them compute, a copy.

        A hidden layer without bias has bias 0. Raises ValueError for any other module, and where the last layer has a
        bias or several outputs.

        >>> module = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 1, bias=False))
        >>> LayeredNetwork.from_module(module).activation
        Activation(name='tanh', settings=())
        """
        linear, biases, activations = unstacked(module, _known)
        if not activations or linear[-1].bias is not None or linear[-1].out_features != 1:
            raise ValueError("module: expected a known activation, and a last layer of one output without a bias")
        *matrices, last = (one.weight.T for one in linear)
        return LayeredNetwork(tuple(matrices), tuple(biases[:-1]), last[:, 0], activations.pop()).detach().clone()

    def to_module(self) -> nn.Sequential:
        """The module that computes a single network, with parameters of its own, for shape (N, d): shape (N, 1).

        Raises ValueError for an ensemble.

        >>> from lecturelib.kernels import relu
        >>> LayeredNetwork([[[2.0]]], [[-1.0]], [3.0], relu).to_module()(torch.ones(1, 1).double()).item()
        3.0
        """
        weights, biases = (*(one.mT for one in self.matrices), self.output.unsqueeze(-2)), (*self.biases, None)
        return stacked(self, zip(weights, biases, strict=True), lambda: self.activation.module)


def _known(module: nn.Module) -> Activation | None:
    """The activation that a module of torch computes."""
    names = {known: name for name, (known, _) in KNOWN.items()}
    settings = (getattr(module, name, None) for name in ("negative_slope", "alpha"))
    given = tuple(one for one in settings if one is not None)
    return Activation(names[type(module)], given) if type(module) in names else None


def unstacked(module: nn.Module, known: Callable[[nn.Module], Any]) -> tuple[list[nn.Linear], list[Tensor], set]:
    """The linear layers of a module, their biases, 0 where they have none, and what is between, at most one activation.

    known: tells what an activation is called, None for others. Raises ValueError for any other module, also for a
    subclass of `nn.Sequential` and one with hooks, which may compute something else.
    """
    hooked = any(one._forward_hooks or one._forward_pre_hooks for one in module.modules())
    layers = list(module) if type(module) is nn.Sequential and not hooked else []
    linear, between = layers[::2], {known(one) for one in layers[1::2]}
    plain = len(layers) % 2 == 1 and all(type(one) is nn.Linear for one in linear)
    if not plain or len(between) > 1 or None in between:
        raise ValueError("module: expected linear layers, and one known activation after each but the last")
    return linear, [0 * one.weight[:, 0] if one.bias is None else one.bias for one in linear], between


def stacked(
    network: Record, layers: Iterable[tuple[Tensor, Tensor | None]], activation: Callable[[], nn.Module]
) -> nn.Sequential:
    """Linear layers with these weights (m_out, m_in) and biases, and an activation between any two.

    Raises ValueError where the network that they are of is an ensemble.
    """
    if network.shape:
        raise ValueError(f"self: expected a single network, got an ensemble of shape {network.shape}")
    parts: list[nn.Module] = []
    for weights, bias in layers:
        options = {"bias": bias is not None, "device": weights.device, "dtype": weights.dtype}
        linear = nn.utils.skip_init(nn.Linear, *weights.T.shape, **options)  # which draws no random numbers
        linear.load_state_dict({"weight": weights} if bias is None else {"weight": weights, "bias": bias})
        parts += [linear, activation()]
    return nn.Sequential(*parts[:-1])


class LayeredGradient(Record):
    """∂f by W_ℓ (..., N, k_{ℓ−1}, k_ℓ), b_ℓ (..., N, k_ℓ), w (..., N, k_L) and x (..., N, d), for N inputs.

    >>> from lecturelib.kernels import LayeredGradient
    >>> LayeredGradient([[[[2.0]], [[-1.0]]]], [[[1.0], [1.0]]], [[3.0], [0.0]], [[1.0], [1.0]]).sizes["N"]
    2
    """

    matrices: tuple[Annotated[Array, "... N _k _l"], ...]
    biases: tuple[Annotated[Array, "... N _l"], ...]
    output: Annotated[Array, "... N _l"]
    inputs: Annotated[Array, "... N _d"]


@checked
def backpropagate(network: LayeredNetwork, x: Annotated[Matrix, "_N _d"]) -> LayeredGradient:
    """The gradient of f at each input: x (N, d).

    With z_ℓ = W_ℓᵀ h_{ℓ−1} + b_ℓ: δ_L = w ⊙ σ'(z_L), δ_ℓ = (W_{ℓ+1} δ_{ℓ+1}) ⊙ σ'(z_ℓ), ∂f/∂W_ℓ = h_{ℓ−1} δ_ℓᵀ.

    >>> from lecturelib.kernels import relu
    >>> network = LayeredNetwork([[[1.0, -1.0]]], [[0.0, 0.0]], [1.0, 1.0], relu)
    >>> backpropagate(network, [[-3.0], [2.0]]).inputs.tolist()  # the slope of |x|
    [[-1.0], [1.0]]
    """
    hidden = network.hidden(x)
    matrices, biases = [], []
    signal = network.output[..., None, :].expand(hidden[-1].shape)  # ∂f/∂h_L
    for before, matrix, bias in reversed(list(zip(hidden[:-1], network.matrices, network.biases, strict=True))):
        delta = signal * network.activation.slope(before @ matrix + bias[..., None, :])
        matrices.append(before[..., :, None] * delta[..., None, :])
        biases.append(delta)
        signal = delta @ matrix.mT
    return LayeredGradient(tuple(reversed(matrices)), tuple(reversed(biases)), hidden[-1], signal)


@checked
def random_network(
    widths: Widths, activation: Activation, *, generator: Generator, ensemble: Ensemble = (),
    dtype: Precision = torch.float64,
) -> LayeredNetwork:  # fmt: skip
    """A network with layers of `widths` = (d, k_1, …, k_L): weights of variance 1 / fan-in, normal biases.

    >>> from lecturelib.kernels import tanh
    >>> random_network((2, 5, 5), tanh, generator=torch.Generator(), ensemble=3).shape
    (3,)
    """

    def normal(*shape: int) -> Tensor:
        return torch.randn(*ensemble, *shape, generator=generator, device=generator.device, dtype=dtype)

    matrices = tuple(normal(*pair) / pair[0] ** 0.5 for pair in pairwise(widths))
    return LayeredNetwork(matrices, tuple(map(normal, widths[1:])), normal(widths[-1]) / widths[-1] ** 0.5, activation)
