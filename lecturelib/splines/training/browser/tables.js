/**
 * What neurons and sorted data tell each other: tables with one entry a row, filled in O(H + N).
 *
 * The same rows and tables as in lecturelib/splines/training/steps.py, where they are explained: a neuron is active on the
 * points g, …, N − 1 (row g) or on the points 0, …, g − 1 (row N + 1 + g). Sums run over active points alone, from the
 * far end inwards, and never as a difference of two larger sums.
 */

/** @typedef {{w: Float64Array, b: Float64Array, v: Float64Array, b0: number}} Network  width H */
/** @typedef {{x: Float64Array, y: Float64Array, walls: Float64Array}} Data  sorted; walls: −∞, x, +∞ */

/**
 * Points sorted from left to right, with walls at both ends.
 * @param {ArrayLike<number>} x  in any order, repeats allowed
 * @param {ArrayLike<number>} y
 * @returns {Data}
 */
export function sortedData(x, y) {
  if (x.length === 0) throw new RangeError("x: expected at least one data point, got none");
  if (x.length !== y.length) throw new RangeError(`y: expected ${x.length} numbers, as x has, got ${y.length}`);
  const order = Array.from(x, (_, n) => n).sort((n, m) => x[n] - x[m] || n - m);
  const walls = new Float64Array(x.length + 2);
  walls[0] = -Infinity;
  walls[x.length + 1] = Infinity;
  order.forEach((n, place) => (walls[place + 1] = x[n]));
  return { x: walls.slice(1, -1), y: Float64Array.from(order, (n) => y[n]), walls };
}

/**
 * A network of its own arrays.
 * @param {{w: ArrayLike<number>, b: ArrayLike<number>, v: ArrayLike<number>, b0: number}} network
 * @returns {Network}
 */
export function copyOf({ w, b, v, b0 }) {
  return { w: Float64Array.from(w), b: Float64Array.from(b), v: Float64Array.from(v), b0 };
}

/**
 * Row of a neuron, looked for near the gap `guess`; else by bisection of the computed sign of w x + b.
 * Asking w x > −b, which is the same, keeps the rounding of the library.
 * @param {number} w
 * @param {number} b
 * @param {Float64Array} walls
 * @param {number} guess
 */
export function findRow(w, b, walls, guess) {
  const size = walls.length - 2;
  const right = w > 0;
  let low = 0;
  let high = size;
  if (guess > 0 && w * walls[guess] > -b === right) {
    high = guess - 1;
    if (high === 0 || w * walls[high] > -b !== right) low = high;
  } else if (guess < size && w * walls[guess + 1] > -b !== right) {
    low = guess + 1;
    if (low === size || w * walls[low + 1] > -b === right) high = low;
  } else {
    low = high = guess;
  }
  while (low < high) {
    const middle = (low + high) >> 1;
    if (w * walls[middle + 1] > -b === right) high = middle;
    else low = middle + 1;
  }
  return right ? low : size + 1 + low;
}

/**
 * The row of every neuron.
 * @param {{w: Float64Array, b: Float64Array}} network
 * @param {Float64Array} walls
 */
export function findRows({ w, b }, walls) {
  const rows = new Int32Array(w.length);
  const middle = (walls.length - 2) >> 1;
  for (let i = 0; i < w.length; i++) rows[i] = findRow(w[i], b[i], walls, middle);
  return rows;
}

/**
 * Turn sums a row into sums a point. Entry n: over right rows ≤ n; entry N + 1 + n: over left rows > N + 1 + n.
 * @param {Float64Array} slope
 * @param {Float64Array} height
 */
export function runInwards(slope, height) {
  const size = slope.length / 2 - 1;
  let rightSlope = 0;
  let leftSlope = 0;
  let rightHeight = 0;
  let leftHeight = 0;
  for (let n = 0, m = 2 * size + 1; n <= size; n++, m--) {
    rightSlope += slope[n];
    rightHeight += height[n];
    slope[n] = rightSlope;
    height[n] = rightHeight;
    const rowSlope = slope[m];
    const rowHeight = height[m];
    slope[m] = leftSlope;
    height[m] = leftHeight;
    leftSlope += rowSlope;
    leftHeight += rowHeight;
  }
}

/**
 * out = f − y at the points, from sums a point; returns Σ out². Clears the tables for the next filling.
 * @param {Float64Array} slope
 * @param {Float64Array} height
 * @param {number} b0
 * @param {Float64Array} x
 * @param {Float64Array} y
 * @param {Float64Array} out
 */
export function residuals(slope, height, b0, x, y, out) {
  const size = x.length;
  let total = 0;
  for (let n = 0, m = size + 1; n < size; n++, m++) {
    const r = (slope[n] + slope[m]) * x[n] + (height[n] + height[m] + b0) - y[n];
    total += r * r;
    out[n] = r;
    slope[n] = slope[m] = height[n] = height[m] = 0;
  }
  const last = 2 * size + 1;
  slope[size] = slope[last] = height[size] = height[last] = 0;
  return total;
}

/**
 * scale Σ r and scale Σ r x over the points on which each row is active; returns scale Σ r over all points.
 * @param {Float64Array} r
 * @param {Float64Array} x
 * @param {number} scale
 * @param {Float64Array} pull
 * @param {Float64Array} tilt
 */
export function tabulate(r, x, scale, pull, tilt) {
  const size = r.length;
  let leftPull = 0;
  let leftTilt = 0;
  let rightPull = 0;
  let rightTilt = 0;
  for (let n = 0, m = size - 1; n < size; n++, m--) {
    const before = scale * r[n];
    const behind = scale * r[m];
    leftPull += before;
    leftTilt += before * x[n];
    rightPull += behind;
    rightTilt += behind * x[m];
    pull[size + 2 + n] = leftPull;
    tilt[size + 2 + n] = leftTilt;
    pull[m] = rightPull;
    tilt[m] = rightTilt;
  }
  return leftPull;
}

/**
 * f at sorted places, O(H log K + K).
 * @param {Network} network
 * @param {Float64Array} at  sorted
 */
export function valuesAt(network, at) {
  const { w, b, v, b0 } = network;
  const walls = Float64Array.of(-Infinity, ...at, Infinity);
  const rows = findRows(network, walls);
  const slope = new Float64Array(2 * at.length + 2);
  const height = new Float64Array(2 * at.length + 2);
  for (let i = 0; i < w.length; i++) {
    slope[rows[i]] += w[i] * v[i];
    height[rows[i]] += b[i] * v[i];
  }
  runInwards(slope, height);
  const values = new Float64Array(at.length);
  residuals(slope, height, b0, at, new Float64Array(at.length), values);
  return values;
}
