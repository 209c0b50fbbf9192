/**
 * A network with one hidden layer in the tangent-kernel parametrization, and gradient descent on it:
 * lecturelib/kernels/tangent_kernel/wide_networks.py for the browser, for inputs on the circle of radius √2.
 *
 * z_i(x) = ⟨w_i, x⟩ + σ_b b_i,  f(x) = √(2/m) Σ_i v_i φ(z_i(x)) + σ_b c,  with weight scale √2 and two inputs.
 */

import { draws } from "../../../core/browser/random.js";
import { activate } from "./activations.js";

const SCALE = Math.SQRT2; // of weights; over the square root of two inputs it is 1

/**
 * @typedef {object} Wide
 * @property {string} activation  "relu" or "erf"
 * @property {number} bias  the bias scale σ_b
 * @property {Float64Array} w  (2 m), the two weights of each neuron side by side
 * @property {Float64Array} b  (m)
 * @property {Float64Array} v  (m)
 * @property {number} c
 */
/** @typedef {{x: Float64Array, y: Float64Array}} Points */

/**
 * A random network, all parameters standard normal. A wider one is the narrower one with neurons added.
 * @param {{width: number, activation: string, bias: number, seed: number}} options
 * @returns {Wide}
 */
export function drawWide({ width, activation, bias, seed }) {
  const { normal } = draws(seed);
  const c = normal();
  const [w, b, v] = [new Float64Array(2 * width), new Float64Array(width), new Float64Array(width)];
  for (let i = 0; i < width; i++) {
    w[2 * i] = normal();
    w[2 * i + 1] = normal();
    b[i] = normal();
    v[i] = normal();
  }
  return { activation, bias, w, b, v, c };
}

/** @param {Wide} network @returns {Wide} */
export function copyOf({ activation, bias, w, b, v, c }) {
  return { activation, bias, w: Float64Array.from(w), b: Float64Array.from(b), v: Float64Array.from(v), c };
}

/** Points on the circle of radius √2, at angles. @returns {Points} */
export function onCircle(/** @type {Float64Array} */ angles) {
  return { x: angles.map((one) => Math.SQRT2 * Math.cos(one)), y: angles.map((one) => Math.SQRT2 * Math.sin(one)) };
}

/** n angles from 0, equally spaced on the circle. */
export function equalAngles(/** @type {number} */ n) {
  return Float64Array.from({ length: n }, (_, k) => (2 * Math.PI * k) / n);
}

/** z of one neuron at all points. */
function inner(/** @type {Wide} */ { w, b, bias }, i, /** @type {Points} */ { x, y }, z) {
  const [wx, wy, shift] = [w[2 * i], w[2 * i + 1], bias * b[i]];
  for (let n = 0; n < x.length; n++) z[n] = wx * x[n] + wy * y[n] + shift;
}

/**
 * Values of a network at points.
 * @param {Wide} network
 * @param {Points} points
 */
export function valuesAt(network, points) {
  const size = points.x.length;
  const values = new Float64Array(size);
  const [z, h] = [new Float64Array(size), new Float64Array(size)];
  const scale = SCALE / Math.sqrt(network.v.length);
  for (let i = 0; i < network.v.length; i++) {
    inner(network, i, points, z);
    activate(network.activation, z, h);
    const factor = scale * network.v[i];
    for (let n = 0; n < size; n++) values[n] += factor * h[n];
  }
  return values.map((value) => value + network.bias * network.c);
}

/**
 * The trace of the tangent kernel of a network on points: no eigenvalue is larger, so that a step of length 2 over it
 * is stable as long as the kernel stays.
 * @param {Wide} network
 * @param {Points} points
 */
export function trace(network, points) {
  const size = points.x.length;
  const [z, h, slopes] = [0, 1, 2].map(() => new Float64Array(size));
  const outer = 2 / network.v.length;
  const shift = network.bias ** 2;
  let total = size * shift;
  for (let i = 0; i < network.v.length; i++) {
    inner(network, i, points, z);
    activate(network.activation, z, h, slopes);
    for (let n = 0; n < size; n++) {
      const inputs = points.x[n] ** 2 + points.y[n] ** 2 + shift;
      total += outer * (h[n] ** 2 + (network.v[i] * slopes[n]) ** 2 * inputs);
    }
  }
  return total;
}

