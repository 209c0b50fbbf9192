/** Random starts: the schemes of lecturelib/splines/initialization/starts.py, drawn by a generator of the browser's own. */

import { draws } from "../../../core/browser/random.js";

/** @typedef {import("../../training/browser/tables.js").Network} Network */

const SQRT2 = Math.SQRT2;

/**
 * Spreads of w and b, and of v, for width H; "breakpoints" says that b = −w β with β uniform on [−1, 1].
 * @type {Record<string, (width: number) => {inner: number, outer: number, breakpoints?: boolean}>}
 */
const NORMAL = {
  he: (width) => ({ inner: SQRT2, outer: Math.sqrt(2 / width) }),
  glorot: (width) => ({ inner: Math.sqrt(2 / (1 + width)), outer: Math.sqrt(2 / (1 + width)) }),
  uniform_breakpoints: (width) => ({ inner: SQRT2, outer: Math.sqrt(2 / width), breakpoints: true }),
  spiky: () => ({ inner: SQRT2, outer: SQRT2, breakpoints: true }),
  flat: () => ({ inner: SQRT2, outer: 0, breakpoints: true }),
};

export const SCHEMES = ["he", "glorot", "pytorch", "uniform_breakpoints", "spiky", "flat"];

/**
 * A random network of width H, then moved along its orbit: (w, b, v) ↦ (α w, α b, v / α), which keeps the function.
 *
 * Every neuron takes the same number of draws whatever the scheme, so the same seed gives the same neurons with other
 * spreads, and a wider network is the narrower one with neurons added.
 * @param {number} width
 * @param {string} scheme
 * @param {{alpha?: number, seed: number}} options
 * @returns {Network}
 */
export function initialize(width, scheme, { alpha = 1, seed }) {
  if (!SCHEMES.includes(scheme)) throw new RangeError(`scheme: expected one of ${SCHEMES.join(", ")}, got ${scheme}`);
  const draw = draws(seed);
  const start = draw.uniform();
  const { inner = 1, outer = 1, breakpoints = false } = NORMAL[scheme]?.(width) ?? {};
  const [w, b, v] = [0, 1, 2].map(() => new Float64Array(width));
  for (let i = 0; i < width; i++) {
    const [zw, zb, zv] = [draw.normal(), draw.normal(), draw.normal()];
    const [uw, ub, uv] = [0, 1, 2].map(() => 2 * draw.uniform() - 1);
    if (scheme === "pytorch") {
      [w[i], b[i], v[i]] = [uw, ub, uv / Math.sqrt(width)];
    } else {
      w[i] = inner * zw;
      b[i] = breakpoints ? -w[i] * ub : inner * zb;
      v[i] = outer * zv;
    }
    w[i] *= alpha;
    b[i] *= alpha;
    v[i] /= alpha;
  }
  return { w, b, v, b0: scheme === "pytorch" ? (2 * start - 1) / Math.sqrt(width) : 0 };
}
