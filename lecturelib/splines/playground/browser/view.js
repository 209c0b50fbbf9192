/** What the charts of the playground draw of one frame: everything is made of the network and the data. */

import { linspace, range } from "../../../core/browser/numbers.js";
import { attractors, psiCurve } from "../../dynamics/browser/attraction.js";
import { distinct, linearInterpolant, naturalCubic } from "../../regimes/browser/interpolants.js";
import { valuesAt } from "../../training/browser/tables.js";

/** @typedef {import("../../training/browser/tables.js").Network} Network */
/** @typedef {import("../../training/browser/tables.js").Data} Data */
/** @typedef {import("./recording.js").Frame} Frame */

const PLACES = 561;

/**
 * What does not change while the network learns: the ends of the axes, and the functions it is compared with.
 * @param {Data} data
 * @param {boolean} own  whether the points can be moved, so that there must be room above and below
 */
export function backdrop(data, own) {
  const points = distinct(data);
  const reach = Math.max(1, data.x.at(-1) - data.x[0]) / 2;
  const middle = (data.x.at(-1) + data.x[0]) / 2;
  const inside = data.x[0] >= -1 && data.x.at(-1) <= 1;
  const x = inside ? [-1.4, 1.4] : [middle - 1.4 * reach, middle + 1.4 * reach];
  const at = linspace(x[0], x[1], PLACES);
  const [low, high] = range([data.y]);
  const room = 0.35 * Math.max(1, high - low);
  const y = own ? [Math.min(-2, low - room), Math.max(2, high + room)] : [low - room, high + room];
  return { x, y, at, cubic: naturalCubic(points)(at), linear: valuesAt(linearInterpolant(points), at) };
}

/**
 * The breakpoints −b / w with v > 0, which bend the function upwards, and those with v < 0.
 * @param {Network} network
 */
export function breakpointsBySign({ w, b, v }) {
  /** @type {number[]} */
  const up = [];
  /** @type {number[]} */
  const down = [];
  for (let i = 0; i < w.length; i++) (v[i] > 0 ? up : down).push(-b[i] / w[i]);
  return { up, down };
}

/**
 * Breakpoints and delta-slopes, by the sign of v.
 * @param {Network} network
 */
export function deltaSlopesBySign({ w, b, v }) {
  const up = { beta: /** @type {number[]} */ ([]), mu: /** @type {number[]} */ ([]) };
  const down = { beta: /** @type {number[]} */ ([]), mu: /** @type {number[]} */ ([]) };
  for (let i = 0; i < w.length; i++) {
    const side = v[i] > 0 ? up : down;
    side.beta.push(-b[i] / w[i]);
    side.mu.push(w[i] * v[i]);
  }
  return { up, down };
}

/**
 * f − y at the data.
 * @param {Network} network
 * @param {Data} data
 */
export function residualsOf(network, { x, y }) {
  return valuesAt(network, x).map((value, n) => value - y[n]);
}

/**
 * s ψ_s for both orientations, so that above zero breakpoints with v > 0 move to the right, and their attractors.
 * @param {Network} network
 * @param {Data} data
 * @param {number[]} ends  of the axis
 */
export function attraction(network, data, [low, high]) {
  const residuals = residualsOf(network, data);
  return [1, -1].map((orientation) => {
    const { at, value } = psiCurve(data, residuals, orientation, low, high);
    const places = attractors(data, residuals, orientation).filter(({ place }) => place > low && place < high);
    return { at, value: value.map((one) => orientation * one), places };
  });
}

/**
 * Frames that can be told apart in a plot over log time of so many pixels, the last among them.
 * @param {Frame[]} frames
 * @param {number} pixels
 */
export function apart(frames, pixels) {
  const last = frames.at(-1);
  const unit = Math.log((last?.step ?? 0) + 2) / pixels;
  let reached = -Infinity;
  return frames.filter((frame) => {
    const place = Math.log(frame.step + 1);
    if (frame !== last && place - reached < unit) return false;
    reached = place;
    return true;
  });
}

/**
 * The ways of at most `most` breakpoints through some frames, by the present sign of v: as two long lines with breaks
 * (NaN) in them, since one long line is drawn faster than many short ones.
 * @param {Frame[]} rows
 * @param {Network} now
 * @param {number} most
 */
export function waysBySign(rows, now, most) {
  const width = now.w.length;
  const stride = Math.max(1, Math.ceil(width / most));
  const heights = rows.map(({ step }) => step + 1);
  const up = { beta: /** @type {number[]} */ ([]), height: /** @type {number[]} */ ([]) };
  const down = { beta: /** @type {number[]} */ ([]), height: /** @type {number[]} */ ([]) };
  for (let i = 0; i < width; i += stride) {
    const { beta, height } = now.v[i] > 0 ? up : down;
    for (let k = 0; k < rows.length; k++) {
      const { w, b } = rows[k].network;
      beta.push(-b[i] / w[i]);
      height.push(heights[k]);
    }
    beta.push(NaN);
    height.push(NaN);
  }
  return { up, down };
}

/**
 * The nearest number of the kind 1, 2 or 5 times a power of ten that is not smaller.
 * @param {number} value
 */
export function nice(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1e-300)));
  return power * ([1, 2, 5].find((one) => one * power >= value * (1 - 1e-12)) ?? 10);
}
