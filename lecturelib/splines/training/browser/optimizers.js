/**
 * One step for all neurons: plain gradient descent, momentum 0.9, and Adam, with the constants of torch.optim.
 *
 * A step reads the sums over the data that a neuron sees, moves its three weights, looks whether it has passed a datum,
 * and adds its slope and height to the tables from which the outputs are read next.
 */

import { findRow } from "./tables.js";

export const MOMENTUM_DECAY = 0.9;
export const ADAM_FIRST = 0.9;
export const ADAM_SECOND = 0.999;
const ADAM_EPS = 1e-8;

/**
 * @typedef {object} State  everything a step touches; H neurons, N points
 * @property {Float64Array} w
 * @property {Float64Array} b
 * @property {Float64Array} v
 * @property {Float64Array} first  means of the gradient for w, b and v, one after the other: 3 H, or empty
 * @property {Float64Array} second  means of its square, same
 * @property {Int32Array} rows
 * @property {Float64Array} silent  the datum beside its gap at which a neuron is silent
 * @property {Float64Array} awake  the one at which it is active
 * @property {Float64Array} walls
 * @property {Float64Array} pull
 * @property {Float64Array} tilt
 * @property {Float64Array} slope
 * @property {Float64Array} height
 */

/**
 * Find the row of neuron i, and note the points beside its gap.
 * @param {State} state
 * @param {number} i
 */
export function move({ w, b, rows, silent, awake, walls }, i) {
  const gaps = walls.length - 1;
  const row = findRow(w[i], b[i], walls, rows[i] % gaps);
  rows[i] = row;
  const gap = row % gaps;
  silent[i] = walls[row < gaps ? gap : gap + 1];
  awake[i] = walls[row < gaps ? gap + 1 : gap];
  return row;
}

/**
 * Plain descent; the tables hold the learning rate already.
 * @param {State} state
 */
export function gd(state) {
  const { w, b, v, rows, silent, awake, pull, tilt, slope, height } = state;
  for (let i = 0; i < w.length; i++) {
    let row = rows[i];
    const p = pull[row];
    const t = tilt[row];
    const newW = w[i] - v[i] * t;
    const newB = b[i] - v[i] * p;
    const newV = v[i] - (w[i] * t + b[i] * p);
    w[i] = newW;
    b[i] = newB;
    v[i] = newV;
    if (newW * silent[i] > -newB || !(newW * awake[i] > -newB)) row = move(state, i);
    slope[row] += newW * newV;
    height[row] += newB * newV;
  }
}

/**
 * Momentum: m ← 0.9 m + gradient, weight ← weight − rate m.
 * @param {State} state
 * @param {number} rate
 */
export function momentum(state, rate) {
  const { w, b, v, first, rows, silent, awake, pull, tilt, slope, height } = state;
  const size = w.length;
  for (let i = 0, j = size, k = 2 * size; i < size; i++, j++, k++) {
    let row = rows[i];
    const p = pull[row];
    const t = tilt[row];
    first[i] = MOMENTUM_DECAY * first[i] + v[i] * t;
    first[j] = MOMENTUM_DECAY * first[j] + v[i] * p;
    first[k] = MOMENTUM_DECAY * first[k] + (w[i] * t + b[i] * p);
    const newW = w[i] - rate * first[i];
    const newB = b[i] - rate * first[j];
    const newV = v[i] - rate * first[k];
    w[i] = newW;
    b[i] = newB;
    v[i] = newV;
    if (newW * silent[i] > -newB || !(newW * awake[i] > -newB)) row = move(state, i);
    slope[row] += newW * newV;
    height[row] += newB * newV;
  }
}

/**
 * One number's step of Adam: how far it goes down. Moves the means at place `at` on.
 * @param {Float64Array} first
 * @param {Float64Array} second
 * @param {number} at
 * @param {number} gradient
 * @param {number} pace  rate / (1 − 0.9^k)
 * @param {number} spread  1 / √(1 − 0.999^k)
 */
export function adamStep(first, second, at, gradient, pace, spread) {
  const m = first[at] + (1 - ADAM_FIRST) * (gradient - first[at]);
  const s = ADAM_SECOND * second[at] + (1 - ADAM_SECOND) * (gradient * gradient);
  first[at] = m;
  second[at] = s;
  return pace * (m / (spread * Math.sqrt(s) + ADAM_EPS));
}

/**
 * Adam for all neurons; pace and spread as for `adamStep`.
 * @param {State} state
 * @param {number} pace
 * @param {number} spread
 */
export function adam(state, pace, spread) {
  const { w, b, v, first, second, rows, silent, awake, pull, tilt, slope, height } = state;
  const size = w.length;
  for (let i = 0, j = size, k = 2 * size; i < size; i++, j++, k++) {
    let row = rows[i];
    const p = pull[row];
    const t = tilt[row];
    const newW = w[i] - adamStep(first, second, i, v[i] * t, pace, spread);
    const newB = b[i] - adamStep(first, second, j, v[i] * p, pace, spread);
    const newV = v[i] - adamStep(first, second, k, w[i] * t + b[i] * p, pace, spread);
    w[i] = newW;
    b[i] = newB;
    v[i] = newV;
    if (newW * silent[i] > -newB || !(newW * awake[i] > -newB)) row = move(state, i);
    slope[row] += newW * newV;
    height[row] += newB * newV;
  }
}
