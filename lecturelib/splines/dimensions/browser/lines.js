// A shallow ReLU network of two inputs that learns by gradient descent on ½ Σ (f(x) − y)² / N: the steps of
// lecturelib/splines/dimensions/gap.py, with which the tests compare them. A network is {u, w, b, v, b0}: the input
// weights of neuron i are (u[i], w[i]); data are lists [x, z, y].
import { normal, uniform } from "../../../core/browser/numbers.js";

export const TARGETS = {
  twist: (x, z) => (Math.sign(x) * (1 - z)) / 2,
  valley: (x, z) => Math.abs(x) + 0.5 * z - 0.5,
  saddle: (x, z) => 1.5 * x * z,
  bump: (x, z) => Math.exp(-4 * (x * x + z * z)),
};

/** Points in the square from −1 to 1, none with |x| < gap, with the target's values. */
export function dataOf(target, count, gap, seed) {
  const draw = uniform(seed);
  return Array.from({ length: count }, () => {
    const [from, z] = [2 * draw() - 1, 2 * draw() - 1];
    const x = Math.sign(from) * gap + (1 - gap) * from;
    return [x, z, TARGETS[target](x, z)];
  });
}

/** ‖(u, w)‖ = α, directions and offsets from −1.2 to 1.2 at random, v = 0. */
export function flatStart(width, alpha, seed) {
  const flat = uniform(seed);
  const draw = normal(flat);
  const made = { u: [], w: [], b: [], v: new Array(width).fill(0), b0: 0 };
  for (let i = 0; i < width; i += 1) {
    const angle = Math.atan2(draw(), draw());
    made.u.push(alpha * Math.cos(angle));
    made.w.push(alpha * Math.sin(angle));
    made.b.push(-alpha * (2.4 * flat() - 1.2));
  }
  return made;
}

export function valueAt({ u, w, b, v, b0 }, x, z) {
  let sum = b0;
  for (let i = 0; i < v.length; i += 1) {
    const inside = u[i] * x + w[i] * z + b[i];
    if (inside > 0) sum += v[i] * inside;
  }
  return sum;
}

export const lossOf = (net, data) => data.reduce((sum, [x, z, y]) => sum + (valueAt(net, x, z) - y) ** 2, 0) / (2 * data.length);

/** A rate at which these runs are stable: 1 / (0.3 Σ‖w‖² + 8). */
export const stableRate = ({ u, w }) => 1 / (0.3 * u.reduce((sum, one, i) => sum + one * one + w[i] * w[i], 0) + 8);

/** So many steps of gradient descent, in place. */
export function descend(net, data, rate, steps) {
  const { u, w, b, v } = net;
  const width = v.length;
  const tilt = new Float64Array(width);
  const lean = new Float64Array(width);
  const pull = new Float64Array(width);
  for (let step = 0; step < steps; step += 1) {
    tilt.fill(0);
    lean.fill(0);
    pull.fill(0);
    let all = 0;
    for (const [x, z, y] of data) {
      const residual = (valueAt(net, x, z) - y) / data.length;
      all += residual;
      for (let i = 0; i < width; i += 1) {
        if (u[i] * x + w[i] * z + b[i] > 0) {
          tilt[i] += residual * x;
          lean[i] += residual * z;
          pull[i] += residual;
        }
      }
    }
    for (let i = 0; i < width; i += 1) {
      const change = u[i] * tilt[i] + w[i] * lean[i] + b[i] * pull[i];
      u[i] -= rate * v[i] * tilt[i];
      w[i] -= rate * v[i] * lean[i];
      b[i] -= rate * v[i] * pull[i];
      v[i] -= rate * change;
    }
    net.b0 -= rate * all;
  }
}

/** Direction, offset and jump of each line; none for a neuron whose weights are 0. */
export function linesOf({ u, w, b, v }) {
  return v.map((one, i) => {
    const size = Math.hypot(u[i], w[i]);
    return size > 0 ? { xi: [u[i] / size, w[i] / size], gamma: -b[i] / size, jump: one * size } : null;
  });
}

/** Two points of a line, far outside the picture. */
export function ends({ xi: [p, q], gamma }, reach = 4) {
  return [[gamma * p - reach * q, gamma * p + reach * q], [gamma * q + reach * p, gamma * q - reach * p]];
}

/** How far offsets have moved, in the middle of all. */
export function medianShift(lines, first) {
  const far = lines.flatMap((one, i) => (one && first[i] ? [Math.abs(one.gamma - first[i].gamma)] : [])).sort((a, c) => a - c);
  const half = far.length / 2;
  return far.length === 0 ? 0 : far.length % 2 ? far[Math.floor(half)] : (far[half - 1] + far[half]) / 2;
}

export const totalJump = (lines) => lines.reduce((sum, one) => sum + Math.abs(one?.jump ?? 0), 0);
