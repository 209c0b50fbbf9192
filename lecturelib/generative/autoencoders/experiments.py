"""Runs that are stored: digits in few dimensions, the gap of their bound, and two classifiers as data grow.

Run: python -m lecturelib.generative.autoencoders.experiments [--only plane|bounds|gaps|race]
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np
import torch
from torch import Generator, Tensor

from lecturelib.core.digits import shuffled_digits
from lecturelib.core.experiments import Provenance, generator_for, load, save
from lecturelib.core.statements import CHAPTERS
from lecturelib.generative.autoencoders.classifiers import gaussian_error, logistic_regression, naive_bayes
from lecturelib.generative.autoencoders.linear import fit_linear_vae
from lecturelib.generative.autoencoders.networks import VAE, Autoencoder, train_autoencoder, train_vae

PLANE = Path(__file__).with_name("data") / "plane.json"
STORED = CHAPTERS / "generative/data"
HIDDEN, STEPS, TRAINED = (64, 64), 3000, 1437
LATENTS, SEEDS = (1, 2, 3, 4, 6, 8, 16), (0, 1, 2, 3, 4)


def digits() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Digits of 8 × 8 pixels, grey from 0 to 1: 1,437 to train on and their names, 360 to test on and theirs."""
    images, names = shuffled_digits(generator_for(0, "digits"))
    x = images.flatten(1)
    return x[:TRAINED], names[:TRAINED], x[TRAINED:], names[TRAINED:]


def _short(layers: tuple[Tensor, ...]) -> list:
    """Weights with four digits, as lists."""
    return [[[float(f"{value:.4g}") for value in row] for row in layer.tolist()] for layer in layers]


def plane(seed: int) -> dict:
    """A VAE and a plain autoencoder of the digits with two latents: their layers."""
    x = digits()[0]
    vae = train_vae(x, latents=2, hidden=HIDDEN, steps=STEPS, generator=generator_for(seed, "plane"))
    plain = train_autoencoder(x, latents=2, hidden=HIDDEN, steps=STEPS, generator=generator_for(seed, "plain"))
    return {
        "seed": seed, "noise": float(vae.noise),
        "vae": {"encoder": _short(vae.encoder), "decoder": _short(vae.decoder)},
        "plain": {"encoder": _short(plain.encoder), "decoder": _short(plain.decoder)},
    }  # fmt: skip


def stored_plane() -> tuple[VAE, Autoencoder]:
    """The VAE and the plain autoencoder with two latents that the book shows."""
    (found,), _ = load(PLANE)
    layers = {
        name: {part: tuple(torch.tensor(one, dtype=torch.float64) for one in found[name][part]) for part in found[name]}
        for name in ("vae", "plain")
    }
    return VAE(**layers["vae"], noise=found["noise"]), Autoencoder(**layers["plain"])


def bounds(latents: int, seeds: int) -> dict:
    """The bound of VAEs with so many latents, several starts: per digit, on training and test data, and its parts."""
    x, _, test, _ = digits()
    generator = generator_for(0, "bounds", latents)
    vae = train_vae(x, latents=latents, hidden=HIDDEN, steps=STEPS, generator=generator, ensemble=seeds)
    linear = fit_linear_vae(x, latents)
    mean, variance = vae.encode(test)
    prices = 0.5 * (mean.square() + variance - 1 - variance.log()).mean(-2)  # of each latent, (S, k)
    return {
        "latents": latents,
        "train": vae.elbo(x, generator=generator, draws=20).mean(-1).tolist(),
        "test": vae.elbo(test, generator=generator, draws=20).mean(-1).tolist(),
        "price": prices.sum(-1).tolist(),
        "used": (prices > 0.1).sum(-1).tolist(),
        "noise": vae.noise.tolist(),
        "linear_train": float(linear.log_evidence(x).mean()),
        "linear_test": float(linear.log_evidence(test).mean()),
        "linear_noise": float(linear.noise),
    }


# The gap, digit by digit

COARSE, FINE, GRID, REACH = 8, 20, 400, 4.5
"""Nodes along an axis of the plane: while bounds are looked for, and to measure them; places of the grid along an axis,
and where it ends."""


def nodes(count: int) -> tuple[Tensor, Tensor]:
    """Gauss and Hermite in the plane: places ε (count², 2) and weights (count²,) of a standard normal mean."""
    places, weights = np.polynomial.hermite_e.hermegauss(count)
    x, w = torch.tensor(places), torch.tensor(weights / weights.sum())
    return torch.cartesian_prod(x, x), torch.outer(w, w).reshape(-1)


