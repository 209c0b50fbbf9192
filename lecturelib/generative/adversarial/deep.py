r"""What a step of training needs of two networks of any depth, compiled: outputs, gradients, curvature.

Real points stand in the columns 0 to B − 1 of D's rows, generated ones in B to 2B − 1. Names are those of
`lecturelib.core.small_steps`, whose functions do the work. nets = (sizes of G, of D, activation); rooms: for G and D
(h, s, back, delta), then (rz, rh, rback, rdelta); still: zeros, like d.
"""

from __future__ import annotations

import numpy as np

from lecturelib.core import compiled, small_steps
from lecturelib.core.compiled import compiled_with, sigmoid
from lecturelib.core.small_steps import backward, forward, turn_backward, turn_forward

_compiled = compiled_with(compiled, small_steps)


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
def meet(g, d, noise, real, nets, rooms):
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
def learn_d(d, nets, rooms, gradient):
    """∂L/∂D, once both have met."""
    h, s, back, delta = rooms[1]
    _judge(h, delta)
    backward(d, nets[1], h, s, back, delta, gradient, 0, h.shape[1], True, False)


@_compiled
def learn_both(g, d, saturating, nets, rooms, of_g, of_d):
    """∂(loss of G)/∂G and ∂L/∂D, once both have met."""
    _blame(d, nets[1], saturating, rooms[1], of_d)
    h, s, back, delta = rooms[0]
    points, last = h.shape[1], h.shape[0] - nets[1][0]
    blame = rooms[1][2]
    for i in range(nets[1][0]):
        for n in range(points):
            delta[last + i, n] = blame[i, points + n]
    backward(g, nets[0], h, s, back, delta, of_g, 0, points, True, False)


@_compiled
def curve(d, way, nets, rooms, turned):
    """H way: the derivative of ∂L/∂D along a direction of D."""
    h, s, back, delta = rooms[1]
    rz, rh, rback, rdelta = rooms[3]
    columns = h.shape[1]
    turn_forward(d, way, nets[1], h, s, rz, rh, 0, columns, False)
    _bend(h, rh, rdelta, 0, columns)
    turn_backward(d, way, nets[1], nets[2], h, s, back, delta, rz, rh, rback, rdelta, turned, 0, columns, False)


@_compiled
def drag(g, d, shift, still, nets, rooms, turned):
    """(∂²L/∂D∂G) shift: the derivative of ∂L/∂D where G moves along `shift`."""
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
