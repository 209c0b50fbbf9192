r"""Small fully connected networks, compiled: outputs, gradients, second derivatives times a vector, optimizers.

A network is one row of numbers: layer by layer the weights (out × in, row by row), then the biases. Between layers
stand activations φ; the last layer is linear. Points stand side by side: what belongs to a layer is a block of rows,
one for each neuron, with a column for each point, so that loops run along points, several of them at once.
The blocks of all layers, inputs first, are the rows of one array, shape (K, B), where K is the sum of all sizes. Of its
columns those from `low` to `high` are worked on.

Derivatives are those of backpropagation. For second derivatives times a vector all of it is differentiated once more in
the direction of the vector, forwards (Pearlmutter 1994): exact, at about the cost of a gradient.

Names. sizes: of all layers; theta: the numbers of a network, shape (P,); h: activations; s: their slopes φ'(z); back:
∂L/∂h; delta: ∂L/∂z = back s; gradient: ∂L/∂theta, (P,). Along a direction `way` of theta, and one of the inputs, which
stands in the first rows of rh: rz, rh, rback, rdelta and turned are the derivatives of z, h, back, delta and gradient.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from lecturelib.core import compiled
from lecturelib.core.compiled import OPTIONS, compiled_with, exp, sigmoid, softplus

RELU, TANH, SOFTPLUS, SIGMOID = range(4)
SGD, MOMENTUM, RMSPROP, ADAM = range(4)
SQUARE, LOGISTIC = range(2)
EPS = 1e-8  # added to roots by RMSprop and Adam

_compiled = compiled_with(compiled)
_inlined = compiled_with(compiled, forceinline=True)

# Rows: one number for each point. Cut to the columns that are worked on, they begin at 0, which loops on vectors need.


@njit(**OPTIONS, inline="always")
def cut(rows, r, low, high):
    """Row r from column `low` to `high`."""
    return rows[r][low:high]


@_inlined
def _mix(out, theta, at, stride, rows, first, count, start, low, high):
    """out[n] = start + Σ_k theta[at + k stride] rows[first + k, low + n], four rows at a time."""
    odd = count % 4
    start = out.dtype.type(start)
    if odd == 0:
        for n in range(out.size):
            out[n] = start
    elif odd == 1:
        a, p = theta[at], cut(rows, first, low, high)
        for n in range(out.size):
            out[n] = start + a * p[n]
    elif odd == 2:
        a, b = theta[at], theta[at + stride]
        p, q = cut(rows, first, low, high), cut(rows, first + 1, low, high)
        for n in range(out.size):
            out[n] = start + a * p[n] + b * q[n]
    else:
        a, b, c = theta[at], theta[at + stride], theta[at + 2 * stride]
        p, q, r = (
            cut(rows, first, low, high),
            cut(rows, first + 1, low, high),
            cut(rows, first + 2, low, high),
        )
        for n in range(out.size):
            out[n] = start + a * p[n] + b * q[n] + c * r[n]
    _add_mix(out, theta, at + odd * stride, stride, rows, first + odd, count - odd, low, high)


@_inlined
def _add_mix(out, theta, at, stride, rows, first, count, low, high):
    """out[n] += Σ_k theta[at + k stride] rows[first + k, low + n]."""
    odd = count % 4
    for k in range(odd):
        a, p = theta[at + k * stride], cut(rows, first + k, low, high)
        for n in range(out.size):
            out[n] += a * p[n]
    for k in range(odd, count, 4):
        i = at + k * stride
        a, b, c, d = theta[i], theta[i + stride], theta[i + 2 * stride], theta[i + 3 * stride]
        p, q = cut(rows, first + k, low, high), cut(rows, first + k + 1, low, high)
        r, t = cut(rows, first + k + 2, low, high), cut(rows, first + k + 3, low, high)
        for n in range(out.size):
            out[n] += (a * p[n] + b * q[n]) + (c * r[n] + d * t[n])


@_inlined
def _dot(p, q):
    total = p.dtype.type(0)
    for n in range(p.size):
        total += p[n] * q[n]
    return total


@_inlined
def _sum(p):
    total = p.dtype.type(0)
    for n in range(p.size):
        total += p[n]
    return total


@_inlined
def _activate(kind, h, s):
    """From z in h to φ(z) in h and φ'(z) in s."""
    one = h.dtype.type(1)
    if kind == RELU:
        for n in range(h.size):
            s[n] = one if h[n] > 0 else h.dtype.type(0)
            h[n] = h[n] * s[n]
    elif kind == TANH:
        for n in range(h.size):
            h[n] = 1 - 2 / (1 + exp(2 * np.float64(h[n])))
            s[n] = one - h[n] * h[n]
    elif kind == SIGMOID:
        for n in range(h.size):
            h[n] = 1 / (1 + exp(-np.float64(h[n])))
            s[n] = h[n] * (one - h[n])
    else:
        for n in range(h.size):
            s[n] = 1 / (1 + exp(-np.float64(h[n])))
        for n in range(h.size):
            h[n] = softplus(np.float64(h[n]))