def log_evidence(vae: VAE, x: Tensor) -> Tensor:
    """ln p(x) of a VAE with two latents, by a sum over a grid of the plane: x (N, d) → (N,)."""
    line = torch.linspace(-REACH, REACH, GRID, dtype=x.dtype)
    cell, total = math.log(float(line[1] - line[0]) ** 2), []
    for part in torch.cartesian_prod(line, line).split(8000):
        drawn = vae.decode(part)
        squares = (x.square().sum(-1)[:, None] + drawn.square().sum(-1) - 2 * x @ drawn.mT) / vae.noise
        fit = -0.5 * (x.shape[-1] * (2 * math.pi * vae.noise).log() + squares)
        total.append(torch.logsumexp(fit - 0.5 * part.square().sum(-1) - math.log(2 * math.pi) + cell, dim=-1))
    return torch.logsumexp(torch.stack(total), dim=0)


def mixture_bound(vae: VAE, x: Tensor, logits: Tensor, mean: Tensor, factor: Tensor, count: int = FINE) -> Tensor:
    """The bound for q a mixture of Gaussians N(mean, F Fᵀ), by quadrature at each component: (N,).

    logits (N, K), mean (N, K, 2), lower triangular F (N, K, 2, 2); z = mean + F ε.
    """
    places, weights = nodes(count)
    z = mean[..., None, :] + places @ factor.mT  # (N, K, Q, 2)
    joint = vae.log_likelihood(x[:, None, :].expand(len(x), z.shape[1] * z.shape[2], -1), z.flatten(1, 2))
    joint = joint.unflatten(1, z.shape[1:3]) - 0.5 * z.square().sum(-1) - math.log(2 * math.pi)
    away = z[:, :, :, None, :] - mean[:, None, None]  # of each place from each component
    first = away[..., 0] / factor[:, None, None, :, 0, 0]
    second = (away[..., 1] - factor[:, None, None, :, 1, 0] * first) / factor[:, None, None, :, 1, 1]
    sizes = (factor[..., 0, 0] * factor[..., 1, 1]).log()[:, None, None]
    shares = torch.log_softmax(logits, -1)
    each = -0.5 * (first.square() + second.square()) - math.log(2 * math.pi) - sizes + shares[:, None, None]
    values = ((joint - torch.logsumexp(each, -1)) * weights).sum(-1)
    return (shares.exp() * values).sum(-1)


Start = tuple[Tensor, Tensor, Tensor]


def best_bound(
    vae: VAE, x: Tensor, kind: str, start: Start, *, steps: int, generator: Generator
) -> tuple[Tensor, Start]:
    """The largest bound that Adam finds for each datum: q isotropic, diagonal, full, or a mixture of "2" full ones.

    start: mean, logarithms of the diagonal of F, and its other entry, of one Gaussian (N, 2), (N, 2), (N); the
    components of a mixture begin scattered around it by half its width. Also gives where the first component ends.
    """
    count, (mean, logs, skew) = int(kind) if kind.isdecimal() else 1, start
    scatter = 0.5 * torch.randn(len(x), count, 2, generator=generator, dtype=x.dtype)
    center = mean[:, None] + (scatter * logs.exp()[:, None] if count > 1 else 0)
    if kind == "isotropic":
        logs = logs.mean(-1, keepdim=True)
    begin = (torch.zeros(len(x), count, dtype=x.dtype), center, logs[:, None].repeat(1, count, 1), skew[:, None])
    moved = [one.repeat(1, count) if one is begin[3] else one.clone() for one in begin]
    for one in moved:
        one.requires_grad_()

    def bound(nodes: int) -> Tensor:
        logits, center, wide, skew = moved
        wide = wide.exp().expand(-1, -1, 2)
        low = 0 * skew if kind in ("isotropic", "diagonal") else skew
        factor = torch.stack([torch.stack([wide[..., 0], 0 * low], -1), torch.stack([low, wide[..., 1]], -1)], -2)
        return mixture_bound(vae, x, logits, center, factor, nodes)

    optimizer = torch.optim.Adam(moved, lr=0.02)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        optimizer.zero_grad()
        (-bound(COARSE).sum()).backward()
        optimizer.step()
        falling.step()
    with torch.no_grad():
        found = bound(FINE)
    _, center, wide, skew = (one.detach()[:, 0] for one in moved)
    return found, (center, wide.expand(-1, 2), skew)


KINDS = ("encoder", "isotropic", "diagonal", "full", "2")


def gaps(count: int, steps: int, seed: int) -> list[dict]:
    """For each of the first test digits: ln p(x), and what it is above the best bound of each family."""
    vae, _ = stored_plane()
    x = digits()[2][:count]
    truth = log_evidence(vae, x)
    mean, variance = vae.encode(x)
    factor = torch.diag_embed(variance.sqrt())[:, None]
    found = {"encoder": mixture_bound(vae, x, torch.zeros(count, 1, dtype=x.dtype), mean[:, None], factor)}
    start = (mean, 0.5 * variance.log(), torch.zeros(count, dtype=x.dtype))
    for kind in KINDS[1:]:  # each begins where the smaller family ended
        generator = generator_for(seed, "gaps", kind)
        found[kind], start = best_bound(vae, x, kind, start, steps=steps, generator=generator)
    rows = {kind: (truth - bound).tolist() for kind, bound in found.items()}
    return [
        {"log_evidence": float(truth[n])} | {kind: rows[kind][n] for kind in KINDS} for n in range(count)
    ]  # fmt: skip


