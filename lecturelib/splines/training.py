r"""One step of exact training in O(H + N), compiled.

The N data points are sorted, so neuron i is active on the points from some gap on (w_i > 0) or up to it (w_i ≤ 0). A
**row** names both: row g of the first N + 1 means active on points g, …, N − 1, row N + 1 + g means active on points
0, …, g − 1. All that a neuron and the data have to tell each other passes through tables with one entry a row:

- neurons to data: `slope` and `height` hold Σ v w and Σ v b over the neurons of a row. Running sums over the rows give
  the slope and the intercept of f at every point.
- data to neurons: `pull` and `tilt` hold Σ r_n and Σ r_n x_n over the points on which a row is active, for residuals r.
  They are the whole gradient: ∂w = v·tilt, ∂b = v·pull, ∂v = w·tilt + b·pull.

Every sum runs over active points alone, from the far end inwards, and never as a difference of two larger sums: a
neuron with a tiny gradient gets it with small relative error, which matters to Adam.

Active means w x + b > 0, as computed and then rounded. The computed w x + b never decreases in x where w ≥ 0 and never
increases where w ≤ 0, so the active points of a neuron are a prefix or a suffix in floating point too. The code asks
w x > −b, which is the same, and which no compiler can turn into a fused w x + b with another rounding.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from lecturelib.splines.optimizers import (
    ADAM,
    ADAM_FIRST,
    ADAM_SECOND,
    COMPILED,
    GD,
    STRETCH,
    exact,
    inlined,
    move,
    settle,
    step_b0,
)

_reordered = njit(**COMPILED, fastmath={"contract", "reassoc"}, forceinline=True)  # sums may be split over lanes


@inlined
def run_inwards(slope, height):
    """Turn sums a row into sums a point: entry n: over right rows ≤ n; entry N + 1 + n: over left rows > N + 1 + n."""
    size = slope.size // 2 - 1
    right_slope = left_slope = right_height = left_height = 0.0
    for n in range(size + 1):
        right_slope += slope[n]
        right_height += height[n]
        slope[n], height[n] = right_slope, right_height
        m = 2 * size + 1 - n
        row_slope, row_height = slope[m], height[m]
        slope[m], height[m] = left_slope, left_height
        left_slope += row_slope
        left_height += row_height


@_reordered
def residuals(slope, height, b0, x, y, chosen, scale, out):
    """out = scale (f(x) − y) at the chosen points; returns Σ (f(x) − y)² over all. Clears the tables."""
    size = x.size
    right_slope, left_slope = slope[:size], slope[size + 1 :]
    right_height, left_height = height[:size], height[size + 1 :]
    total = 0.0
    for n in range(size):
        r = (right_slope[n] + left_slope[n]) * x[n] + (right_height[n] + left_height[n] + b0) - y[n]
        total += r * r
        out[n] = scale * chosen[n] * r
    slope[:] = 0.0
    height[:] = 0.0
    return total


@inlined
def tabulate(r, x, pull, tilt):
    """Σ r and Σ r x over the points on which each row is active; returns Σ r over all points."""
    size = r.size
    left_pull = left_tilt = right_pull = right_tilt = 0.0
    for n in range(size):
        m = size - 1 - n
        left_pull += r[n]
        left_tilt += r[n] * x[n]
        right_pull += r[m]
        right_tilt += r[m] * x[m]
        pull[size + 2 + n] = left_pull
        tilt[size + 2 + n] = left_tilt
        pull[m] = right_pull
        tilt[m] = right_tilt
    return left_pull


@exact
def choose(order, state, batch, chosen):
    """Set `chosen` to 1 at `batch` points drawn without replacement, else 0.

    order: any permutation of the points, state: one 64-bit number; both are moved on. The draws are splitmix64
    (Steele, Lea and Flood 2014), the subset is the head of a Fisher-Yates shuffle.
    """
    for j in range(batch):
        chosen[order[j]] = 0.0
    for j in range(batch):
        state[0] += np.uint64(0x9E3779B97F4A7C15)
        z = state[0]
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = (z ^ (z >> np.uint64(31))) >> np.uint64(32)
        other = j + np.intp((z * np.uint64(order.size - j)) >> np.uint64(32))
        order[j], order[other] = order[other], order[j]
        chosen[order[j]] = 1.0


@exact
def keep(params, out):
    """Copy the parameters, shape (3, H), entry by entry: assigning whole arrays takes long to compile."""
    for row in range(3):
        for i in range(params.shape[1]):
            out[row, i] = params[row, i]


@exact
def train(
    params, first, second, b0, rows, walls, y, rate, optimizer, start, stop, order, state, batch, limit, marks, out,
    room,
):  # fmt: skip
    """Train one network from step `start` to `stop`; returns the step at which its loss left the limit, or −1.

    params: w, b, v, shape (3, H); first, second: moments, same shape (H = 0 if unused); b0: (3,), see `step_b0`; rows:
    (H,). batch: 0 for all points, else with order and state for `choose`. Steps in `marks`, which ends with a number
    too large to reach, are recorded in out = (parameters (R, 3, H), b0 (R,), losses (R,)). room: see `train_some`.
    """
    x = walls[1:-1]
    tables, near, moved, share, points = room
    pull, tilt, slope, height = tables[0], tables[1], tables[2], tables[3]
    r, chosen = points[0], points[1]
    tables[:] = 0.0
    chosen[:] = 1.0 if batch == 0 else 0.0
    for i in range(rows.size):
        settle(i, params, rows, walls, near, tables)
    scale = rate if optimizer == GD else 1.0
    record = 0
    while marks[record] < start:
        record += 1
    for step in range(start, stop + 1):
        if batch > 0 and step < stop:
            choose(order, state, batch, chosen)
        run_inwards(slope, height)
        loss = 0.5 * residuals(slope, height, b0[0], x, y, chosen, scale, r)
        if not loss <= limit:
            return step
        if marks[record] == step:
            keep(params, out[0][record])
            out[1][record], out[2][record] = b0[0], loss
            record += 1
        if step == stop:
            break
        total = tabulate(r, x, pull, tilt)
        spread, pace = 1.0, rate
        if optimizer == ADAM:  # two powers take longer than a step of a small network
            spread = 1 / np.sqrt(1 - ADAM_SECOND ** (step + 1))
            pace = rate / (1 - ADAM_FIRST ** (step + 1))
        step_b0(b0, total, optimizer, pace, spread)
        move(optimizer, params, first, second, rows, walls, near, tables, moved, share, pace, spread)
    return -1


@njit(nogil=True, cache=True)
def train_some(low, high, state, walls, y, rates, optimizer, start, stop, draws, batch, limits, marks, out, stopped):
    """`train` for networks low ≤ i < high of an ensemble, one after the other, in the same room.

    state = (params (M, 3, H), first, second, b0 (M, 3), rows (M, H)); draws = (order (M, N), state (M, 1)); out =
    (parameters (M, R, 3, H), b0 (M, R), losses (M, R)); stopped (M,) takes what `train` returns.
    """
    params, first, second, b0, rows = state
    size, width = y.shape[1], rows.shape[1]
    near, moved, share = np.empty((2, width)), np.empty(width, np.int64), np.empty((3, min(width, STRETCH)))
    room = (np.empty((4, 2 * size + 2)), near, moved, share, np.empty((2, size)))
    for i in range(low, high):
        record = (out[0][i], out[1][i], out[2][i])
        stopped[i] = train(
            params[i], first[i], second[i], b0[i], rows[i], walls, y[i], rates[i], optimizer,
            start, stop, draws[0][i], draws[1][i], batch, limits[i], marks, record, room,
        )  # fmt: skip
