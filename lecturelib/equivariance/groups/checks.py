"""Claims of the chapter `equivariance/groups`: what commutes with a group, how much of it there is, and what it is."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Generator, Tensor

from lecturelib.core.checking import equals
from lecturelib.core.claims import claim
from lecturelib.core.problems import normal
from lecturelib.equivariance.groups.actions import Action, Group, cyclic, dihedral, octahedral, rotations, symmetric
from lecturelib.equivariance.groups.maps import average, dimension, equivariant_basis

Pair = tuple[Action, Action]


def sheared(group: Group, generator: Generator) -> Action:
    """The same action in coordinates that are not orthogonal."""
    to = torch.eye(2, dtype=torch.float64) + 0.3 * normal(generator, 2, 2).clamp(-1, 1)
    return Action(group, [to @ one @ to.inverse() for one in group.generators])


def finite(generator: Generator) -> Iterator[Pair]:
    """Actions by permutations, by turns, in sheared coordinates, with and without anything in common."""
    square, three, turns = dihedral(4), symmetric(3), cyclic(4)
    yield turns.vectors(), turns.vectors()
    yield square.images(3), square.vectors() + square.trivial()
    yield sheared(square, generator), square.vectors() + 2 * sheared(square, generator)
    yield three.tensors(2), three.regular() + three.trivial()
    yield cyclic(3).vectors(), cyclic(3).regular()
    yield octahedral().tensors(2), octahedral().vectors()


def projector(basis: Tensor) -> Tensor:
    """On the span of orthonormal maps: (n_out n_in, n_out n_in)."""
    flat = basis.flatten(1)
    return flat.T @ flat


def commuting(moves: list[tuple[Tensor, Tensor]]) -> Tensor:
    """Projector on all W with b W = W a, from the equations for each entry of W."""
    n, m = len(moves[0][0]), len(moves[0][1])
    units = torch.eye(n * m, dtype=torch.float64).reshape(-1, m, n)
    rows = torch.cat([(b @ units - units @ a).flatten(1) for a, b in moves], 1)  # (n m, equations)
    values, vectors = torch.linalg.eigh(rows @ rows.T)
    free = vectors[:, values < 1e-9 * max(1.0, float(values[-1]))]
    return free @ free.T


# Generators are enough


def all_kinds(generator: Generator) -> Iterator[Pair]:
    """Finite groups, and SO(2) and SO(3)."""
    yield from finite(generator)
    yield rotations(2).tensors(2), rotations(2).tensors(2)
    yield rotations(3).tensors(2), rotations(3).vectors() + rotations(3).trivial()


def by_many_elements(rho_in: Action, rho_out: Action) -> Tensor:
    """Projector on what commutes with every element, or with twelve elements exp(Σ t A) of an infinite group."""
    if not rho_in.algebra:
        return commuting(list(zip(rho_in.elements, rho_out.elements, strict=True)))
    draws = normal(torch.Generator().manual_seed(3), 12, len(rho_in.algebra))
    both = [torch.stack(one.algebra) for one in (rho_in, rho_out)]
    return commuting([tuple(torch.einsum("k,kij->ij", t, one).matrix_exp() for one in both) for t in draws])


def generators_of(rho_in: Action, rho_out: Action) -> list[tuple[Tensor, Tensor]]:
    """(ρ_in, ρ_out) of each generator."""
    return [
        *zip(rho_in.generators, rho_out.generators, strict=True),
        *zip(rho_in.algebra, rho_out.algebra, strict=True),
    ]


@claim(
    "prop-group-generators",
    source="own",
    check=equals(by_many_elements, on=all_kinds, tolerance=1e-8),
    also=(lambda a, b: projector(equivariant_basis(a, b)),),
    wrong={
        "the first generator alone": lambda a, b: commuting(generators_of(a, b)[:1]),
        r"$\rho_{\text{out}}^\top$ in place of $\rho_{\text{out}}$": lambda a, b: commuting(
            [(one, other.T) for one, other in generators_of(a, b)]
        ),
    },
)
def generators_suffice(rho_in, rho_out, *, one=1.0):
    return commuting([(a, one * b) for a, b in generators_of(rho_in, rho_out)])


# How many there are


def nullity(rho_in: Action, rho_out: Action) -> dict[str, Tensor]:
    """The dimension from the equations, the projector, and a solution that has to be kept."""
    found = commuting(generators_of(rho_in, rho_out))
    solution = found @ torch.ones(len(found)).double()
    return {"dimension": found.trace(), "mean": solution, "kept": solution}


def averaged(rho_in: Action, rho_out: Action, factor: float, back, weight: float = 1.0) -> dict[str, Tensor]:
    """The mean of χ_out χ_in, the mean of ρ_out(g) W ρ_in(g)⁻¹ made orthogonal, for W of ones, and the mean of that."""
    n, m = rho_in.size, rho_out.size
    eye = torch.eye(n * m, dtype=torch.float64).reshape(-1, m, n)
    mean = torch.stack([b @ eye @ back(a) for a, b in zip(rho_in.elements, rho_out.elements, strict=True)]).mean(0)
    images = torch.linalg.svd(mean.flatten(1).T)
    span = images[0][:, images[1] > 1e-9 * max(1.0, float(images[1][0]))]
    count = factor * (rho_in.characters * rho_out.characters).mean()
    solution = span @ (span.T @ torch.ones(n * m).double())
    return {"dimension": count, "mean": solution, "kept": weight * mean.flatten(1).T @ solution}


def averaged_by_library(rho_in: Action, rho_out: Action) -> dict[str, Tensor]:
    """The same with `dimension`, `equivariant_basis` and `average`."""
    solution = projector(equivariant_basis(rho_in, rho_out)) @ torch.ones(rho_in.size * rho_out.size).double()
    matrix = solution.reshape(rho_out.size, rho_in.size)
    again = average(lambda x: x @ matrix.T, rho_in, rho_out)(torch.eye(rho_in.size, dtype=torch.float64)).T
    count = torch.tensor(float(dimension(rho_in, rho_out)))
    return {"dimension": count, "mean": solution, "kept": again.flatten()}


@claim(
    "thm-group-average",
    source="own",
    check=equals(nullity, on=finite, tolerance=1e-8, floor=1.0),
    also=(averaged_by_library,),
    wrong={
        "without the inverse": lambda a, b: averaged(a, b, 1.0, lambda one: one),
        "the sum, not the mean": lambda a, b: averaged(a, b, 1.0, torch.inverse, float(len(a.elements))),
        "the transpose in its place": lambda a, b: averaged(a, b, 1.0, lambda one: one.T),
        r"$\chi_{\text{out}}^2$": lambda a, b: (
            averaged(a, b, 1.0, torch.inverse) | {"dimension": b.characters.square().mean()}
        ),
    },
)
def average_projects(rho_in, rho_out, *, factor=1.0, weight=1.0):
    return averaged(rho_in, rho_out, factor, torch.inverse, weight)


# Permutations


def permuting(generator: Generator) -> Iterator[Pair]:
    """Sets, pairs, images, functions on a group."""
    four, square = symmetric(4), dihedral(4)
    yield four.vectors(), four.tensors(2)
    yield symmetric(2).tensors(2), symmetric(2).tensors(2)
    yield square.images(4), square.images(3)
    yield octahedral().images(2), octahedral().regular()


def by_equations(rho_in: Action, rho_out: Action) -> dict[str, Tensor]:
    """The projector from the equations, and its trace."""
    found = commuting(generators_of(rho_in, rho_out))
    return {"count": found.trace(), "projector": found}


def together(rho_in: Action, rho_out: Action, factor: float = 1.0) -> dict[str, Tensor]:
    """The mean number of pairs that an element leaves alone, and the mean over the pairs of an orbit as a matrix."""
    moved = torch.stack([torch.kron(b, a) for a, b in zip(rho_in.elements, rho_out.elements, strict=True)])
    joined = (moved.sum(0) > 0).double()  # are two pairs in one orbit?
    count = factor * moved.diagonal(dim1=-2, dim2=-1).sum(-1).mean()
    return {"count": count, "projector": joined / joined.sum(1, keepdim=True)}


@claim(
    "prop-group-orbits",
    source="own",
    check=equals(by_equations, on=permuting, tolerance=1e-8),
    also=(
        lambda a, b: {
            "count": torch.tensor(float(len(equivariant_basis(a, b)))),
            "projector": projector(equivariant_basis(a, b)),
        },
    ),
    wrong={
        "orbits of each index apart": lambda a, b: (
            together(a, b) | {"count": a.characters.mean() * b.characters.mean()}
        ),
        "outputs that do not move": lambda a, b: together(a, a.group.trivial(b.size)),
    },
)
def orbits(rho_in, rho_out, *, factor=1.0):
    return together(rho_in, rho_out, factor)


# Equivariant means convolution


def tables(group: Group) -> tuple[Tensor, Tensor]:
    """The number of u v and of u⁻¹ for elements in the order of `elements`."""
    flat = group.elements
    products = torch.einsum("uij,vjk->uvik", flat, flat).flatten(2)
    table = torch.cdist(products, flat.flatten(1)).argmin(-1)
    return table, (table == 0).double().argmax(1)


def cosets(table: Tensor, subgroup: list[int]) -> Tensor:
    """The number of the coset u H of each element: (order,)."""
    first = table[:, subgroup].amin(1)
    return torch.unique(first, return_inverse=True)[1]


def spaces(generator: Generator) -> Iterator[tuple]:
    """(u v, u⁻¹, cosets of H, cosets of K, (H, K), W, f): W equivariant from G/H to G/K, f on G/H."""
    four = symmetric(4)  # 1 and 14 generate all that leaves one of four things in place
    for group, chosen in (
        (dihedral(3), [[0], [3]]), (four, [[0, 1], [2]]), (dihedral(4), [[2], []]), (four, [[1, 14], [1, 14]]),
    ):  # fmt: skip
        table, inverse = tables(group)
        parts = []
        for numbers in chosen:  # the subgroup that these elements generate
            inside = {0}
            while len(more := inside | {int(table[a, b]) for a in inside for b in numbers}) > len(inside):
                inside = more
            parts.append(sorted(inside))
        one, two = (cosets(table, part) for part in parts)
        w = normal(generator, int(two.max()) + 1, int(one.max()) + 1)
        mean = torch.zeros_like(w)
        heads = [
            torch.stack([(one_ == k).double().argmax() for k in range(int(one_.max()) + 1)]) for one_ in (one, two)
        ]
        for g in range(len(table)):  # W(g y, g x), averaged
            mean += w[two[table[g, heads[1]]]][:, one[table[g, heads[0]]]] / len(table)
        yield table, inverse, one, two, parts, mean, normal(generator, w.shape[1])


def applied(table, inverse, one, two, parts, w, f) -> dict[str, Tensor]:
    """W f at every u of G, by its coset; and the mean number of pairs of cosets that an element leaves alone."""
    stay = []
    for g in range(len(table)):
        fixed = [
            (cosets_[table[g]] == cosets_).double().sum() / len(part)
            for cosets_, part in zip((one, two), parts, strict=True)
        ]
        stay.append(fixed[0] * fixed[1])
    return {"values": (w @ f)[two], "count": torch.stack(stay).mean()}


def convolved(table, inverse, one, two, parts, w, f, factor=1.0, order=lambda u, v: (u, v)) -> dict[str, Tensor]:
    """Σ_v f(u v⁻¹) χ(v) with χ(v) = W(vK, H) / |H|; and the number of double cosets H v K."""
    chi = factor * w[two, one[0]] / len(parts[0])
    u, v = torch.meshgrid(torch.arange(len(table)), torch.arange(len(table)), indexing="ij")
    a, b = order(u, inverse[v])
    double = {
        tuple(sorted({int(table[table[h, g], k]) for h in parts[0] for k in parts[1]})) for g in range(len(table))
    }
    return {"values": f[one[table[a, b]]] @ chi, "count": torch.tensor(float(len(double)))}


@claim(
    "thm-group-convolution",
    source="kondor2018: theorem 1; own",
    check=equals(applied, on=spaces),
    wrong={
        "the size of $H$ forgotten": lambda *one: convolved(*one, factor=len(one[4][0])),
        r"$f(v^{-1}u)$": lambda *one: convolved(*one, order=lambda u, v: (v, u)),
        r"$f(uv)$": lambda *one: convolved(*one, order=lambda u, v: (u, one[1][v])),
        r"$\lvert G \rvert / (\lvert H \rvert \lvert K \rvert)$ weights": lambda *one: (
            convolved(*one) | {"count": torch.tensor(len(one[0]) / (len(one[4][0]) * len(one[4][1])))}
        ),
        "a dimension for each coset": lambda *one: convolved(*one) | {"count": torch.tensor(float(one[3].max() + 1))},
    },
)
def is_a_convolution(table, inverse, one, two, parts, w, f, *, factor=1.0):
    return convolved(table, inverse, one, two, parts, w, f, factor)


# With a nonlinearity

SIGMAS = {
    "relu": torch.relu, "tanh": torch.tanh, "shifted": lambda z: torch.sin(z + 0.3), "abs": torch.abs,
    "cos": torch.cos, "square": torch.square, "constant": lambda z: 0 * z + 1,
}  # fmt: skip
EVEN = ("abs", "cos", "square")


def layers(generator: Generator) -> Iterator[tuple[str, Tensor]]:
    """σ, and Θ of size 4: of the form λI + γ11ᵀ, with one row turned to its negative, and without any form."""
    eye, ones = torch.eye(4, dtype=torch.float64), torch.ones(4, 4, dtype=torch.float64)
    draws = normal(generator, 2)
    good = draws[0] * eye + draws[1] * ones
    for name in SIGMAS:
        for theta in (good, torch.diag(torch.tensor([1.0, -1, 1, 1]).double()) @ good, normal(generator, 4, 4)):
            yield name, theta


def commutes(name: str, theta: Tensor) -> bool:
    """Does σ(Θx) commute with all permutations, for fifty x?"""
    x, sigma = normal(torch.Generator().manual_seed(7), 50, 4), SIGMAS[name]
    known = sigma(x @ theta.T)
    return all(bool(((sigma(x @ one.T @ theta.T) - known @ one.T).abs() < 1e-9).all()) for one in symmetric(4).elements)


def tied(theta: Tensor) -> bool:
    """Is Θ of the form λI + γ11ᵀ?"""
    inside = projector(equivariant_basis(symmetric(4).vectors(), symmetric(4).vectors()))
    return bool((inside @ theta.flatten() - theta.flatten()).abs().max() < 1e-9)


def tied_but_for_signs(theta: Tensor) -> bool:
    """Are there signs of rows that give Θ the form?"""
    signs = torch.cartesian_prod(*[torch.tensor([1.0, -1.0]).double()] * 4)
    return any(tied(one[:, None] * theta) for one in signs)


@claim(
    "lem-group-sets",
    source="zaheer2017: lemma 3; own",
    check=equals(commutes, on=layers),
    wrong={
        r"for every $\sigma$": lambda name, theta: tied(theta),
        r"for every $\sigma$ that is not constant": lambda name, theta: tied(theta) or name == "constant",
        r"for one-to-one $\sigma$ alone": lambda name, theta: tied(theta) if name == "tanh" else True,
    },
)
def nonlinear(name, theta):
    if name == "constant":
        return True
    return tied_but_for_signs(theta) if name in EVEN else tied(theta)
