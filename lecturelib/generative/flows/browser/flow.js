// A continuous flow in the plane: its field, the trace of the field's derivative, and points carried through time by the
// classical Runge–Kutta method. The same as lecturelib/generative/flows, with which the tests compare it.

const [NODES, COUPLING, SHARES] = [[0, 0.5, 0.5, 1], [0, 0.5, 0.5, 1], [1 / 6, 1 / 3, 1 / 3, 1 / 6]];

/** A flow of numbers as they are stored: [weights, biases, rates], a matrix or a vector for each layer; time: T. */
export const makeFlow = ({ numbers: [weights, biases, rates], time }) => ({
  time,
  layers: weights.map((rows, k) => ({ rows: rows.map((row) => Float64Array.from(row)), bias: biases[k], rate: rates[k] })),
});

/** f(z, t), and with `traced` the trace of ∂f/∂z: tangents of both axes are carried along. */
export function evaluate({ layers }, z, t, traced = false) {
  let h = z;
  let tangents = traced ? z.map((_, axis) => z.map((_, k) => (k === axis ? 1 : 0))) : [];
  layers.forEach(({ rows, bias, rate }, place) => {
    const last = place === layers.length - 1;
    const dot = (vector) => rows.map((row) => {
      let sum = 0;
      for (let k = 0; k < row.length; k += 1) sum += row[k] * vector[k];
      return sum;
    });
    const next = dot(h).map((sum, k) => (last ? sum + bias[k] + rate[k] * t : Math.tanh(sum + bias[k] + rate[k] * t)));
    tangents = tangents.map((one) => dot(one).map((sum, k) => (last ? sum : sum * (1 - next[k] ** 2))));
    h = next;
  });
  return { f: h, trace: tangents.reduce((sum, one, axis) => sum + one[axis], 0) };
}

/** Where z is after each of so many steps from t = 0 to T, and ln det of the map until then (0 unless `traced`). */
export function path(flow, z, steps, traced = false) {
  const h = flow.time / steps;
  const found = { points: [z], logDets: [0] };
  for (let step = 0; step < steps; step += 1) {
    const slopes = [];
    const start = found.points[step];
    let logDet = found.logDets[step];
    NODES.forEach((node, k) => {
      const at = k === 0 ? start : start.map((value, axis) => value + h * COUPLING[k] * slopes[k - 1][axis]);
      const { f, trace } = evaluate(flow, at, (step + node) * h, traced);
      slopes.push(f);
      logDet += h * SHARES[k] * trace;
    });
    found.points.push(start.map((value, axis) => value + h * SHARES.reduce((sum, share, k) => sum + share * slopes[k][axis], 0)));
    found.logDets.push(logDet);
  }
  return found;
}

/** What stands between two entries of a list (numbers or points) that are evenly spaced in time. */
export function between(list, share) {
  const place = share * (list.length - 1);
  const k = Math.min(list.length - 2, Math.floor(place));
  const mix = (a, b) => a + (place - k) * (b - a);
  return Array.isArray(list[k]) ? list[k].map((a, axis) => mix(a, list[k + 1][axis])) : mix(list[k], list[k + 1]);
}

/** ln of the density of a standard normal vector. */
export const logNormal = (z) => -0.5 * z.reduce((sum, one) => sum + one * one, 0) - (z.length / 2) * Math.log(2 * Math.PI);