@_inlined
def _curvature(kind, h, s):
    """φ''(z), where φ(z) = h and φ'(z) = s."""
    if kind == TANH:
        return -2 * h * s
    if kind == SIGMOID:
        return s * (1 - 2 * h)
    if kind == SOFTPLUS:
        return s * (1 - s)
    return 0 * s


# Networks.


@_compiled
def forward(theta, sizes, kind, h, s, low, high):
    """Fill the rows of h and s below the inputs, which stand in the first rows of h."""
    first, at = 0, 0
    for layer in range(sizes.size - 1):
        fan, width = sizes[layer], sizes[layer + 1]
        for o in range(width):
            row = cut(h, first + fan + o, low, high)
            _mix(row, theta, at + o * fan, 1, h, first, fan, theta[at + fan * width + o], low, high)
            if layer < sizes.size - 2:
                _activate(kind, row, cut(s, first + fan + o, low, high))
        first, at = first + fan, at + (fan + 1) * width


@_compiled
def backward(theta, sizes, h, s, back, delta, gradient, low, high, learns, to_inputs):
    """From ∂L/∂z of the last layer, in the last rows of delta, to all others, and to the gradient if it `learns`.

    to_inputs: fill the first rows of `back` too, the derivatives with respect to the inputs.
    """
    rows, at = h.shape[0], theta.size
    for layer in range(sizes.size - 2, -1, -1):
        fan, width = sizes[layer], sizes[layer + 1]
        rows, at = rows - width, at - (fan + 1) * width
        first = rows - fan
        if learns:
            for o in range(width):
                row = cut(delta, rows + o, low, high)
                for i in range(fan):
                    gradient[at + o * fan + i] = _dot(row, cut(h, first + i, low, high))
                gradient[at + fan * width + o] = _sum(row)
        if layer > 0 or to_inputs:
            for i in range(fan):
                row = cut(back, first + i, low, high)
                _mix(row, theta, at + i, fan, delta, rows, width, 0, low, high)
                if layer > 0:
                    slope, out = cut(s, first + i, low, high), cut(delta, first + i, low, high)
                    for n in range(out.size):
                        out[n] = row[n] * slope[n]


@_compiled
def turn_forward(theta, way, sizes, h, s, rz, rh, low, high, inputs):
    """Derivatives of z and h along `way` and, if the `inputs` move, along their direction in the first rows of rh."""
    first, at = 0, 0
    for layer in range(sizes.size - 1):
        fan, width = sizes[layer], sizes[layer + 1]
        for o in range(width):
            row, out = cut(rz, first + fan + o, low, high), cut(rh, first + fan + o, low, high)
            _mix(row, way, at + o * fan, 1, h, first, fan, way[at + fan * width + o], low, high)
            if layer > 0 or inputs:
                _add_mix(row, theta, at + o * fan, 1, rh, first, fan, low, high)
            if layer < sizes.size - 2:
                slope = cut(s, first + fan + o, low, high)
                for n in range(out.size):
                    out[n] = row[n] * slope[n]
            else:
                for n in range(out.size):
                    out[n] = row[n]
        first, at = first + fan, at + (fan + 1) * width


