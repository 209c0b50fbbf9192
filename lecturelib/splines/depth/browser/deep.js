/**
 * Deep ReLU networks of one input: training, values and breakpoints, as in lecturelib/core/small_steps.py and lines.py.
 *
 * A network is one row of numbers: layer by layer the weights (out × in, row by row), then the biases. In training,
 * points stand side by side: each unit has a row of numbers, one for each point, and loops run along rows.
 */

import { draws } from "../../../core/browser/random.js";

/** @typedef {number[]} Sizes  of all layers, 1 first and last */

/** How many numbers a network has. @param {Sizes} sizes */
export function countOf(sizes) {
  let count = 0;
  for (let k = 1; k < sizes.length; k++) count += (sizes[k - 1] + 1) * sizes[k];
  return count;
}

/**
 * Random networks: "pytorch", uniform on ±1/√(inputs); "he", normal weights of variance 2 / inputs, biases of deviation ½.
 * @param {Sizes} sizes
 * @param {"pytorch" | "he"} scheme
 * @param {number} seed
 */
export function startOf(sizes, scheme, seed) {
  const { uniform, normal } = draws(seed);
  const theta = new Float64Array(countOf(sizes));
  let at = 0;
  for (let k = 1; k < sizes.length; k++) {
    const [fan, width] = [sizes[k - 1], sizes[k]];
    for (let i = 0; i < (fan + 1) * width; i++) {
      const spread = i < fan * width ? Math.sqrt(2 / fan) : 0.5;
      theta[at++] = scheme === "he" ? spread * normal() : (2 * uniform() - 1) / Math.sqrt(fan);
    }
  }
  return theta;
}

/** out[o + n] = start + Σ_k theta[at + k stride] rows[first + k count + n], two rows at a time. */
function mix(out, o, theta, at, stride, rows, first, inputs, start, count) {
  let k = 0;
  if (inputs % 2) {
    const a = theta[at];
    for (let n = 0; n < count; n++) out[o + n] = start + a * rows[first + n];
    k = 1;
  } else {
    const [a, b] = [theta[at], theta[at + stride]];
    const second = first + count;
    for (let n = 0; n < count; n++) out[o + n] = start + a * rows[first + n] + b * rows[second + n];
    k = 2;
  }
  for (; k + 3 < inputs; k += 4) {
    const i = at + k * stride;
    const a = theta[i], b = theta[i + stride], c = theta[i + 2 * stride], d = theta[i + 3 * stride];
    const p = first + k * count, q = p + count, r = q + count, t = r + count;
    for (let n = 0; n < count; n++) out[o + n] += a * rows[p + n] + b * rows[q + n] + (c * rows[r + n] + d * rows[t + n]);
  }
  for (; k < inputs; k += 2) {
    const i = at + k * stride;
    const a = theta[i], b = theta[i + stride];
    const p = first + k * count, q = p + count;
    for (let n = 0; n < count; n++) out[o + n] += a * rows[p + n] + b * rows[q + n];
  }
}

/** A network in training on ½ Σ (f(x) − y)². */
export class Training {
  /**
   * @param {Sizes} sizes
   * @param {Float64Array} theta  the start, copied
   * @param {{x: ArrayLike<number>, y: ArrayLike<number>}} data
   * @param {{optimizer: "gd" | "adam", rate: number}} how
   */
  constructor(sizes, theta, { x, y }, { optimizer, rate }) {
    this.sizes = sizes;
    this.theta = Float64Array.from(theta);
    this.x = Float64Array.from(x);
    this.y = Float64Array.from(y);
    this.optimizer = optimizer;
    this.rate = rate;
    this.steps = 0;
    const count = this.x.length;
    const rows = sizes.reduce((sum, one) => sum + one, 0) * count;
    this.h = new Float64Array(rows);
    this.delta = new Float64Array(rows);
    this.h.set(this.x);
    this.gradient = new Float64Array(this.theta.length);
    this.means = [new Float64Array(this.theta.length), new Float64Array(this.theta.length)];
    this.forward();
  }

  /** The loss of the network as it is. */
  get loss() {
    return this.error;
  }

  get diverged() {
    return !Number.isFinite(this.error) || this.error > 1e12;
  }

  forward() {
    const { sizes, theta, h, y } = this;
    const count = y.length;
    const last = sizes.length - 1;
    let first = 0, at = 0;
    for (let layer = 1; layer <= last; layer++) {
      const fan = sizes[layer - 1], width = sizes[layer];
      const next = first + fan * count;
      for (let o = 0; o < width; o++) {
        const row = next + o * count;
        mix(h, row, theta, at + o * fan, 1, h, first, fan, theta[at + fan * width + o], count);
        if (layer < last) for (let n = row; n < row + count; n++) if (!(h[n] > 0)) h[n] = 0;
      }
      first = next;
      at += (fan + 1) * width;
    }
    let error = 0;
    for (let n = 0; n < count; n++) {
      const off = h[first + n] - y[n];
      this.delta[first + n] = off;
      error += off * off;
    }
    this.error = error / 2;
  }

