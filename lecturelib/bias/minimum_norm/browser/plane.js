// Two weights and one datum: descent on ½ (a·w − b)², with kicks and weight decay, and the diagonal network w = u² − v².
// The same formulas as lecturelib/bias/minimum_norm and lecturelib/core/least_squares.py, with which the tests compare them.

export const dot = ([p, q], [x, y]) => p * x + q * y;
const size = (a) => dot(a, a);
const plus = ([p, q], [x, y], factor = 1) => [p + factor * x, q + factor * y];

/** The part of a vector across the line of solutions, and the part along it, in units of length; signed. */
export function parts(a, w) {
  const length = Math.sqrt(size(a));
  return { across: dot(a, w) / length, along: dot([-a[1], a[0]], w) / length };
}

/** The solution of a·w = b that is nearest to w. */
export const nearest = (a, b, w) => plus(w, a, (b - dot(a, w)) / size(a));

/** The solution of least |w1| + |w2|: all on the weight with the larger input. */
export const sparse = (a, b) => (Math.abs(a[0]) >= Math.abs(a[1]) ? [b / a[0], 0] : [0, b / a[1]]);

const FAR = 1e9; // beyond it nothing is drawn

/**
 * Weights after 0, 1, … steps. rate and decay are in units of the curvature: η‖a‖² and λ/‖a‖². The kick comes with step
 * number `when`. Ends early where the weights are lost.
 */
export function walk({ a, b, start, rate, decay = 0, kick = [0, 0], when = 0, steps }) {
  const curvature = size(a);
  const path = [start];
  for (let k = 1; k <= steps; k += 1) {
    const w = path.at(-1);
    const slope = plus([a[0] * (dot(a, w) - b), a[1] * (dot(a, w) - b)], w, decay * curvature);
    const next = plus(w, slope, -rate / curvature);
    path.push(k === when ? plus(next, kick) : next);
    if (Math.hypot(...path.at(-1)) > FAR) break;
  }
  return path;
}

/** w = 2α² sinh(a y), where the flow of a diagonal network from u = v = α is at some time. */
export const diagonal = (a, alpha, y) => a.map((one) => 2 * alpha * alpha * Math.sinh(one * y));

/** The y at which a diagonal network fits the datum: there its flow ends. */
export function diagonalEnd(a, b, alpha) {
  const sign = Math.sign(b);
  let [low, high] = [0, 1];
  const missing = (y) => Math.abs(b) - dot(a, diagonal(a, alpha, y));
  while (missing(high) > 0) high *= 2;
  for (let k = 0; k < 200 && high - low > 1e-15 * high; k += 1) {
    const middle = (low + high) / 2;
    if (missing(middle) > 0) low = middle;
    else high = middle;
  }
  return (sign * (low + high)) / 2;
}

/** `count` places on the way of a diagonal network from 0 to its end. */
export function diagonalPath(a, b, alpha, count) {
  const end = diagonalEnd(a, b, alpha);
  // places are denser near the end, where sinh grows fastest
  return Array.from({ length: count }, (_, k) => diagonal(a, alpha, end * (1 - (1 - k / (count - 1)) ** 2)));
}
