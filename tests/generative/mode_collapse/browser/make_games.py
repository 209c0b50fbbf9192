"""Makes games.json, paths and spectra as the library has them, for the tests of the browser's numerics.

Run: python -m tests.generative.mode_collapse.browser.make_games
"""

import json
from pathlib import Path

from lecturelib.generative import is_local_minimax, small_game, spectrum
from lecturelib.generative.mode_collapse.explorer import METHODS, SmallGamesExplorer

STORED = Path(__file__).with_name("games.json")
STATES = [
    *({"game": "hill", "method": one, "rate": 0.05, "ratio": 1.5, "x": 3.0, "y": 2.0} for one in METHODS),
    {"game": "left", "method": "follow_the_ridge", "damping": 3.0},
    {"game": "loved", "method": "simultaneous", "ratio": 2.0},
    {"game": "turning", "method": "alternating", "rate": 0.3},
    {"game": "left", "method": "consensus", "rate": 0.02},
]


def case(state: dict) -> dict:
    """One setting of the explorer with what the library finds."""
    now = (explorer := SmallGamesExplorer(**state)).state
    game, options = small_game(now["game"]), {key: now[key] for key in ("method", "ratio", "damping")}
    found = spectrum(game, [0.0, 0.0], learning_rate=now["rate"], **options)
    return {
        **{key: now[key] for key in ("game", "method", "rate", "ratio", "damping", "x", "y")},
        "path": explorer.path(20).tolist(),
        "minimax": bool(is_local_minimax(game, [0.0, 0.0])),
        "sizes": None if now["method"] == "optimistic" else found.abs().tolist(),
    }


def cases() -> list[dict]:
    """All cases, computed now."""
    return [case(state) for state in STATES]


if __name__ == "__main__":
    STORED.write_text("[\n" + ",\n".join(json.dumps(one) for one in cases()) + "\n]\n", encoding="utf-8")
