// One ReLU neuron, or a few: v (w x + b)₊ with numbers that a reader moves. A neuron is {w, b, v}; a network adds them up.
// The same formulas as lecturelib/splines/breakpoints/network.py and splines/training/prefix_sums.py, with which the tests
// compare them.
import { clamp } from "../../../core/browser/numbers.js";

export const active = ({ w, b }, x) => w * x + b > 0;
export const valueOf = (neuron, x) => (active(neuron, x) ? neuron.v * (neuron.w * x + neuron.b) : 0);
export const output = (neurons, x) => neurons.reduce((sum, neuron) => sum + valueOf(neuron, x), 0);

/** Where a neuron bends; null where it does not, since w is 0. */
export const breakpoint = ({ w, b }) => (w === 0 ? null : -b / w || 0);

/** The slope on the side where it is active. */
export const slope = ({ w, v }) => w * v || 0;

/** Where w x + b is 1: there its height is v. Null where w is 0. */
export const outerPoint = ({ w, b, v }) => (w === 0 ? null : { x: (1 - b) / w || 0, y: v });

/** Corners of the network between two places, with the two ends: all that a line through it needs. */
export function corners(neurons, low, high) {
  const bends = neurons.map(breakpoint).filter((place) => place !== null && place > low && place < high);
  return Float64Array.from([low, ...bends, high]).sort();
}

/** ½ Σ (f(x) − y)² over data [[x, y], …]. */
export function lossOf(neurons, data) {
  return 0.5 * data.reduce((sum, [x, y]) => sum + (output(neurons, x) - y) ** 2, 0);
}

/** The derivatives of the loss with respect to w, b and v of each neuron. At its breakpoint a neuron is silent. */
export function gradientOf(neurons, data) {
  const residuals = data.map(([x, y]) => output(neurons, x) - y);
  return neurons.map((neuron) => {
    const sum = { w: 0, b: 0, v: 0 };
    data.forEach(([x], n) => {
      if (!active(neuron, x)) return;
      sum.w += residuals[n] * neuron.v * x;
      sum.b += residuals[n] * neuron.v;
      sum.v += residuals[n] * (neuron.w * x + neuron.b);
    });
    return sum;
  });
}

/** One step of gradient descent. */
export function stepped(neurons, data, rate) {
  const slopes = gradientOf(neurons, data);
  return neurons.map(({ w, b, v }, k) => ({ w: w - rate * slopes[k].w, b: b - rate * slopes[k].b, v: v - rate * slopes[k].v }));
}

/** (w, b, v) ↦ (α w, α b, v / α), which leaves the function as it is. */
export const rescaled = ({ w, b, v }, alpha) => ({ w: alpha * w, b: alpha * b, v: v / alpha });

/** Is each number within ± its limit? limits: {w, b, v}. */
export const fits = (neuron, limits) => ["w", "b", "v"].every((name) => Math.abs(neuron[name]) <= limits[name]);

/** The neuron with its breakpoint at x, or as near as the limit of b allows; w and v stay. */
export function withBreakpoint(neuron, x, limits) {
  return { ...neuron, b: clamp(-neuron.w * x, -limits.b, limits.b) || 0 };
}

/**
 * The neuron whose outer point is at (x, y), or as near as the limits allow; the breakpoint stays. To the other side of
 * the breakpoint it turns round.
 */
export function withOuterPoint(neuron, x, y, limits) {
  const place = breakpoint(neuron);
  const most = Math.min(limits.w, limits.b / Math.abs(place)); // beyond it, b would have to stop and the breakpoint move
  const wanted = 1 / (x - place);
  const w = Number.isFinite(wanted) ? clamp(wanted, -most, most) : Math.sign(neuron.w) * most;
  return { w, b: -w * place || 0, v: clamp(y, -limits.v, limits.v) };
}
