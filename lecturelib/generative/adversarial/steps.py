r"""Training of one generator against one discriminator, compiled.

D's loss is L = −V = mean ln(1 + e^{−a}) over real points + mean ln(1 + eᵃ) over generated ones, a = the logit of D. G's
loss is mean ln(1 − D), "saturating", or −mean ln D. Real points stand in the columns 0 to B − 1 of D's rows, generated
ones in B to 2B − 1. Names are those of `lecturelib.core.small_steps`, whose functions do the work.

Follow-the-Ridge (Wang, Zhang, Ba 2020) corrects D's step by −H⁻¹ (∂²L/∂D∂G) Δ, where Δ is the step of G and H the
second derivative of L with respect to D: D goes along as its optimum moves. The inverse is damped, and found by
conjugate gradients: (H² + λ) w = H b, or (H + λ) w = b, which makes sense only where H + λ is positive definite.
"""

from __future__ import annotations

import numpy as np

from lecturelib.core import small_steps
from lecturelib.core.small_steps import backward, compiled_with, forward, move, sigmoid, turn_backward, turn_forward

SIMULTANEOUS, ALTERNATING, RIDGE = range(3)
SQUARED, SHIFTED = range(2)

_compiled = compiled_with(small_steps)


@_compiled
def _place(points, rows, at):
    """Copy points, (d, B), into the first rows, from column `at` on."""
    for i in range(points.shape[0]):
        for n in range(points.shape[1]):
            rows[i, at + n] = points[i, n]


@_compiled
def _judge(rows, delta):
    """∂L/∂a for all points, in the last row of delta. Logits stand in the last row of `rows`."""
    a, out, points = rows[rows.shape[0] - 1], delta[delta.shape[0] - 1], rows.shape[1] // 2
    share = 1 / np.float64(points)
    for n in range(points):
        out[n] = -share * sigmoid(-np.float64(a[n]))
    for n in range(points, 2 * points):
        out[n] = share * sigmoid(np.float64(a[n]))


@_compiled
def _bend(rows, along, out, low, high):
    """The derivative of ∂L/∂a where a changes by `along`: out = D (1 − D) along / B, in the last rows."""
    a, turn, into = rows[rows.shape[0] - 1], along[along.shape[0] - 1], out[out.shape[0] - 1]
    share = 2 / np.float64(rows.shape[1])
    for n in range(low, high):
        d = sigmoid(np.float64(a[n]))
        into[n] = share * d * (1 - d) * turn[n]


@_compiled
def _blame(d, d_sizes, saturating, room, gradient):
    """∂(loss of G)/∂(generated points) into `back`, and ∂L/∂D into `gradient` after it. D has gone forward."""
    h, s, back, delta = room
    points = h.shape[1] // 2
    if not saturating:
        a, out, share = h[h.shape[0] - 1], delta[h.shape[0] - 1], 1 / np.float64(points)
        for n in range(points, 2 * points):
            out[n] = -share * sigmoid(-np.float64(a[n]))
        backward(d, d_sizes, h, s, back, delta, gradient, points, 2 * points, False, True)
    _judge(h, delta)
    backward(d, d_sizes, h, s, back, delta, gradient, 0, 2 * points, True, saturating)
    if saturating:  # where the loss of G is −L, and L has just been differentiated
        for i in range(d_sizes[0]):
            for n in range(points, 2 * points):
                back[i, n] = -back[i, n]


@_compiled
def _play(g, d, noise, real, nets, rooms):
    """Both networks forward: G from noise, D on real and generated points."""
    g_sizes, d_sizes, kind = nets
    made, seen = rooms[0], rooms[1]
    points = noise.shape[1]
    _place(noise, made[0], 0)
    forward(g, g_sizes, kind, made[0], made[1], 0, points)
    _place(made[0][made[0].shape[0] - d_sizes[0] :], seen[0], points)
    _place(real, seen[0], 0)
    forward(d, d_sizes, kind, seen[0], seen[1], 0, 2 * points)


@_compiled
def _gradient_of_g(g, nets, rooms, gradient):
    """∂(loss of G)/∂G, once `_blame` has found what each generated point is to blame for."""
    h, s, back, delta = rooms[0]
    points, last = h.shape[1], h.shape[0] - nets[1][0]
    blame = rooms[1][2]
    for i in range(nets[1][0]):
        for n in range(points):
            delta[last + i, n] = blame[i, points + n]
    backward(g, nets[0], h, s, back, delta, gradient, 0, points, True, False)


@_compiled
def _curve(d, way, nets, rooms, turned):
    """H way: the derivative of ∂L/∂D along a direction of D."""
    h, s, back, delta = rooms[1]
    rz, rh, rback, rdelta = rooms[3]
    columns = h.shape[1]
    turn_forward(d, way, nets[1], h, s, rz, rh, 0, columns, False)
    _bend(h, rh, rdelta, 0, columns)
    turn_backward(d, way, nets[1], nets[2], h, s, back, delta, rz, rh, rback, rdelta, turned, 0, columns, False)


