"""Games of two players: steps worked by hand, spectra known otherwise, minimax by brute force, ensembles, errors."""

import pytest
import torch

from lecturelib.generative import Game, is_local_minimax, small_game, spectrum

METHODS = ["simultaneous", "alternating", "extragradient", "optimistic", "consensus", "follow_the_ridge"]
# f = xy from (1, 0), rate 1/2, after one step and after two: by hand
BY_HAND = {
    "simultaneous": ([1.0, 0.5], [0.75, 1.0]),
    "alternating": ([1.0, 0.5], [0.75, 0.875]),
    "extragradient": ([0.75, 0.5], [0.3125, 0.75]),
    "optimistic": ([1.0, 0.5], [0.5, 1.0]),
    "consensus": ([0.5, 0.5], [0.0, 0.5]),
}


@pytest.mark.parametrize("method", BY_HAND)
def test_two_steps_by_hand(method):
    path = small_game("turning").play([1.0, 0.0], method=method, learning_rate=0.5, steps=2)
    torch.testing.assert_close(path[1:], torch.tensor(BY_HAND[method], dtype=torch.float64))


def test_follow_the_ridge_by_hand():
    # −3x² − y² + 4xy at (1, 0): slopes (−6, 4), so x + 0.6; the ridge is y = 2x, so that y goes 0.4 and 2 · 0.6
    path = small_game("left").play([1.0, 0.0], method="follow_the_ridge", learning_rate=0.1, steps=1)
    assert path[1].tolist() == pytest.approx([1.6, 1.6])
    # with λ = 4, 4/(4 + 4) of the correction is left, or 2/(2 + 4)
    for solve, share in (("squared", 1 / 2), ("shifted", 1 / 3)):
        path = small_game("left").play(
            [1.0, 0.0], method="follow_the_ridge", learning_rate=0.1, steps=1, damping=4.0, solve=solve
        )
        assert path[1].tolist() == pytest.approx([1.6, 0.4 + 1.2 * share])


def test_on_the_ridge_it_stays_on_the_ridge():
    game = small_game("left")
    path = game.play([1.0, 2.0], method="follow_the_ridge", learning_rate=0.05, steps=30)
    torch.testing.assert_close(path[:, 1], 2 * path[:, 0])
    assert float(path[-1].abs().max()) < 0.2


@pytest.mark.parametrize("method", METHODS)
def test_the_spectrum_is_how_paths_grow(method):
    h = torch.tensor([[0.7, 0.2, 0.9], [0.2, 1.1, -0.4], [0.9, -0.4, -1.3]], dtype=torch.float64)
    game = Game(lambda x, y: 0.5 * torch.cat([x, y]) @ h @ torch.cat([x, y]), (2, 1))
    options = {"method": method, "learning_rate": 0.1, "strength": 0.5}
    found = spectrum(game, [0.0, 0.0, 0.0], **options)
    assert found.shape == ((6,) if method == "optimistic" else (3,))
    if method != "optimistic":  # where a step is a matrix, whose columns are seen from unit vectors
        step = game.play(torch.eye(3).double(), steps=1, **options)[1].T
        known = torch.linalg.eigvals(step).abs().sort(descending=True).values
        torch.testing.assert_close(found.abs(), known)
        return
    sizes = torch.linalg.matrix_norm(game.play(torch.eye(3).double(), steps=200, **options)[100:])
    slope = float(torch.log(sizes[-1] / sizes[0])) / (len(sizes) - 1)
    assert slope == pytest.approx(float(found[0].abs().log()), abs=4e-3)


def test_time_scales_and_scales_are_rates_of_coordinates():
    game = small_game("hill")
    options = {"method": "simultaneous", "learning_rate": 0.1, "steps": 5}
    path = game.play([2.0, 1.0], ratio=3.0, **options)
    torch.testing.assert_close(path, game.play([2.0, 1.0], scales=[1.0, 3.0], **options))
    # the game that descent-ascent leaves is stable from the ratio 3 on
    for ratio, stable in ((2.9, False), (3.1, True)):
        found = spectrum(small_game("left"), [0.0, 0.0], method="simultaneous", learning_rate=1e-3, ratio=ratio)
        assert bool(found[0].abs() < 1) is stable


def test_minimax_by_brute_force():
    draw = torch.Generator().manual_seed(0)
    circle = torch.linspace(0, torch.pi, 181, dtype=torch.float64)
    x = torch.stack([circle.cos(), circle.sin()], -1)
    y = torch.linspace(-60, 60, 4801, dtype=torch.float64)
    seen = []
    for _ in range(24):
        root = torch.randn(3, 3, generator=draw, dtype=torch.float64)
        h = root + root.T + torch.diag(torch.tensor([1.0, 1.0, -1.5], dtype=torch.float64))
        game = Game(lambda x, y, h=h: 0.5 * torch.cat([x, y]) @ h @ torch.cat([x, y]), (2, 1))
        grid = torch.cat([x[:, None].expand(-1, len(y), -1), y[None, :, None].expand(len(x), -1, -1)], -1)
        best = (0.5 * torch.einsum("...i,ij,...j->...", grid, h, grid)).amax(1)
        seen.append(bool(h[2, 2] < 0) and bool(best.min() > 0))
        assert bool(is_local_minimax(game, torch.zeros(3).double())) is seen[-1]
    assert True in seen
    assert False in seen


def test_ensembles_are_their_members():
    game, starts = small_game("hill"), torch.randn(2, 3, 2, generator=torch.Generator().manual_seed(1)).double()
    for method in METHODS:
        options = {"method": method, "learning_rate": 0.05}
        together = game.play(starts, steps=4, **options)
        assert together.shape == (5, 2, 3, 2)
        torch.testing.assert_close(together[:, 1, 2], game.play(starts[1, 2], steps=4, **options))
        torch.testing.assert_close(
            spectrum(game, starts, **options)[0, 1].abs(), spectrum(game, starts[0, 1], **options).abs()
        )
    torch.testing.assert_close(game.blocks(starts).schur[1, 0], game.blocks(starts[1, 0]).schur)
    assert is_local_minimax(game, starts).shape == (2, 3)


def test_games_without_a_ridge():
    assert not bool(is_local_minimax(small_game("turning"), [0.0, 0.0]))
    path = small_game("turning").play([1.0, 1.0], method="follow_the_ridge", learning_rate=0.1, steps=1)
    assert not bool(path[1].isfinite().all())


def test_errors():
    game = small_game("left")
    with pytest.raises(ValueError, match=r"start: expected 2 numbers for each point"):
        game.play([1.0, 2.0, 3.0], method="simultaneous", learning_rate=0.1, steps=1)
    with pytest.raises(ValueError, match=r"point: expected 2 numbers"):
        spectrum(game, 1.0, method="simultaneous", learning_rate=0.1)
    with pytest.raises(ValueError, match="scales"):
        game.play([1.0, 2.0], method="simultaneous", learning_rate=0.1, steps=1, scales=[1.0, 1.0, 2.0])
    with pytest.raises(ValueError, match="method"):
        game.play([1.0, 2.0], method="newton", learning_rate=0.1, steps=1)
