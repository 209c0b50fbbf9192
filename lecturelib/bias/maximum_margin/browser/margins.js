// Margins and the flow of Σ exp(−w·z) in the plane, as lecturelib/bias/maximum_margin has them (margins.py, flow.py).
// z_i = y_i x_i is an array of pairs. The flow is followed in s = ln(1 + t) by Rodas3, which is linearly implicit.

const dot = ([a, b], [c, d]) => a * c + b * d;
const length = ([a, b]) => Math.hypot(a, b);

/** z_i = y_i x_i of two classes. */
export const turned = (plus, minus) => [...plus, ...minus.map(([a, b]) => [-a, -b])];

/** γ(w), NaN where w is 0. */
export const margin = (w, z) => Math.min(...z.map((one) => dot(w, one))) / length(w);

/** ln L. */
export function logLoss(w, z) {
  const least = Math.min(...z.map((one) => dot(w, one)));
  return Math.log(z.reduce((sum, one) => sum + Math.exp(least - dot(w, one)), 0)) - least;
}

/** −ln L / |w|. */
export const smoothMargin = (w, z) => -logLoss(w, z) / length(w);

/** What the smooth margin is never below, from a start at 0: γ − R ln n / ln(1 + n γ² t). */
export function bound(z, gamma, t) {
  const size = Math.max(...z.map(length));
  return gamma - (size * Math.log(z.length)) / Math.log1p(z.length * gamma * gamma * t);
}

/** The least w with all w·z_i ≥ 1, by trying every datum and every pair: {w, margin, support}, or null. */
export function widest(z) {
  let best = null;
  const consider = (w, support) => {
    const fits = Number.isFinite(w[0] + w[1]) && z.every((one) => dot(w, one) > 1 - 1e-9);
    if (fits && (!best || length(w) < length(best.w) * (1 - 1e-12))) best = { w, margin: 1 / length(w), support };
  };
  z.forEach((one, i) => consider(one.map((part) => part / dot(one, one)), [i]));
  z.forEach(([a, b], i) => {
    for (let j = i + 1; j < z.length; j += 1) {
      const [c, d] = z[j];
      const det = a * d - b * c;
      if (Math.abs(det) > 1e-9 * length(z[i]) * length(z[j])) consider([(d - b) / det, (a - c) / det], [i, j]);
    }
  });
  return best && best.margin > 1e-7 * Math.max(...z.map(length)) ? best : null;
}

/** Weights at each of the increasing log times, from w = 0: array of pairs. */
export function follow(z, until, tolerance = 1e-7) {
  const size = Math.max(...z.map(length));
  if (!(size > 0)) return until.map(() => [0, 0]);
  /** Σ force_i z_i, and with it Σ force_i z_i z_iᵀ. */
  const pull = (w, s) => {
    const sum = [0, 0, 0, 0, 0];
    for (const one of z) {
      const force = Math.exp(s - dot(w, one));
      const [a, b] = one;
      sum[0] += force * a;
      sum[1] += force * b;
      sum[2] += force * a * a;
      sum[3] += force * a * b;
      sum[4] += force * b * b;
    }
    return sum;
  };
  let w = [0, 0];
  let s = 0;
  let h = 0.01 / (size * length(pull(w, 0)) + 1e-9);
  const found = [];
  let steps = 0;
  for (const goal of until) {
    while (s < goal) {
      if ((steps += 1) > 20000) throw new Error("the flow takes too many steps");
      const last = s + h >= goal;
      const step = last ? goal - s : h;
      const [f0, f1, a, b, c] = pull(w, s);
      // Cholesky factor of 2/step + Σ force z zᵀ
      const l00 = Math.sqrt(2 / step + a);
      const l10 = b / l00;
      const l11 = Math.sqrt(2 / step + c - l10 * l10);
      const solve = (x, y) => {
        const v = (y - (l10 * x) / l00) / l11 / l11;
        return [(x / l00 - l10 * v) / l00, v];
      };
      const k1 = solve((1 + 0.5 * step) * f0, (1 + 0.5 * step) * f1);
      const k2 = solve((1 + 1.5 * step) * f0 + (4 / step) * k1[0], (1 + 1.5 * step) * f1 + (4 / step) * k1[1]);
      let next = [w[0] + 2 * k1[0], w[1] + 2 * k1[1]];
      const g = pull(next, s + step);
      const k3 = solve(g[0] + (k1[0] - k2[0]) / step, g[1] + (k1[1] - k2[1]) / step);
      next = [next[0] + k3[0], next[1] + k3[1]];
      const e = pull(next, s + step);
      const k4 = solve(e[0] + (k1[0] - k2[0] - (8 / 3) * k3[0]) / step, e[1] + (k1[1] - k2[1] - (8 / 3) * k3[1]) / step);
      next = [next[0] + k4[0], next[1] + k4[1]];
      const error = length(k4) / (tolerance * (length(next) + 1 / size));
      if (error <= 1) {
        w = next;
        s = last ? goal : s + step;
      }
      if (!last || !(error <= 1)) h = step * (error < 1e30 ? Math.min(5, Math.max(0.2, 0.9 * error ** (-1 / 3))) : 0.2);
    }
    found.push(w);
  }
  return found;
}
