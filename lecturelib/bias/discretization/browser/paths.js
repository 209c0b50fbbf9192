// Descent on a polynomial surface Σ c a^i b^j, given as terms [c, i, j]: Euler's path, the flow, and the modified flows.
// The same fields as lecturelib/bias/discretization/modified.py, with which the tests compare them.

/** ∂ of a polynomial by its variable 0 or 1. */
export function derivative(terms, variable) {
  return terms
    .filter((term) => term[1 + variable] > 0)
    .map(([c, i, j]) => (variable === 0 ? [c * i, i - 1, j] : [c * j, i, j - 1]));
}

export function value(terms, [a, b]) {
  let sum = 0;
  for (const [c, i, j] of terms) sum += c * a ** i * b ** j;
  return sum;
}

/** All derivatives up to the third: gradient [2], Hessian [3] (aa, ab, bb), third [4] (aaa, aab, abb, bbb). */
export function derivatives(terms) {
  const [da, db] = [derivative(terms, 0), derivative(terms, 1)];
  const [aa, ab, bb] = [derivative(da, 0), derivative(da, 1), derivative(db, 1)];
  return { loss: terms, gradient: [da, db], hessian: [aa, ab, bb], third: [derivative(aa, 0), derivative(aa, 1), derivative(bb, 0), derivative(bb, 1)] };
}

const times = ([aa, ab, bb], [x, y]) => [aa * x + ab * y, ab * x + bb * y];

/** ẇ at w: −g, with order 1 or more − (h/2) H g, with order 2 − h² (⅓ H H g + (1/12) C‴(g, g)). */
export function speed(surface, w, h, order) {
  const g = surface.gradient.map((one) => value(one, w));
  if (order === 0) return [-g[0], -g[1]];
  const hessian = surface.hessian.map((one) => value(one, w));
  const once = times(hessian, g);
  const found = [-g[0] - (h / 2) * once[0], -g[1] - (h / 2) * once[1]];
  if (order === 1) return found;
  const twice = times(hessian, once);
  const [aaa, aab, abb, bbb] = surface.third.map((one) => value(one, w));
  const bent = [
    aaa * g[0] * g[0] + 2 * aab * g[0] * g[1] + abb * g[1] * g[1],
    aab * g[0] * g[0] + 2 * abb * g[0] * g[1] + bbb * g[1] * g[1],
  ];
  return found.map((one, k) => one - h * h * (twice[k] / 3 + bent[k] / 12));
}

/** Euler's path: steps + 1 points, fewer where it leaves all bounds. */
export function eulerPath(surface, start, h, steps) {
  const path = [start];
  for (let k = 0; k < steps; k += 1) {
    const w = path.at(-1);
    const f = speed(surface, w, h, 0);
    const next = [w[0] + h * f[0], w[1] + h * f[1]];
    if (!next.every((one) => Math.abs(one) < 1e6)) break;
    path.push(next);
  }
  return path;
}

/** The flow of the field of an order, by the classical method of order 4: points at time 0, time/pieces, …, time. */
export function flowPath(surface, start, h, order, time, pieces) {
  const path = [start];
  const t = time / pieces;
  const moved = (w, f, by) => [w[0] + by * f[0], w[1] + by * f[1]];
  for (let k = 0; k < pieces; k += 1) {
    const w = path.at(-1);
    const one = speed(surface, w, h, order);
    const two = speed(surface, moved(w, one, t / 2), h, order);
    const three = speed(surface, moved(w, two, t / 2), h, order);
    const four = speed(surface, moved(w, three, t), h, order);
    const next = [0, 1].map((n) => w[n] + (t / 6) * (one[n] + 2 * two[n] + 2 * three[n] + four[n]));
    if (!next.every((one) => Math.abs(one) < 1e6)) break;
    path.push(next);
  }
  return path;
}

export const distance = (one, other) => Math.hypot(one[0] - other[0], one[1] - other[1]);

/** How many steps of about h fill a time, and the step that fills it exactly. */
export function fitting(time, h) {
  const steps = Math.max(1, Math.round(time / h));
  return { steps, h: time / steps };
}

/** How far Euler's end is from the ends of the flows of order 0, 1 and 2; null where a path left all bounds. */
export function distances(surface, start, time, steps, pieces = 400) {
  const h = time / steps;
  const path = eulerPath(surface, start, h, steps);
  return [0, 1, 2].map((order) => {
    const flow = flowPath(surface, start, h, order, time, pieces);
    return path.length > steps && flow.length > pieces ? distance(path.at(-1), flow.at(-1)) : null;
  });
}

/** The largest and smallest eigenvalue of the Hessian at w. */
export function curvatures(surface, w) {
  const [aa, ab, bb] = surface.hessian.map((one) => value(one, w));
  const [middle, half] = [(aa + bb) / 2, Math.hypot((aa - bb) / 2, ab)];
  return [middle + half, middle - half];
}

/** Lines of equal height, as pieces [x0, y0, x1, y1], of values on a grid: marching squares. */
export function contour(grid, xs, ys, level) {
  const pieces = [];
  const cross = (p, q, u, v) => u + ((level - p) / (q - p)) * (v - u);
  for (let i = 0; i + 1 < xs.length; i += 1) {
    for (let j = 0; j + 1 < ys.length; j += 1) {
      const corners = [grid[i][j], grid[i + 1][j], grid[i + 1][j + 1], grid[i][j + 1]];
      const above = corners.map((one) => one > level);
      const points = [];
      if (above[0] !== above[1]) points.push([cross(corners[0], corners[1], xs[i], xs[i + 1]), ys[j]]);
      if (above[1] !== above[2]) points.push([xs[i + 1], cross(corners[1], corners[2], ys[j], ys[j + 1])]);
      if (above[3] !== above[2]) points.push([cross(corners[3], corners[2], xs[i], xs[i + 1]), ys[j + 1]]);
      if (above[0] !== above[3]) points.push([xs[i], cross(corners[0], corners[3], ys[j], ys[j + 1])]);
      for (let k = 0; k + 1 < points.length; k += 2) pieces.push([...points[k], ...points[k + 1]]);
    }
  }
  return pieces;
}
