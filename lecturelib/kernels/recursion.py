"""The recursion of the infinite-width kernels over layers, in loops over pairs of inputs.

For each pair three numbers go from layer to layer: the tangent kernel, the covariance, and how far the angle between
the two is from 0 or π. The last is carried as a versine 1 − cos θ that is never a difference of nearly equal numbers:

    ReLU:  q q' (1 − cos θ') = c (1 − κ₁(θ)) + σ_b² c (q₁ − q₂)² / (q₁ q₂ (q q' + σ_b² + c)),    c = σ_w² q₁ q₂ / 2,

with q₁, q₂ the standard deviations of the two before the layer and q, q' after it. Both terms are positive.
"""

from __future__ import annotations

import math

from numba import njit

from lecturelib.kernels.angles import COMPILED, PI, angle_and_rest

CHUNK = 256  # pairs that go through all layers together, in cache
CLOSE = 2.0**-7  # below this versine, about 7 degrees, angles come from differences of the inputs

_loops = njit(**COMPILED, fastmath={"contract"})
_sums = njit(**COMPILED, fastmath={"contract", "reassoc"})  # sums may be split over vector lanes


@_sums
def _versine(one, other, sign):
    """½ ‖one − sign·other‖² of two vectors of length 1: the versine of their angle, or of what it lacks from π."""
    total = 0.0
    for k in range(one.size):
        difference = one[k] - sign * other[k]
        total += difference * difference
    return 0.5 * total


@_loops
def start(row, w2, b2, left_std, right_std, left_unit, right_units, versines, opposite, tangent):
    """First layer: from inner products of inputs to versines, covariances and tangent kernels of one chunk.

    Where the angle exceeds a right one, `opposite` is 1 and the versine is that of π − θ.
    """
    least = 1.0
    for j in range(row.size):
        tangent[j] = w2 * row[j] + b2
        size = left_std * right_std[j]
        cosine = tangent[j] / size if size > 0 else 1.0
        opposite[j] = 1.0 if cosine < 0 else 0.0
        versines[j] = max(0.0, 1.0 - abs(cosine))
        least = min(least, versines[j])
    if least < CLOSE:
        for j in range(row.size):
            if versines[j] < CLOSE and left_std * right_std[j] > 0:
                versines[j] = _versine(left_unit, right_units[j], 1.0 - 2.0 * opposite[j])


@_loops
def relu(w2, b2, left_std, right_std, left_next, right_next, versines, opposite, covariance, tangent):
    """One ReLU layer of one chunk, in place."""
    for j in range(versines.size):
        v = versines[j]
        sine = math.sqrt(v * (2.0 - v))
        angle, rest = angle_and_rest(v, sine)
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


@_loops
def erf(w2, b2, left_std, right_std, left_next, right_next, versines, opposite, covariance, tangent):
    """One erf layer of one chunk, in place."""
    for j in range(versines.size):
        v = versines[j]
        cosine = (1.0 - v) * (1.0 - 2.0 * opposite[j])
        sine2 = v * (2.0 - v)
        product = 2.0 * left_std * right_std[j]
        parallel = 1.0 + 2.0 * left_std * left_std + 2.0 * right_std[j] * right_std[j]
        root, least = math.sqrt(parallel + product * product * sine2), math.sqrt(parallel)
        covariance[j] = w2 * 2.0 / PI * math.atan2(product * cosine, root) + b2
        tangent[j] = covariance[j] + w2 * 4.0 / PI / root * tangent[j]
        # by how much the covariance is below that of parallel inputs of the same lengths: an angle of its own
        if cosine > 0:
            turned = product * sine2 * (parallel + product * product) / (root + cosine * least)
        else:
            turned = product * (root - cosine * least)
        lost = w2 * 2.0 / PI * math.atan2(turned, product * product * cosine + root * least)
        size = left_next * right_next[j]
        if left_std != right_std[j]:
            lost += max(0.0, size - w2 * 2.0 / PI * math.atan2(product, least) - b2)
        v = min(2.0, lost / size) if size > 0 else 0.0
        opposite[j] = 1.0 if v > 1.0 else 0.0
        versines[j] = min(v, 2.0 - v)