# Classifiers

FEATURES, RUNS, COUNTS = 16, 200, (6, 10, 16, 24, 40, 64, 100, 160, 250, 400, 1000, 4000)
PENALTIES = {"logistic": 1e-3, "penalized": 1.0}


def classes(correlation: float) -> tuple[Tensor, Tensor]:
    """Means (2, 16), drawn once, and covariance of two normal classes: pairs of features have this correlation."""
    half = 0.35 * torch.randn(FEATURES, generator=generator_for(0, "means"), dtype=torch.float64)
    pair = torch.tensor([[1.0, correlation], [correlation, 1.0]], dtype=torch.float64)
    return torch.stack([-half, half]), torch.block_diag(*[pair] * (FEATURES // 2))


def race(correlation: float, seed: int) -> dict:
    """Exact errors of naive Bayes and logistic regression over the number of data, means over 200 data sets."""
    means, covariance = classes(correlation)
    factor, rows = torch.linalg.cholesky(covariance), {name: [] for name in ("bayes", *PENALTIES)}
    for count in COUNTS:
        generator = generator_for(seed, "race", correlation, count)
        y = torch.arange(count) % 2
        noise = torch.randn(RUNS, count, FEATURES, generator=generator, dtype=torch.float64)
        x, every = means[y] + noise @ factor.mT, y.expand(RUNS, count)
        rows["bayes"].append(gaussian_error(naive_bayes(x, every), means, covariance))
        for name, penalty in PENALTIES.items():
            rows[name].append(gaussian_error(logistic_regression(x, every, penalty=penalty), means, covariance))
    half = torch.linalg.solve(covariance, means[1])
    best = float(torch.special.ndtr(-(half @ means[1]).sqrt()))
    return {
        "correlation": correlation, "counts": list(COUNTS), "best": best,
        **{name: [float(one.mean()) for one in row] for name, row in rows.items()},
        **{f"{name}_error": [float(one.std() / math.sqrt(RUNS)) for one in row] for name, row in rows.items()},
    }  # fmt: skip


def race_digits(seed: int, pair: tuple[int, int] = (3, 8)) -> dict:
    """The same on the digits 3 and 8: shares of errors on all that is not trained on, mean over 100 choices of data."""
    x, names, *more = digits()
    x, names = torch.cat([x, more[0]]), torch.cat([names, more[1]])
    some = (names == pair[0]) | (names == pair[1])
    x, y = x[some], (names[some] == pair[1]).double()
    counts, rows = (6, 10, 16, 24, 40, 64, 100, 160, 250), {name: [] for name in ("bayes", *PENALTIES)}
    for count in counts:
        errors: dict[str, list] = {name: [] for name in rows}
        generator = generator_for(seed, "digits race", count)
        for _ in range(100):
            sides = [torch.nonzero(y == side)[:, 0] for side in (0, 1)]
            chosen = torch.cat([one[torch.randperm(len(one), generator=generator)[: count // 2]] for one in sides])
            rest = torch.ones(len(y), dtype=torch.bool)
            rest[chosen] = False
            found = {"bayes": naive_bayes(x[chosen], y[chosen], smoothing=0.01)}
            found |= {name: logistic_regression(x[chosen], y[chosen], penalty=p) for name, p in PENALTIES.items()}
            for name, one in found.items():
                errors[name].append(float(((one(x[rest]) > 0.5) != y[rest].bool()).double().mean()))
        for name, some in errors.items():
            rows[name].append(torch.tensor(some))
    return {
        "pair": list(pair), "counts": list(counts),
        **{name: [float(one.mean()) for one in row] for name, row in rows.items()},
        **{f"{name}_error": [float(one.std() / math.sqrt(len(one))) for one in row] for name, row in rows.items()},
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=("plane", "bounds", "gaps", "race"))
    only = parser.parse_args().only
    command = "python -m lecturelib.generative.autoencoders.experiments --only "
    runs = {
        "plane": (PLANE, lambda: [plane(0)], [0]),
        "bounds": (STORED / "bounds.json", lambda: [bounds(k, len(SEEDS)) for k in LATENTS], SEEDS),
        "gaps": (STORED / "gaps.json", lambda: gaps(40, 300, 0), [0]),
        "race": (STORED / "race.json", lambda: [race(one, 0) for one in (0.0, 0.4, 0.8)] + [race_digits(0)], [0]),
    }
    for name, (path, run, seeds) in runs.items():
        if only in (None, name):
            save(path, run(), Provenance.here(command + name, seeds))


if __name__ == "__main__":
    main()