@_compiled
def turn_backward(theta, way, sizes, kind, h, s, back, delta, rz, rh, rback, rdelta, turned, low, high, inputs):
    """The derivative of the gradient, from that of ∂L/∂z of the last layer, in the last rows of rdelta."""
    rows, at = h.shape[0], theta.size
    for layer in range(sizes.size - 2, -1, -1):
        fan, width = sizes[layer], sizes[layer + 1]
        rows, at = rows - width, at - (fan + 1) * width
        first = rows - fan
        for o in range(width):
            row, other = cut(rdelta, rows + o, low, high), cut(delta, rows + o, low, high)
            for i in range(fan):
                turned[at + o * fan + i] = _dot(row, cut(h, first + i, low, high))
                if layer > 0 or inputs:
                    turned[at + o * fan + i] += _dot(other, cut(rh, first + i, low, high))
            turned[at + fan * width + o] = _sum(row)
        if layer > 0:
            for i in range(fan):
                row, out = cut(rback, first + i, low, high), cut(rdelta, first + i, low, high)
                slope = cut(s, first + i, low, high)
                _mix(row, way, at + i, fan, delta, rows, width, 0, low, high)
                _add_mix(row, theta, at + i, fan, rdelta, rows, width, low, high)
                for n in range(out.size):
                    out[n] = row[n] * slope[n]
                if kind != RELU:
                    act, z = cut(h, first + i, low, high), cut(rz, first + i, low, high)
                    pull = cut(back, first + i, low, high)
                    for n in range(out.size):
                        out[n] += _curvature(kind, act[n], slope[n]) * pull[n] * z[n]


@_compiled
def move(optimizer, theta, gradient, first, second, rate, momentum, decay, step):
    """One step, counted from 1, of torch.optim's SGD, RMSprop or Adam; first, second: (P,), their means, moved on."""
    kind = theta.dtype.type
    rate, momentum, decay, keep = kind(rate), kind(momentum), kind(decay), kind(1 - decay)
    if optimizer == SGD:
        for i in range(theta.size):
            theta[i] -= rate * gradient[i]
    elif optimizer == MOMENTUM:
        for i in range(theta.size):
            first[i] = momentum * first[i] + gradient[i]
            theta[i] -= rate * first[i]
    elif optimizer == RMSPROP:
        for i in range(theta.size):
            second[i] = decay * second[i] + keep * (gradient[i] * gradient[i])
            theta[i] -= rate * (gradient[i] / (np.sqrt(second[i]) + kind(EPS)))
    else:
        pace = kind(rate / (1 - np.float64(momentum) ** step))
        spread, fresh = kind(1 / np.sqrt(1 - np.float64(decay) ** step)), kind(1 - momentum)
        for i in range(theta.size):
            first[i] += fresh * (gradient[i] - first[i])
            second[i] = decay * second[i] + keep * (gradient[i] * gradient[i])
            theta[i] -= pace * (first[i] / (spread * np.sqrt(second[i]) + kind(EPS)))


@_compiled
def lose(loss, h, delta, y, low, high):
    """The mean loss over the points of the outputs, the last rows of h; ∂L/∂z goes into the last rows of delta.

    y: targets, shape (out, B). SQUARE: ½ Σ (f − y)² over outputs; LOGISTIC: ln(1 + eᶠ) − y f, for a label y of 0 or 1.
    """
    total, share, last = 0.0, h.dtype.type(1 / (high - low)), h.shape[0] - y.shape[0]
    for o in range(y.shape[0]):
        f, out, goal = cut(h, last + o, low, high), cut(delta, last + o, low, high), cut(y, o, low, high)
        if loss == SQUARE:
            for n in range(f.size):
                out[n] = (f[n] - goal[n]) * share
                total += 0.5 * np.float64(f[n] - goal[n]) ** 2
        else:
            for n in range(f.size):
                out[n] = (sigmoid(np.float64(f[n])) - goal[n]) * share
            for n in range(f.size):
                total += softplus(np.float64(f[n])) - goal[n] * f[n]
    return total / (high - low)


@_compiled
def train(theta, means, x, y, picks, sizes, kind, loss, rule, rate, start, losses, room):
    """Steps start + 1, start + 2, … for one network, as many as there are entries in `losses`, each its loss before.

    means: (2, P), see `move`; x: (d, N); y: (out, N); picks: (T, B) points of each step, or (0, 0) for all of them.
    rule = (optimizer, momentum, decay); room = (h, s, back, delta) of shape (K, B), goals (out, B), gradient (P,).
    """
    h, s, back, delta, goals, gradient = room
    points, some = h.shape[1], picks.shape[0] > 0
    for step in range(losses.size):
        if some or step == 0:
            for n in range(points):
                place = picks[step, n] if some else n
                for i in range(x.shape[0]):
                    h[i, n] = x[i, place]
                for i in range(y.shape[0]):
                    goals[i, n] = y[i, place]
        forward(theta, sizes, kind, h, s, 0, points)
        losses[step] = lose(loss, h, delta, goals, 0, points)
        backward(theta, sizes, h, s, back, delta, gradient, 0, points, True, False)
        move(rule[0], theta, gradient, means[0], means[1], rate, rule[1], rule[2], start + step + 1)
