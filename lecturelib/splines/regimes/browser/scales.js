/** One start at two scales, trained side by side on the same points. */

import { linspace, range } from "../../../core/browser/numbers.js";
import { initialize } from "../../initialization/browser/starts.js";
import { sortedData, valuesAt } from "../../training/browser/tables.js";
import { Training } from "../../training/browser/steps.js";
import { distinct, linearInterpolant, naturalCubic } from "./interpolants.js";
import { stableRate } from "./measures.js";

/** @typedef {import("../../training/browser/tables.js").Network} Network */

const PLACES = 281;
const CHUNK = 20; // steps between two looks at the watch

/**
 * Where curves are drawn, with the polygon and the natural cubic spline there.
 * @param {number[][]} points
 */
export function backdrop(points) {
  const data = sortedData(points.map((point) => point[0]), points.map((point) => point[1]));
  const x = range([data.x], 0.12);
  const at = linspace(x[0], x[1], PLACES);
  const only = distinct(data);
  const polygon = valuesAt(linearInterpolant(only), at);
  const cubic = naturalCubic(only)(at);
  return { data, x, y: range([data.y, polygon, cubic], 0.15), at, polygon, cubic };
}

/**
 * Root of the mean of squares of the distance of two curves between the outermost data, in units of that of polygon and spline.
 * @param {ReturnType<typeof backdrop>} back
 * @param {Float64Array} one
 * @param {Float64Array} other
 */
export function apart({ data, at, polygon, cubic }, one, other) {
  const size = (/** @type {Float64Array} */ f, /** @type {Float64Array} */ g) =>
    Math.sqrt(at.reduce((sum, x, k) => (x >= data.x[0] && x <= data.x[data.x.length - 1] ? sum + (f[k] - g[k]) ** 2 : sum), 0));
  return size(one, other) / size(polygon, cubic);
}

const bends = (/** @type {Network} */ { w, b }) => Float64Array.from(w, (one, i) => -b[i] / one);

/** Two trainings that begin as one function with one set of breakpoints; only the place on the orbits differs. */
export class Pair {
  /**
   * @param {import("../../training/browser/tables.js").Data} data
   * @param {{scales: number[], width: number, seed: number}} options
   */
  constructor(data, { scales, width, seed }) {
    const starts = scales.map((alpha) => initialize(Math.round(width), "flat", { alpha, seed }));
    this.began = bends(starts[0]);
    this.runs = starts.map((start) => {
      const rate = stableRate(start, data, "momentum");
      return new Training(start, data, { optimizer: "momentum", rate });
    });
  }

  /** Steps that both have taken. */
  get steps() {
    return this.runs[0].steps;
  }

  /**
   * So many steps of both, or fewer if the time is up.
   * @param {number} count
   */
  advance(count, milliseconds = Infinity) {
    const end = performance.now() + milliseconds;
    for (let left = count; left > 0; left -= CHUNK) {
      for (const run of this.runs) run.run(Math.min(left, CHUNK));
      if (performance.now() > end) break;
    }
  }

  /**
   * What is drawn of both: values at some places, breakpoints, the loss, and how far the median breakpoint has moved.
   * @param {Float64Array} at
   */
  seen(at) {
    return this.runs.map(({ network, loss }) => {
      const places = bends(network);
      const moved = places.map((place, i) => Math.abs(place - this.began[i])).sort();
      return { values: valuesAt(network, at), places, loss, moved: moved[moved.length >> 1] };
    });
  }
}
