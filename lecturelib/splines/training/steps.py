r"""One step of exact training in O(H + N), compiled.

The N data points are sorted, so neuron i is active on the points from some gap on (w_i > 0) or up to it (w_i ≤ 0). All
that neurons and data have to tell each other passes through two tables with a row for each gap, shape (N + 1, 4). A row
has two halves: entries 0 and 1 of row g concern points g, …, N − 1, entries 2 and 3 the mirror image of that, points
0, …, N − 1 − g.

- neurons to data: `sums` holds Σ v b and Σ v w over the neurons active on just these points. Running sums down the rows
  give the intercept and the slope of f: at point g those of the neurons of the first half, at its mirror image
  N − 1 − g those of the second.
- data to neurons: `pulls` holds Σ r_n and Σ r_n x_n over these points, for residuals r: running sums up the rows. They
  are the whole gradient: ∂b = v·Σ r, ∂w = v·Σ r x, ∂v = w·Σ r x + b·Σ r.

So four sums run side by side, in one instruction of four numbers, and a point and its mirror image are one piece of
work. Every sum runs over active points alone, and never as a difference of two larger sums: a neuron with a tiny
gradient gets it with small relative error, which matters to Adam.

Active means w x + b > 0, as computed and then rounded. The computed w x + b never decreases in x where w ≥ 0 and never
increases where w ≤ 0, so the active points of a neuron are a prefix or a suffix in floating point too. The code asks
w x > −b, which is the same, and which no compiler can turn into a fused w x + b with another rounding.

Neurons that leave their gap in a step are put on a list, and filed where they belong when all have moved.

Names: params, first, second: w, b, v and their two moments, shape (3, H), the moments with H = 0 where unused; places:
(H,), where a neuron finds its two numbers in a flat table: entry 4 g or 4 g + 2; near: the points beside each gap,
shape (2, H), a neuron is silent at the first and awake at the second; moved: (H,), room for the list; share: room for
gradients, see `adam`. Data laid out in pairs, shape (⌈N/2⌉, 4), see `lay_out`: abscissas, targets, chosen.
"""

from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

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


@_exact
def find_gap(w, b, walls):
    """Gap of a neuron, 0 to N: the number of points n at which active(n) is not (w > 0).

    walls: −∞, the sorted data, +∞, shape (N + 2,).
    """
    right = w > 0
    low, high = 0, walls.size - 2
    while low < high:
        middle = (low + high) >> 1
        if (w * walls[middle + 1] > -b) == right:
            high = middle
        else:
            low = middle + 1
    return low


@_exact
def settle(i, params, places, walls, near, sums):
    """File neuron i: find its place, note the points beside its gap, add its share."""
    w, b, v = params[0, i], params[1, i], params[2, i]
    gap = find_gap(w, b, walls)
    left, right = walls[gap], walls[gap + 1]
    if w > 0:
        place, near[0, i], near[1, i] = 4 * gap, left, right
    else:
        place, near[0, i], near[1, i] = 4 * (walls.size - 2 - gap) + 2, right, left
    places[i] = place
    sums[place] += b * v
    sums[place + 1] += w * v


@_inlined
def file(i, place, w, b, v, silent, awake, sums, moved, count):
    """Add the share of neuron i, at w, b, v now, at its place, or put it on the list `moved` if it has left its gap."""
    if (w * silent[i] > -b) | (not (w * awake[i] > -b)):
        moved[count] = i
        return count + 1
    sums[place] += b * v
    sums[place + 1] += w * v
    return count


