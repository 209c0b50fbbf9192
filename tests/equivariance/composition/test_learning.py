"""Networks that learn a tree: what they compute, how many numbers they have, and what is stored."""

import pytest
import torch

from lecturelib.core.experiments import load
from lecturelib.core.statements import CHAPTERS
from lecturelib.equivariance.composition.learning import (
    COUNTS,
    KINDS,
    LEAVES,
    OTHER,
    TARGETS,
    pair_values,
    parameters,
    random_tree,
    run,
    start,
    tree_values,
    values,
)


def test_a_tree_by_hand():
    coefficients = torch.zeros(1, 7, 3)
    coefficients[0, 0] = torch.tensor([0.0, 0.0, 1.0])  # sin(x1 x2)
    coefficients[0, 4] = torch.tensor([1.0, 0.0, 0.0])
    coefficients[0, 6] = torch.tensor([2.0, 0.0, 0.0])
    x = torch.rand(1, 5, LEAVES, generator=torch.Generator().manual_seed(0))
    expected = torch.sin(2 * torch.sin(torch.sin(x[..., 0] * x[..., 1])))
    assert torch.allclose(tree_values(coefficients, x), expected)
    drawn = random_tree(200, torch.Generator().manual_seed(0)).abs()
    assert 0.5 <= float(drawn[..., :2].min()) < float(drawn[..., :2].max()) <= 1 <= float(drawn[..., 2].min())
    assert float(drawn[..., 2].max()) <= 1.5


def test_pairs_by_hand_are_no_tree():
    coefficients = torch.arange(1.0, 29)[None]
    x = torch.zeros(1, 1, LEAVES)
    x[0, 0, [0, 2, 7]] = torch.tensor([2.0, 3.0, 5.0])  # pairs (0, 2), (0, 7) and (2, 7) are numbers 2, 7 and 18
    assert float(pair_values(coefficients, x)) == 2 * 6 + 7 * 10 + 18 * 15
    x = torch.rand(1, 1, LEAVES, generator=torch.Generator().manual_seed(0)).requires_grad_()
    ratios = []
    for far in (0.0, 1.0):
        moved = torch.cat([x[..., :2], x[..., 2:] + far], -1)
        slopes = torch.autograd.grad(pair_values(coefficients, moved).sum(), x)[0][0, 0]
        ratios.append(float(slopes[0] / slopes[1]))
    assert abs(ratios[0] - ratios[1]) > 0.01  # in a tree the ratio depends on the first two inputs alone


def test_no_pair_stays_together_in_the_other_tree():
    pairs = {frozenset(OTHER[k : k + 2]) for k in range(0, 8, 2)}
    assert not pairs & {frozenset((k, k + 1)) for k in range(0, 8, 2)}
    assert sorted(OTHER) == list(range(8))


def test_sizes_are_comparable():
    sizes = {kind: parameters(kind) for kind in KINDS}
    assert sizes["tree"] == sizes["other tree"] == 7 * (2 * 8 + 8 + 8 + 1) == sizes["flat"]
    assert 0.9 * sizes["tree"] < sizes["deep"] <= sizes["tree"]
    assert sizes["flat, ten times"] == pytest.approx(10 * sizes["tree"], rel=0.01)


def test_a_tree_network_is_a_tree():
    layers = [(w.detach(), b.detach()) for w, b in start("tree", 2, torch.Generator().manual_seed(1))]
    x = torch.rand(2, 3, 8, generator=torch.Generator().manual_seed(2))
    z = x[1, 2]
    for (w, b), (v, c) in zip(layers[::2], layers[1::2], strict=True):
        z = torch.stack(
            [
                torch.tanh(z[2 * k : 2 * k + 2] @ w[1, k] + b[1, k, 0]) @ v[1, k, :, 0] + c[1, k, 0, 0]
                for k in range(len(z) // 2)
            ]
        )
    assert float(values("tree", layers, x)[1, 2]) == pytest.approx(float(z[0]), rel=1e-5)
    assert torch.allclose(values("other tree", layers, x), values("tree", layers, x[..., OTHER]))


def test_training_lowers_the_error():
    before, after = (run(seed=0, kind="tree", count=100, target="sum", steps=steps) for steps in (0, 60))
    assert sum(after["train"]) < 0.5 * sum(before["train"])


def test_the_stored_runs_are_whole():
    runs, _ = load(CHAPTERS / "equivariance/data/composition_trees.json")
    kinds = {(one["kind"], one["count"]) for one in runs if one["target"] == "tree"}
    assert kinds == {(kind, count) for kind in KINDS for count in COUNTS}
    others = {(one["kind"], one["target"]) for one in runs if one["target"] != "tree"}
    assert others == {(kind, target) for kind in ("tree", "flat", "deep") for target in TARGETS[1:]}
    for one in runs:
        assert one["parameters"] == parameters(one["kind"])
        assert len(one["test"]) == 8
    typical = {one["kind"]: sorted(one["test"])[4] for one in runs if one["count"] == 1000 and one["target"] == "tree"}
    assert min(typical, key=typical.get) == "tree"
    assert typical["tree"] < 0.5 * typical["flat"]
    pairs = {one["kind"]: sorted(one["test"])[4] for one in runs if one["target"] == "pairs"}
    assert pairs["tree"] > 10 * max(pairs["flat"], pairs["deep"])
