/**
 * The explorer of spectral bias without its face: settings make a target, a forecast and a network, which is trained in
 * slices and kept at every moment of a logarithmic clock.
 */

import { Forecast } from "./forecast.js";
import { Descent, copyOf, drawWide, equalAngles, onCircle, trace, valuesAt } from "../../tangent_kernel/browser/wide_network.js";

export const SIZE = 24; // data, equally spaced on the circle
export const FOLD = 8; // places to look at for each datum
export const FREQUENCIES = [1, 2, 3, 4, 5, 8];
const [PER_DECADE, DECADES, FIRST] = [96, 4, 0.01];
const FEWEST = 2; // steps between two moments, so that descent follows the flow
const CHUNK = 60_000; // products between two looks at the watch: a fraction of a millisecond

/** The moments: 0, then evenly spaced in log time from 0.01 to 100. */
export const MOMENTS = [0, ...Array.from({ length: PER_DECADE * DECADES + 1 }, (_, k) => FIRST * 10 ** (k / PER_DECADE))];

/**
 * @typedef {object} Settings
 * @property {number} width
 * @property {string} activation
 * @property {number} bias
 * @property {string} start  "zero": f − f₀ is trained; "random": f is
 * @property {number} seed
 */

/** The number of the moment that is nearest to a time. */
export function momentAt(/** @type {number} */ time) {
  if (time < FIRST / 2) return 0;
  return Math.max(1, Math.min(MOMENTS.length - 1, 1 + Math.round(PER_DECADE * Math.log10(time / FIRST))));
}

/**
 * How many steps of which length lead from each moment to the next, for a kernel of this trace: at least two, and none
 * longer than 1 over the trace, half of what is stable for certain.
 * @param {number} total
 */
export function plan(total) {
  return MOMENTS.slice(1).map((moment, k) => {
    const span = moment - MOMENTS[k];
    const steps = Math.max(FEWEST, Math.ceil(span * total));
    return { steps, rate: span / steps };
  });
}

/** The amplitudes of a state, by frequency; those that are 0 are left out. */
export function amplitudesOf(/** @type {Record<string, any>} */ state) {
  return new Map(FREQUENCIES.filter((k) => state[`a${k}`] !== 0).map((k) => [k, state[`a${k}`]]));
}

/** Σ_k a_k sin(k γ) at angles. */
export function target(/** @type {Map<number, number>} */ amplitudes, /** @type {Float64Array} */ angles) {
  return angles.map((angle) => [...amplitudes].reduce((sum, [k, a]) => sum + a * Math.sin(k * angle), 0));
}

/** The coefficient of sin(k γ) in values on equally spaced points. */
export function coefficient(/** @type {Float64Array} */ values, /** @type {number} */ k) {
  const size = values.length;
  let sum = 0;
  for (let n = 0; n < size; n++) sum += values[n] * Math.sin((2 * Math.PI * ((k * n) % size)) / size);
  return (2 * sum) / size;
}

const data = onCircle(equalAngles(SIZE));
const places = onCircle(equalAngles(SIZE * FOLD));

/** One network on its way through all moments. */
export class Filling {
  /**
   * @param {Settings & Record<string, any>} settings
   */
  constructor(settings) {
    this.settings = settings;
    this.amplitudes = amplitudesOf(settings);
    this.forecast = new Forecast(settings, SIZE, FOLD);
    this.begin = drawWide({ ...settings, width: Math.round(settings.width), seed: Math.round(settings.seed) });
    /** f₀ at the data and at all places, where it is taken off. */
    this.base = { data: new Float64Array(SIZE), places: new Float64Array(SIZE * FOLD) };
    if (settings.start === "zero") this.base = { data: valuesAt(this.begin, data), places: valuesAt(this.begin, places) };
    const y = target(this.amplitudes, equalAngles(SIZE)).map((value, n) => value + this.base.data[n]);
    this.descent = new Descent(this.begin, data, y);
    this.plan = plan(trace(this.begin, data));
    this.taken = 0; // steps since the last moment
    /** The network at the moments reached so far, with the steps taken. */
    this.frames = [];
    /** For each frame the coefficients of the frequencies of the target, on the data. @type {Map<number, number>[]} */
    this.measured = [];
    /** Whether the numbers have grown beyond measure; then no more steps are taken. */
    this.diverged = false;
    this.keep();
  }

  get done() {
    return this.diverged || this.frames.length === MOMENTS.length;
  }

  /** Train for so many milliseconds, or up to a moment; at least one chunk. */
  advance(milliseconds, upTo = MOMENTS.length - 1) {
    const end = performance.now() + milliseconds;
    const chunk = Math.max(1, Math.floor(CHUNK / (SIZE * this.begin.v.length)));
    while (!this.done && this.frames.length <= upTo) {
      const { steps, rate } = this.plan[this.frames.length - 1];
      const count = Math.min(chunk, steps - this.taken);
      this.descent.run(count, rate);
      this.taken += count;
      if (this.taken === steps) this.keep();
      if (performance.now() > end) break;
    }
  }

  keep() {
    const { network, steps } = this.descent;
    const values = valuesAt(network, data).map((value, n) => value - this.base.data[n]);
    this.diverged = !values.every((value) => Math.abs(value) < 1e6);
    if (this.diverged) return;
    this.taken = 0;
    this.frames.push({ network: copyOf(network), steps });
    this.measured.push(new Map([...this.amplitudes.keys()].map((k) => [k, coefficient(values, k)])));
  }

  /** What the network has become at a moment, at all places. */
  values(/** @type {number} */ moment) {
    return valuesAt(this.frames[moment].network, places).map((value, p) => value - this.base.places[p]);
  }
}