@_inlined
def gd(params, first, places, near, pulls, sums, moved, rate):
    """Gradient descent for all neurons, with pulls that hold the learning rate; how many left their gaps.

    With moments m, shape (3, H), momentum: m ← 0.9 m + gradient, parameter ← parameter − rate m.
    """
    w, b, v = params[0], params[1], params[2]
    silent, awake = near[0], near[1]
    mw, mb, mv = first[0], first[1], first[2]
    heavy, count = mw.size > 0, 0
    for i in range(w.size):
        place = places[i]
        p, t = pulls[place], pulls[place + 1]
        step_w, step_b, step_v = v[i] * t, v[i] * p, w[i] * t + b[i] * p
        if heavy:
            mw[i], mb[i] = MOMENTUM_DECAY * mw[i] + step_w, MOMENTUM_DECAY * mb[i] + step_b
            mv[i] = MOMENTUM_DECAY * mv[i] + step_v
            step_w, step_b, step_v = rate * mw[i], rate * mb[i], rate * mv[i]
        new_w, new_b, new_v = w[i] - step_w, b[i] - step_b, v[i] - step_v
        w[i], b[i], v[i] = new_w, new_b, new_v
        count = file(i, place, new_w, new_b, new_v, silent, awake, sums, moved, count)
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
def adam(params, first, second, places, near, pulls, sums, moved, share, rate, spread):
    """Adam for all neurons. first, second: running means of gradient and squared gradient, shape (3, H).

    Square roots and divisions are the cost. They run on vectors, a stretch of neurons at a time, with the stretch's
    gradients in `share`, shape (3, S).
    """
    w, b, v = params[0], params[1], params[2]
    silent, awake = near[0], near[1]
    gw, gb, gv = share[0], share[1], share[2]
    count = 0
    for low in range(0, w.size, gw.size):
        high = min(low + gw.size, w.size)
        for i in range(low, high):
            p, t = pulls[places[i]], pulls[places[i] + 1]
            gw[i - low], gb[i - low], gv[i - low] = v[i] * t, v[i] * p, w[i] * t + b[i] * p
        for k in range(3):
            adam_moves(params[k, low:high], share[k], first[k, low:high], second[k, low:high], rate, spread)
        for i in range(low, high):
            count = file(i, places[i], w[i], b[i], v[i], silent, awake, sums, moved, count)
    return count


@_inlined
def move(optimizer, params, first, second, places, walls, near, pulls, sums, moved, share, rate, spread):
    """One step of all neurons. Their shares are added to `sums`."""
    if optimizer == ADAM:
        count = adam(params, first, second, places, near, pulls, sums, moved, share, rate, spread)
    else:
        count = gd(params, first, places, near, pulls, sums, moved, rate)
    for j in range(count):
        settle(moved[j], params, places, walls, near, sums)


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


# The compiler takes sums that run through a loop one number at a time. What follows tells it, in its own language, to
# take a row of four at once. Sums run through both halves of the rows at the same time, since an addition has to wait
# for the one before: the half that comes second lacks the total of the first, its `carry`, and gets it later.
_number, _index, _row = ir.DoubleType(), ir.IntType(64), ir.VectorType(ir.DoubleType(), 4)
_nothing = ir.Constant(_row, [0.0] * 4)
MIRRORED, EXCHANGED, REPEATED = (2, 3, 0, 1), (1, 0, 3, 2), (0, 0, 0, 0)


class Rows:
    """The rows of an array of shape (K, 4), read and written whole."""

    def __init__(self, context, builder, kind, array):
        self.builder = builder
        self.first = builder.bitcast(context.make_array(kind)(context, builder, array).data, _row.as_pointer())

    def __getitem__(self, k):
        return self.builder.load(self.builder.gep(self.first, [k]), align=8)

    def __setitem__(self, k, row):
        self.builder.store(row, self.builder.gep(self.first, [k]), align=8)

    def run(self, k, running):
        """Add row k to the running sums, and the sums are the row."""
        row = self.builder.fadd(self.builder.load(running), self[k])
        self.builder.store(row, running)
        self[k] = row


def _shuffled(builder, row, order):
    order = ir.Constant(ir.VectorType(ir.IntType(32), 4), order)
    return builder.shuffle_vector(row, ir.Constant(_row, ir.Undefined), order)


def _entry(builder, row, k):
    return builder.extract_element(row, ir.Constant(ir.IntType(32), k))


def _odd(builder, size):
    return builder.trunc(size, ir.IntType(1))


@intrinsic
def run_down(typing, sums, size):
    """Running sums over rows 0 to N − 1, in the first ⌊N/2⌋ and in the others. `residuals` adds the carry."""

    def generate(context, builder, signature, arguments):
        rows, size = Rows(context, builder, signature.args[0], arguments[0]), arguments[1]
        half = builder.lshr(size, _index(1))
        upper, lower = (cgutils.alloca_once_value(builder, _nothing) for _ in range(2))
        with cgutils.for_range(builder, half) as loop:
            rows.run(loop.index, upper)
            rows.run(builder.add(half, loop.index), lower)
        with builder.if_then(_odd(builder, size)):
            rows.run(builder.sub(size, _index(1)), lower)
        return context.get_dummy_value()

    return types.void(sums, types.intp), generate


