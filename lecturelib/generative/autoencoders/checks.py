"""Claims of the chapter `generative/autoencoders`: naive Bayes, principal components, the bound, its gap, gradients."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations

import numpy as np
import torch
from torch import Generator, Tensor

from lecturelib.core.checking import equals
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import normal, sizes, uniform
from lecturelib.generative.autoencoders.bounds import gaussian_gaps
from lecturelib.generative.autoencoders.classifiers import naive_bayes
from lecturelib.generative.autoencoders.estimators import quadratic_variances
from lecturelib.generative.autoencoders.linear import fit_linear_vae, principal_components

# Naive Bayes


def labelled(generator: Generator) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """(x, y, places): data of two classes, equally and unequally frequent, of one feature and of several."""
    for size, ones, features in ((20, 10, 3), (15, 4, 2), (9, 6, 1)):
        y = (torch.arange(size) < ones).double()
        x = normal(generator, size, features) * sizes(generator, features) + y[:, None] * normal(generator, features)
        yield x, y, normal(generator, 7, features)


def by_bayes_rule(x: Tensor, y: Tensor, places: Tensor) -> Tensor:
    """ln P(1 | x) − ln P(0 | x) at the places, from densities and Bayes' rule."""
    parts = [x[y == side] for side in (0, 1)]
    means = [part.mean(0) for part in parts]
    variance = sum((part - mean).square().sum(0) for part, mean in zip(parts, means, strict=True)) / len(x)
    logs = [
        math.log(len(part) / len(x)) + torch.distributions.Normal(mean, variance.sqrt()).log_prob(places).sum(-1)
        for part, mean in zip(parts, means, strict=True)
    ]
    return logs[1] - logs[0]


@claim(
    "prop-auto-bayes",
    source="ng2001: section 2",
    check=equals(by_bayes_rule, on=labelled),
    also=(lambda x, y, places: torch.logit(naive_bayes(x, y)(places)),),
    wrong={"without the squares of the means": {"half": 0.0}, "without the shares of the classes": {"prior": 0.0}},
)
def log_odds(x, y, places, *, half=0.5, prior=1.0, power=Exponent(2.0)):
    upper, lower = x[y == 1].mean(0), x[y == 0].mean(0)
    variance = (x - torch.where(y[:, None] == 1, upper, lower)).square().mean(0)
    bias = prior * torch.logit(y.mean()) - half * ((upper.abs() ** power - lower.abs() ** power) / variance).sum()
    return places @ ((upper - lower) / variance) + bias


# The linear autoencoder


def clouds(generator: Generator) -> Iterator[tuple[Tensor, int]]:
    """(x, k): centred data of several shapes, variances apart by a factor of 1.5 or more, and fewer latents."""
    for size, d, k in ((30, 3, 1), (20, 4, 2), (40, 5, 3)):
        u, v = (torch.linalg.qr(normal(generator, n, d)).Q for n in (size, d))
        u = torch.linalg.qr(u - u.mean(0)).Q
        spread = 2.0 ** (-torch.arange(d).double()) * uniform(generator, d, low=0.9, high=1.15)
        yield math.sqrt(size) * u * spread @ v.mT, k


def by_turns(x: Tensor, k: int) -> dict[str, Tensor]:
    """Least squares for the encoder and the decoder by turns, from a start that nobody chose: loss and product D E."""
    decoder = torch.sin(torch.arange(1.0, x.shape[1] * k + 1).double() ** 2).reshape(x.shape[1], k)
    for _ in range(200):
        z = x @ torch.linalg.pinv(decoder).mT  # the best codes of this decoder
        decoder = torch.linalg.lstsq(z, x).solution.mT
    product = decoder @ torch.linalg.pinv(decoder)
    return {"loss": (x - x @ product.mT).square().sum(-1).mean(), "product": product}


