r"""Networks of one hidden layer of ReLU, compiled: what they do with a batch of points, by which neurons are active.

On a piece of its inputs such a network is affine. With x̃ = (x, 1), w̃_o = (weights, bias) of neuron o, m_on = 1 where
w̃_o · x̃_n > 0 and else 0, and v_ko its weight for output k, everything is a sum of masks m:

    output k is bias_k + Σ_i Y_kin x̃_in, with slopes Y_kin = Σ_o m_on v_ko w̃_oi,
    and with u_kn = ∂L/∂(output k) and Q_kio = Σ_n m_on u_kn x̃_in
    ∂L/∂w̃_oi = Σ_k v_ko Q_kio, ∂L/∂v_ko = Σ_i w̃_oi Q_kio, ∂L/∂x_in = Σ_k u_kn Y_kin.

Along a direction of the parameters the masks stay as they are, so that a second derivative times a vector takes one sum
of each kind more: that is what makes it cheap, once Q is known. Both sums are `products` of a matrix of masks with few
rows: 3 at a time, with 4 rows of masks, so that arrays have these multiples of rows, the last of them zeros.

theta is a row of numbers as `lecturelib.core.small_steps` has it, but for the weights of neurons, which stand input by
input here: `order` says where from.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lecturelib.core import compiled
from lecturelib.core.compiled import compiled_with
from lecturelib.core.small_networks import Layout

MOST_ROWS = 12  # out × (in + 1), from where on a network is quicker neuron by neuron
_compiled = compiled_with(compiled)
_inlined = compiled_with(compiled, forceinline=True)
_in_order = compiled_with(compiled, fastmath={"contract"}, forceinline=True)


class Room(NamedTuple):
    """Arrays of one network, in → W → out, for B points; C = out (in + 1), and row k (in + 1) + i belongs to (k, i).

    x: (in + 1, B), inputs, the last row ones; w: (in + 1, W), weights and biases of neurons; by_neuron: (W, B) and
    by_point: (B, W), the masks; parts: (C, W) and pulls: (C, B), of which sums are taken; slopes: Y, (C, B); sums: Q,
    (C, W); turned_slopes, turned_sums: these along a direction; out, turned, u, bend: (out, B), outputs, what they
    change along a direction, ∂L/∂out, and a second derivative of L for whoever needs one. Rounded up, see above.
    """

    x: np.ndarray
    w: np.ndarray
    by_neuron: np.ndarray
    by_point: np.ndarray
    parts: np.ndarray
    pulls: np.ndarray
    slopes: np.ndarray
    sums: np.ndarray
    turned_slopes: np.ndarray
    turned_sums: np.ndarray
    out: np.ndarray
    turned: np.ndarray
    u: np.ndarray
    bend: np.ndarray


def quick(layout: Layout) -> bool:
    """Is this a network for these functions, with so few inputs and outputs that they are quicker?"""
    sizes = layout.sizes
    return len(sizes) == 3 and layout.activation == "relu" and sizes[2] * (sizes[0] + 1) <= MOST_ROWS


def room_for(sizes: tuple[int, ...], points: int, dtype: np.dtype, *, turns: bool) -> Room:
    """Room for a network with sizes (in, W, out), whose masks are kept if it `turns`."""
    fan, width, out = sizes
    rows, wide, many = -3 * (-out * (fan + 1) // 3), -4 * (-width // 4), -4 * (-points // 4)
    kept = (wide, many) if turns else (4, 4)
    shapes = [
        (fan + 1, many), (fan + 1, wide), (kept[0], many), (kept[1], wide), (rows, wide), (rows, many),
        *[(rows, many), (rows, wide)] * 2, *[(out, many)] * 4,
    ]  # fmt: skip
    made = Room(*(np.zeros(shape, dtype) for shape in shapes))
    made.x[-1, :points] = 1
    return made


def order(sizes: tuple[int, ...]) -> np.ndarray:
    """theta[order(sizes)] has the weights of neurons input by input, for theta as usual."""
    fan, width, out = sizes
    places = np.arange((fan + 1 + out) * width + out)
    places[: fan * width] = places[: fan * width].reshape(width, fan).T.ravel()
    return places


@_in_order
def _mask_four(a, r, b, masks, at):
    """masks[at + j, c] = 1 where Σ_i a[i, r + j] b[i, c] > 0, else 0. In this order, so that masks agree anyhow."""
    one, none, last = masks.dtype.type(1), masks.dtype.type(0), a.shape[0] - 1
    m, k, p, q = masks[at][:], masks[at + 1][:], masks[at + 2][:], masks[at + 3][:]
    if last == 2:
        x, y, z = b[0][:], b[1][:], b[2][:]
        mx, my, mz, kx, ky, kz = a[0, r], a[1, r], a[2, r], a[0, r + 1], a[1, r + 1], a[2, r + 1]
        px, py, pz, qx, qy, qz = a[0, r + 2], a[1, r + 2], a[2, r + 2], a[0, r + 3], a[1, r + 3], a[2, r + 3]
        for c in range(x.size):
            m[c] = one if mx * x[c] + my * y[c] + mz * z[c] > 0 else none
            k[c] = one if kx * x[c] + ky * y[c] + kz * z[c] > 0 else none
            p[c] = one if px * x[c] + py * y[c] + pz * z[c] > 0 else none
            q[c] = one if qx * x[c] + qy * y[c] + qz * z[c] > 0 else none
    else:
        for c in range(m.size):
            m[c] = k[c] = p[c] = q[c] = 0
        for i in range(last + 1):
            x, mx, kx, px, qx = b[i][:], a[i, r], a[i, r + 1], a[i, r + 2], a[i, r + 3]
            for c in range(x.size):
                m[c] += mx * x[c]
                k[c] += kx * x[c]
                p[c] += px * x[c]
                q[c] += qx * x[c]
        for c in range(m.size):
            m[c] = one if m[c] > 0 else none
            k[c] = one if k[c] > 0 else none
            p[c] = one if p[c] > 0 else none
            q[c] = one if q[c] > 0 else none


@_inlined
def _four(masks, at, given, out, r):
    """out[c, r + j] = Σ_n masks[at + j, n] given[c, n] for j < 4, with three rows of `given` at a time."""
    zero = masks.dtype.type(0)
    m, k, p, q = masks[at][:], masks[at + 1][:], masks[at + 2][:], masks[at + 3][:]
    for c in range(0, given.shape[0], 3):
        x, y, z = given[c][:], given[c + 1][:], given[c + 2][:]
        mx = my = mz = kx = ky = kz = px = py = pz = qx = qy = qz = zero
        for n in range(x.size):
            mx += m[n] * x[n]
            my += m[n] * y[n]
            mz += m[n] * z[n]
            kx += k[n] * x[n]
            ky += k[n] * y[n]
            kz += k[n] * z[n]
            px += p[n] * x[n]
            py += p[n] * y[n]
            pz += p[n] * z[n]
            qx += q[n] * x[n]
            qy += q[n] * y[n]
            qz += q[n] * z[n]
        out[c, r], out[c, r + 1], out[c, r + 2], out[c, r + 3] = mx, kx, px, qx
        out[c + 1, r], out[c + 1, r + 1], out[c + 1, r + 2], out[c + 1, r + 3] = my, ky, py, qy
        out[c + 2, r], out[c + 2, r + 1], out[c + 2, r + 2], out[c + 2, r + 3] = mz, kz, pz, qz


@_compiled
def products(masks, given, out):
    """out[c, r] = Σ_n masks[r, n] given[c, n]."""
    for r in range(0, masks.shape[0], 4):
        _four(masks, r, given, out, r)


@_compiled
def masked_products(a, b, masks, given, out):
    """The same with the masks of a and b, which are left in `masks`, where it has a row for each, and not only four."""
    for r in range(0, out.shape[1], 4):
        at = r % masks.shape[0]
        _mask_four(a, r, b, masks, at)
        _four(masks, at, given, out, r)


@_inlined
def _width(theta, room):
    """W, which arrays have rounded up."""
    out = room.out.shape[0]
    return (theta.size - out) // (room.x.shape[0] + out)


@_compiled
def _affine(theta, slopes, room, out):
    """out[k, n] = bias_k + Σ_i slopes[(k, i), n] x̃_in, with the biases of theta."""
    columns = room.x.shape[0]
    first = theta.size - out.shape[0]
    for k in range(out.shape[0]):
        row, start = out[k][:], theta[first + k]
        for n in range(row.size):
            row[n] = start
        for i in range(columns):
            x, slope = room.x[i][:], slopes[k * columns + i][:]
            for n in range(row.size):
                row[n] += slope[n] * x[n]


@_compiled
def forward(theta, room):
    """From the inputs to masks, slopes and outputs."""
    columns, width = room.x.shape[0], _width(theta, room)
    for i in range(columns):
        w, row = theta[i * width : (i + 1) * width], room.w[i][:]
        for o in range(width):
            row[o] = w[o]
    for k in range(room.out.shape[0]):
        v = theta[(columns + k) * width :]
        for i in range(columns):
            part, w = room.parts[k * columns + i][:], room.w[i][:]
            for o in range(width):
                part[o] = v[o] * w[o]
    masked_products(room.x, room.w, room.by_point, room.parts, room.slopes)
    _affine(theta, room.slopes, room, room.out)


@_compiled
def turn_forward(theta, way, room):
    """What outputs change along a direction of theta, into `turned`."""
    columns, width = room.x.shape[0], _width(theta, room)
    for k in range(room.out.shape[0]):
        v, dv = theta[(columns + k) * width :], way[(columns + k) * width :]
        for i in range(columns):
            part, w, dw = room.parts[k * columns + i][:], room.w[i][:], way[i * width :]
            for o in range(width):
                part[o] = dv[o] * w[o] + v[o] * dw[o]
    products(room.by_point, room.parts, room.turned_slopes)
    _affine(way, room.turned_slopes, room, room.turned)


@_compiled
def pull(u, room):
    """u x̃, whose sums over the points of each neuron are Q: `products(room.by_neuron, room.pulls, …)`."""
    columns = room.x.shape[0]
    for k in range(u.shape[0]):
        for i in range(columns):
            row, x, slope = room.pulls[k * columns + i][:], room.x[i][:], u[k][:]
            for n in range(row.size):
                row[n] = slope[n] * x[n]


@_compiled
def collect(theta, sums, room, gradient):
    """Add to the gradient what Q = `sums` gives with the weights in theta: all but the derivatives of output biases."""
    columns, width = room.x.shape[0], _width(theta, room)
    for k in range(room.out.shape[0]):
        v, of_v = theta[(columns + k) * width :], gradient[(columns + k) * width :]
        for i in range(columns):
            q, w, of_w = sums[k * columns + i][:], theta[i * width :], gradient[i * width :]
            for o in range(width):
                of_w[o] += v[o] * q[o]
                of_v[o] += w[o] * q[o]


@_compiled
def clear(u, gradient):
    """Begin a gradient: zeros, and the derivatives of output biases, Σ_n u."""
    first = gradient.size - u.shape[0]
    for j in range(first):
        gradient[j] = 0
    for k in range(u.shape[0]):
        total = u.dtype.type(0)
        for n in range(u.shape[1]):
            total += u[k, n]
        gradient[first + k] = total


@_compiled
def backward(theta, room, gradient):
    """∂L/∂theta from ∂L/∂out in room.u; leaves Q in room.sums."""
    pull(room.u, room)
    masked_products(room.w, room.x, room.by_neuron, room.pulls, room.sums)
    clear(room.u, gradient)
    collect(theta, room.sums, room, gradient)


@_compiled
def turn_backward(theta, way, room, turned):
    """What the gradient changes along a direction of theta, when ∂L/∂out changes by room.turned; needs room.sums."""
    pull(room.turned, room)
    products(room.by_neuron, room.pulls, room.turned_sums)
    clear(room.turned, turned)
    collect(theta, room.turned_sums, room, turned)
    collect(way, room.sums, room, turned)