@intrinsic
def run_up(typing, pulls, size):
    """Running sums from row ⌊N/2⌋ − 1 to row 0, going on from those of the rows below, which `residuals` has run."""

    def generate(context, builder, signature, arguments):
        rows, half = Rows(context, builder, signature.args[0], arguments[0]), builder.lshr(arguments[1], _index(1))
        running = cgutils.alloca_once_value(builder, rows[half])
        with cgutils.for_range(builder, half) as loop:
            rows.run(builder.sub(half, builder.add(loop.index, _index(1))), running)
        return context.get_dummy_value()

    return types.void(pulls, types.intp), generate


@intrinsic
def residuals(typing, sums, pulls, abscissas, targets, chosen, b0, size):
    """From running sums to residuals r = f(x) − y: row n of `pulls` gets c r, c r x of point n and of its mirror image.

    abscissas, targets, chosen: see `lay_out`; c stands in the last. Returns Σ r² over all points. Clears `sums`. Points
    are taken from both ends to the middle, so rows N − 1 to ⌊N/2⌋ of `pulls` come in the order in which they are run.
    """

    def generate(context, builder, signature, arguments):
        tables = zip(signature.args[:5], arguments[:5], strict=True)
        sums, pulls, abscissas, targets, chosen = (Rows(context, builder, *table) for table in tables)
        size = arguments[6]
        half, last = builder.lshr(size, _index(1)), builder.sub(size, _index(1))
        b0 = builder.insert_element(ir.Constant(_row, ir.Undefined), arguments[5], ir.Constant(ir.IntType(32), 0))
        b0 = _shuffled(builder, b0, REPEATED)
        total, carry, running = (cgutils.alloca_once_value(builder, _nothing) for _ in range(3))
        with builder.if_then(builder.icmp_unsigned(">", half, _index(0))):
            builder.store(sums[builder.sub(half, _index(1))], carry)
        carry = builder.load(carry)

        def pair(n, line):
            """r, r, r', r' at point n and its mirror image, where f is line = intercept, slope of each."""
            products = builder.fmul(line, abscissas[n])
            f = builder.fadd(builder.fadd(products, _shuffled(builder, products, EXCHANGED)), b0)
            return builder.fsub(f, targets[n])

        def pulled(n, r):
            return builder.fmul(builder.fmul(r, chosen[n]), abscissas[n])

        mirrored_carry = _shuffled(builder, carry, MIRRORED)
        with cgutils.for_range(builder, half) as loop:
            n, image = loop.index, builder.sub(last, loop.index)
            line = builder.fadd(builder.fadd(sums[n], _shuffled(builder, sums[image], MIRRORED)), mirrored_carry)
            r = pair(n, line)
            squares = builder.fmul(r, r, flags=("contract",))
            builder.store(builder.fadd(builder.load(total), squares, flags=("contract",)), total)
            pulls[n] = row = pulled(n, r)
            pulls[image] = _shuffled(builder, row, MIRRORED)
            pulls.run(image, running)
            sums[n] = sums[image] = _nothing
        with builder.if_then(_odd(builder, size)):  # the point in the middle is its own image
            row = builder.fadd(sums[half], carry)
            r = pair(half, builder.fadd(row, _shuffled(builder, row, MIRRORED)))
            squares = builder.fmul(builder.fmul(r, r), ir.Constant(_row, [0.5] * 4))
            builder.store(builder.fadd(builder.load(total), squares), total)
            pulls[half] = pulled(half, r)
            pulls.run(half, running)
            sums[half] = _nothing
        sums[size] = _nothing
        squares = builder.load(total)
        return builder.fadd(_entry(builder, squares, 0), _entry(builder, squares, 2))

    return types.float64(*(sums, pulls, abscissas, targets, chosen, types.float64, types.intp)), generate


@_exact
def put(pairs, n, size, first, second):
    """Write two numbers of point n into an array of pairs."""
    image = size - 1 - n
    if n <= image:
        pairs[n, 0], pairs[n, 1] = first, second
    if n >= image:
        pairs[image, 2], pairs[image, 3] = first, second


@_exact
def lay_out(x, y, abscissas, targets):
    """Points in pairs: row n has two numbers of point n and two of its mirror image, 1 and x, or y and y."""
    for n in range(x.size):
        put(abscissas, n, x.size, 1.0, x[n])
        put(targets, n, x.size, y[n], y[n])