  backward() {
    const { sizes, theta, h, delta, gradient } = this;
    const count = this.y.length;
    let first = h.length - count, at = theta.length;
    for (let layer = sizes.length - 1; layer > 0; layer--) {
      const fan = sizes[layer - 1], width = sizes[layer];
      at -= (fan + 1) * width;
      const below = first - fan * count;
      for (let o = 0; o < width; o++) {
        const row = first + o * count;
        let sum = 0;
        for (let n = 0; n < count; n++) sum += delta[row + n];
        gradient[at + fan * width + o] = sum;
        for (let i = 0; i < fan; i++) {
          const other = below + i * count;
          let dot = 0;
          for (let n = 0; n < count; n++) dot += delta[row + n] * h[other + n];
          gradient[at + o * fan + i] = dot;
        }
      }
      if (layer > 1) {
        for (let i = 0; i < fan; i++) {
          const row = below + i * count;
          mix(delta, row, theta, at + i, fan, delta, first, width, 0, count);
          for (let n = row; n < row + count; n++) if (h[n] === 0) delta[n] = 0;
        }
      }
      first = below;
    }
  }

  move() {
    const { theta, gradient, rate, means } = this;
    if (this.optimizer === "gd") {
      for (let i = 0; i < theta.length; i++) theta[i] -= rate * gradient[i];
      return;
    }
    const [first, second] = means;
    const share = 1 / this.y.length; // of the mean over data, as the library has it
    const pace = rate / (1 - 0.9 ** this.steps);
    const spread = 1 / Math.sqrt(1 - 0.999 ** this.steps);
    for (let i = 0; i < theta.length; i++) {
      const slope = share * gradient[i];
      first[i] += 0.1 * (slope - first[i]);
      second[i] = 0.999 * second[i] + 0.001 * slope * slope;
      theta[i] -= pace * (first[i] / (spread * Math.sqrt(second[i]) + 1e-8));
    }
  }

  /** Take so many steps. @param {number} count */
  run(count) {
    for (let k = 0; k < count && !this.diverged; k++) {
      this.backward();
      this.steps += 1;
      this.move();
      this.forward();
    }
  }
}

/**
 * f at places.
 * @param {Sizes} sizes
 * @param {Float64Array} theta
 * @param {ArrayLike<number>} places
 */
export function valuesAt(sizes, theta, places) {
  const zero = new Float64Array(places.length);
  return new Training(sizes, theta, { x: places, y: zero }, { optimizer: "gd", rate: 0 }).h.slice(-places.length);
}

/**
 * All breakpoints between low and high, from left to right, by passing knots through the layers.
 * @param {Sizes} sizes
 * @param {Float64Array} theta
 * @param {number} low
 * @param {number} high
 * @returns {{x: number, layer: number, unit: number, bends: boolean}[]}  layers counted from 1; bends: whether f does
 */
export function breakpointsOf(sizes, theta, low, high) {
  let knots = [low, high];
  let values = [[low], [high]]; // at each knot, those of all units
  let slopes = [[1]]; // of each piece between two knots
  let owners = [null, null]; // the breakpoint at a knot
  let at = 0;
  for (let layer = 1; layer < sizes.length; layer++) {
    const fan = sizes[layer - 1], width = sizes[layer];
    const apply = (row, shift) => {
      const out = new Array(width);
      for (let o = 0; o < width; o++) {
        let sum = shift * theta[at + fan * width + o];
        for (let i = 0; i < fan; i++) sum += theta[at + o * fan + i] * row[i];
        out[o] = sum;
      }
      return out;
    };
    values = values.map((row) => apply(row, 1));
    slopes = slopes.map((row) => apply(row, 0));
    at += (fan + 1) * width;
    if (layer < sizes.length - 1) ({ knots, values, slopes, owners } = bent(layer, width, knots, values, slopes, owners));
  }
  const steepest = Math.max(...slopes.map(([one]) => Math.abs(one)), 1e-300);
  const found = [];
  for (let k = 1; k < knots.length - 1; k++) {
    found.push({ x: knots[k], ...owners[k], bends: Math.abs(slopes[k][0] - slopes[k - 1][0]) > 1e-9 * steepest });
  }
  return found;
}

/** A layer of ReLUs: new knots where units switch, then what they give. */
function bent(layer, width, knots, values, slopes, owners) {
  const next = { knots: [knots[0]], values: [values[0]], slopes: [], owners: [owners[0]] };
  for (let p = 0; p < slopes.length; p++) {
    const crossed = [];
    for (let j = 0; j < width; j++) {
      const [a, b] = [values[p][j], values[p + 1][j]];
      if ((a < 0 && b > 0) || (a > 0 && b < 0)) crossed.push({ j, x: knots[p] + ((knots[p + 1] - knots[p]) * a) / (a - b) });
    }
    crossed.sort((one, other) => one.x - other.x);
    for (const { j, x } of crossed) {
      const row = values[p].map((value, i) => value + (x - knots[p]) * slopes[p][i]);
      row[j] = 0;
      next.knots.push(x);
      next.values.push(row);
      next.owners.push({ layer, unit: j });
      next.slopes.push(slopes[p].slice());
    }
    next.slopes.push(slopes[p].slice());
    next.knots.push(knots[p + 1]);
    next.values.push(values[p + 1]);
    next.owners.push(owners[p + 1]);
  }
  // a unit is on where it is positive at an end of the piece, and not by rounding
  for (let p = 0; p < next.slopes.length; p++) {
    const [left, right] = [next.values[p], next.values[p + 1]];
    for (let j = 0; j < width; j++) if (!(left[j] + right[j] > 0)) next.slopes[p][j] = 0;
  }
  next.values = next.values.map((row) => row.map((one) => Math.max(one, 0)));
  return next;
}
