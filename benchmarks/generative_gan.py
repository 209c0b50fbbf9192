"""Training a generator against a discriminator, compiled, against the loop that a user writes in torch.

Run: python benchmarks/generative_gan.py [--repeats 3]

Both have one hidden layer of 128 ReLU neurons and batches of 128 points in single precision, the setting of published
runs, on a grid of nine Gaussians. The loop has modules, autograd and optimizers of torch; Follow-the-Ridge solves with
the same five steps of conjugate gradients, each product by a second backward pass. All have one thread and the same
start and draws, and the loop is not charged for drawing. Times are those of a step, after one run that is not counted,
in seconds of the processor, so that other work on the machine counts little.
"""

from __future__ import annotations

from time import process_time
from types import SimpleNamespace

import numpy as np
import torch
from torch import nn
from torch.nn.functional import softplus

from lecturelib.core import timing
from lecturelib.core.small_networks import Layout, streams
from lecturelib.generative import GaussianGrid, train_gan
from lecturelib.generative.adversarial.training import Source

HIDDEN, BATCH, OURS, THEIRS, CONJUGATE = 128, 128, 2000, 100, 5
RATES = {"sgd": 1e-3, "rmsprop": 1e-3}
CASES = [
    ("simultaneous", "sgd", "squared"), ("simultaneous", "rmsprop", "squared"),
    ("follow_the_ridge", "sgd", "shifted"), ("follow_the_ridge", "sgd", "squared"),
]  # fmt: skip


def modules(generator: torch.Generator) -> tuple[nn.Sequential, nn.Sequential]:
    """Both networks as torch has them, with the start that `train_gan` draws from this generator."""
    found = []
    for sizes in ((2, HIDDEN, 2), (2, HIDDEN, 1)):
        theta = Layout(sizes).start(1, generator=generator, dtype=torch.float32)[0]
        model = nn.Sequential(nn.Linear(sizes[0], HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, sizes[-1]))
        nn.utils.vector_to_parameters(theta, model.parameters())
        found.append(model)
    return found[0], found[1]


def flat(tensors) -> torch.Tensor:
    return torch.cat([one.reshape(-1) for one in tensors])


def correction(loss_d, g, d, shift: torch.Tensor, solve: str) -> torch.Tensor:
    """H⁻¹ (∂²L/∂D∂G) shift by conjugate gradients with a damping of 1, and products by autograd."""
    slope = flat(torch.autograd.grad(loss_d, list(d.parameters()), create_graph=True))
    probe = torch.zeros_like(slope, requires_grad=True)
    back = flat(torch.autograd.grad(slope, list(g.parameters()), probe, create_graph=True, retain_graph=True))
    (b,) = torch.autograd.grad(back, probe, shift, retain_graph=True)

    def curve(way: torch.Tensor) -> torch.Tensor:
        return flat(torch.autograd.grad(slope, list(d.parameters()), way, retain_graph=True))

    def matrix(way: torch.Tensor) -> torch.Tensor:
        return (curve(curve(way)) if solve == "squared" else curve(way)) + way

    r = curve(b) if solve == "squared" else b
    w, p, size = torch.zeros_like(r), r, r @ r
    for _ in range(CONJUGATE):
        q = matrix(p)
        if not p @ q > 0:
            break
        step = size / (p @ q)
        w, r = w + step * p, r - step * q
        new = r @ r
        p, size = r + new / size * p, new
    return w


def loop(method: str, optimizer: str, solve: str, steps: int) -> tuple[float, torch.Tensor]:
    """Seconds of a step of the loop, and the parameters of D at its end."""
    generator = torch.Generator().manual_seed(0)
    g, d = modules(generator)
    layouts = Layout((2, HIDDEN, 2)), Layout((2, HIDDEN, 1))
    plan = SimpleNamespace(batch=BATCH, networks=layouts, latent_scale=1.0, method=method, d_steps=1)
    source = Source(GaussianGrid(3), plan, streams(generator, 1)[0], np.dtype(np.float32))
    noise, real = (torch.from_numpy(one[:, 0]).mT.contiguous() for one in source.draw(steps))
    kind = {"sgd": torch.optim.SGD, "rmsprop": torch.optim.RMSprop}[optimizer]
    moves = [kind(one.parameters(), lr=RATES[optimizer]) for one in (g, d)]
    begin = process_time()
    for z, x in zip(noise, real, strict=True):
        fake = d(g(z))
        loss_d = softplus(-d(x)).mean() + softplus(fake).mean()
        slopes = [torch.autograd.grad(sign * loss, list(one.parameters()), retain_graph=True)
                  for one, loss, sign in ((g, softplus(fake).mean(), -1), (d, loss_d, 1))]  # fmt: skip
        if method == "follow_the_ridge":  # the step of descent, known before it is taken
            w = correction(loss_d, g, d, -RATES["sgd"] * flat(slopes[0]), solve)
        for one, move, slope in zip((g, d), moves, slopes, strict=True):
            for parameter, part in zip(one.parameters(), slope, strict=True):
                parameter.grad = part
            move.step()
        if method == "follow_the_ridge":
            with torch.no_grad():
                nn.utils.vector_to_parameters(flat(d.parameters()) - w, d.parameters())
    return (process_time() - begin) / steps, flat(d.parameters()).detach()


def ours(method: str, optimizer: str, solve: str, steps: int) -> tuple[float, torch.Tensor]:
    """Seconds of a step of `train_gan`, with all that it does, and the parameters of D at its end."""
    begin = process_time()
    run = train_gan(
        GaussianGrid(3), g_sizes=HIDDEN, d_sizes=HIDDEN, batch=BATCH, method=method, optimizer=optimizer, solve=solve,
        solve_steps=CONJUGATE, learning_rate=RATES[optimizer], steps=steps, samples=1, dtype=torch.float32,
        generator=torch.Generator().manual_seed(0),
    )  # fmt: skip
    return (process_time() - begin) / steps, run.d_parameters[-1, 0]


def compare(repeats: int) -> list[dict]:
    rows = []
    for case in CASES:
        apart = float((loop(*case, 20)[1] - ours(*case, 20)[1]).abs().max())
        found = timing.paired(lambda case=case: loop(*case, THEIRS)[0], lambda case=case: ours(*case, OURS)[0], repeats)
        what = {"simultaneous": "Simultaneous descent of a GAN", "follow_the_ridge": "Follow-the-Ridge of a GAN"}[
            case[0]
        ]
        matrix = {"shifted": "H + 1", "squared": "H² + 1"}[case[2]] if case[0] == "follow_the_ridge" else "none"
        row = {"what": what, "optimizer": case[1], "solves with": matrix, "torch, µs a step": 1e6 * found.theirs}
        rows.append(
            row | {"train_gan, µs a step": 1e6 * found.ours, "ratio": found.ratio, "apart after 20 steps": apart}
        )
        print(timing.as_table(rows[-1:]), flush=True)
    return rows


def main() -> None:
    timing.command("generative_gan", compare, about=__doc__, repeats=3)


if __name__ == "__main__":
    main()
