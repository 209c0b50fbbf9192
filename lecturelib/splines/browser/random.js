/** Draws that are the same for the same seed: uniform numbers by mulberry32, normal ones by Box and Muller (1958). */

import { uniform } from "../../core/browser/numbers.js";

/**
 * @param {number} seed
 * @returns {{uniform: () => number, normal: () => number}}  uniform on [0, 1), standard normal
 */
export function draws(seed) {
  const draw = uniform(seed);
  return {
    uniform: draw,
    // 1 − u lies in (0, 1], so that the logarithm is finite; the second normal number of a pair is not used
    normal: () => Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw()),
  };
}
