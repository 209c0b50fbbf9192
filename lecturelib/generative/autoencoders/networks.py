r"""Autoencoders of networks, plain and variational, as ensembles that train side by side on any device.

A layer is one matrix (in + 1, out) whose last row is the bias; tanh stands between layers. The decoder of the
variational autoencoder is x = f(z) + s ε with one variance s² for all entries, which is trained as well, and its
encoder gives mean and log-variance of a Gaussian in z (Kingma and Welling 2014). What is maximized is the bound

    E_q ln p(x | z) − KL(q(z | x) ‖ N(0, I)).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Annotated, Any

import torch
from torch import Generator, Tensor

from lecturelib.core.arguments import Array, Count, Device, Ensemble, Matrix, Natural, Positive, PositiveArray, checked
from lecturelib.core.kinds import Number, Several
from lecturelib.core.records import Record
from lecturelib.generative.autoencoders.bounds import gaussian_kl

Layers = tuple[Annotated[Array, "... _in _out"], ...]
Points = Annotated[Array, "* _N _d"]
Widths = Annotated[
    Any,
    Several(
        "widths of hidden layers, integers of at least 1",
        Number("an integer, at least 1", least=1, whole=True),
        alone=True,
    ),
]


def _check(name: str, layers: Sequence[Tensor]) -> None:
    shapes = [tuple(one.shape[-2:]) for one in layers]
    if not shapes or any(after[0] != before[1] + 1 for before, after in pairwise(shapes)):
        raise ValueError(f"{name}: expected layers (in + 1, out) that follow each other, got shapes {shapes}")


def through(layers: Sequence[Tensor], x: Tensor) -> Tensor:
    """x (..., N, in) through all layers (..., in + 1, out), with tanh between: (..., N, out)."""
    for place, layer in enumerate(layers):
        x = x @ layer[..., :-1, :] + layer[..., -1:, :]
        if place + 1 < len(layers):
            x = torch.tanh(x)
    return x


def _columns(name: str, array: Tensor, wanted: int) -> None:
    if array.shape[-1] != wanted:
        raise ValueError(f"{name}: expected {wanted} columns, got {array.shape[-1]}")


class Autoencoder(Record):
    """An encoder from d numbers to k, and a decoder back, each a tuple of layers (..., in + 1, out).

    Raises ValueError where sizes do not fit.

    >>> half = Autoencoder(([[1.0], [1.0], [0.0]],), ([[0.5, 0.5], [0.0, 0.0]],))  # the mean of two numbers
    >>> half([[1.0, 3.0]]).tolist()
    [[2.0, 2.0]]
    """

    encoder: Layers
    decoder: Layers

    def __post_init__(self) -> None:
        _check("encoder", self.encoder)
        _check("decoder", self.decoder)
        _columns("encoder", self.encoder[-1], self.decoder[0].shape[-2] - 1)
        _columns("decoder", self.decoder[-1], self.encoder[0].shape[-2] - 1)

    @property
    def latents(self) -> int:
        """k."""
        return self.decoder[0].shape[-2] - 1

    @checked
    def encode(self, x: Points) -> Tensor:
        """The codes of x (..., N, d): (..., N, k). Raises ValueError for another d.

        >>> Autoencoder(([[1.0], [1.0], [0.0]],), ([[0.5, 0.5], [0.0, 0.0]],)).encode([[1.0, 3.0]]).tolist()
        [[4.0]]
        """
        _columns("x", x, self.encoder[0].shape[-2] - 1)
        return through(self.encoder, x)

    @checked
    def decode(self, z: Points) -> Tensor:
        """What codes z (..., N, k) stand for: (..., N, d). Raises ValueError for another k.

        >>> Autoencoder(([[1.0], [1.0], [0.0]],), ([[0.5, 0.5], [0.0, 0.0]],)).decode([[4.0]]).tolist()
        [[2.0, 2.0]]
        """
        _columns("z", z, self.latents)
        return through(self.decoder, z)

    @checked
    def __call__(self, x: Points) -> Tensor:
        """x (..., N, d) after encoder and decoder: (..., N, d)."""
        return self.decode(self.encode(x))


class VAE(Record):
    """The variational autoencoder: layers of the encoder, d to 2k (means, then log-variances), of the decoder, k to d.

    noise: s² of the decoder, (...). Raises ValueError where sizes do not fit.

    >>> vae = VAE(([[0.5, 0.0], [0.0, -1.0]],), ([[2.0], [0.0]],), 0.5)
    >>> mean, variance = vae.encode([[4.0]])
    >>> mean.tolist(), vae.decode(mean).tolist()
    ([[2.0]], [[4.0]])
    """

    encoder: Layers
    decoder: Layers
    noise: Annotated[PositiveArray, "..."]

    def __post_init__(self) -> None:
        _check("encoder", self.encoder)
        _check("decoder", self.decoder)
        _columns("encoder", self.encoder[-1], 2 * self.latents)
        _columns("decoder", self.decoder[-1], self.encoder[0].shape[-2] - 1)

    @property
    def latents(self) -> int:
        """k."""
        return self.decoder[0].shape[-2] - 1

    @checked
    def encode(self, x: Points) -> tuple[Tensor, Tensor]:
        """Mean and variance of q(z | x) for x (..., N, d): both (..., N, k). Raises ValueError for another d.

        >>> VAE(([[0.5, 0.0], [0.0, 0.0]],), ([[2.0], [0.0]],), 0.5).encode([[4.0]])
        (tensor([[2.]], dtype=torch.float64), tensor([[1.]], dtype=torch.float64))
        """
        _columns("x", x, self.encoder[0].shape[-2] - 1)
        mean, logs = through(self.encoder, x).chunk(2, dim=-1)
        return mean, logs.exp()

    @checked
    def decode(self, z: Points) -> Tensor:
        """The mean f(z) of x for codes z (..., N, k): (..., N, d). Raises ValueError for another k.

        >>> VAE(([[0.5, 0.0], [0.0, 0.0]],), ([[2.0], [0.0]],), 0.5).decode([[3.0]]).tolist()
        [[6.0]]
        """
        _columns("z", z, self.latents)
        return through(self.decoder, z)

    @checked
    def log_likelihood(self, x: Points, z: Points) -> Tensor:
        """ln p(x | z) = −½ (d ln 2πs² + |x − f(z)|²/s²): x (..., N, d), z (..., N, k) → (..., N).

        >>> vae = VAE(([[0.5, 0.0], [0.0, 0.0]],), ([[2.0], [0.0]],), 0.5)
        >>> float(vae.log_likelihood([[4.0]], [[2.0]]))  # −½ ln π
        -0.5723...
        """
        _columns("x", x, self.encoder[0].shape[-2] - 1)
        noise = self.noise[..., None]
        off = (x - self.decode(z)).square().sum(-1)
        return -0.5 * (x.shape[-1] * (2 * math.pi * noise).log() + off / noise)

    @checked
    def elbo(self, x: Points, *, generator: Generator, draws: Count = 1) -> Tensor:
        """An estimate of the bound for x (..., N, d), ln p(x | z) − KL(q ‖ N(0, I)), mean over draws of z: (..., N).

        The KL is exact. It can be differentiated: z = μ + σ ε. Raises ValueError for another d.

        >>> vae = VAE(([[0.5, 0.0], [0.0, 0.0]],), ([[2.0], [0.0]],), 0.5)
        >>> vae.elbo([[4.0], [0.0]], generator=torch.Generator().manual_seed(0), draws=10).shape
        torch.Size([2])
        """
        mean, variance = self.encode(x)
        fit = 0.0
        for _ in range(draws):
            noise = torch.randn(mean.shape, generator=generator, dtype=mean.dtype, device=generator.device)
            fit = fit + self.log_likelihood(x, mean + variance.sqrt() * noise.to(mean.device)) / draws
        return fit - gaussian_kl(mean, variance)


def _layers(sizes: Sequence[int], draw: Callable[..., Tensor]) -> tuple[Tensor, ...]:
    """Weights with standard deviation 1/√in, biases 0."""
    return tuple(
        torch.cat([draw(size, out) / math.sqrt(size), 0 * draw(1, out)], dim=-2) for size, out in pairwise(sizes)
    )


def _train(parts: dict, loss: Callable, x: Tensor, steps: int, batch: int, rate: float, generator: Generator) -> dict:
    """Adam on the loss of batches of x; `rate` falls to 0 along half a cosine. The same batches for all members."""
    flat = [one.requires_grad_() for part in parts.values() for one in part]
    optimizer = torch.optim.Adam(flat, lr=rate)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(steps, 1))
    for _ in range(steps):
        chosen = torch.randint(len(x), (min(batch, len(x)),), generator=generator, device=generator.device)
        optimizer.zero_grad()
        loss(parts, x[chosen.to(x.device)]).backward()
        optimizer.step()
        falling.step()
    return {name: tuple(one.detach() for one in part) for name, part in parts.items()}


@checked
def train_autoencoder(
    x: Annotated[Matrix, "_N d"], *, latents: Count, hidden: Widths, generator: Generator, steps: Natural = 3000,
    batch: Count = 128, rate: Positive = 3e-3, ensemble: Ensemble = (), device: Device = "cpu",
) -> Autoencoder:  # fmt: skip
    """An Autoencoder of data x (N, d) by Adam on the mean of |x − x̂|², an ensemble of starts at once.

    hidden: widths of the hidden layers of the encoder; the decoder has them in the other order. The rate falls to 0.

    >>> x = torch.randn(50, 3, generator=torch.Generator().manual_seed(0))
    >>> train_autoencoder(x, latents=1, hidden=[8], steps=5, generator=torch.Generator().manual_seed(1)).encode(x).shape
    torch.Size([50, 1])
    """
    draw, x = _drawing(x, ensemble, generator, device)
    sizes = [x.shape[1], *hidden, latents]
    parts = {"encoder": _layers(sizes, draw), "decoder": _layers(sizes[::-1], draw)}

    def loss(parts: dict, some: Tensor) -> Tensor:
        return (some - through(parts["decoder"], through(parts["encoder"], some))).square().sum(-1).mean(-1).sum()

    return Autoencoder(**_train(parts, loss, x, steps, batch, rate, generator))


@checked
def train_vae(
    x: Annotated[Matrix, "_N d"], *, latents: Count, hidden: Widths, generator: Generator, steps: Natural = 3000,
    batch: Count = 128, rate: Positive = 3e-3, noise: Positive = 0.05, learn_noise: bool = True,
    ensemble: Ensemble = (), device: Device = "cpu",
) -> VAE:  # fmt: skip
    """A VAE of data x (N, d) by Adam on the mean of the bound, one draw of z for each datum, an ensemble at once.

    noise: s² to begin with, and for good unless it is learned. hidden: as in `train_autoencoder`. The rate falls to 0.

    >>> x = torch.randn(50, 3, generator=torch.Generator().manual_seed(0))
    >>> vae = train_vae(x, latents=1, hidden=[8], steps=5, generator=torch.Generator().manual_seed(1), ensemble=2)
    >>> vae.shape, vae.decode([[0.0]]).shape
    ((2,), torch.Size([2, 1, 3]))
    """
    draw, x = _drawing(x, ensemble, generator, device)
    sizes = [x.shape[1], *hidden]
    parts = {"encoder": _layers([*sizes, 2 * latents], draw), "decoder": _layers([latents, *sizes[::-1]], draw)}
    known = torch.full(ensemble, math.log(noise), dtype=x.dtype, device=x.device)
    if learn_noise:
        parts["logs"] = (known,)

    def loss(parts: dict, some: Tensor) -> Tensor:
        logs = parts["logs"][0] if learn_noise else known
        mean, wide = through(parts["encoder"], some).chunk(2, dim=-1)
        draws = torch.randn(mean.shape, generator=generator, dtype=mean.dtype, device=generator.device)
        z = mean + (0.5 * wide).exp() * draws.to(mean.device)
        off = (some - through(parts["decoder"], z)).square().sum(-1).mean(-1)
        price = 0.5 * (mean.square() + wide.exp() - 1 - wide).sum(-1).mean(-1)
        return (0.5 * (some.shape[1] * logs + off * (-logs).exp()) + price).sum()

    found = _train(parts, loss, x, steps, batch, rate, generator)
    logs = found.pop("logs", (known,))[0]
    return VAE(**found, noise=logs.exp())


def _drawing(x: Tensor, ensemble: tuple[int, ...], generator: Generator, device: torch.device) -> tuple:
    """Standard normal numbers for every member, and the data where all is computed."""
    x = x.detach().to(device)

    def draw(*shape: int) -> Tensor:
        made = torch.randn(*ensemble, *shape, generator=generator, dtype=x.dtype, device=generator.device)
        return made.to(device)

    return draw, x