def by_library(x: Tensor, k: int) -> dict[str, Tensor]:
    """What `principal_components` says."""
    found = principal_components(x, k)
    back = found.decode(found.encode(x))
    return {"loss": (x - back).square().sum(-1).mean(), "product": found.directions.mT @ found.directions}


@claim(
    "thm-auto-components",
    source="baldi1989: section 3",
    check=equals(by_turns, on=clouds, tolerance=1e-8),
    also=(by_library,),
    wrong={
        "the variance that is kept": {"left": 0.0, "kept": 1.0},
        "the last directions": {"first": -1.0},
        "the root of the variances": {"power": 0.5},
    },
)
def optimum(x, k, *, left=1.0, kept=0.0, first=1.0, power=Exponent(1.0)):
    variances, directions = torch.linalg.eigh(x.mT @ x / len(x))
    variances, directions = variances.flip(0), directions.flip(1)
    chosen = directions[:, :k] if first > 0 else directions[:, -k:]
    spread = variances**power
    return {"loss": left * spread[k:].sum() + kept * spread[:k].sum(), "product": first * chosen @ chosen.mT}


def other_points(generator: Generator) -> Iterator[tuple[Tensor, tuple[int, ...], int, int]]:
    """(x, S, i, j): a set S of k directions that are not the first, j in S and i < j not."""
    for x, k in clouds(generator):
        for chosen in combinations(range(x.shape[1]), k):
            for j in chosen:
                for i in range(j):
                    if i not in chosen:
                        yield x, chosen, i, j


def around(x: Tensor, chosen: tuple[int, ...], i: int, j: int) -> dict[str, Tensor]:
    """Loss, its largest slope, and its second derivative where direction j turns to i in both matrices, by autograd."""
    directions = torch.linalg.eigh(x.mT @ x).eigenvectors.flip(1)
    base = directions[:, list(chosen)]

    def loss(decoder: Tensor, encoder: Tensor) -> Tensor:
        return (x - x @ encoder.mT @ decoder.mT).square().sum(-1).mean()

    slopes = torch.func.grad(loss, argnums=(0, 1))(base, base.mT)
    place = chosen.index(j)

    def turned(angle: Tensor) -> Tensor:
        columns = [base[:, p] for p in range(base.shape[1])]
        columns[place] = torch.cos(angle) * directions[:, j] + torch.sin(angle) * directions[:, i]
        frame = torch.stack(columns, 1)
        return loss(frame, frame.mT)

    bend = torch.func.grad(torch.func.grad(turned))(torch.tensor(0.0, dtype=x.dtype))
    return {"loss": loss(base, base.mT), "slope": max(one.abs().max() for one in slopes), "bend": bend}


@claim(
    "prop-auto-saddles",
    source="baldi1989: section 3",
    check=equals(around, on=other_points, tolerance=1e-8, floor=0.01),
    wrong={"a minimum": {"factor": 2.0}, "half as steep": {"factor": -1.0}, "the loss of the best": {"best": 1.0}},
)
def saddles(x, chosen, i, j, *, factor=-2.0, best=0.0):
    variances = torch.linalg.eigvalsh(x.mT @ x / len(x)).flip(0)
    lost = variances.sum() - variances[list(chosen)].sum()
    lost = lost + best * (variances[len(chosen) :].sum() - lost)
    return {"loss": lost, "slope": torch.tensor(0.0), "bend": factor * (variances[i] - variances[j])}


# The bound


def bent_models(generator: Generator) -> Iterator[tuple[Tensor, float, float, float, float]]:
    """(weights, x, s, μ, σ): p(x | z) normal around a polynomial of z, and a Gaussian q."""
    for _ in range(4):
        noise, width = (float(one) for one in 0.3 + uniform(generator, 2))
        x, mean = (float(one) for one in normal(generator, 2))
        yield 0.7 * normal(generator, 3), x, noise, mean, width


LINE = torch.linspace(-14, 14, 20_001, dtype=torch.float64)


