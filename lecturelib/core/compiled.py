"""What is compiled by numba: how, a cache that notices changes in other files, and eˣ for loops that run on vectors."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

# As in lecturelib.splines.training.steps: no counts of references, so room for everything comes in from outside.
OPTIONS: Any = {
    "nogil": True,
    "cache": True,
    "error_model": "numpy",
    "_nrt": False,
    "fastmath": {"contract", "reassoc"},
}
_inlined = njit(**OPTIONS, forceinline=True)


def hashed(module: ModuleType) -> bytes:
    return hashlib.sha256(Path(str(module.__file__)).read_bytes()).digest()


def compiled_with(*modules: ModuleType, **options: Any):
    """numba.njit for functions that call compiled ones of other modules: the cache on disk notices their changes."""

    def decorate(function):
        made = njit(**OPTIONS | options)(function)
        store = made._cache._cache_file
        store._source_stamp = (store._source_stamp, *map(hashed, modules))
        return made

    return decorate


# eˣ without branches, so that loops over it run on vectors. What the C library has takes one number at a time.


@intrinsic
def _bits(typing, x):
    """A double-precision number as the integer with the same bits."""
    return types.int64(types.float64), lambda _, builder, signature, given: builder.bitcast(given[0], ir.IntType(64))


@intrinsic
def _number(typing, k):
    """The inverse of `_bits`."""
    return types.float64(types.int64), lambda _, builder, signature, given: builder.bitcast(given[0], ir.DoubleType())


_MAGIC = 1.5 * 2.0**52  # a number plus this has its nearest integer in the lowest bits
_PER_LN2, _LN2, _LN2_REST = 1.4426950408889634, 0.6931471803691238, 1.9082149292705877e-10


@njit(**OPTIONS | {"fastmath": {"contract"}}, forceinline=True)
def exp(x):
    """eˣ in double precision, to 2e-16 of its size, for |x| ≤ 708, and its value at ±708 beyond: 2ⁿ times a series."""
    x = min(max(np.float64(x), -708.0), 708.0)
    t = x * _PER_LN2 + _MAGIC
    n = t - _MAGIC
    r = (x - n * _LN2) - n * _LN2_REST
    p = 1.0 / 6227020800
    p = p * r + 1.0 / 479001600
    p = p * r + 1.0 / 39916800
    p = p * r + 1.0 / 3628800
    p = p * r + 1.0 / 362880
    p = p * r + 1.0 / 40320
    p = p * r + 1.0 / 5040
    p = p * r + 1.0 / 720
    p = p * r + 1.0 / 120
    p = p * r + 1.0 / 24
    p = p * r + 1.0 / 6
    p = p * r + 0.5
    p = p * r + 1.0
    p = p * r + 1.0
    return _number(_bits(p) + (_bits(t) << 52))


@_inlined
def sigmoid(a):
    return 1 / (1 + exp(-a))


@_inlined
def softplus(a):
    """ln(1 + eᵃ), which does not overflow."""
    return max(a, 0.0) + np.log1p(exp(-abs(a)))
