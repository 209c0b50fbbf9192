"""Claims of the chapter `equivariance/augmentation`: invariant losses, starts that stay symmetric, penalties."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Generator, Tensor
from torch.nn import functional

from lecturelib.core.checking import adds_up_to_zero, equals
from lecturelib.core.claims import claim
from lecturelib.core.problems import normal, sizes, uniform
from lecturelib.equivariance.augmentation.adversarial import attack
from lecturelib.equivariance.augmentation.symmetry import augmented_loss, symmetrize
from lecturelib.equivariance.groups.actions import Action, cyclic, dihedral, octahedral, rotations, symmetric

Loss = Callable[[Tensor], Tensor]


def in_other_coordinates(action: Action, generator: Generator) -> Action:
    """The same action, no longer by orthogonal matrices."""
    to = torch.eye(action.size, dtype=torch.float64) + 0.3 * normal(generator, action.size, action.size).clamp(-1, 1)
    back = to.inverse()
    return Action(action.group, [to @ a @ back for a in action.generators], [to @ a @ back for a in action.algebra])


def turned_coordinates(action: Action, generator: Generator) -> Action:
    """The same action in other orthogonal coordinates."""
    to = torch.linalg.qr(normal(generator, action.size, action.size))[0]
    return Action(action.group, [to @ a @ to.T for a in action.generators])


def network_loss(moves: Tensor, k: int, generator: Generator) -> Loss:
    """W (k, n) → the mean over moves and five data of ℓ(v·tanh(W g x + b) − y), ℓ neither even nor quadratic."""
    x, y = normal(generator, 5, moves.shape[-1]), normal(generator, 5)
    v, b = normal(generator, k), normal(generator, k)

    moved = torch.einsum("gij,nj->gni", moves, x)

    def loss(w: Tensor) -> Tensor:
        off = torch.tanh(moved @ w.T + b) @ v - y
        return (off**2 / 2 + functional.softplus(off)).mean()

    return loss


def slope(loss: Loss, w: Tensor) -> Tensor:
    """∇L(W)."""
    w = w.detach().clone().requires_grad_()
    return torch.autograd.grad(loss(w), w)[0]


# The gradient


def moved_networks(generator: Generator) -> Iterator[tuple[Loss, Tensor, Tensor]]:
    """Loss, weights and an element, of groups by orthogonal and by other matrices."""
    for action in (cyclic(4).vectors(), symmetric(3).vectors(), dihedral(3).vectors(), octahedral().vectors()):
        for one in (action, in_other_coordinates(action, generator)):
            g = one.elements[int(torch.randint(1, len(one.elements), (1,), generator=generator))]
            yield network_loss(one.elements, 3, generator), normal(generator, 3, one.size), g


def at_the_moved_weights(loss: Loss, w: Tensor, g: Tensor) -> dict[str, Tensor]:
    """L and ∇L at W g."""
    return {"loss": loss(w @ g), "gradient": slope(loss, w @ g)}


@claim(
    "thm-aug-gradient",
    source="anselmi: class 4, theorem 1; own",
    check=equals(at_the_moved_weights, on=moved_networks),
    wrong={
        r"$\nabla\mathcal L(W)\, \rho(g)$": lambda loss, w, g: {"loss": loss(w), "gradient": slope(loss, w) @ g},
        r"$\nabla\mathcal L(W)$": lambda loss, w, g: {"loss": loss(w), "gradient": slope(loss, w)},
        "the inverse, not transposed": lambda loss, w, g: {"loss": loss(w), "gradient": slope(loss, w) @ g.inverse()},
    },
)
def moved_gradient(loss, w, g, *, power=-1):
    return {"loss": loss(w), "gradient": slope(loss, w) @ torch.linalg.matrix_power(g, power).T}


# Starts that stay


def symmetric_starts(generator: Generator) -> Iterator[tuple[Loss, Tensor, Tensor, float]]:
    """Loss, elements, symmetric filters and a rate; some groups are not orthogonal, and have a mean that is or is not
    symmetric."""
    plane, one = cyclic(4).vectors(), cyclic(4).trivial()
    flip = dihedral(1)
    for action in (
        symmetric(3).vectors(), turned_coordinates(dihedral(4).vectors() + dihedral(4).trivial(), generator),
        in_other_coordinates(plane, generator) + one, in_other_coordinates(plane + one, generator),
        in_other_coordinates(flip.vectors(), generator), in_other_coordinates(symmetric(3).vectors(), generator),
    ):  # fmt: skip
        w = normal(generator, 3, action.size) @ action.elements.mean(0)
        yield network_loss(action.elements, 3, generator), action.elements, w, 0.1 * float(uniform(generator, low=0.5))


def by_descent(loss: Loss, moves: Tensor, w: Tensor, rate: float) -> dict[str, Tensor]:
    """Are filters symmetric after twenty steps? And what is not symmetric in them after one."""
    first = w - rate * slope(loss, w)
    leaves = first - torch.stack([first @ g for g in moves]).mean(0)
    for _ in range(20):
        w = w - rate * slope(loss, w)
    stays = all(bool((w @ g - w).abs().max() < 1e-9) for g in moves)
    return {"stays": torch.tensor(stays), "leaves": leaves}


def by_the_mean(loss: Loss, moves: Tensor, w: Tensor, rate: float) -> dict[str, Tensor]:
    """Is the mean of the group a symmetric matrix? And −η ∇L (I − P)."""
    mean = moves.mean(0)
    leaves = -rate * (slope(loss, w) - slope(loss, w) @ mean)
    return {"stays": torch.tensor(bool((mean - mean.T).abs().max() < 1e-9)), "leaves": leaves}


def orthogonal(moves: Tensor) -> bool:
    return bool((moves @ moves.mT - torch.eye(moves.shape[-1]).to(moves)).abs().max() < 1e-9)


@claim(
    "thm-aug-starts",
    source="own; anselmi: class 4, corollary 1",
    check=equals(by_descent, on=symmetric_starts, floor=1e-3, tolerance=1e-9),
    wrong={
        "they stay for every group": lambda *one: by_the_mean(*one) | {"stays": torch.tensor(True)},
        "they stay for orthogonal groups alone": lambda *one: (
            by_the_mean(*one) | {"stays": torch.tensor(orthogonal(one[1]))}
        ),
        r"$P^\top$ in place of $P$": lambda loss, moves, w, rate: by_the_mean(loss, moves.mT, w, rate),
    },
)
def symmetric_filters(loss, moves, w, rate, *, factor=1.0):
    return by_the_mean(loss, moves, w, factor * rate)


# Sets of filters that stay


def sets(generator: Generator) -> Iterator[tuple]:
    """(moves, W, v, b, x, y, g, the order of the filters w g): filters with all copies, orthogonal groups."""
    for action in (cyclic(4).vectors(), symmetric(3).vectors(), octahedral().vectors()):
        moves = turned_coordinates(action, generator).elements
        order, squares = len(moves), (moves @ moves - moves[0]).abs().amax((1, 2))
        number = int(squares.argmax())  # an element that is not its own inverse
        w = torch.einsum("ki,gij->kgj", normal(generator, 2, action.size), moves).flatten(0, 1)
        products = (moves @ moves[number]).flatten(1)  # the copy by h becomes that by h g
        place = torch.cdist(products, moves.flatten(1)).argmin(1)
        v, b = (normal(generator, 2).repeat_interleave(order) for _ in range(2))
        x, y = normal(generator, 4, action.size), normal(generator, 4)
        yield moves, w, v, b, x, y, moves[number], torch.cat([place, place + order])


def trained(moves, w, v, b, x, y, g=None, place=None) -> list[Tensor]:
    """W, v, b after thirty steps on all moved data."""
    weights = [one.detach().clone().requires_grad_() for one in (w, v, b)]
    moved = torch.einsum("hij,nj->hni", moves, x)
    for _ in range(30):
        loss = (torch.tanh(moved @ weights[0].T + weights[2]) @ weights[1] - y).square().mean()
        slopes = torch.autograd.grad(loss, weights)
        weights = [(one - 0.05 * d).detach().requires_grad_() for one, d in zip(weights, slopes, strict=True)]
    return [one.detach() for one in weights]


def moved_set(*one) -> dict[str, Tensor]:
    """W g, v and b after training."""
    w, v, b = trained(*one)
    return {"filters": w @ one[6], "outputs": v, "biases": b}


def reordered(*one, factor: float = 1.0, place=None) -> dict[str, Tensor]:
    """Π W, Π v and Π b after training."""
    w, v, b = trained(*one)
    place = one[7] if place is None else place
    return {"filters": factor * w[place], "outputs": v[place], "biases": b[place]}


@claim(
    "prop-aug-sets",
    source="own",
    check=equals(moved_set, on=sets),
    wrong={
        "each filter stays": lambda *one: reordered(*one, place=torch.arange(len(one[1]))),
        r"$\Pi^{-1}$": lambda *one: reordered(*one, place=one[7].argsort()),
        "without augmentation": lambda *one: reordered(one[0][:1], *one[1:]),
    },
)
def symmetric_sets(moves, w, v, b, x, y, g, place, *, factor=1.0):
    return reordered(moves, w, v, b, x, y, g, place, factor=factor)


# A penalty


def linear_models(generator: Generator) -> Iterator[tuple[Action, Tensor, Tensor, Tensor]]:
    """An action, inputs, targets and a filter."""
    for action in (cyclic(4).images(2), symmetric(3).vectors(), dihedral(4).vectors() + dihedral(4).trivial()):
        for one in (action, in_other_coordinates(action, generator)):
            yield one, normal(generator, 6, one.size), normal(generator, 6), normal(generator, one.size)


def square_losses(action: Action, x: Tensor, y: Tensor, w: Tensor) -> dict[str, Tensor]:
    """The loss over all moved data at w, and at the mean of ρ(g)ᵀw."""
    at = lambda one: torch.stack([(x @ g.T @ one - y).square().mean() / 2 for g in action.elements]).mean()  # noqa: E731
    return {"loss": at(w), "at_the_mean": at(torch.stack([g.T @ w for g in action.elements]).mean(0))}


def with_penalty(action: Action, x: Tensor, y: Tensor, w: Tensor, half: float, centre: bool = True) -> dict:
    """The loss of averaged data, and with the spread of each orbit in the direction of w."""
    moved = torch.einsum("gij,nj->gni", action.elements, x)
    mean = moved.mean(0)
    first = half * (mean @ w - y).square().mean()
    spread = moved - mean if centre else moved
    covariance = torch.einsum("gni,gnj->ij", spread, spread) / (len(moved) * len(x))
    return {"loss": first + half * w @ covariance @ w, "at_the_mean": first}


@claim(
    "prop-aug-penalty",
    source="own",
    check=equals(square_losses, on=linear_models),
    also=(
        lambda action, x, y, w: {
            name: augmented_loss(lambda z, w=one: z @ w, action, lambda f, t: (f - t).square() / 2)(x, y)
            for name, one in {"loss": w, "at_the_mean": symmetrize(w, action)}.items()
        },
    ),
    wrong={
        "averaged data alone": lambda *one: with_penalty(*one, 0.5) | {"loss": with_penalty(*one, 0.5)["at_the_mean"]},
        "spread about 0": lambda *one: with_penalty(*one, 0.5, centre=False),
    },
)
def as_a_penalty(action, x, y, w, *, half=0.5):
    return with_penalty(action, x, y, w, half)


# Shifts in an interval


def on_a_ring(generator: Generator) -> Iterator[tuple[Tensor, Tensor, float]]:
    """Amplitudes (2, K) of cosines and sines, a filter on a ring of odd size, and the largest shift as an angle."""
    for size in (5, 9, 12 + 1):
        yield normal(generator, 2, 4), normal(generator, size), float(uniform(generator, low=0.1, high=math.pi))


def shift(size: int, angle: float) -> Tensor:
    """The matrix of a shift by an angle of signals on a ring of odd size, as sums of waves."""
    k = torch.fft.fftfreq(size, 1 / size, dtype=torch.float64)
    wave = torch.fft.fft(torch.eye(size, dtype=torch.complex128), dim=0) * torch.exp(-1j * k * angle)[:, None]
    return torch.fft.ifft(wave, dim=0).real


AT = torch.linspace(0, 6, 7, dtype=torch.float64)


def by_quadrature(amplitudes: Tensor, u: Tensor, width: float) -> dict[str, Tensor]:
    """The mean of f(θ − t) over |t| ≤ a; and the filter that fits ⟨u, x⟩ best for shifted white inputs."""
    nodes, weights = (torch.as_tensor(one) for one in np.polynomial.legendre.leggauss(40))
    k = torch.arange(amplitudes.shape[1], dtype=torch.float64)
    angle = (AT[:, None] - width * nodes)[..., None] * k
    values = (amplitudes[0] * angle.cos() + amplitudes[1] * angle.sin()).sum(-1)
    size = len(u)
    shifted = torch.stack([shift(size, float(width * t)) for t in nodes])  # its columns are shifted unit signals
    gram = torch.einsum("t,tij,tkj->ik", weights / 2, shifted, shifted)
    right = torch.einsum("t,tij,j->i", weights / 2, shifted, u)
    return {"mean": values @ weights / 2, "filter": torch.linalg.solve(gram, right)}


def by_sinc(amplitudes: Tensor, u: Tensor, width: float, gain: Callable[[Tensor], Tensor]) -> dict[str, Tensor]:
    """Each wave k multiplied by gain(k a)."""
    k = torch.arange(amplitudes.shape[1], dtype=torch.float64)
    kept = amplitudes * gain(k * width)
    mean = (kept[0] * (AT[:, None] * k).cos() + kept[1] * (AT[:, None] * k).sin()).sum(-1)
    waves = torch.fft.rfft(u)
    return {"mean": mean, "filter": torch.fft.irfft(waves * gain(torch.arange(len(waves)).double() * width), n=len(u))}


@claim(
    "prop-aug-sinc",
    source="own; anselmi: class 4",
    check=equals(by_quadrature, on=on_a_ring, tolerance=1e-9),
    wrong={
        r"$\operatorname{sinc}(2ka)$": lambda *one: by_sinc(*one, lambda ka: torch.sinc(2 * ka)),
        r"$\operatorname{sinc}(ka)$": lambda *one: by_sinc(*one, torch.sinc),
        r"$\cos(ka)$": lambda *one: by_sinc(*one, torch.cos),
    },
)
def nearly_invariant(amplitudes, u, width, *, scale=1.0):
    return by_sinc(amplitudes, u, width, lambda ka: torch.sinc(scale * ka / math.pi))


# Forbidden directions


def under_turns(generator: Generator) -> Iterator[tuple[Loss, Tensor, Tensor]]:
    """Loss, weights and a generator, for turns of the plane by all angles, in several coordinates."""
    plane = rotations(2).vectors()
    angles = 2 * math.pi * torch.arange(200, dtype=torch.float64) / 200  # exact to rounding for these smooth losses
    for action in (plane, in_other_coordinates(plane, generator), plane + rotations(2).tensors(2)):
        a = action.algebra[0]
        moves = torch.linalg.matrix_exp(angles[:, None, None] * a)
        yield network_loss(moves, 3, generator), 0.3 * normal(generator, 3, action.size).clamp(-2, 2), a


@claim(
    "prop-aug-forbidden",
    source="own; anselmi: class 4",
    check=adds_up_to_zero(on=under_turns, tolerance=1e-8),
    wrong={
        r"$A$ in place of $A^\top$": lambda loss, w, a: dict(enumerate((slope(loss, w) * (w @ a.T)).sum(1))),
        "for each filter apart": lambda loss, w, a: {0: (slope(loss, w)[0] * (w[0] @ a)).sum()},
    },
)
def forbidden(loss, w, a):
    return dict(enumerate((slope(loss, w) * (w @ a)).sum(1)))


# The worst case


def small_linear_models(generator: Generator) -> Iterator[tuple[Tensor, Tensor, Tensor, float]]:
    """Inputs (N, 6), labels ±1, weights, and how far inputs are moved."""
    for n in (1, 4):
        labels = 2.0 * torch.randint(2, (n,), generator=generator).double() - 1
        yield normal(generator, n, 6), labels, normal(generator, 6), 0.3 * float(sizes(generator))


def over_corners(x: Tensor, y: Tensor, w: Tensor, size: float) -> dict[str, Tensor]:
    """The largest logistic loss, the largest and the mean square loss over the 64 corners of the box of each datum."""
    corners = torch.cartesian_prod(*[torch.tensor([-size, size], dtype=torch.float64)] * 6)
    f = (x[:, None] + corners) @ w
    square = (f - y[:, None]).square() / 2
    return {
        "logistic": functional.softplus(-y[:, None] * f).amax(1), "square": square.amax(1), "mean": square.mean(1),
    }  # fmt: skip


def moved_losses(x: Tensor, y: Tensor, w: Tensor, size: float, half: float = 0.5, norm: float = 1.0) -> dict:
    """The same from the norms of w."""
    f = x @ w
    lost = size * w.abs().pow(norm).sum() ** (1 / norm)
    off = f - y
    return {
        "logistic": functional.softplus(-(y * f - lost)), "square": half * (off.abs() + lost) ** 2,
        "mean": half * (off**2 + size**2 * w.square().sum()),
    }  # fmt: skip


def by_one_step(x: Tensor, y: Tensor, w: Tensor, size: float) -> dict[str, Tensor]:
    """The library's attack of one step."""
    logistic = lambda z: functional.softplus(-y * (z @ w))  # noqa: E731
    square = lambda z: (z @ w - y).square() / 2  # noqa: E731
    found = {"logistic": logistic, "square": square}
    worst = {name: loss(attack(loss, x, size=size, steps=1)) for name, loss in found.items()}
    return worst | {"mean": over_corners(x, y, w, size)["mean"]}


@claim(
    "prop-aug-worst",
    source="own; madry2018: section 2",
    check=equals(over_corners, on=small_linear_models),
    also=(by_one_step,),
    wrong={
        r"$\lVert w \rVert_2$ in place of $\lVert w \rVert_1$": lambda *one: moved_losses(*one, norm=2.0),
        "the worst case as the mean": lambda *one: moved_losses(*one) | {"square": moved_losses(*one)["mean"]},
    },
)
def worst_case(x, y, w, size, *, half=0.5, norm=1.0):
    return moved_losses(x, y, w, size, half, norm)
