"""Fully connected networks f(x) = wᵀ σ(W_Lᵀ σ(… σ(W_1ᵀ x + b_1) …) + b_L), and their gradient written out."""

from __future__ import annotations

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
        layers, bends = list(module)[::2], list(module)[1::2]
        names = {known: name for name, (known, _) in KNOWN.items()}
        fits = len(layers) > len(bends) > 0 and {type(one) for one in layers} == {nn.Linear}
        if not fits or len(set(map(str, bends))) > 1 or type(bends[0]) not in names:
            raise ValueError(f"module: expected linear layers and one known activation between them, got {module}")
        if layers[-1].bias is not None or layers[-1].out_features != 1:
            raise ValueError(f"module: expected a last layer of one output without a bias, got {layers[-1]}")
        *matrices, last = (one.weight.T for one in layers)
        biases = (one.weight[:, 0] * 0 if one.bias is None else one.bias for one in layers[:-1])
        settings = (getattr(bends[0], name) for name in ("negative_slope", "alpha") if hasattr(bends[0], name))
        activation = Activation(names[type(bends[0])], tuple(settings))
        return LayeredNetwork(tuple(matrices), tuple(biases), last[:, 0], activation).detach().clone()

    def to_module(self) -> nn.Sequential:
        """The module that computes a single network, with parameters of its own, for shape (N, d): shape (N, 1).

        Raises ValueError for an ensemble.

        >>> from lecturelib.kernels import relu
        >>> LayeredNetwork([[[2.0]]], [[-1.0]], [3.0], relu).to_module()(torch.ones(1, 1).double()).item()
        3.0
        """
        if self.shape:
            raise ValueError(f"self: expected a single network, got an ensemble of shape {self.shape}")
        layers: list[nn.Module] = []
        for matrix, *bias in (*zip(self.matrices, self.biases, strict=True), (self.output[:, None],)):
            options = {"bias": bool(bias), "device": self.device, "dtype": self.dtype}
            linear = nn.utils.skip_init(nn.Linear, *matrix.shape, **options)
            linear.load_state_dict(dict(zip(("weight", "bias"), (matrix.T, *bias), strict=False)))
            layers += [linear, self.activation.module]
        return nn.Sequential(*layers[:-1])


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
