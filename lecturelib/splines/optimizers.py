r"""What a step does to the neurons, compiled: gradient descent, momentum, Adam, in O(H).

Every neuron looks up `pull` and `tilt` of its row (see `lecturelib.splines.training`), moves, and adds its share to the
tables `slope` and `height` for the next step. The few that leave their gap are put on a list instead, and filed where
they belong when all have moved.

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
COMPILED = {"nogil": True, "cache": True, "error_model": "numpy", "_nrt": False}
exact = njit(**COMPILED, fastmath={"contract"})
inlined = njit(**COMPILED, fastmath={"contract"}, forceinline=True)


@exact
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


@exact
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


@inlined
def file(i, row, w, b, v, silent, awake, slope, height, moved, count):
    """Add the share of neuron i, at w, b, v now, to its row, or put it on the list `moved` if it has left its gap."""
    if (w * silent[i] > -b) | (not (w * awake[i] > -b)):
        moved[count] = i
        return count + 1
    slope[row] += w * v
    height[row] += b * v
    return count


@inlined
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


@inlined
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


@inlined
def adam_move(value, gradient, m, s, rate, spread):
    """Adam for one number: its new value, first and second moment. rate and spread hold the bias corrections."""
    m += (1 - ADAM_FIRST) * (gradient - m)
    s = ADAM_SECOND * s + (1 - ADAM_SECOND) * (gradient * gradient)
    return value - rate * (m / (spread * np.sqrt(s) + ADAM_EPS)), m, s


@inlined
def adam_moves(value, gradient, m, s, rate, spread):
    """`adam_move` for a stretch of one kind of parameter: a loop so plain that it runs on vectors."""
    for i in range(value.size):
        value[i], m[i], s[i] = adam_move(value[i], gradient[i], m[i], s[i], rate, spread)


@inlined
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


@exact
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


@inlined
def step_b0(b0, gradient, optimizer, rate, spread):
    """One step of the output bias. b0: its value and two moments, shape (3,). gd: the gradient holds the rate."""
    if optimizer == GD:
        b0[0] -= gradient
    elif optimizer == MOMENTUM:
        b0[1] = MOMENTUM_DECAY * b0[1] + gradient
        b0[0] -= rate * b0[1]
    else:
        b0[0], b0[1], b0[2] = adam_move(b0[0], gradient, b0[1], b0[2], rate, spread)
