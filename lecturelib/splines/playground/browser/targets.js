/** What the network is asked to fit: functions on [−1, 1], sampled at even distances, with normal noise. */

import { linspace } from "../../../core/browser/numbers.js";
import { draws } from "../../../core/browser/random.js";

/** Name → value at x. "gap" is the pair of lines of the chapter on regimes, "hills" the cosine of the one on dynamics. */
export const TARGETS = {
  sine: (/** @type {number} */ x) => Math.sin(1.5 * Math.PI * x),
  gap: (/** @type {number} */ x) => -x + 1.5 * Math.sign(x),
  steps: (/** @type {number} */ x) => Math.sign(x + 1 / 3) / 2 + Math.sign(x - 1 / 3) / 2,
  sawtooth: (/** @type {number} */ x) => 2 * (1.5 * x - Math.round(1.5 * x)),
  quadratic: (/** @type {number} */ x) => 2 * x * x - 1,
  hills: (/** @type {number} */ x) => Math.cos(4.8 * x),
};

const GAP = 0.5; // no data for |x| < ½

/**
 * @param {string} name  a key of `TARGETS`
 * @param {number} count
 */
function places(name, count) {
  if (name !== "gap") return linspace(-1, 1, count);
  const left = Math.ceil(count / 2);
  return Float64Array.from([...linspace(-1, -GAP, left), ...linspace(GAP, 1, count - left)]);
}

/**
 * Data of a target. Each point keeps its draw of noise when the noise is made larger.
 * @param {string} name  a key of `TARGETS`
 * @param {{count: number, noise: number, seed: number}} options  noise: its standard deviation
 * @returns {{x: Float64Array, y: Float64Array}}  x sorted
 */
export function sampled(name, { count, noise, seed }) {
  if (!Object.hasOwn(TARGETS, name)) {
    throw new RangeError(`target: expected one of ${Object.keys(TARGETS).join(", ")}, got ${name}`);
  }
  const value = TARGETS[/** @type {"sine"} */ (name)];
  const { normal } = draws(seed);
  const x = places(name, count);
  return { x, y: x.map((z) => value(z) + noise * normal()) };
}
