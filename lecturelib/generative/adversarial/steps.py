r"""Training of one generator against one discriminator, compiled.

D's loss is L = −V = mean ln(1 + e^{−a}) over real points + mean ln(1 + eᵃ) over generated ones, a = the logit of D. G's
loss is mean ln(1 − D), "saturating", or −mean ln D. What steps need of the networks is in `shallow` for one hidden
layer of ReLU, and in `deep` for all others. Each has rooms of its own, `masks` and `rooms`, and those of the other are
None: what is only for others is not compiled then.

Follow-the-Ridge (Wang, Zhang, Ba 2020) corrects D's step by −H⁻¹ (∂²L/∂D∂G) Δ, where Δ is the step of G and H the
second derivative of L with respect to D: D goes along as its optimum moves. The inverse is damped, and found by
conjugate gradients: (H² + λ) w = H b, or (H + λ) w = b, which makes sense only where H + λ is positive definite.
"""

from __future__ import annotations

import numpy as np

from lecturelib.core import compiled, shallow_steps, small_steps
from lecturelib.core.compiled import compiled_with
from lecturelib.core.small_steps import move
from lecturelib.generative.adversarial import deep, shallow

SIMULTANEOUS, ALTERNATING, RIDGE = range(3)
SQUARED, SHIFTED = range(2)

_compiled = compiled_with(compiled, shallow_steps, small_steps, deep, shallow)


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
def _meet(g, d, noise, real, nets, rooms, masks):
    if masks is not None:
        shallow.meet(g, d, noise, real, masks)
    if rooms is not None:
        deep.meet(g, d, noise, real, nets, rooms)


@_compiled
def _curve(d, way, nets, rooms, masks, turned):
    if masks is not None:
        shallow.curve(d, way, masks, turned)
    if rooms is not None:
        deep.curve(d, way, nets, rooms, turned)


@_compiled
def _solve(d, nets, rooms, masks, ridge, vectors):
    """From b, in vectors[0], to w, in vectors[1], by conjugate gradients; ridge = (how to solve, damping, most steps).

    Where they meet a direction without positive curvature, they stop where they are, and 1 is returned, else 0.
    """
    solve, damping, most = ridge
    b, w, r, p, q, t = vectors[0], vectors[1], vectors[2], vectors[3], vectors[4], vectors[5]
    _copy(b, r)
    if solve == SQUARED:
        _curve(d, b, nets, rooms, masks, r)
    _copy(r, p)
    for i in range(w.size):
        w[i] = 0
    size = _inner(r, r)
    least = 1e-24 * size
    for k in range(most):
        if size <= least:
            break
        _curve(d, p, nets, rooms, masks, q)
        curvature = (_inner(q, q) if solve == SQUARED else _inner(p, q)) + damping * _inner(p, p)
        if not curvature > 0:
            return 1
        step = size / curvature
        for i in range(q.size):
            w[i] += step * p[i]
        if k == most - 1:  # nobody asks for the residual
            break
        if solve == SQUARED:
            _curve(d, q, nets, rooms, masks, t)
            _copy(t, q)
        for i in range(q.size):
            r[i] -= step * (q[i] + damping * p[i])
        new = _inner(r, r)
        for i in range(q.size):
            p[i] = r[i] + new / size * p[i]
        size = new
    return 0


@_compiled
def _learn_d(d, means, nets, rule, rate, count, rooms, masks, judged):
    """One step of D, its step number `count`, once both have met."""
    if masks is not None:
        shallow.learn_d(d, masks, judged)
    if rooms is not None:
        deep.learn_d(d, nets, rooms, judged)
    move(rule[0], d, judged, means[0], means[1], rate, rule[1], rule[2], count)


@_compiled
def _learn_both(g, d, points, saturating, nets, rooms, masks, of_g, of_d):
    if masks is not None:
        shallow.learn_both(g, d, points, saturating, masks, of_g, of_d)
    if rooms is not None:
        deep.learn_both(g, d, saturating, nets, rooms, of_g, of_d)


@_compiled
def _follow(g, d, ahead, points, nets, ridge, rooms, masks, vectors):
    """What D has to move further where G is going `ahead`, into vectors[1][1]; returns whether solving broke."""
    shift, still, solving = vectors[0][2], vectors[1][7], vectors[1]
    for i in range(g.size):
        shift[i] = ahead[i] - g[i]
    if masks is not None:
        shallow.drag(g, d, shift, points, masks, solving[0])
    if rooms is not None:
        deep.drag(g, d, shift, still, nets, rooms, solving[0])
    return _solve(d, nets, rooms, masks, ridge, solving)


@_compiled
def play(method, saturating, g, d, means, noise, real, nets, rule, rates, ridge, start, rooms, masks, vectors):
    """As many steps as noise holds, the first being number start + 1. Moves g, (P,), and d, (Q,), and their means on.

    means = (2 × P, 2 × Q), see `move`; noise: (T, J, latent, B), real: (T, I, dimensions, B), where alternating takes
    I steps of D and one of G, with fresh points each, and J = I + 1, and else I = J = 1. nets = (sizes of G, of D,
    activation); rule = (optimizer, momentum, decay); rates: of G and D; ridge: see `_solve`; rooms: of `deep`, masks:
    the rooms of `shallow`, one of the two None; vectors: (3 × P, 8 × Q). Returns in how many steps conjugate gradients
    met no positive curvature.
    """
    slopes, ahead, judged, further = vectors[0][0], vectors[0][1], vectors[1][6], vectors[1][1]
    broken, rounds, points = 0, real.shape[1], noise.shape[3]
    for step in range(noise.shape[0]):
        number = start + step + 1
        if method == ALTERNATING:
            for k in range(rounds):
                _meet(g, d, noise[step, k], real[step, k], nets, rooms, masks)
                _learn_d(d, means[1], nets, rule, rates[1], rounds * (number - 1) + k + 1, rooms, masks, judged)
        _meet(g, d, noise[step, noise.shape[1] - 1], real[step, 0], nets, rooms, masks)
        _learn_both(g, d, points, saturating, nets, rooms, masks, slopes, judged)
        _copy(g, ahead)
        move(rule[0], ahead, slopes, means[0][0], means[0][1], rates[0], rule[1], rule[2], number)
        if method == RIDGE:
            broken += _follow(g, d, ahead, points, nets, ridge, rooms, masks, vectors)
        if method != ALTERNATING:
            move(rule[0], d, judged, means[1][0], means[1][1], rates[1], rule[1], rule[2], number)
        if method == RIDGE:
            for i in range(d.size):
                d[i] -= further[i]
        _copy(ahead, g)
    return broken
