// Games of two numbers, min over x and max over y: ways to play them, and eigenvalues of a step where both slopes are 0.
// The same steps as lecturelib/generative/mode_collapse/games.py, with which the tests compare them.

const quadratic = (a, b, c) => ([x, y]) => ({
  value: (a * x * x) / 2 + b * x * y + (c * y * y) / 2,
  slope: [a * x + b * y, b * x + c * y],
  bend: [a, b, c],
});

/** (0.4 x² − 0.1 u² − 0.01 y⁴) e^{−0.01 (x² + y²)} with u = y − 3x + 0.05 x³. */
function hill([x, y]) {
  const u = y - 3 * x + 0.05 * x ** 3;
  const ux = -3 + 0.15 * x * x;
  const q = 0.4 * x * x - 0.1 * u * u - 0.01 * y ** 4;
  const [qx, qy] = [0.8 * x - 0.2 * u * ux, -0.2 * u - 0.04 * y ** 3];
  const [qxx, qxy, qyy] = [0.8 - 0.2 * (ux * ux + u * 0.3 * x), -0.2 * ux, -0.2 - 0.12 * y * y];
  const e = Math.exp(-0.01 * (x * x + y * y));
  return {
    value: q * e,
    slope: [(qx - 0.02 * x * q) * e, (qy - 0.02 * y * q) * e],
    bend: [
      (qxx - 0.04 * x * qx + (0.0004 * x * x - 0.02) * q) * e,
      (qxy - 0.02 * x * qy - 0.02 * y * qx + 0.0004 * x * y * q) * e,
      (qyy - 0.04 * y * qy + (0.0004 * y * y - 0.02) * q) * e,
    ],
  };
}

/** Name → a function of [x, y] that gives f, its slopes (f_x, f_y), and its second derivatives (f_xx, f_xy, f_yy). */
export const GAMES = { left: quadratic(-6, 4, -2), loved: quadratic(6, 4, 2), turning: quadratic(0, 1, 0), hill };

/** v = (−f_x, f_y), with the second coordinate `ratio` times as fast. */
const direction = (game, z, ratio) => {
  const [p, q] = game(z).slope;
  return [-p, ratio * q];
};
const moved = ([x, y], [p, q], by) => [x + by * p, y + by * q];

/** One step from {z, before}; `before` is the last direction, of which the optimistic step makes use. */
export function step(game, { z, before }, { method, rate, ratio, damping, strength = 1 }) {
  const v = direction(game, z, ratio);
  if (method === "alternating") {
    const ahead = [z[0] + rate * v[0], z[1]];
    return { z: [ahead[0], z[1] + rate * direction(game, ahead, ratio)[1]], before: v };
  }
  if (method === "extragradient") return { z: moved(z, direction(game, moved(z, v, rate), ratio), rate), before: v };
  if (method === "optimistic") {
    const last = before ?? v;
    return { z: moved(z, [2 * v[0] - last[0], 2 * v[1] - last[1]], rate), before: v };
  }
  const { slope, bend } = game(z);
  const [xx, xy, yy] = bend;
  if (method === "consensus") {
    const down = [xx * slope[0] + xy * slope[1], xy * slope[0] + yy * slope[1]];
    return { z: [z[0] - rate * (slope[0] + strength * down[0]), z[1] + ratio * rate * (slope[1] - strength * down[1])], before: v };
  }
  const next = moved(z, v, rate);
  if (method === "follow_the_ridge") {
    const drag = xy * rate * v[0];
    next[1] -= damping === 0 ? drag / yy : (yy * drag) / (yy * yy + damping);
  }
  return { z: next, before: v };
}

/** Points from `start` on, at most steps + 1, fewer where they leave all bounds. */
export function play(game, start, steps, options, bound = 1e6) {
  let state = { z: start, before: null };
  const path = [start];
  for (let k = 0; k < steps; k += 1) {
    state = step(game, state, options);
    if (!state.z.every((one) => Math.abs(one) < bound)) break;
    path.push(state.z);
  }
  return path;
}

/** Is [x, y] a strict local minimax point, by its second derivatives? And its Schur complement, null where f_yy = 0. */
export function minimax(game, z) {
  const { slope, bend } = game(z);
  const [xx, xy, yy] = bend;
  const schur = yy === 0 ? null : xx - (xy * xy) / yy;
  return { schur, holds: Math.hypot(...slope) < 1e-8 && yy < 0 && schur > 0 };
}

/** Eigenvalues [re, im] of the derivative of a step at a stationary point, of those that remember nothing. */
export function spectrum(game, z, options) {
  const h = 1e-4;
  const at = (p, q) => step(game, { z: [z[0] + p, z[1] + q], before: null }, options).z;
  const [right, left, up, down] = [at(h, 0), at(-h, 0), at(0, h), at(0, -h)];
  const [a, c] = [0, 1].map((k) => (right[k] - left[k]) / (2 * h));
  const [b, d] = [0, 1].map((k) => (up[k] - down[k]) / (2 * h));
  const [middle, square] = [(a + d) / 2, ((a - d) / 2) ** 2 + b * c];
  const root = Math.sqrt(Math.abs(square));
  return square >= 0 ? [[middle + root, 0], [middle - root, 0]] : [[middle, root], [middle, -root]];
}