def _normal(x: Tensor, mean: Tensor | float, scale: float) -> Tensor:
    return -0.5 * ((x - mean) / scale) ** 2 - math.log(scale) - 0.5 * math.log(2 * math.pi)


def _joint(weights: Tensor, x: float, noise: float) -> Tensor:
    drawn = weights[0] + weights[1] * LINE + weights[2] * LINE**2
    return _normal(torch.tensor(x), drawn, noise) + _normal(LINE, 0.0, 1.0)


def evidence(weights: Tensor, x: float, noise: float, mean: float, width: float) -> Tensor:
    """ln ∫ p(x | z) p(z) dz, by a sum over a fine grid."""
    return torch.logsumexp(_joint(weights, x, noise), 0) + (LINE[1] - LINE[0]).log()


@claim(
    "thm-auto-bound",
    source="kingma2014: section 2.2",
    check=equals(evidence, on=bent_models, tolerance=1e-9),
    wrong={
        "the gap the other way round, KL(p ‖ q)": {"other": 1.0},
        "without the entropy of q": {"entropy": 0.0},
        "no gap": {"gap": 0.0},
    },
)
def bound(weights, x, noise, mean, width, *, gap=1.0, entropy=1.0, other=0.0):
    """ELBO + KL(q ‖ posterior), with q, the posterior and the joint density on the grid."""
    step, joint, logs = LINE[1] - LINE[0], _joint(weights, x, noise), _normal(LINE, mean, width)
    q, posterior = logs.exp(), joint - torch.logsumexp(joint, 0) - step.log()
    kl = (q * (logs - posterior)).sum() * step
    turned = (posterior.exp() * (posterior - logs)).sum() * step
    return (q * (joint - entropy * logs)).sum() * step + gap * ((1 - other) * kl + other * turned)


def precisions(generator: Generator) -> Iterator[tuple[Tensor]]:
    """Inverse covariances in two to four dimensions, one of them diagonal."""
    for k in (2, 3, 4):
        half = normal(generator, k, k)
        yield (half @ half.mT + 0.2 * torch.eye(k, dtype=torch.float64),)
    yield (torch.diag(sizes(generator, 3)),)


def searched(precision: Tensor) -> dict[str, Tensor]:
    """The least KL(N(0, S) ‖ N(0, Λ⁻¹)) over S of each family, by Newton's method on logarithms of variances."""
    k, found = len(precision), {}
    truth = torch.distributions.MultivariateNormal(torch.zeros(k).double(), precision_matrix=precision)
    for name, count in (("isotropic", 1), ("diagonal", k)):
        shape = torch.zeros(count, dtype=torch.float64)

        def kl(shape: Tensor) -> Tensor:
            q = torch.distributions.MultivariateNormal(truth.loc, torch.diag_embed(shape.exp().expand(k)))
            return torch.distributions.kl_divergence(q, truth)

        for _ in range(60):
            slope, bend = (torch.autograd.functional.jacobian(kl, shape), torch.autograd.functional.hessian(kl, shape))
            shape = shape - torch.linalg.solve(bend, slope).clamp(-1, 1)
            if float(slope.abs().max()) < 1e-13:
                break
        found[name] = kl(shape)
    return found | {"full": torch.distributions.kl_divergence(truth, truth)}


@claim(
    "prop-auto-families",
    source="bishop2006: section 10.1.2; own",
    check=equals(searched, on=precisions, tolerance=1e-8, floor=1e-3),
    also=(lambda precision: gaussian_gaps(precision)._asdict(),),
    wrong={
        "the variances of the posterior": {"own": 1.0},
        "without the half": {"factor": 1.0},
        "a full Gaussian leaves something": {"full": 1e-3},
    },
)
def families(precision, *, factor=0.5, own=0.0, full=0.0):
    """½ (k ln(tr Λ/k) − ln det Λ), ½ (Σ ln Λ_jj − ln det Λ) and 0."""
    k, whole, diagonal = len(precision), torch.logdet(precision), precision.diagonal()
    diagonal = (1 - own) * diagonal + own / torch.linalg.inv(precision).diagonal()
    each = torch.stack([k * (precision.trace() / k).log() - whole, diagonal.log().sum() - whole])
    each = factor * each
    return {"isotropic": each[0], "diagonal": each[1], "full": torch.tensor(full, dtype=torch.float64)}


