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

Neurons that leave their gap in a step are put on a list, and filed where they belong when all have moved.

Names: params, first, second: w, b, v and their two moments, shape (3, H), the moments with H = 0 where unused; rows:
(H,); near: the points beside each gap, shape (2, H), a neuron is silent at the first and awake at the second; tables:
pull, tilt, slope, height, shape (4, 2N + 2); moved: (H,), room for the list; share: room for gradients, see `adam`.
"""

from __future__ import annotations

import numpy as np
from numba import njit

GD, MOMENTUM, ADAM = range(3)
MOMENTUM_DECAY = 0.9
ADAM_FIRST, ADAM_SECOND, ADAM_EPS = 0.9, 0.999, 1e-8
STRETCH = 512  # neurons whose numbers fit the nearest cache

# Without `_nrt`, numba counts references to every array in every call, which takes longer than a step of a small
# network. The price: what is compiled so cannot allocate, so room for everything comes in from outside.
# All of it is in one file, since numba's cache on disk does not notice changes in other files.
_compiled = {"nogil": True, "cache": True, "error_model": "numpy", "_nrt": False}
_exact = njit(**_compiled, fastmath={"contract"})
_inlined = njit(**_compiled, fastmath={"contract"}, forceinline=True)
_reordered = njit(**_compiled, fastmath={"contract", "reassoc"}, forceinline=True)  # sums may be split over lanes


@_exact
def find_row(w, b, walls, guess):
    """Row of a neuron, looked for near the gap `guess`. walls: −∞, the sorted data, +∞, shape (N + 2,)."""
    size = walls.size - 2
    right = w > 0
    low, high = 0, size
    # Point j is behind the gap where active(j) is `right`; the gap is the number of points that are not.
    if guess > 0 and (w * walls[guess] > -b) == right:
        high = guess - 1
        if high == 0 or (w * walls[high] > -b) != right:
            low = high
    elif guess < size and (w * walls[guess + 1] > -b) != right:
        low = guess + 1
        if low == size or (w * walls[low + 1] > -b) == right:
            high = low
    else:
        low = high = guess
    while low < high:
        middle = (low + high) >> 1
        if (w * walls[middle + 1] > -b) == right:
            high = middle
        else:
            low = middle + 1
    return low if right else size + 1 + low


@_exact
def settle(i, params, rows, walls, near, tables):
    """File neuron i: find its row, note the points beside its gap, add its share."""
    w, b, v = params[0, i], params[1, i], params[2, i]
    gaps = walls.size - 1
    row = find_row(w, b, walls, np.intp(rows[i] % gaps))
    rows[i] = row
    left, right = walls[row % gaps], walls[row % gaps + 1]
    near[0, i], near[1, i] = (left, right) if row < gaps else (right, left)
    tables[2, row] += w * v
    tables[3, row] += b * v


@_inlined
def file(i, row, w, b, v, silent, awake, slope, height, moved, count):
    """Add the share of neuron i, at w, b, v now, to its row, or put it on the list `moved` if it has left its gap."""
    if (w * silent[i] > -b) | (not (w * awake[i] > -b)):
        moved[count] = i
        return count + 1
    slope[row] += w * v
    height[row] += b * v
    return count


@_inlined
def gd(params, rows, near, tables, moved):
    """Gradient descent for all neurons, with tables that hold the learning rate already; how many left their gaps."""
    w, b, v = params[0], params[1], params[2]
    silent, awake, pull, tilt, slope, height = near[0], near[1], tables[0], tables[1], tables[2], tables[3]
    count = 0
    for i in range(w.size):
        row = rows[i]
        p, t = pull[row], tilt[row]
        old_w, old_b, old_v = w[i], b[i], v[i]
        new_w = old_w - old_v * t
        new_b = old_b - old_v * p
        new_v = old_v - (old_w * t + old_b * p)
        w[i], b[i], v[i] = new_w, new_b, new_v
        count = file(i, row, new_w, new_b, new_v, silent, awake, slope, height, moved, count)
    return count


@_inlined
def momentum(params, first, rows, near, tables, moved, rate):
    """Momentum for all neurons: m ← 0.9 m + gradient, parameter ← parameter − rate m. first: m, shape (3, H)."""
    w, b, v = params[0], params[1], params[2]
    silent, awake, pull, tilt, slope, height = near[0], near[1], tables[0], tables[1], tables[2], tables[3]
    mw, mb, mv = first[0], first[1], first[2]
    count = 0
    for i in range(w.size):
        row = rows[i]
        p, t = pull[row], tilt[row]
        old_w, old_b, old_v = w[i], b[i], v[i]
        new_mw = MOMENTUM_DECAY * mw[i] + old_v * t
        new_mb = MOMENTUM_DECAY * mb[i] + old_v * p
        new_mv = MOMENTUM_DECAY * mv[i] + (old_w * t + old_b * p)
        mw[i], mb[i], mv[i] = new_mw, new_mb, new_mv
        new_w = old_w - rate * new_mw
        new_b = old_b - rate * new_mb
        new_v = old_v - rate * new_mv
        w[i], b[i], v[i] = new_w, new_b, new_v
        count = file(i, row, new_w, new_b, new_v, silent, awake, slope, height, moved, count)
    return count


@_inlined
def adam_move(value, gradient, m, s, rate, spread):
    """Adam for one number: its new value, first and second moment. rate and spread hold the bias corrections."""
    m += (1 - ADAM_FIRST) * (gradient - m)
    s = ADAM_SECOND * s + (1 - ADAM_SECOND) * (gradient * gradient)
    return value - rate * (m / (spread * np.sqrt(s) + ADAM_EPS)), m, s


@_inlined
def adam_moves(value, gradient, m, s, rate, spread):
    """`adam_move` for a stretch of one kind of parameter: a loop so plain that it runs on vectors."""
    for i in range(value.size):
        value[i], m[i], s[i] = adam_move(value[i], gradient[i], m[i], s[i], rate, spread)


@_inlined
def adam(params, first, second, rows, near, tables, moved, share, rate, spread):
    """Adam for all neurons. first, second: running means of gradient and squared gradient, shape (3, H).

    Square roots and divisions are the cost. They run on vectors, a stretch of neurons at a time, with the stretch's
    gradients in `share`, shape (3, S).
    """
    w, b, v = params[0], params[1], params[2]
    silent, awake, pull, tilt, slope, height = near[0], near[1], tables[0], tables[1], tables[2], tables[3]
    gw, gb, gv = share[0], share[1], share[2]
    count = 0
    for low in range(0, w.size, gw.size):
        high = min(low + gw.size, w.size)
        for i in range(low, high):
            p, t = pull[rows[i]], tilt[rows[i]]
            gw[i - low], gb[i - low], gv[i - low] = v[i] * t, v[i] * p, w[i] * t + b[i] * p
        for k in range(3):
            adam_moves(params[k, low:high], share[k], first[k, low:high], second[k, low:high], rate, spread)
        for i in range(low, high):
            count = file(i, rows[i], w[i], b[i], v[i], silent, awake, slope, height, moved, count)
    return count


@_exact
def move(optimizer, params, first, second, rows, walls, near, tables, moved, share, rate, spread):
    """One step of all neurons. Their shares are added to the tables `slope` and `height`."""
    if optimizer == GD:
        count = gd(params, rows, near, tables, moved)
    elif optimizer == MOMENTUM:
        count = momentum(params, first, rows, near, tables, moved, rate)
    else:
        count = adam(params, first, second, rows, near, tables, moved, share, rate, spread)
    for j in range(count):
        settle(moved[j], params, rows, walls, near, tables)


@_inlined
def step_b0(b0, gradient, optimizer, rate, spread):
    """One step of the output bias. b0: its value and two moments, shape (3,). gd: the gradient holds the rate."""
    if optimizer == GD:
        b0[0] -= gradient
    elif optimizer == MOMENTUM:
        b0[1] = MOMENTUM_DECAY * b0[1] + gradient
        b0[0] -= rate * b0[1]
    else:
        b0[0], b0[1], b0[2] = adam_move(b0[0], gradient, b0[1], b0[2], rate, spread)


@_inlined
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


@_inlined
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


@_exact
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


@_exact
def keep(params, out):
    """Copy the parameters, shape (3, H), entry by entry: assigning whole arrays takes long to compile."""
    for row in range(3):
        for i in range(params.shape[1]):
            out[row, i] = params[row, i]


@_exact
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
