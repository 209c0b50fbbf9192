"""The explorer of small games: what it passes on, its still picture, and the fixture of the browser's numerics."""

import json

import pytest
import torch

from lecturelib.generative import small_game
from lecturelib.generative.mode_collapse.explorer import GAMES, SmallGamesExplorer
from tests.generative.mode_collapse.browser import make_games


def test_the_stored_cases_are_those_of_the_library():
    stored = json.loads(make_games.STORED.read_text(encoding="utf-8"))
    for one, now in zip(stored, make_games.cases(), strict=True):
        assert one.keys() == now.keys()
        assert one["minimax"] is now["minimax"]
        torch.testing.assert_close(torch.tensor(one["path"]), torch.tensor(now["path"]), rtol=1e-6, atol=1e-9)


def test_its_path_is_that_of_the_game():
    explorer = SmallGamesExplorer(game="hill", method="alternating", rate=0.1, ratio=2.0, x=1.0, y=-1.0)
    known = small_game("hill").play([1.0, -1.0], method="alternating", learning_rate=0.1, ratio=2.0, steps=6)
    torch.testing.assert_close(explorer.path(6), known)


@pytest.mark.parametrize("game", GAMES)
def test_the_still_picture_says_where_it_ends(game):
    figure, told = SmallGamesExplorer(game=game).draw()
    assert "(0.5, 0.2)" in told
    assert len(figure.axes) == 1


def test_settings_are_checked():
    with pytest.raises(ValueError, match="game"):
        SmallGamesExplorer(game="chess")