# Gradients


def quadratics(generator: Generator) -> Iterator[tuple[Tensor, Tensor, float, float]]:
    """(H, slope, value, σ) of f(z) = value + slope·(z − μ) + ½ (z − μ)ᵀ H (z − μ), in one to three dimensions."""
    for k in (1, 2, 3):
        half = normal(generator, k, k)
        value, scale = float(normal(generator, 1)), float(sizes(generator, 1))
        yield half + half.mT, normal(generator, k), value, scale


def by_nodes(hessian: Tensor, slope: Tensor, value: float, scale: float) -> dict[str, Tensor]:
    """Means and variances of both estimates by a rule of Gauss that is exact for polynomials of degree 15."""
    places, weights = np.polynomial.hermite_e.hermegauss(8)
    k = len(slope)
    grid = torch.cartesian_prod(*[torch.tensor(places)] * k).reshape(-1, k)
    share = torch.cartesian_prod(*[torch.tensor(weights / weights.sum())] * k).reshape(-1, k).prod(-1)
    away = scale * grid
    f = value + away @ slope + 0.5 * ((away @ hessian) * away).sum(-1)
    mean = lambda rows: (share[:, None] * rows).sum(0)  # noqa: E731
    wide = lambda rows: (share[:, None] * (rows - mean(rows)).square()).sum()  # noqa: E731
    pathwise, score = slope + away @ hessian, f[:, None] * grid / scale
    # the best constant by least squares: the variance is a parabola of it
    parts = [wide((f - c)[:, None] * grid / scale) for c in (-1.0, 0.0, 1.0)]
    best = parts[1] - (parts[2] - parts[0]) ** 2 / (8 * (parts[2] + parts[0] - 2 * parts[1]))
    return {
        "mean, reparametrized": mean(pathwise), "mean, score": mean(score), "reparametrized": wide(pathwise),
        "score": wide(score), "score_best": best,
    }  # fmt: skip


def variances_of_library(hessian: Tensor, slope: Tensor, value: float, scale: float) -> dict[str, Tensor]:
    """What `quadratic_variances` says."""
    found = quadratic_variances(hessian, slope, value, scale=scale)._asdict()
    found.pop("baseline")
    return {"mean, reparametrized": slope, "mean, score": slope} | found


@claim(
    "thm-auto-gradients",
    source="own",
    check=equals(by_nodes, on=quadratics, tolerance=1e-9),
    also=(variances_of_library,),
    wrong={
        "the square of the mean is not taken off": {"minus": 0.0},
        "k for k + 2": {"two": 0.0},
        "a score that does not scatter more": {"four": 0.0, "two": 0.0},
    },
)
def variances(
    hessian, slope, value, scale, *, two=2.0, four=4.0, quarter=0.25, twice=2.0, minus=1.0, power=Exponent(2.0)
):
    k, trace, squares, steep = len(slope), hessian.trace(), hessian.square().sum(), slope.square().sum()

    def score(height):
        far = quarter * scale**power * (k + four) * (twice * squares + trace**2)
        return k * height**2 / scale**power + (k + two) * (steep + height * trace) + far - minus * steep

    best = -(scale**power) * (k + two) * trace / (twice * k)
    return {
        "mean, reparametrized": slope, "mean, score": slope, "reparametrized": scale**power * squares,
        "score": score(value), "score_best": score(best),
    }  # fmt: skip


# The linear model


