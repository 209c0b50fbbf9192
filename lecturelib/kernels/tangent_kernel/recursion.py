"""The recursion of the infinite-width kernels over layers, in loops over pairs of inputs.

For each pair three numbers go from layer to layer: the tangent kernel, the covariance, and how far the angle between
the two is from 0 or π. The last is carried as a versine 1 − cos θ that is never a difference of nearly equal numbers:

    ReLU:  q q' (1 − cos θ') = c (1 − κ₁(θ)) + σ_b² c (q₁ − q₂)² / (q₁ q₂ (q q' + σ_b² + c)),    c = σ_w² q₁ q₂ / 2,

with q₁, q₂ the standard deviations of the two before the layer and q, q' after it. Both terms are positive. For erf the
second term, what different lengths add, is a difference whatever one does. Deep erf networks amplify what is lost
there, so for small angles a fourth number is carried, the gap q₁ − q₂, and the term is computed from it (see `nearly`).

An angle from its cosine loses half of the digits near 0: cos θ is rounded to 2⁻⁵³, so θ is known to 2⁻²⁶. The versine
of a small angle is a small number with all its digits. From it sin θ = √(v (2 − v)), and

    θ / sin θ = 1 + v T(v),    T(v) = Σ_{n≥1} 2ⁿ (n!)² / (2n+1)! vⁿ⁻¹,

a smooth function on 0 ≤ v ≤ 1, that is up to a right angle. Larger angles are measured from π. A polynomial stands in
for T: its Chebyshev interpolant of degree 20, which is off by less than 5e-17.

All compiled code stands in this file: the compiler keeps what it made until the file of the outermost loop changes.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

PI = 3.141592653589793

COMPILED = {"nogil": True, "cache": True, "error_model": "numpy"}
_inlined = njit(inline="always", error_model="numpy")

# T in powers of w = 2v − 1, highest last
SERIES = (
    0.41839915231229047, 0.108801130250279, 0.030665253853817326, 0.009009039991171454, 0.002714217958661114,
    0.0008316389628748169, 0.000257909014446781, 8.071088718803477e-05, 2.54365123539646e-05, 8.061736453979315e-06,
    2.5668638215512477e-06, 8.205388211738294e-07, 2.6311857933224944e-07, 8.43953020654718e-08, 2.7202625335622235e-08,
    9.062157487661312e-09, 2.933359394328009e-09, 7.32214818465851e-10, 2.373592240415871e-10, 1.7431878679714631e-10,
    5.680048030636429e-11,
)  # fmt: skip
C0, C1, C2, C3, C4, C5, C6, C7, C8, C9, C10, C11, C12, C13, C14, C15, C16, C17, C18, C19, C20 = SERIES

CHUNK = 256  # pairs that go through all layers together, in cache
ALIKE = 2.0**-5  # below this share of their sum, two lengths are known by their gap
CLOSE = 2.0**-7  # below this versine, about 7 degrees, angles come from differences of the inputs

_loops = njit(**COMPILED, fastmath={"contract"})
_sums = njit(**COMPILED, fastmath={"contract", "reassoc"})  # sums may be split over vector lanes


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


@_sums
def _apart(one, other, sign):
    """‖one‖² − ‖other‖² and ‖one − sign·other‖², with all digits that the difference has; sign: 1 or −1."""
    squares, square = 0.0, 0.0
    for k in range(one.size):
        difference = one[k] - sign * other[k]
        squares += difference * (one[k] + sign * other[k])
        square += difference * difference
    return squares, square


@_loops
def start(row, w2, b2, left_std, right_std, left_unit, right_units, left, rights, versines, opposite, tangent, gaps):
    """First layer: from inner products of inputs to versines, covariances, tangent kernels and gaps of one chunk.

    Where the angle exceeds a right one, `opposite` is 1 and the versine is that of π − θ. left, rights: the inputs.
    """
    least = 1.0
    for j in range(row.size):
        tangent[j] = w2 * row[j] + b2
        size = left_std * right_std[j]
        cosine = tangent[j] / size if size > 0 else 1.0
        opposite[j] = 1.0 if cosine < 0 else 0.0
        versines[j] = max(0.0, 1.0 - abs(cosine))
        gaps[j] = left_std - right_std[j]
        least = min(least, versines[j])
    if least < CLOSE:
        for j in range(row.size):
            if versines[j] < CLOSE and left_std * right_std[j] > 0:
                # ½ ‖u − v‖² is the versine of the angle of vectors of length 1, ½ ‖u + v‖² of what it lacks from π
                versines[j] = 0.5 * _apart(left_unit, right_units[j], 1.0 - 2.0 * opposite[j])[1]
                squares, square = _apart(left, rights[j], 1.0)
                gaps[j] = w2 * squares / (left_std + right_std[j])
                # unit vectors are rounded, inputs are not; but where lengths differ more than directions do, it is they
                # that are rounded here
                if opposite[j] == 0.0 and gaps[j] * gaps[j] < math.sqrt(versines[j]) * left_std * right_std[j]:
                    across = w2 * square - gaps[j] * gaps[j]
                    versines[j] = max(0.0, across) / (2.0 * left_std * right_std[j])


@_loops
def relu(w2, b2, left_std, right_std, left_next, right_next, versines, opposite, covariance, tangent):
    """One ReLU layer of one chunk, in place."""
    for j in range(versines.size):
        v = versines[j]
        sine = math.sqrt(v * (2.0 - v))
        t = series(v)
        angle, rest = sine * (1.0 + v * t), sine * v * (1.0 - t * (1.0 - v))  # θ and sin θ − θ cos θ
        far = opposite[j] > 0
        lost = 1.0 - rest / PI if far else v - rest / PI  # 1 − κ₁
        kappa1 = rest / PI if far else 1.0 - lost
        kappa0 = angle / PI if far else 1.0 - angle / PI
        product = 0.5 * w2 * left_std * right_std[j]
        covariance[j] = product * kappa1 + b2
        tangent[j] = covariance[j] + 0.5 * w2 * kappa0 * tangent[j]
        size = left_next * right_next[j]
        gap = left_std - right_std[j]
        gained = product * lost + 0.5 * w2 * b2 * gap * gap / (size + b2 + product)
        versines[j] = min(1.0, gained / size) if size > 0 else 0.0
        opposite[j] = 0.0


@_inlined
def arc(sine, cosine):
    """The angle between −π/2 and π/2 with this sine and this cosine ≥ 0, all digits; nothing but arithmetic."""
    v = sine * sine / (1.0 + cosine)  # the versine, without a difference
    return sine * (1.0 + v * series(min(v, 1.0)))


@_inlined
def bent(left, right, cosine, sine2):
    """What erf makes of the angle of inputs of these standard deviations, with its cosine and sin².

    The new angle has the sine s cos θ and the cosine k ρ. Returns s, ρ, k ρ of parallel inputs, k, the new angle of
    parallel inputs, and by how much |the new angle| is less: an angle of its own, no difference of near numbers.
    """
    product = 2.0 * left * right
    parallel = 1.0 + 2.0 * left * left + 2.0 * right * right
    root, least = math.sqrt(parallel + product * product * sine2), math.sqrt(parallel)
    whole = 1.0 / (parallel + product * product)
    side = math.sqrt(whole)
    turned = product * sine2 / (root + abs(cosine) * least)
    straight = (product * product * abs(cosine) + root * least) * whole
    return product * side, root, least * side, side, arc(product * side, least * side), arc(turned, straight)


@_loops
def nearly(v, gap, left, right, left_next, right_next, unit, b2):
    """Versine and gap after an erf layer, for a small angle, from the gap before it.

    With u = 2 σ_w²/π a variance becomes q² = u α + σ_b², sin α = p² = 2 q₁² / (1 + 2 q₁²). Let γ and r be the same for
    the other input, and μ the angle of parallel inputs of these lengths, sin μ = p r. Lengths that differ add

        q q' − u μ − σ_b² = u (u (e (2 μ + e) − d²) + 2 σ_b² e) / (q q' + u μ + σ_b²)

    with d = (α − γ)/2 and e = (α + γ)/2 − μ. Their sines are multiples of p² − r², and that is one of the gap.
    """
    _, _, least, side, most, turned = bent(left, right, 1.0 - v, v * (2.0 - v))
    one, other = 1.0 + 2.0 * left * left, 1.0 + 2.0 * right * right
    p2, r2 = 2.0 * left * left / one, 2.0 * right * right / other
    p, r = math.sqrt(p2), math.sqrt(r2)
    cosines = math.sqrt(1.0 + 4.0 * left * left) / one, math.sqrt(1.0 + 4.0 * right * right) / other, least
    apart = 2.0 * gap * (left + right) * side * side  # p² − r²
    turn = apart * (p2 + r2) / (p2 * cosines[1] + r2 * cosines[0])  # sin(α − γ)
    first, second = p * cosines[2] + r * cosines[0], r * cosines[2] + p * cosines[1]
    down, up = p * apart / first, r * apart / second  # sin(α − μ), sin(μ − γ)
    steep = math.sqrt(1.0 - down * down), math.sqrt(1.0 - up * up)
    rest = turn * (p * second + r * first) * apart * apart / (first * first * second * second * (steep[0] + steep[1]))
    e = 0.5 * math.asin(apart * (turn * steep[1] + r * first * rest) / (first * second))
    d = 0.5 * math.asin(turn)
    size = left_next * right_next
    longer = unit * (unit * (e * (2.0 * most + e) - d * d) + 2.0 * b2 * e) / (size + unit * most + b2)
    return (unit * turned + longer) / size, 2.0 * unit * d / (left_next + right_next)


@_loops
def erf(w2, b2, left_std, right_std, left_next, right_next, versines, opposite, covariance, tangent, gaps, before):
    """One erf layer of one chunk, in place. before: room for the versines of angles below a right one."""
    unit = w2 * 2.0 / PI
    for j in range(versines.size):
        before[j] = versines[j] if opposite[j] == 0.0 else 1.0
    for j in range(versines.size):
        v = versines[j]
        cosine = (1.0 - v) * (1.0 - 2.0 * opposite[j])
        sine, root, _, side, most, between = bent(left_std, right_std[j], cosine, v * (2.0 - v))
        angle = arc(sine * cosine, root * side)  # arcsin(2c / R)
        covariance[j] = unit * angle + b2
        tangent[j] = covariance[j] + 2.0 * unit / root * tangent[j]
        lost = unit * (between if cosine > 0.0 else most - angle)
        size = left_next * right_next[j]
        shorter = max(0.0, size - unit * most - b2)
        lost += shorter if left_std != right_std[j] else 0.0
        v = min(2.0, lost / size) if size > 0 else 0.0
        opposite[j] = 1.0 if v > 1.0 else 0.0
        versines[j] = min(v, 2.0 - v)
    for j in range(versines.size):
        # lengths that differ much need no gap: their difference is exact enough
        alike = abs(gaps[j]) < ALIKE * (left_std + right_std[j])
        if alike and before[j] < CLOSE and left_std * right_std[j] > 0.0:
            lengths = left_std, right_std[j], left_next, right_next[j]
            versines[j], gaps[j] = nearly(before[j], gaps[j], *lengths, unit, b2)
            opposite[j] = 0.0  # 7 degrees do not become more than a right angle, whatever the scales are
        else:
            gaps[j] = left_next - right_next[j]


@njit(**COMPILED)
def block(out, low, high, symmetric, is_relu, tangents, w2, b2, scale, left_stds, right_stds, left, right, x1, x2):
    """Rows low to high: `out` holds inner products of inputs x1, x2 on entry and the kernel on return."""
    depth = left_stds.shape[0] - 1
    # arrays, not rows of one: the compiler has to see that they do not overlap, or it does one pair at a time
    buffers = np.empty(CHUNK), np.empty(CHUNK), np.empty(CHUNK), np.empty(CHUNK), np.empty(CHUNK), np.empty(CHUNK)
    for i in range(low, high):
        for begin in range(i if symmetric else 0, out.shape[1], CHUNK):
            end = min(begin + CHUNK, out.shape[1])
            row = out[i, begin:end]
            v, opposite = buffers[0][: end - begin], buffers[1][: end - begin]
            covariance, tangent = buffers[2][: end - begin], buffers[3][: end - begin]
            gaps, before = buffers[4][: end - begin], buffers[5][: end - begin]
            start(
                row, scale, b2, left_stds[0, i], right_stds[0, begin:end], left[i], right[begin:end],
                x1[i], x2[begin:end], v, opposite, tangent, gaps,
            )  # fmt: skip
            covariance[:] = tangent
            for k in range(depth):
                stds = left_stds[k, i], right_stds[k, begin:end], left_stds[k + 1, i], right_stds[k + 1, begin:end]
                if is_relu:
                    relu(w2, b2, *stds, v, opposite, covariance, tangent)
                else:
                    erf(w2, b2, *stds, v, opposite, covariance, tangent, gaps, before)
            row[:] = tangent if tangents else covariance
    if symmetric:
        for j in range(low, out.shape[1]):
            for i in range(low, min(high, j)):
                out[j, i] = out[i, j]
