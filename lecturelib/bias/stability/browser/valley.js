// The loss ½ (u v − 1)² + ½ λ (u² + v²) of two weights in a row: descent, curvature, minima.

/** The loss at (u, v). */
export function lossAt(u, v, penalty) {
  return 0.5 * (u * v - 1) ** 2 + 0.5 * penalty * (u * u + v * v);
}

/** One step of gradient descent. */
export function step([u, v], rate, penalty) {
  const miss = u * v - 1;
  return [u - rate * (miss * v + penalty * u), v - rate * (miss * u + penalty * v)];
}

/** The eigenvalues of the Hessian at (u, v), the smaller one first. */
export function curvatures(u, v, penalty) {
  const middle = 0.5 * (u * u + v * v) + penalty;
  const half = Math.hypot(0.5 * (u * u - v * v), 2 * u * v - 1);
  return [middle - half, middle + half];
}

/** Places from a start on, at most `steps` + 1, as {us, vs, lost}: lost is the step at which numbers became too large, or 0. */
export function descent(start, rate, penalty, steps) {
  const us = [start[0]];
  const vs = [start[1]];
  for (let k = 1; k <= steps; k += 1) {
    const [u, v] = step([us[k - 1], vs[k - 1]], rate, penalty);
    if (!(Math.abs(u) + Math.abs(v) < 1e6)) return { us, vs, lost: k };
    us.push(u);
    vs.push(v);
  }
  return { us, vs, lost: 0 };
}

/** The part of the line u v = 1 in the quadrant of `sign` on which steps of this rate are stable: ends for u, or null. */
export function stablePart(rate) {
  // u² + 1/u² ≤ 2/η, a quadratic equation for u²
  const half = 1 / rate;
  if (half < 1) return null;
  const root = Math.sqrt(half * half - 1);
  return [Math.sqrt(half - root), Math.sqrt(half + root)];
}

/** The minima with a penalty, one in each of two quadrants; only the origin from λ = 1 on; null where a whole line is. */
export function minima(penalty) {
  if (penalty === 0) return null;
  const size = Math.sqrt(Math.max(0, 1 - penalty));
  return size > 0 ? [[size, size], [-size, -size]] : [[0, 0]];
}
