"""The same as in `deep` for networks of one hidden layer of ReLU: `lecturelib.core.shallow_steps` does the work.

rooms = (that of G, for B points; that of D, for 2B, real ones first). The loss needs of D's logits a what is kept in
D's room: u = ∂L/∂a, and bend = ∂²L/∂a².
"""

from __future__ import annotations

import numpy as np

from lecturelib.core import compiled, shallow_steps
from lecturelib.core.compiled import compiled_with, sigmoid
from lecturelib.core.shallow_steps import backward, clear, collect, forward, products, pull, turn_backward, turn_forward

_compiled = compiled_with(compiled, shallow_steps)


@_compiled
def meet(g, d, noise, real, rooms):
    """Both networks forward, G from noise, D on real and generated points; then u and bend."""
    made, seen = rooms
    points = noise.shape[1]
    for i in range(noise.shape[0]):
        row, z = made.x[i][:], noise[i][:]
        for n in range(points):
            row[n] = z[n]
    forward(g, made)
    for i in range(real.shape[0]):
        first, then, x, y = seen.x[i][:], seen.x[i][points:], real[i][:], made.out[i][:]
        for n in range(points):
            first[n] = x[n]
        for n in range(points):
            then[n] = y[n]
    forward(d, seen)
    share = 1 / np.float64(points)
    a, u, bend = seen.out[0][:], seen.u[0][:], seen.bend[0][:]
    for n in range(points):
        fake = sigmoid(-np.float64(a[n]))
        u[n], bend[n] = -share * fake, share * fake * (1 - fake)
    for n in range(points, 2 * points):
        true = sigmoid(np.float64(a[n]))
        u[n], bend[n] = share * true, share * true * (1 - true)


@_compiled
def learn_d(d, rooms, gradient):
    """∂L/∂D, once both have met."""
    backward(d, rooms[1], gradient)


@_compiled
def learn_both(g, d, points, saturating, rooms, of_g, of_d):
    """∂(loss of G)/∂G and ∂L/∂D, once both have met."""
    made, seen = rooms
    backward(d, seen, of_d)
    a, u, share = seen.out[0][points:], seen.u[0][points:], 1 / np.float64(points)
    for i in range(made.u.shape[0]):
        blame, slope = made.u[i][:], seen.slopes[i][points:]
        for n in range(points):
            blame[n] = -(u[n] if saturating else share * sigmoid(-np.float64(a[n]))) * slope[n]
    backward(g, made, of_g)


@_compiled
def drag(g, d, shift, points, rooms, turned):
    """(∂²L/∂D∂G) shift: the derivative of ∂L/∂D where G moves along `shift`. Generated points move, and D stays."""
    made, seen = rooms
    turn_forward(g, shift, made)
    change, bend, u = seen.turned[0][points:], seen.bend[0][points:], seen.u[0][points:]
    for n in range(points):
        seen.turned[0, n] = 0
        change[n] = 0
    for i in range(made.turned.shape[0]):
        slope, along = seen.slopes[i][points:], made.turned[i][:]
        for n in range(points):
            change[n] += bend[n] * slope[n] * along[n]
    pull(seen.turned, seen)
    for i in range(made.turned.shape[0]):
        row, along = seen.pulls[i][points:], made.turned[i][:]
        for n in range(points):
            row[n] += u[n] * along[n]
    products(seen.by_neuron, seen.pulls, seen.turned_sums)
    clear(seen.turned, turned)
    collect(d, seen.turned_sums, seen, turned)


@_compiled
def curve(d, way, rooms, turned):
    """H way: the derivative of ∂L/∂D along a direction of D."""
    seen = rooms[1]
    turn_forward(d, way, seen)
    change, bend = seen.turned[0][:], seen.bend[0][:]
    for n in range(change.size):
        change[n] *= bend[n]
    turn_backward(d, way, seen, turned)