def noisy_clouds(generator: Generator) -> Iterator[tuple[Tensor, int, float | None]]:
    """(x, k, noise): the noise is free, or so large that fewer latents than there are are used."""
    for x, k in list(clouds(generator))[:2]:
        yield x, k, None
        variances = torch.linalg.eigvalsh(x.mT @ x / len(x)).flip(0)
        yield x, k, float(0.5 * (variances[k - 1] + variances[k]))
        yield x, k, float(1.2 * variances[k - 1])


def trained(x: Tensor, k: int, noise: float | None) -> dict[str, Tensor]:
    """The bound with a diagonal encoder maximized by L-BFGS over W, V, v and s² from a start that nobody chose."""
    d, moments = x.shape[1], x.mT @ x / len(x)
    start = torch.sin(torch.arange(1.0, 2 * d * k + 1).double() ** 2)
    parts = [0.3 * start[: d * k].reshape(d, k), 0.3 * start[d * k :].reshape(k, d), torch.zeros(k).double()]
    parts = [one.clone().requires_grad_() for one in (*parts, torch.zeros((), dtype=torch.float64))]

    def value() -> Tensor:
        weights, matrix, logs, wide = parts
        s = wide.exp() if noise is None else torch.tensor(noise, dtype=torch.float64)
        rest = torch.eye(d, dtype=x.dtype) - weights @ matrix
        left = torch.trace(rest @ moments @ rest.mT) + (logs.exp() * weights.square().sum(0)).sum()
        price = 0.5 * (torch.trace(matrix @ moments @ matrix.mT) + (logs.exp() - 1 - logs).sum())
        return -0.5 * (d * (2 * math.pi * s).log() + left / s) - price

    optimizer = torch.optim.LBFGS(
        parts, max_iter=600, tolerance_grad=1e-11, tolerance_change=0, history_size=30, line_search_fn="strong_wolfe"
    )

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = -value()
        loss.backward()
        return loss

    optimizer.step(closure)
    weights = parts[0].detach()
    lengths = torch.linalg.svdvals(weights)
    return {"bound": value().detach(), "squares": lengths.square(), "used": (lengths > 1e-3).sum()}


def fitted(x: Tensor, k: int, noise: float | None) -> dict[str, Tensor]:
    """What `fit_linear_vae` gives: the likelihood that its bound attains."""
    model = fit_linear_vae(x, k, noise=noise)
    squares = torch.linalg.svdvals(model.weights).square()
    value = model.elbo(x, *model.encoder()).mean()
    return {"bound": value, "squares": squares, "used": (squares > 1e-6).sum()}


def optimum_of_bound(x, k, noise, *, off=1.0, half=0.5, one=1.0, less=0.0, needed=1.0) -> dict[str, Tensor]:
    """Squares of W are λ_j − s² where λ_j > s²; the bound is the log-likelihood of N(0, C)."""
    variances = torch.linalg.eigvalsh(x.mT @ x / len(x)).flip(0)
    d = len(variances)
    s = variances[k:].mean() if noise is None else torch.tensor(noise, dtype=torch.float64)
    used = variances[:k] > needed * s
    squares = torch.where(used, variances[:k] - off * s, 0.0)
    spread = torch.cat([squares + s, s.expand(d - k)])
    value = -half * (d * math.log(2 * math.pi) + spread.log().sum() + (one * variances / spread).sum()) - less
    return {"bound": value, "squares": squares, "used": used.sum()}


@claim(
    "thm-auto-linear",
    source="tipping1999: section 3; lucas2019: section 4",
    check=equals(trained, on=noisy_clouds, tolerance=5e-7, floor=0.01),
    also=(fitted,),
    wrong={
        "the noise is not taken off": {"off": 0.0},
        r"used where $\lambda_j > 2 s^2$": lambda *problem: optimum_of_bound(*problem, needed=2.0),
        "a gap at the optimum": lambda *problem: optimum_of_bound(*problem, less=0.1),
    },
)
def linear_optimum(x, k, noise, *, off=1.0, half=0.5, one=1.0):
    return optimum_of_bound(x, k, noise, off=off, half=half, one=one)
