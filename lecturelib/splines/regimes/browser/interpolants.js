/** Functions through the data that trained networks are compared with: the polygon and the natural cubic spline. */

/** @typedef {import("../../training/browser/tables.js").Network} Network */
/** @typedef {{x: Float64Array, y: Float64Array}} Points */

/**
 * Distinct places with the mean of the targets there, since no function goes through two points above each other.
 * @param {Points} data  sorted
 * @returns {Points}
 */
export function distinct({ x, y }) {
  /** @type {{place: number, sum: number, count: number}[]} */
  const groups = [];
  x.forEach((place, n) => {
    const last = groups.at(-1);
    if (last && last.place === place) {
      last.sum += y[n];
      last.count += 1;
    } else {
      groups.push({ place, sum: y[n], count: 1 });
    }
  });
  return {
    x: Float64Array.from(groups, (group) => group.place),
    y: Float64Array.from(groups, (group) => group.sum / group.count),
  };
}

/**
 * The polygon through the points as a network with |w| = 1, one straight line beyond each end; N neurons.
 * @param {Points} points  sorted and distinct
 * @returns {Network}
 */
export function linearInterpolant({ x, y }) {
  const size = x.length;
  const slopes = Float64Array.from({ length: size - 1 }, (_, n) => (y[n + 1] - y[n]) / (x[n + 1] - x[n]));
  if (size === 1) return { w: new Float64Array(0), b: new Float64Array(0), v: new Float64Array(0), b0: y[0] };
  // neuron 1 faces left at x_1 with the slope of the first piece, the others face right at x_1, …, x_{N−1}
  const w = Float64Array.from({ length: size }, (_, i) => (i === 0 ? -1 : 1));
  const b = Float64Array.from({ length: size }, (_, i) => (i === 0 ? x[0] : -x[i - 1]));
  const v = Float64Array.from({ length: size }, (_, i) => {
    if (i === 0) return -slopes[0];
    return i === 1 ? slopes[0] : slopes[i - 1] - slopes[i - 2];
  });
  return { w, b, v, b0: y[0] };
}

/**
 * Second derivatives of the natural cubic spline at the points, by the tridiagonal system that makes its slope
 * continuous; zero at both ends.
 * @param {Points} points
 */
function bends({ x, y }) {
  const size = x.length;
  const second = new Float64Array(size);
  const upper = new Float64Array(size);
  const right = new Float64Array(size);
  for (let n = 1; n < size - 1; n++) {
    const before = x[n] - x[n - 1];
    const behind = x[n + 1] - x[n];
    const turn = 6 * ((y[n + 1] - y[n]) / behind - (y[n] - y[n - 1]) / before);
    const pivot = 2 * (before + behind) - before * upper[n - 1];
    upper[n] = behind / pivot;
    right[n] = (turn - before * right[n - 1]) / pivot;
  }
  for (let n = size - 2; n > 0; n--) second[n] = right[n] - upper[n] * second[n + 1];
  return second;
}

/**
 * The natural cubic spline through the points, continued beyond the ends by its tangents.
 * @param {Points} points  sorted and distinct
 * @returns {(at: Float64Array) => Float64Array}  values at sorted places
 */
export function naturalCubic({ x, y }) {
  const last = x.length - 1;
  if (last === 0) return (at) => new Float64Array(at.length).fill(y[0]);
  const second = bends({ x, y });
  const piece = (/** @type {number} */ n, /** @type {number} */ z) => {
    const h = x[n + 1] - x[n];
    const p = (x[n + 1] - z) / h;
    const q = (z - x[n]) / h;
    return p * y[n] + q * y[n + 1] + ((p * p * p - p) * second[n] + (q * q * q - q) * second[n + 1]) * ((h * h) / 6);
  };
  const chord = (/** @type {number} */ n) => (y[n + 1] - y[n]) / (x[n + 1] - x[n]);
  const start = chord(0) - ((x[1] - x[0]) * second[1]) / 6;
  const end = chord(last - 1) + ((x[last] - x[last - 1]) * second[last - 1]) / 6;
  return (at) => {
    let n = 0;
    return at.map((z) => {
      if (z <= x[0]) return y[0] + start * (z - x[0]);
      if (z >= x[last]) return y[last] + end * (z - x[last]);
      while (x[n + 1] < z) n += 1;
      return piece(n, z);
    });
  };
}
