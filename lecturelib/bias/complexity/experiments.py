"""Double descent of networks in width and in steps, what dropout does, degrees of freedom of what was trained.

Run, and store: python -m lecturelib.bias.complexity.experiments
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from lecturelib.bias.complexity.freedom import degrees_of_freedom
from lecturelib.bias.complexity.networks import Ensemble, start_networks, train
from lecturelib.core.experiments import Provenance, generator_for, save, settings, sweep

STORED = Path("chapters/bias/data")
DATA, INPUTS, TEACHER, TESTS = 60, 5, 4, 500
WIDTHS = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 17, 20, 25, 32, 50, 100, 200)
STEPS, RATE = 2000, 0.03
Task = tuple[Tensor, Tensor, Tensor, Tensor]


def task(seed: int, members: int, noise: float, *, data: int = DATA) -> Task:
    """Inputs and targets to learn, (S, N, d) and (S, N), and to test without noise: teachers of four ReLU neurons.

    Every member has its own teacher, whose values have mean 0 and standard deviation 1 over the test inputs.
    """
    generator = generator_for(seed, "task")
    teacher = start_networks(members, TEACHER, INPUTS, generator=generator)
    x, tests = (
        torch.randn(members, count, INPUTS, generator=generator, dtype=torch.float64) for count in (data, TESTS)
    )
    values, wanted = teacher(x), teacher(tests)
    middle, spread = wanted.mean(-1, keepdim=True), wanted.std(-1, keepdim=True)
    errors = torch.randn(members, data, generator=generator, dtype=torch.float64)
    return x, (values - middle) / spread + noise * errors, tests, (wanted - middle) / spread


def mean_squares(model: Ensemble, x: Tensor, y: Tensor) -> list[float]:
    """The mean square of f(x) − y of each member, to four digits."""
    return [float(f"{value:.4g}") for value in (model(x) - y).square().mean(-1).tolist()]


def widths(*, seed: int, width: int, noise: float, members: int = 10, steps: int = STEPS) -> dict:
    """Train networks of one width with Adam, all data at once: errors on data and without noise, for each member."""
    x, y, tests, truth = task(seed, members, noise)
    start = start_networks(members, width, INPUTS, generator=generator_for(seed, "start", width))
    *_, (_, model) = train(start, x, y, steps=steps, learning_rate=RATE, record_every=steps)
    return {"parameters": width * (INPUTS + 2) + 1, "train": mean_squares(model, x, y),
            "test": mean_squares(model, tests, truth)}  # fmt: skip


def epochs(
    *, seed: int, width: int, fast: int = 15, slow: int = 10, small: float = 0.05, share: float = 0.5,
    noise: float = 0.3, members: int = 10, steps: int = 24_000, data: int = 80,
) -> dict:  # fmt: skip
    """Plain descent on inputs of two sizes: errors at steps that grow by a third, as means over members.

    The first `fast` inputs have size 1 and explain the part `share` of a linear target, the others size `small` and
    the rest.
    """
    generator = generator_for(seed, "epochs")
    beta = torch.randn(members, fast + slow, generator=generator, dtype=torch.float64)
    for part, weight in ((slice(fast), share), (slice(fast, None), 1 - share)):
        beta[:, part] *= weight**0.5 / beta[:, part].norm(dim=-1, keepdim=True)
    x, tests = (torch.randn(members, n, fast + slow, generator=generator, dtype=torch.float64) for n in (data, TESTS))
    y, truth = ((one @ beta[..., None])[..., 0] for one in (x, tests))
    y = y + noise * torch.randn(members, data, generator=generator, dtype=torch.float64)
    scale = torch.cat([torch.ones(fast), small * torch.ones(slow)]).double() / fast**0.5
    start, found, due = start_networks(members, width, fast + slow, generator=generator), [], 1.0
    for step, model in train(start, x * scale, y, steps=steps, learning_rate=0.2, record_every=10, adam=False):
        if step >= due:
            due = 1.33 * step
            found.append((step, mean_squares(model, x * scale, y), mean_squares(model, tests * scale, truth)))
    return dict(zip(("step", "train", "test"), map(list, zip(*found, strict=True)), strict=True))


def dropping(
    *, seed: int, drop: float, width: int = 50, noise: float = 0.5, members: int = 10, steps: int = STEPS
) -> dict:
    """Train with dropout of neurons: errors, what is lost if a random half is removed, and how much neurons cancel.

    lost: the rise of the mean square on data when half of the neurons are set to 0 and the others doubled, over 50
    random halves. cancel: mean Σ_i |v_i h_i| / mean |Σ_i v_i h_i| over data, 1 where no two neurons work against each
    other.
    """
    x, y, tests, truth = task(seed, members, noise)
    start = start_networks(members, width, INPUTS, generator=generator_for(seed, "start", width))
    run = train(start, x, y, steps=steps, learning_rate=RATE, record_every=steps, drop=drop,
                generator=generator_for(seed, "masks", drop))  # fmt: skip
    *_, (_, model) = run
    parts = model.hidden(x) * model.v[:, None]
    generator, lost = generator_for(seed, "halves"), []
    for _ in range(50):
        mask = 2.0 * (torch.rand(members, 1, width, generator=generator) < 0.5)
        lost.append(
            ((parts * mask).sum(-1) + model.c[:, None] - y).square().mean(-1) - (model(x) - y).square().mean(-1)
        )
    cancel = parts.abs().sum(-1).mean(-1) / parts.sum(-1).abs().mean(-1)
    short = [[float(f"{v:.4g}") for v in values.tolist()] for values in (torch.stack(lost).mean(0), cancel)]
    return {"train": mean_squares(model, x, y), "test": mean_squares(model, tests, truth)} | dict(
        zip(("lost", "cancel"), short, strict=True)
    )


def freedoms(
    *, seed: int, width: int, decay: float = 0.0, draws: int = 10, steps: int = STEPS, noise: float = 0.5
) -> dict:
    """Degrees of freedom of one network trained on `DATA` data, at steps 0, steps/20, 2 steps/20, …: mean and error.

    Targets are moved by ± half of the noise. All trainings begin at the same start.
    """
    x, y, *_ = (part[0] for part in task(seed, 1, noise))
    start = start_networks(1, width, INPUTS, generator=generator_for(seed, "start", width))[0]
    outputs: list[tuple[int, Tensor]] = []

    def trained(targets: Tensor) -> Tensor:
        many = start.map(lambda one: one.expand(len(targets), *one.shape))
        same = x.expand(len(targets), *x.shape)
        run = train(many, same, targets, steps=steps, learning_rate=RATE, record_every=steps // 20, decay=decay)
        outputs.extend((step, model(same)) for step, model in run)
        return outputs[-1][1]

    def at(fit) -> Tensor:
        generator = generator_for(seed, "signs")
        return degrees_of_freedom(fit, y, scale=noise / 2, draws=draws, generator=generator)

    at(trained)
    found = [(step, at(lambda _, known=known: known)) for step, known in outputs]
    short = [[float(f"{v:.4g}") for v in (one.mean(), one.std() / draws**0.5)] for _, one in found]
    return {"step": [step for step, _ in found], "freedom": [one for one, _ in short], "error": [e for _, e in short]}


RUNS = {
    "widths": (widths, settings(noise=[0.5], width=WIDTHS)),
    "epochs": (epochs, settings(width=[3])),
    "dropping": (dropping, settings(drop=[0.0, 0.1, 0.25, 0.5])),
    "freedoms": (freedoms, [*settings(width=[4, 12, 60]), *settings(width=[60], decay=[0.01])]),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the experiments and store their results; what is interrupted carries on where it stopped."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--only", nargs="+", choices=list(RUNS), default=list(RUNS))
    options = parser.parse_args(arguments)
    for name in options.only:
        run, over = RUNS[name]
        results = sweep(run, over, seeds=options.seeds, store=f"_build/complexity_{name}.jsonl")
        seeds = " ".join(map(str, options.seeds))
        command = f"python -m lecturelib.bias.complexity.experiments --only {name} --seeds {seeds}"
        save(STORED / f"complexity_{name}.json", results, Provenance.here(command, options.seeds))


if __name__ == "__main__":
    main()
