// The loss of a network as a function of one breakpoint, exactly: a quadratic on every gap between data.
// The same algorithm as lecturelib/splines/loss_surface/slices.py, with which the tests compare it.
import { countBelow } from "../../../core/browser/numbers.js";

/** Σ_i μ_i (x − β_i) [s_i (x − β_i) > 0] + b₀ at every x. spline: {breakpoints, delta_slopes, orientations, b0}. */
export function values(spline, xs) {
  return Float64Array.from(xs, (x) => {
    let sum = spline.b0;
    for (let i = 0; i < spline.breakpoints.length; i += 1) {
      const distance = x - spline.breakpoints[i];
      if (spline.orientations[i] * distance > 0) sum += spline.delta_slopes[i] * distance;
    }
    return sum;
  });
}

/**
 * The loss ½ Σ (f(x_n) − y_n)² while one more neuron of delta-slope mu and facing side (+1 or −1) moves; rest is the
 * network without it. Gives knots (K distinct data, sorted) and quadratic, linear, constant (K + 1): on gap g, between
 * knots g − 1 and g, the loss is quadratic[g] β² + linear[g] β + constant[g].
 */
export function sliceLoss(rest, xs, ys, mu, side) {
  const wanted = values(rest, xs).map((value, n) => ys[n] - value);
  const knots = Float64Array.from([...new Set(xs)].sort((a, b) => a - b));
  const size = knots.length;
  const sums = { count: new Float64Array(size), height: new Float64Array(size), change: new Float64Array(size) };
  let all = 0;
  xs.forEach((x, n) => {
    const knot = countBelow(knots, x);
    const height = mu * x - wanted[n]; // residual of a datum in view, were the breakpoint at 0
    sums.count[knot] += 1;
    sums.height[knot] += height;
    sums.change[knot] += height * height - wanted[n] * wanted[n];
    all += wanted[n] * wanted[n];
  });
  const count = inView(sums.count, side);
  const height = inView(sums.height, side);
  const change = inView(sums.change, side);
  return {
    knots,
    side,
    seen: count,
    quadratic: count.map((number) => 0.5 * mu * mu * number),
    linear: height.map((sum) => -mu * sum),
    constant: change.map((sum) => 0.5 * (all + sum)),
  };
}

/** Sums over the data that the neuron has in view from each gap. */
function inView(perKnot, side) {
  const size = perKnot.length;
  const sums = new Float64Array(size + 1);
  if (side > 0) for (let g = size - 1; g >= 0; g -= 1) sums[g] = sums[g + 1] + perKnot[g];
  else for (let g = 1; g <= size; g += 1) sums[g] = sums[g - 1] + perKnot[g - 1];
  return sums;
}

/** The gap in which a breakpoint lies; on a knot, the gap to the left of it. */
export function gapOf(slice, beta) {
  return countBelow(slice.knots, beta);
}

export function lossAt(slice, beta) {
  return onPiece(slice, gapOf(slice, beta), beta);
}

/** The quadratic of one gap, at any place. */
export function onPiece(slice, gap, beta) {
  return (slice.quadratic[gap] * beta + slice.linear[gap]) * beta + slice.constant[gap];
}

export function slopeOnPiece(slice, gap, beta) {
  return 2 * slice.quadratic[gap] * beta + slice.linear[gap];
}

/** Slopes just left and just right of a knot. */
export function slopesAt(slice, knot) {
  const beta = slice.knots[knot];
  return [slopeOnPiece(slice, knot, beta), slopeOnPiece(slice, knot + 1, beta)];
}

/** What each knot does to a breakpoint that flows downhill: "passthrough", "repeller", "attractor" or "edge". */
export function types(slice) {
  const last = slice.side > 0 ? slice.knots.length - 1 : 0;
  return Array.from(slice.knots, (_, knot) => {
    if (knot === last) return "edge";
    const [left, right] = slopesAt(slice, knot);
    if (left < 0 && right > 0) return "attractor";
    return right < 0 && left > 0 ? "repeller" : "passthrough";
  });
}

/** Which way is downhill from a place: −1, 0 or 1, and the slope there. On a repeller, 0: either way is. */
export function downhill(slice, beta) {
  const gap = gapOf(slice, beta);
  if (slice.knots[gap] !== beta) {
    const slope = slopeOnPiece(slice, gap, beta);
    return { way: -Math.sign(slope) || 0, slope };
  }
  const [left, right] = slopesAt(slice, gap);
  if (left > 0 && right >= 0) return { way: -1, slope: left };
  if (right < 0 && left <= 0) return { way: 1, slope: right };
  return { way: 0, slope: 0 };
}

/**
 * Gradient flow dβ/dt = −ℓ′(β) for a time, exactly: an exponential approach on every piece, and rest on a knot that
 * holds. Gives the new place and whether the breakpoint can go no further.
 */
export function flow(slice, beta, time) {
  let left = time;
  for (let pieces = 0; pieces <= slice.knots.length + 1; pieces += 1) {
    const { way } = downhill(slice, beta);
    if (way === 0) return { beta, resting: true };
    const onKnot = slice.knots[gapOf(slice, beta)] === beta;
    const gap = gapOf(slice, beta) + (onKnot && way > 0 ? 1 : 0);
    const end = way > 0 ? (slice.knots[gap] ?? Infinity) : (slice.knots[gap - 1] ?? -Infinity);
    const needed = timeTo(slice, gap, beta, end);
    if (needed > left) return { beta: after(slice, gap, beta, left), resting: false };
    left -= needed;
    beta = end;
  }
  return { beta, resting: false };
}

/** The flow on a piece that is not flat; on a flat one nothing moves. */
function after(slice, gap, beta, time) {
  const rate = 2 * slice.quadratic[gap];
  const least = -slice.linear[gap] / rate;
  return least + (beta - least) * Math.exp(-rate * time);
}

/** The time after which the flow on a piece reaches a place; Infinity where it comes to rest before. */
function timeTo(slice, gap, beta, end) {
  const here = slopeOnPiece(slice, gap, beta);
  const there = slopeOnPiece(slice, gap, end);
  if (!Number.isFinite(end) || here * there <= 0) return Infinity;
  return Math.log(here / there) / (2 * slice.quadratic[gap]);
}

/** Where the flow ends from a place: the bottom of a valley, a knot that holds, or a plateau. */
export function restFrom(slice, beta) {
  for (let pieces = 0; pieces <= slice.knots.length + 1; pieces += 1) {
    const { way } = downhill(slice, beta);
    if (way === 0) return beta;
    const onKnot = slice.knots[gapOf(slice, beta)] === beta;
    const gap = gapOf(slice, beta) + (onKnot && way > 0 ? 1 : 0);
    const end = way > 0 ? (slice.knots[gap] ?? Infinity) : (slice.knots[gap - 1] ?? -Infinity);
    if (!Number.isFinite(timeTo(slice, gap, beta, end))) return -slice.linear[gap] / (2 * slice.quadratic[gap]);
    beta = end;
  }
  return beta;
}