/** Gradient descent on ½ Σ (f(x_n) − y_n)², all data in every step. */
export class Descent {
  /**
   * @param {Wide} network  the start, left as it is
   * @param {Points} points
   * @param {Float64Array} targets
   */
  constructor(network, points, targets) {
    this.network = copyOf(network);
    this.points = points;
    this.targets = targets;
    this.steps = 0;
    const size = points.x.length;
    this.residuals = new Float64Array(size);
    /** The hidden layer, neuron by neuron. */
    this.h = new Float64Array(size * network.v.length);
    this.slopes = new Float64Array(network.activation === "relu" ? 0 : this.h.length);
  }

  /** @param {number} count @param {number} rate */
  run(count, rate) {
    for (let k = 0; k < count; k++) this.step(rate);
  }

  /** One step of all parameters. @param {number} rate */
  step(rate) {
    const { network, residuals, targets } = this;
    const { bias } = network;
    const scale = SCALE / Math.sqrt(network.v.length);
    residuals.fill(0);
    if (network.activation === "relu") reluForward(this);
    else smoothForward(this);
    let total = 0;
    for (let n = 0; n < residuals.length; n++) {
      residuals[n] = scale * residuals[n] + bias * network.c - targets[n];
      total += residuals[n];
    }
    if (network.activation === "relu") reluBack(this, rate * scale);
    else smoothBack(this, rate * scale);
    network.c -= rate * bias * total;
    this.steps += 1;
  }
}

// One loop for each activation, written out: they take nearly all of the time.

/** Fills h and adds Σ_i v_i h_i to the residuals. */
function reluForward(/** @type {Descent} */ { network: { w, b, v, bias }, points: { x, y }, residuals, h }) {
  const size = x.length;
  for (let i = 0, at = 0; i < v.length; i++) {
    const wx = w[2 * i];
    const wy = w[2 * i + 1];
    const shift = bias * b[i];
    const outer = v[i];
    for (let n = 0; n < size; n++, at++) {
      const z = wx * x[n] + wy * y[n] + shift;
      h[at] = z;
      if (z > 0) residuals[n] += outer * z;
    }
  }
}

function smoothForward(/** @type {Descent} */ { network: { activation, w, b, v, bias }, points: { x, y }, residuals, h, slopes }) {
  const size = x.length;
  for (let i = 0, at = 0; i < v.length; i++) {
    const wx = w[2 * i];
    const wy = w[2 * i + 1];
    const shift = bias * b[i];
    for (let n = 0; n < size; n++, at++) h[at] = wx * x[n] + wy * y[n] + shift;
  }
  activate(activation, h, h, slopes);
  for (let i = 0, at = 0; i < v.length; i++) {
    const outer = v[i];
    for (let n = 0; n < size; n++, at++) residuals[n] += outer * h[at];
  }
}

/** Moves the weights of every neuron; `pace` is the rate times √(2/m). */
function reluBack(/** @type {Descent} */ { network: { w, b, v, bias }, points: { x, y }, residuals, h }, pace) {
  const size = x.length;
  for (let i = 0, at = 0; i < v.length; i++) {
    let outer = 0;
    let along = 0;
    let across = 0;
    let shift = 0;
    for (let n = 0; n < size; n++, at++) {
      const z = h[at];
      if (!(z > 0)) continue;
      const residual = residuals[n];
      outer += residual * z;
      along += residual * x[n];
      across += residual * y[n];
      shift += residual;
    }
    const inwards = pace * v[i];
    v[i] -= pace * outer;
    w[2 * i] -= inwards * along;
    w[2 * i + 1] -= inwards * across;
    b[i] -= inwards * bias * shift;
  }
}

function smoothBack(/** @type {Descent} */ { network: { w, b, v, bias }, points: { x, y }, residuals, h, slopes }, pace) {
  const size = x.length;
  for (let i = 0, at = 0; i < v.length; i++) {
    let outer = 0;
    let along = 0;
    let across = 0;
    let shift = 0;
    for (let n = 0; n < size; n++, at++) {
      outer += residuals[n] * h[at];
      const pull = residuals[n] * slopes[at];
      along += pull * x[n];
      across += pull * y[n];
      shift += pull;
    }
    const inwards = pace * v[i];
    v[i] -= pace * outer;
    w[2 * i] -= inwards * along;
    w[2 * i + 1] -= inwards * across;
    b[i] -= inwards * bias * shift;
  }
}