@_compiled
def _drag(g, d, shift, still, nets, rooms, turned):
    """(∂²L/∂D∂G) shift: the derivative of ∂L/∂D where G moves along `shift`. still: zeros, like d."""
    h, s = rooms[0][0], rooms[0][1]
    rz, rh = rooms[2][0], rooms[2][1]
    points = h.shape[1]
    turn_forward(g, shift, nets[0], h, s, rz, rh, 0, points, False)
    last = rh.shape[0] - nets[1][0]
    h, s, back, delta = rooms[1]
    rz, out, rback, rdelta = rooms[3]
    for i in range(nets[1][0]):
        for n in range(points):
            out[i, points + n] = rh[last + i, n]
    turn_forward(d, still, nets[1], h, s, rz, out, points, 2 * points, True)
    _bend(h, out, rdelta, points, 2 * points)
    turn_backward(
        d, still, nets[1], nets[2], h, s, back, delta, rz, out, rback, rdelta, turned, points, 2 * points, True
    )


@_compiled
def _copy(p, into):
    for i in range(p.size):
        into[i] = p[i]


@_compiled
def _inner(p, q):
    total = 0.0
    for i in range(p.size):
        total += np.float64(p[i]) * np.float64(q[i])
    return total


@_compiled
def _solve(d, nets, rooms, solve, damping, most, vectors):
    """From b, in vectors[0], to w, in vectors[1], by at most `most` steps of conjugate gradients.

    Where they meet a direction without positive curvature, they stop where they are, and 1 is returned, else 0.
    """
    b, w, r, p, q, t = vectors[0], vectors[1], vectors[2], vectors[3], vectors[4], vectors[5]
    _copy(b, r)
    if solve == SQUARED:
        _curve(d, b, nets, rooms, r)
    _copy(r, p)
    for i in range(w.size):
        w[i] = 0
    size = _inner(r, r)
    least = 1e-24 * size
    for _ in range(most):
        if size <= least:
            break
        _curve(d, p, nets, rooms, q)
        if solve == SQUARED:
            _curve(d, q, nets, rooms, t)
            _copy(t, q)
        for i in range(q.size):
            q[i] += damping * p[i]
        curvature = _inner(p, q)
        if not curvature > 0:
            return 1
        step = size / curvature
        for i in range(q.size):
            w[i] += step * p[i]
            r[i] -= step * q[i]
        new = _inner(r, r)
        for i in range(q.size):
            p[i] = r[i] + new / size * p[i]
        size = new
    return 0


@_compiled
def play(method, saturating, g, d, means, noise, real, nets, rule, rates, ridge, start, rooms, vectors):
    """As many steps as noise holds, the first being number start + 1. Moves g, (P,), and d, (Q,), and their means on.

    means = (2 × P, 2 × Q), see `move`; noise: (T, J, latent, B), real: (T, I, dimensions, B), where alternating takes
    I steps of D and one of G, with fresh points each, and J = I + 1, and else I = J = 1. nets = (sizes of G, of D,
    activation); rule = (optimizer, momentum, decay); rates: of G and D; ridge = (how to solve, damping, most steps).
    rooms: for G and D (h, s, back, delta), then (rz, rh, rback, rdelta); vectors: (3 × P, 8 × Q). Returns in how many
    steps conjugate gradients met no positive curvature.
    """
    slopes, ahead, shift = vectors[0][0], vectors[0][1], vectors[0][2]
    judged, still, solving = vectors[1][6], vectors[1][7], vectors[1]
    broken, rounds = 0, real.shape[1]
    for step in range(noise.shape[0]):
        number = start + step + 1
        if method == ALTERNATING:
            for k in range(rounds):
                _play(g, d, noise[step, k], real[step, k], nets, rooms)
                _judge(rooms[1][0], rooms[1][3])
                backward(
                    d, nets[1], rooms[1][0], rooms[1][1], rooms[1][2], rooms[1][3], judged, 0, 2 * noise.shape[3],
                    True, False,
                )  # fmt: skip
                count = rounds * (number - 1) + k + 1
                move(rule[0], d, judged, means[1][0], means[1][1], rates[1], rule[1], rule[2], count)
            _play(g, d, noise[step, rounds], real[step, 0], nets, rooms)
        else:
            _play(g, d, noise[step, 0], real[step, 0], nets, rooms)
        _blame(d, nets[1], saturating, rooms[1], judged)
        _gradient_of_g(g, nets, rooms, slopes)
        if method == RIDGE:
            _copy(g, ahead)
            move(rule[0], ahead, slopes, means[0][0], means[0][1], rates[0], rule[1], rule[2], number)
            for i in range(g.size):
                shift[i] = ahead[i] - g[i]
            _drag(g, d, shift, still, nets, rooms, solving[0])
            broken += _solve(d, nets, rooms, ridge[0], ridge[1], ridge[2], solving)
            _copy(ahead, g)
        else:
            move(rule[0], g, slopes, means[0][0], means[0][1], rates[0], rule[1], rule[2], number)
        if method != ALTERNATING:
            move(rule[0], d, judged, means[1][0], means[1][1], rates[1], rule[1], rule[2], number)
        if method == RIDGE:
            for i in range(d.size):
                d[i] -= solving[1][i]
    return broken
