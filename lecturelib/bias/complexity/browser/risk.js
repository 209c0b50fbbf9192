// The expected risk of least squares on Gaussian data, exactly, with noise and a ridge, for any number of features.
// The same formulas as lecturelib/bias/complexity/risk.py, with which the tests compare them.

const NODES = 16; // of Gauss's rule in each panel
const REACH = 9; // standard deviations of a singular value beyond the bulk

/** Legendre's polynomials P_0 … P_most at x. */
function legendre(x, most) {
  const p = [1, x];
  for (let l = 1; l < most; l += 1) p.push(((2 * l + 1) * x * p[l] - l * p[l - 1]) / (l + 1));
  return p;
}

/** Gauss's nodes and weights on [−1, 1], and the matrix from values at the nodes to integrals from −1 to each node. */
function rule() {
  const nodes = [];
  const weights = [];
  for (let i = 0; i < NODES; i += 1) {
    let x = -Math.cos((Math.PI * (i + 0.75)) / (NODES + 0.5));
    for (let k = 0; k < 20; k += 1) {
      const p = legendre(x, NODES);
      const slope = (NODES * (x * p[NODES] - p[NODES - 1])) / (x * x - 1);
      x -= p[NODES] / slope;
    }
    const p = legendre(x, NODES);
    const slope = (NODES * (x * p[NODES] - p[NODES - 1])) / (x * x - 1);
    nodes.push(x);
    weights.push(2 / ((1 - x * x) * slope * slope));
  }
  const tables = nodes.map((x) => legendre(x, NODES));
  const integrals = nodes.map((x, i) => weights.map((w, j) => {
    let sum = (x + 1) / 2;
    for (let l = 1; l < NODES; l += 1) sum += (tables[j][l] * (tables[i][l + 1] - tables[i][l - 1])) / 2;
    return w * sum;
  }));
  return { nodes, weights, integrals };
}
const GAUSS = rule();

function logFactorial(a) {
  let sum = 0;
  for (let k = 2; k <= a; k += 1) sum += Math.log(k);
  return sum;
}

/** Ends of panels for the singular value, shorter towards 0 where `scale` is small. */
function panels(n, p, scale) {
  const low = Math.max(0, Math.sqrt(n) - Math.sqrt(p) - REACH);
  const high = Math.sqrt(n) + Math.sqrt(p) + REACH;
  const count = Math.ceil(((high - low) * Math.sqrt(2 * (n + p))) / 8);
  const edges = Array.from({ length: count + 1 }, (_, k) => low + ((high - low) * k) / count);
  if (low > 0) return edges;
  const first = edges[1];
  const halvings = Math.ceil(Math.max(0, Math.log2((2 * first) / Math.sqrt(scale))));
  const small = Array.from({ length: halvings }, (_, k) => first * 2 ** (k - halvings));
  return [0, ...small, ...edges.slice(1)];
}

/**
 * Nodes s and weights with E Σ g(s) ≈ Σ weights g(s) over the p eigenvalues of XᵀX, X an n × p matrix of independent
 * standard normal numbers, n ≥ p: the density of the Laguerre orthogonal ensemble. Poles of g are at least `scale` away.
 */
export function spectrum(n, p, scale) {
  const a = n - p;
  const edges = panels(n, p, scale);
  const size = (edges.length - 1) * NODES;
  const [s, weights] = [new Float64Array(size), new Float64Array(size)];
  const start = logFactorial(a) / 2;
  const top = new Float64Array(size);
  const below = new Float64Array(size);
  for (let k = 0; k < size; k += 1) {
    const panel = Math.floor(k / NODES);
    const half = (edges[panel + 1] - edges[panel]) / 2;
    const root = edges[panel] + half * (1 + GAUSS.nodes[k % NODES]);
    const at = root * root;
    let log = (a / 2) * Math.log(at) - at / 2 - start;
    let [now, before, squares] = [1, 0, 0];
    for (let j = 0; j < p - 1; j += 1) {
      squares += now * now;
      const after = ((2 * j + 1 + a - at) * now - Math.sqrt(j * (j + a)) * before) / Math.sqrt((j + 1) * (j + 1 + a));
      [before, now] = [now, after];
      const big = Math.max(Math.abs(now), Math.abs(before));
      if (big > 1e50) [now, before, squares, log] = [now / big, before / big, squares / (big * big), log + Math.log(big)];
    }
    const weight = Math.exp(log);
    s[k] = at;
    top[k] = 2 * now * weight;
    below[k] = 2 * before * weight;
    weights[k] = 2 * root * squares * weight * weight;
  }
  const width = (k) => ((edges[Math.floor(k / NODES) + 1] - edges[Math.floor(k / NODES)]) / 2) * GAUSS.weights[k % NODES];
  let [whole, wholeTop] = [0, 0];
  for (let k = 0; k < size; k += 1) {
    whole += width(k) * below[k];
    wholeTop += width(k) * top[k];
  }
  let passed = 0;
  for (let panel = 0; panel < edges.length - 1; panel += 1) {
    const half = (edges[panel + 1] - edges[panel]) / 2;
    let inside = 0;
    for (let i = 0; i < NODES; i += 1) {
      const k = panel * NODES + i;
      let upTo = passed;
      for (let j = 0; j < NODES; j += 1) upTo += half * GAUSS.integrals[i][j] * below[panel * NODES + j];
      weights[k] -= 0.5 * Math.sqrt((p - 1) * (p - 1 + a)) * top[k] * (upTo - whole / 2);
      if (p % 2) weights[k] += top[k] / wholeTop;
      inside += half * GAUSS.weights[i] * below[k];
    }
    passed += inside;
  }
  for (let k = 0; k < size; k += 1) weights[k] *= width(k);
  return { s, weights };
}

/** Spectra of n data with 1, 2, …, total features; entry p belongs to p. Computed as they are asked for, and kept. */
export function spectra(n, scale) {
  const kept = [];
  return (p) => (kept[p] ??= spectrum(Math.max(n, p), Math.min(n, p), scale));
}

/**
 * The parts of the expected risk with p of `total` features, signal 1 in all: {bias, variance, leftOut, noise, total}.
 * find(p) gives spectra of n data; ridge 0 is the fit of least norm.
 */
export function riskAt(n, p, { total, sigma, ridge }, find) {
  const leftOut = 1 - p / total;
  const tau = leftOut + sigma * sigma;
  const unseen = Math.max(0, p - n);
  let [bias, variance] = [unseen, 0];
  if (p > 0 && ridge === 0) {
    const [size, other] = [Math.min(n, p), Math.max(n, p)];
    variance = other - size > 1 ? size / (other - size - 1) : Infinity;
  } else if (p > 0) {
    const { s, weights } = find(p);
    for (let k = 0; k < s.length; k += 1) {
      const inverse = 1 / (s[k] + ridge);
      bias += weights[k] * (ridge * inverse) ** 2;
      variance += weights[k] * s[k] * inverse * inverse;
    }
  }
  variance = tau > 0 ? tau * variance : 0;
  const parts = { bias: bias / total, variance, leftOut, noise: sigma * sigma };
  return { ...parts, total: parts.bias + parts.variance + parts.leftOut + parts.noise };
}

/** The ridge of least expected risk with p of `total` features, whatever the number of data. */
export const bestRidge = (p, { total, sigma }) => total * (1 - p / total + sigma * sigma);
