"""The least nuclear norm, against cvxpy and on paper, and the effective rank."""

import pytest
import torch

from lecturelib.bias import effective_rank, low_rank_matrix, matrix_with_spectrum, nuclear_completion, observe


def at(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(("corner", "filled"), [((1, 2, 3), 1.0), ((3, 2, 3), 2.0), ((-1, 2, 3), -1.0)])
def test_two_by_two_on_paper(corner, filled):
    found = nuclear_completion(corner, [0, 0, 1], [0, 1, 0], (2, 2), tolerance=1e-11)
    assert found.matrix[1, 1].item() == pytest.approx(filled, abs=1e-4)
    assert found.norm.item() == pytest.approx(float(torch.linalg.svdvals(found.matrix).sum()))


@pytest.mark.parametrize("slack", [0.0, 0.05])
def test_it_agrees_with_cvxpy(slack):
    cvxpy = pytest.importorskip("cvxpy")
    matrix = low_rank_matrix((8, 6), 2, generator=at(1))
    seen = observe(matrix, 28, generator=at(1))
    ours = nuclear_completion(*seen, (8, 6), slack=slack, tolerance=1e-9)
    w = cvxpy.Variable((8, 6))
    rules = [cvxpy.abs(w[i, j] - b) <= slack for b, i, j in zip(*map(torch.Tensor.tolist, seen), strict=True)]
    peer = cvxpy.Problem(cvxpy.Minimize(cvxpy.normNuc(w)), rules).solve(solver="CLARABEL")
    assert ours.norm.item() == pytest.approx(peer, rel=1e-6)
    assert ours.bound <= peer * (1 + 1e-7)
    assert float((ours.matrix - torch.from_numpy(w.value)).abs().max()) < 1e-3


def test_observed_entries_are_kept_exactly_and_the_bound_is_one():
    matrix = low_rank_matrix((12, 12), 2, generator=at(4))
    seen = observe(matrix, 90, generator=at(4))
    found = nuclear_completion(*seen, (12, 12))
    assert torch.equal(found.matrix[seen.rows, seen.columns], seen.values)
    assert found.bound <= found.norm <= found.bound * (1 + 2e-6)
    assert found.norm <= torch.linalg.svdvals(matrix).sum() * (1 + 1e-9)


def test_zeros_are_completed_by_zeros():
    assert nuclear_completion([0.0, 0.0], [0, 1], [1, 1], (3, 2)).norm == 0


def test_bad_arguments():
    with pytest.raises(ValueError, match="rows: expected less than 2"):
        nuclear_completion([1.0], [2], [0], (2, 2))
    with pytest.raises(ValueError, match="slack"):
        nuclear_completion([1.0], [1], [0], (2, 2), slack=-1.0)


@pytest.mark.parametrize(("values", "rank"), [([1, 1, 1], 3), ([5, 0, 0], 1), ([1, 1, 0], 2)])
def test_effective_rank_counts_equal_singular_values(values, rank):
    matrix = matrix_with_spectrum(values, generator=at())
    assert effective_rank(matrix).item() == pytest.approx(rank, abs=1e-6)


def test_effective_rank_by_hand():
    """Shares 3/4 and 1/4: exp(¾ ln 4/3 + ¼ ln 4)."""
    assert effective_rank([[3.0, 0.0], [0.0, 1.0]]).item() == pytest.approx((4 / 3) ** 0.75 * 4**0.25)
    with pytest.raises(ValueError, match="matrix: expected one that is not 0"):
        effective_rank(torch.zeros(2, 2))


def test_planted_matrices():
    drawn = low_rank_matrix((5, 4), 2, generator=at(), ensemble=3)
    assert torch.linalg.matrix_rank(drawn).tolist() == [2, 2, 2]
    spectrum = torch.linalg.svdvals(matrix_with_spectrum([1.0, 3.0, 2.0], generator=at()))
    assert spectrum.tolist() == pytest.approx([3, 2, 1])
    with pytest.raises(ValueError, match="rank: expected at most 4"):
        low_rank_matrix((5, 4), 5, generator=at())


def test_observed_places_differ():
    seen = observe(torch.arange(12.0).reshape(3, 4), 12, generator=at())
    assert sorted(seen.values.tolist()) == list(range(12))
    assert (4 * seen.rows + seen.columns).tolist() == seen.values.tolist()
    with pytest.raises(ValueError, match="count: expected at most 12"):
        observe(torch.ones(3, 4), 13, generator=at())
