/** What the explorer of spectral bias shows, in words. */

import { words } from "../../../core/browser/numbers.js";

const [LEARNED, BEGUN] = [0.9, 0.1];

const wave = (/** @type {number} */ k) => (k === 1 ? "sin γ" : `sin ${k}γ`);
const percent = (/** @type {number} */ share) => `${words(Math.round(100 * share), 12)}\u00a0%`;

/**
 * One frequency of the target at one moment.
 * @typedef {{k: number, rate: number, forecast: number, network: number | undefined}} Share
 */

/** Is it learned, on the way, hardly begun, or out of reach? A share beyond 1 has to come back as well. */
export function stage(/** @type {Share} */ { rate, forecast, network }) {
  const share = network ?? forecast;
  if (Math.abs(1 - share) <= 1 - LEARNED) return "learned";
  if (rate === 0) return "never";
  return share < BEGUN ? "begun" : "way";
}

const both = ({ k, forecast, network }) =>
  `${wave(k)} (forecast ${percent(forecast)}${network === undefined ? "" : `, network ${percent(network)}`})`;

/** Both numbers only where forecast and network differ. */
const briefly = (one) => (Math.abs((one.network ?? one.forecast) - one.forecast) > BEGUN ? both(one) : wave(one.k));

const HEADS = {
  learned: ["Learned", briefly],
  way: ["On the way", both],
  begun: ["Hardly begun", briefly],
  never: ["Never, as the rate is 0", both],
};

/** Which frequencies stand where: "Learned: sin γ, sin 2γ. On the way: …" */
export function standing(/** @type {Share[]} */ shares) {
  if (!shares.length) return "The target is 0: move one of the sliders of the frequencies.";
  return Object.entries(HEADS)
    .map(([name, [head, tell]]) => [head, shares.filter((one) => stage(one) === name).map(tell)])
    .filter(([, list]) => list.length)
    .map(([head, list]) => `${head}: ${list.join(", ")}.`)
    .join(" ");
}

/** Root of the mean square of the difference of two functions, in words. */
export function distance(/** @type {Float64Array} */ one, /** @type {Float64Array} */ other) {
  const sum = one.reduce((total, value, n) => total + (value - other[n]) ** 2, 0);
  return words(Math.sqrt(sum / one.length), 2);
}
