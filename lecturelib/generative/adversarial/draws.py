"""Random points for training, compiled where numpy would make copies: its generators draw, and loops put in place."""

from __future__ import annotations

from lecturelib.core import compiled
from lecturelib.core.compiled import compiled_with

_compiled = compiled_with(compiled)


@_compiled
def scattered(chances, cuts, means, scales, normal, into):
    """Points of a mixture, into (T, I, d, B), from numbers in [0, 1), (T, I, B), and normal ones, (T, I, B, d)."""
    for t in range(into.shape[0]):
        for i in range(into.shape[1]):
            for n in range(into.shape[3]):
                pick, chance = 0, chances[t, i, n]
                for k in range(cuts.size):
                    pick += cuts[k] <= chance
                for j in range(into.shape[2]):
                    into[t, i, j, n] = means[pick, j] + scales[pick] * normal[t, i, n, j]


@_compiled
def gathered(picks, points, into):
    """Points by number, into (T, I, d, B)."""
    for t in range(into.shape[0]):
        for i in range(into.shape[1]):
            for n in range(into.shape[3]):
                for j in range(into.shape[2]):
                    into[t, i, j, n] = points[picks[t, i, n], j]
