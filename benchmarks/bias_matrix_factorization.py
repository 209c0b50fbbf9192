"""Completing a matrix by the flow of a deep factorization, against the published algorithm in torch.

Run: python benchmarks/bias_matrix_factorization.py [--repeats 3]

Both complete the same 100 × 100 matrix of rank 5 from the same 2,000 entries and the same start, until the mean squared
error on these entries is 1e-6. The published algorithm is gradient descent with one step size for all factors, divided
by a running root mean square of the whole gradient (GroupRMSprop, learning rate 1e-3, decay 0.99, 1e-4 added), with
gradients by backpropagation (Arora et al. 2019). Both compute in single precision, as they did; each has one thread.
It runs once a repeat, ours before and after it. Seconds are those of the processor, so that other work on the machine
counts little. What is looked at on the way is left out on both sides: their program writes it down, ours keeps the
products, and finds their singular values when asked.
"""

from __future__ import annotations

from statistics import median
from time import process_time

import torch

from lecturelib.bias import Factors, effective_rank, factor_flow, low_rank_matrix, observe, start_factors
from lecturelib.bias.matrix_factorization.planted import Observed
from lecturelib.core import timing
from lecturelib.core.experiments import generator_for

SIZES = [(100, 5, 2_000, 3), (100, 5, 2_000, 2)]  # size, rank, entries, depth
SCALE, TOLERANCE, MOST = 1e-3, 1e-6, 1_000_000


def published(start: Factors, seen: Observed) -> tuple[float, int, torch.Tensor]:
    """Seconds, steps and the completed matrix of the published algorithm."""
    matrices = [one.clone().requires_grad_() for one in start.matrices]
    values, average = seen.values.float(), torch.zeros(())
    begin = process_time()
    for count in range(1, MOST + 1):
        product = matrices[0]
        for one in matrices[1:]:
            product = one @ product
        loss = (product[seen.rows, seen.columns] - values).square().mean()
        if loss.item() <= TOLERANCE:
            return process_time() - begin, count - 1, product.detach()
        gradients = torch.autograd.grad(loss, matrices)
        with torch.no_grad():
            average.mul_(0.99).add_(0.01 * sum(one.square().sum() for one in gradients))
            rate = 1e-3 / ((average / (1 - 0.99**count)).sqrt() + 1e-4)
            for one, gradient in zip(matrices, gradients, strict=True):
                one -= rate * gradient
    raise RuntimeError(f"the published algorithm did not end within {MOST:,} steps")


def ours(start: Factors, seen: Observed) -> tuple[float, torch.Tensor]:
    """Seconds and the completed matrix of the flow."""
    begin = process_time()
    matrix = factor_flow(start, *seen, tolerance=TOLERANCE).matrix
    return process_time() - begin, matrix


def compare(repeats: int) -> list[dict]:
    rows = []
    for size, rank, entries, depth in SIZES:
        draw = generator_for(0, "matrix", entries)
        matrix = low_rank_matrix((size, size), rank, generator=draw)
        seen = observe(matrix, entries, generator=draw)
        start = start_factors((size, size), depth=depth, scale=SCALE, generator=generator_for(0, "start", depth))
        start = start.to(torch.float32)
        ratios, slow, fast = [], [], []
        for _ in range(repeats):
            before, mine = ours(start, seen)
            seconds, steps, theirs = published(start, seen)
            after, _ = ours(start, seen)
            fast.append((before + after) / 2)
            slow.append(seconds)
            ratios.append(seconds / fast[-1])
        row = {"what": "Completion of a matrix", "size": size, "entries": entries, "factors": depth, "steps": steps}
        row |= {"torch, s": median(slow), "complete, s": median(fast), "ratio": median(ratios)}
        names = ("error, torch", "error, complete", "effective rank, torch", "effective rank, complete")
        errors = [float((one.double() - matrix).square().mean()) for one in (theirs, mine)]
        ranks = [float(effective_rank(one.double())) for one in (theirs, mine)]
        rows.append(row | dict(zip(names, errors + ranks, strict=True)))
        print(timing.as_table(rows[-1:]), flush=True)
    return rows


def main() -> None:
    timing.command("bias_matrix_factorization", compare, about=__doc__, repeats=3)


if __name__ == "__main__":
    main()
