/** Where breakpoints gather: the curve ψ(β) and its zeros, as in lecturelib/splines/dynamics/attraction.py. */

/** @typedef {import("../../training/browser/tables.js").Data} Data */

/**
 * Pull Σ ε and tilt Σ ε x over the points beyond each gap between distinct data, on the side of `orientation`.
 * @param {Float64Array} x  sorted
 * @param {Float64Array} residuals
 * @param {number} orientation  1: points to the right, −1: points to the left
 */
function sumsBeyond(x, residuals, orientation) {
  const knots = [...new Set(x)];
  const pull = new Float64Array(knots.length + 1);
  const tilt = new Float64Array(knots.length + 1);
  const onto = (/** @type {number} */ gap, /** @type {number} */ n) => {
    pull[gap] += residuals[n];
    tilt[gap] += residuals[n] * x[n];
  };
  if (orientation > 0) {
    for (let gap = knots.length - 1, n = x.length - 1; gap >= 0; gap--) {
      pull[gap] = pull[gap + 1];
      tilt[gap] = tilt[gap + 1];
      for (; n >= 0 && x[n] === knots[gap]; n--) onto(gap, n);
    }
  } else {
    for (let gap = 1, n = 0; gap <= knots.length; gap++) {
      pull[gap] = pull[gap - 1];
      tilt[gap] = tilt[gap - 1];
      for (; n < x.length && x[n] === knots[gap - 1]; n++) onto(gap, n);
    }
  }
  return { knots, pull, tilt };
}

/**
 * ψ_s(β) = Σ ε_n (1 + β x_n) over the points on side s of β, as the corners of its graph from `low` to `high`.
 * It is a straight line between data and jumps on them, so each datum stands twice.
 * @param {Data} data
 * @param {Float64Array} residuals
 * @param {number} orientation
 * @param {number} low
 * @param {number} high
 */
export function psiCurve(data, residuals, orientation, low, high) {
  const { knots, pull, tilt } = sumsBeyond(data.x, residuals, orientation);
  /** @type {number[]} */
  const at = [];
  /** @type {number[]} */
  const value = [];
  for (let gap = 0; gap <= knots.length; gap++) {
    const left = Math.max(low, gap === 0 ? low : knots[gap - 1]);
    const right = Math.min(high, gap === knots.length ? high : knots[gap]);
    if (left > right) continue;
    at.push(left, right);
    value.push(pull[gap] + left * tilt[gap], pull[gap] + right * tilt[gap]);
  }
  return { at: Float64Array.from(at), value: Float64Array.from(value) };
}

/**
 * Zero crossings of ψ for neurons of one orientation, sorted, with the sign of the output weights that gather there.
 * @param {Data} data
 * @param {Float64Array} residuals
 * @param {number} orientation
 * @returns {{place: number, sign: number}[]}
 */
export function attractors(data, residuals, orientation) {
  const { knots, pull, tilt } = sumsBeyond(data.x, residuals, orientation);
  const found = [];
  for (let gap = 0; gap <= knots.length; gap++) {
    // between data: a zero of the line pull + β tilt inside the gap; s ψ falls there where s·tilt < 0
    const root = -pull[gap] / tilt[gap];
    const inside = root > (gap === 0 ? -Infinity : knots[gap - 1]) && root < (gap === knots.length ? Infinity : knots[gap]);
    if (inside) found.push({ place: root, sign: -Math.sign(orientation * tilt[gap]) });
    if (gap === knots.length) continue;
    const before = pull[gap] + knots[gap] * tilt[gap];
    const behind = pull[gap + 1] + knots[gap] * tilt[gap + 1];
    if (before * behind < 0) found.push({ place: knots[gap], sign: Math.sign(orientation * before) });
  }
  return found.sort((one, other) => one.place - other.place);
}
