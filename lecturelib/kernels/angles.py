"""Angles from their versine v = 1 − cos θ, to the last digit at every size of angle, in loops that vectorize.

An angle from its cosine loses half of the digits near 0: cos θ is rounded to 2⁻⁵³, so θ is known to 2⁻²⁶. The versine
of a small angle is a small number with all its digits. From it sin θ = √(v (2 − v)), and

    θ / sin θ = 1 + v T(v),    T(v) = Σ_{n≥1} 2ⁿ (n!)² / (2n+1)! vⁿ⁻¹,

a smooth function on 0 ≤ v ≤ 1, that is up to a right angle. Larger angles are measured from π. A polynomial stands in
for T: its Chebyshev interpolant of degree 20, which is off by less than 5e-17.
"""

from __future__ import annotations

from numba import njit

PI = 3.141592653589793

COMPILED = {"nogil": True, "cache": True, "error_model": "numpy"}
_inlined = njit(inline="always", error_model="numpy")

# T in powers of w = 2v − 1, highest last
SERIES = (
    0.41839915231229047,
    0.108801130250279,
    0.030665253853817326,
    0.009009039991171454,
    0.002714217958661114,
    0.0008316389628748169,
    0.000257909014446781,
    8.071088718803477e-05,
    2.54365123539646e-05,
    8.061736453979315e-06,
    2.5668638215512477e-06,
    8.205388211738294e-07,
    2.6311857933224944e-07,
    8.43953020654718e-08,
    2.7202625335622235e-08,
    9.062157487661312e-09,
    2.933359394328009e-09,
    7.32214818465851e-10,
    2.373592240415871e-10,
    1.7431878679714631e-10,
    5.680048030636429e-11,
)
C0, C1, C2, C3, C4, C5, C6, C7, C8, C9, C10, C11, C12, C13, C14, C15, C16, C17, C18, C19, C20 = SERIES


@_inlined
def series(v):
    """T(v) for 0 ≤ v ≤ 1."""
    w = 2.0 * v - 1.0
    # Two chains of half the length, in w², that the processor works on at once.
    s = w * w
    even = ((((C20 * s + C18) * s + C16) * s + C14) * s + C12) * s + C10
    odd = (((C19 * s + C17) * s + C15) * s + C13) * s + C11
    even = ((((even * s + C8) * s + C6) * s + C4) * s + C2) * s + C0
    odd = ((((odd * s + C9) * s + C7) * s + C5) * s + C3) * s + C1
    return odd * w + even


@_inlined
def angle_and_rest(v, sine):
    """θ and sin θ − θ cos θ for a versine 0 ≤ v ≤ 1 and its sine, both with all their digits however small θ is."""
    t = series(v)
    return sine * (1.0 + v * t), sine * v * (1.0 - t * (1.0 - v))
