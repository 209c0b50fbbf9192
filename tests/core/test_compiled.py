"""What is compiled: exponentials, and a cache that knows of other files."""

import math
from pathlib import Path
from types import ModuleType

import numpy as np

from lecturelib.core import compiled, small_steps


def test_exponentials_without_branches():
    x = np.linspace(-708, 708, 3001)
    found = np.array([compiled.exp(one) for one in x])
    assert np.abs(found / np.exp(x) - 1).max() < 1e-15
    assert compiled.exp(math.inf) == compiled.exp(708.0)
    assert compiled.softplus(-math.inf) < 1e-307
    assert compiled.sigmoid(1e4) == 1


def test_the_cache_notices_changes_in_other_files(tmp_path):
    other, stamps = ModuleType("other"), []
    other.__file__ = str(tmp_path / "other.py")
    for text in ("x = 1", "x = 2"):
        Path(other.__file__).write_text(text)
        made = compiled.compiled_with(other)(small_steps.move.py_func)
        stamps.append(made._cache._cache_file._source_stamp)
    assert stamps[0] != stamps[1]
    own, below = small_steps.move._cache._cache_file._source_stamp
    assert stamps[0][0] == stamps[1][0] == own
    assert below == compiled.hashed(compiled)
