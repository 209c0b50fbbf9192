/**
 * Networks of three widths that learn the same data from random starts, side by side and in the same steps, and how far
 * their weights have moved.
 */

import { Descent, drawWide, equalAngles, onCircle, trace, valuesAt } from "./wide_network.js";

export const WIDTHS = [10, 100, 1000];
export const SIZE = 12; // data, equally spaced on the circle
export const PLACES = 120;
export const SHOWN = 10; // neurons of each network whose weights are drawn
const BIAS = 0.5;

const data = onCircle(equalAngles(SIZE));
const places = onCircle(equalAngles(PLACES));

/** size (cos γ + ½ sin 2γ) at angles. */
export function target(/** @type {number} */ size, /** @type {Float64Array} */ angles) {
  return angles.map((angle) => size * (Math.cos(angle) + 0.5 * Math.sin(2 * angle)));
}

/** Root of the mean square. */
export function rms(/** @type {number[]} */ values) {
  return Math.sqrt(values.reduce((sum, one) => sum + one * one, 0) / values.length);
}

/** Every number of a network in a row. */
const flat = ({ w, b, v, c }) => [...w, ...b, ...v, c];

export class ThreeWidths {
  /** @param {{size: number, activation: string, seed: number}} settings */
  constructor({ size, activation, seed }) {
    this.y = target(size, equalAngles(SIZE));
    this.starts = WIDTHS.map((width) => drawWide({ width, activation, bias: BIAS, seed }));
    this.runs = this.starts.map((start) => new Descent(start, data, this.y));
    /** Half of what is stable for certain at the start of each of them; the kernel of a narrow one grows. */
    this.rate = 1 / Math.max(...this.starts.map((start) => trace(start, data)));
    this.steps = 0;
  }

  /** @param {number} count */
  advance(count) {
    for (const run of this.runs) run.run(count, this.rate);
    this.steps += count;
  }

  /** What is seen of each network now. */
  now() {
    return this.runs.map(({ network }, k) => {
      const before = flat(this.starts[k]);
      return {
        weights: Array.from(network.w.slice(0, 2 * SHOWN)),
        values: Array.from(valuesAt(network, places)),
        off: rms(Array.from(valuesAt(network, data), (value, n) => value - this.y[n])),
        moved: rms(flat(network).map((value, n) => value - before[n])),
      };
    });
  }
}
