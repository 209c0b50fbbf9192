/** Draws that are the same for the same seed: uniform numbers by mulberry32, normal ones by Box and Muller (1958). */

import { normal, uniform } from "./numbers.js";

/**
 * @param {number} seed
 * @returns {{uniform: () => number, normal: () => number}}  uniform on [0, 1), standard normal
 */
export function draws(seed) {
  const draw = uniform(seed);
  return { uniform: draw, normal: normal(draw) };
}
