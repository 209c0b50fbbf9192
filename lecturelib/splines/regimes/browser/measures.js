/** Numbers that say how training stands: roughness, sharpness, and which learning rate is stable. */

import { distinct, linearInterpolant } from "./interpolants.js";
import { findRows, residuals, runInwards, sortedData, tabulate } from "../../training/browser/tables.js";

/** @typedef {import("../../training/browser/tables.js").Network} Network */
/** @typedef {import("../../training/browser/tables.js").Data} Data */

/**
 * Σ μ_i², μ = w v.
 * @param {Network} network
 */
export function roughness({ w, v }) {
  let total = 0;
  for (let i = 0; i < w.length; i++) total += (w[i] * v[i]) ** 2;
  return total;
}

/**
 * Largest eigenvalue of the tangent kernel on the data, by power iteration in O(H + N) a round; approached from below.
 * The same as `sharpness` in lecturelib/splines/training/prefix_sums.py.
 * @param {Network} network
 * @param {Data} data
 */
export function sharpness(network, data, iterations = 100) {
  const { w, b, v } = network;
  const size = data.x.length;
  const rows = findRows(network, data.walls);
  const [pull, tilt, slope, height] = [0, 1, 2, 3].map(() => new Float64Array(2 * size + 2));
  const zero = new Float64Array(size);
  // A growing start is orthogonal to no eigenvector by a symmetry of the data.
  const u = Float64Array.from({ length: size }, (_, n) => 1 + n / Math.max(size - 1, 1));
  let length = Math.sqrt(u.reduce((sum, one) => sum + one * one, 0));
  for (let round = 0; round < iterations; round++) {
    const db0 = tabulate(u, data.x, 1 / length, pull, tilt);
    for (let i = 0; i < w.length; i++) {
      const p = pull[rows[i]];
      const t = tilt[rows[i]];
      // the gradient by (w, b, v) is (v t, v p, w t + b p); f changes by its own derivative along it
      const dv = w[i] * t + b[i] * p;
      slope[rows[i]] += v[i] * v[i] * t + w[i] * dv;
      height[rows[i]] += v[i] * v[i] * p + b[i] * dv;
    }
    runInwards(slope, height);
    length = Math.sqrt(residuals(slope, height, db0, data.x, zero, u));
  }
  return length;
}

/**
 * The point of each neuron's orbit with the least norm, v² = w² + b²; neurons that do nothing are left out.
 * @param {Network} network
 * @returns {Network}
 */
function balanced({ w, b, v, b0 }) {
  const bend = Array.from(v.keys()).filter((i) => v[i] !== 0);
  const alpha = bend.map((i) => Math.sqrt(Math.abs(v[i]) / Math.hypot(w[i], b[i])));
  return {
    w: Float64Array.from(bend, (i, k) => w[i] * alpha[k]),
    b: Float64Array.from(bend, (i, k) => b[i] * alpha[k]),
    v: Float64Array.from(bend, (i, k) => v[i] / alpha[k]),
    b0,
  };
}

/** How far from the edge: a quadratic of curvature λ is stable below 2 / λ, with momentum 0.9 below 3.8 / λ. */
const EDGE = { gd: 2, momentum: 3.8 };
const SAFETY = 0.5;
/** Adam moves every weight by about its learning rate a step, whatever the loss. */
const ADAM_RATE = 0.003;

/**
 * The largest rate at which the start itself is stable: what `lecturelib.splines.descend` says of a run that diverged.
 * @param {Network} network
 * @param {Data} data
 * @param {string} optimizer  "gd" or "momentum"
 */
export function edgeRate(network, data, optimizer) {
  return EDGE[/** @type {"gd"} */ (optimizer)] / sharpness(network, data);
}

/**
 * A learning rate that keeps clear of the edge at the start, and near the polygon through the data, stored with the
 * least norm: flat starts have yet to become sharp. `stable_rate` in lecturelib/splines/regimes/flows.py, for momentum too.
 * @param {Network} network
 * @param {Data} data
 * @param {string} optimizer
 */
export function stableRate(network, data, optimizer) {
  if (optimizer === "adam") return ADAM_RATE;
  const points = distinct(data);
  const end = sharpness(balanced(linearInterpolant(points)), sortedData(data.x, data.y));
  return (SAFETY * EDGE[/** @type {"gd"} */ (optimizer)]) / Math.max(sharpness(network, data), end);
}
