// Hinges that approximate a curve on [−1, 1] with an error known beforehand. The same algorithm as
// lecturelib/kernels/approximation/hinges.py, with which the tests compare it.

const TURN = 2 * Math.PI;

/** Curves: f, f″, the places inside where |f″| may be largest, and the largest |f′|. */
export const CURVES = {
  parabola: { f: (x) => x * x, second: () => 2, turns: [], slope: 2 },
  exponential: { f: (x) => Math.exp(3 * x) / 10, second: (x) => 0.9 * Math.exp(3 * x), turns: [], slope: 0.3 * Math.exp(3) },
  wave: { f: (x) => Math.sin(TURN * x), second: (x) => -TURN * TURN * Math.sin(TURN * x), turns: [-0.75, -0.25, 0.25, 0.75], slope: TURN },
  bump: {
    f: (x) => 1 / (1 + 25 * x * x),
    second: (x) => (50 * (75 * x * x - 1)) / (1 + 25 * x * x) ** 3,
    turns: [-0.2, 0, 0.2],
    slope: (15 * Math.sqrt(3)) / 8,
  },
};

/** max |f″| from low to high. */
export function curvature({ second, turns }, low = -1, high = 1) {
  const places = [low, high, ...turns.filter((turn) => low < turn && turn < high)];
  return Math.max(...places.map((place) => Math.abs(second(place))));
}

/** Ends of pieces from left to right, each the longest with K h²/8 at most the tolerance. */
function placed(curve, tolerance) {
  const bound = (from, to) => (curvature(curve, from, to) * (to - from) ** 2) / 8;
  const ends = [-1];
  while (ends.at(-1) < 1) {
    const start = ends.at(-1);
    let [good, bad] = [bound(start, 1) <= tolerance ? 1 : start, 1];
    while (good < 1 && bad - good > 1e-9 * (bad - start)) {
      const middle = (good + bad) / 2;
      if (bound(start, middle) <= tolerance) good = middle;
      else bad = middle;
    }
    ends.push(good);
  }
  return ends;
}

function equal(pieces) {
  const count = Math.max(1, Math.ceil(pieces * (1 - 1e-12)));
  return Array.from({ length: count + 1 }, (_, k) => -1 + (2 * k) / count);
}

/** The network: ends of its pieces, values there, the jumps of slope of its hinges, and a bound on the error for each piece. */
export function approximate(curve, tolerance, known) {
  const most = curvature(curve);
  const ends = known === "places" ? placed(curve, tolerance) : equal(2 * (known === "slope" ? curve.slope / (2 * tolerance) : Math.sqrt(most / (8 * tolerance))));
  const values = ends.map(curve.f);
  const lengths = ends.slice(1).map((end, k) => end - ends[k]);
  const slopes = lengths.map((h, k) => (values[k + 1] - values[k]) / h);
  const bounds = lengths.map((h, k) => {
    if (known === "slope") return (Math.max(0, curve.slope ** 2 - slopes[k] ** 2) * h) / (2 * curve.slope);
    return ((known === "places" ? curvature(curve, ends[k], ends[k + 1]) : most) * h * h) / 8;
  });
  return { ends, values, jumps: slopes.map((slope, k) => slope - (k ? slopes[k - 1] : 0)), bounds };
}

/** What the network gives at x: the value at −1 and all hinges to the left of x. */
export function output({ ends, values, jumps }, x) {
  return jumps.reduce((sum, jump, k) => sum + jump * Math.max(0, x - ends[k]), values[0]);
}