@_exact
def draw(order, state, batch):
    """Draw `batch` points without replacement: the head of `order`.

    order: any permutation of the points, state: one 64-bit number; both are moved on. The draws are splitmix64
    (Steele, Lea and Flood 2014), the subset is the head of a Fisher-Yates shuffle.
    """
    for j in range(batch):
        state[0] += np.uint64(0x9E3779B97F4A7C15)
        z = state[0]
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = (z ^ (z >> np.uint64(31))) >> np.uint64(32)
        other = j + np.intp((z * np.uint64(order.size - j)) >> np.uint64(32))
        order[j], order[other] = order[other], order[j]


@_exact
def choose(order, state, batch, chosen, scale):
    """Draw the points of a step: `scale` at these, 0 at those of the step before."""
    for j in range(batch):
        put(chosen, order[j], order.size, 0.0, 0.0)
    draw(order, state, batch)
    for j in range(batch):
        put(chosen, order[j], order.size, scale, scale)


@_exact
def keep(params, out):
    """Copy the parameters, shape (3, H), entry by entry: assigning whole arrays takes long to compile."""
    for row in range(3):
        for i in range(params.shape[1]):
            out[row, i] = params[row, i]


@_exact
def train(
    params, first, second, b0, places, walls, y, rate, optimizer, start, stop, order, state, batch, limit, marks, out,
    room,
):  # fmt: skip
    """Train one network from step `start` to `stop`; returns the step at which its loss left the limit, or −1.

    params: w, b, v, shape (3, H); first, second: moments, same shape (H = 0 if unused); b0: (3,), see `step_b0`;
    places: (H,). batch: 0 for all points, else with order and state for `choose`. Steps in `marks`, which ends with a
    number too large to reach, are recorded in out = (parameters (R, 3, H), b0 (R,), losses (R,)). room: `train_some`.
    """
    x = walls[1:-1]
    tables, near, moved, share, pairs = room
    sums, pulls, abscissas, targets, chosen = tables[0], tables[1], pairs[0], pairs[1], pairs[2]
    all_sums, all_pulls = sums.reshape(-1), pulls.reshape(-1)
    lay_out(x, y, abscissas, targets)
    scale = rate if optimizer == GD else 1.0
    tables[:] = 0.0
    chosen[:] = scale if batch == 0 else 0.0
    for i in range(places.size):
        settle(i, params, places, walls, near, all_sums)
    record = 0
    while marks[record] < start:
        record += 1
    for step in range(start, stop + 1):
        if batch > 0 and step < stop:
            choose(order, state, batch, chosen, scale)
        run_down(sums, x.size)
        loss = 0.5 * residuals(sums, pulls, abscissas, targets, chosen, b0[0], x.size)
        if not loss <= limit:
            return step
        if marks[record] == step:
            keep(params, out[0][record])
            out[1][record], out[2][record] = b0[0], loss
            record += 1
        if step == stop:
            break
        run_up(pulls, x.size)
        spread, pace = 1.0, rate
        if optimizer == ADAM:  # two powers take longer than a step of a small network
            spread = 1 / np.sqrt(1 - ADAM_SECOND ** (step + 1))
            pace = rate / (1 - ADAM_FIRST ** (step + 1))
        step_b0(b0, pulls[0, 0], optimizer, pace, spread)
        move(optimizer, params, first, second, places, walls, near, all_pulls, all_sums, moved, share, pace, spread)
    return -1


@njit(nogil=True, cache=True)
def train_some(low, high, start, stop, state, walls, y, rates, optimizer, draws, batch, limits, marks, out, stopped):
    """`train` for networks low ≤ i < high of an ensemble, one after the other, in the same room.

    state = (params (M, 3, H), first, second, b0 (M, 3), places (M, H)); draws = (order (M, N), state (M, 1)); out =
    (parameters (M, R, 3, H), b0 (M, R), losses (M, R)); stopped (M,) takes what `train` returns.
    """
    params, first, second, b0, places = state
    size, width = y.shape[1], places.shape[1]
    near, moved, share = np.empty((2, width)), np.empty(width, np.int64), np.empty((3, min(width, STRETCH)))
    room = (np.empty((2, size + 1, 4)), near, moved, share, np.empty((3, (size + 1) // 2, 4)))
    for i in range(low, high):
        record = (out[0][i], out[1][i], out[2][i])
        stopped[i] = train(
            params[i], first[i], second[i], b0[i], places[i], walls, y[i], rates[i], optimizer,
            start, stop, draws[0][i], draws[1][i], batch, limits[i], marks, record, room,
        )  # fmt: skip
