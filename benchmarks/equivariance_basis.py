"""Bases of equivariant maps: by orbits and by averages, against the null space of the equations of all generators.

Run: python benchmarks/equivariance_basis.py [--repeats 5] [--dry]

The peer is what a reader would write: Kronecker products, one large matrix, its singular vectors. Both ways begin with
the matrices of the generators; the library has to find out itself that they are permutations, or multiplies them along
the list of elements, which the group makes once.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

import torch
from torch import Tensor

from lecturelib.core import timing
from lecturelib.equivariance import Action, equivariant_basis, octahedral, symmetric

CASES: dict[str, tuple[Callable, int, int]] = {
    "S5, pairs to pairs": (lambda: symmetric(5), 2, 2),
    "octahedral, three indices to two": (octahedral, 3, 2),
}
"""Group, and numbers of indices of inputs and outputs."""


def by_null_space(rho_in: Action, rho_out: Action) -> Tensor:
    """An orthonormal basis by the singular vectors of ρ_out ⊗ I − I ⊗ ρ_inᵀ, for all generators."""
    one, other = (torch.eye(action.size, dtype=torch.float64) for action in (rho_out, rho_in))
    pairs = zip(rho_in.generators, rho_out.generators, strict=True)
    rows = torch.cat([torch.kron(b, other) - torch.kron(one, a.T.contiguous()) for a, b in pairs])
    sigma, vt = torch.linalg.svd(rows)[1:]
    return vt[int((sigma > 1e-9 * sigma[0]).sum()) :].reshape(-1, rho_out.size, rho_in.size)


def rows(repeats: int) -> list[dict]:
    """A row for each case."""
    found = []
    for name, (make, inside, outside) in CASES.items():
        group = make()
        generators = [group.tensors(order).generators for order in (inside, outside)]
        kept: dict[Callable, Tensor] = {}

        def run(way: Callable, group=group, generators=generators, kept=kept) -> float:
            actions = [Action(group, one) for one in generators]  # with nothing known about them
            begin = perf_counter()
            kept[way] = way(*actions)
            return perf_counter() - begin

        pair = timing.paired(lambda run=run: run(by_null_space), lambda run=run: run(equivariant_basis), repeats)
        ours, theirs = (kept[way].flatten(1) for way in (equivariant_basis, by_null_space))
        row = {"what": "Equivariant maps", "group": name, "weights": ours.shape[1], "free": len(ours)}
        row |= {"null space, ms": 1e3 * pair.theirs, "library, ms": 1e3 * pair.ours, "ratio": pair.ratio}
        row |= {"projectors apart": float((ours.T @ ours - theirs.T @ theirs).abs().max())}
        found.append(row)
        print(timing.as_table(found[-1:]), flush=True)
    return found


def main() -> None:
    timing.command("equivariance_basis", rows, about=__doc__, repeats=5)


if __name__ == "__main__":
    main()
