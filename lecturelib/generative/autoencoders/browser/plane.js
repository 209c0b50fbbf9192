// Codes in a plane and what a decoder draws there: the same formulas as lecturelib/generative/autoencoders/networks.py and
// explorer.py, with which the tests compare them. A layer is a list of rows, the last of which is the bias.

/** A vector through all layers, with tanh between. */
export function through(layers, vector) {
  return layers.reduce((x, layer, place) => {
    const bias = layer[layer.length - 1];
    const out = bias.map((start, k) => x.reduce((sum, value, j) => sum + value * layer[j][k], start));
    return place + 1 < layers.length ? out.map(Math.tanh) : out;
  }, vector);
}

/** The place at a part of the straight way between two places. */
export const between = ([x, y], [u, v], part) => [(1 - part) * x + part * u, (1 - part) * y + part * v];

/** 64 pixels from 0 to 1 that a decoder draws for a code. */
export const picture = (layers, code) => through(layers, code).map((value) => Math.min(1, Math.max(0, value)));

/** [[digit, how many of the nearest codes are this one], …], the most frequent first; of equal ones the smaller digit. */
export function nearest(codes, names, [x, y], count) {
  const order = codes.map(([u, v], k) => [(u - x) ** 2 + (v - y) ** 2, k]).sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const counts = new Map();
  for (const [, k] of order.slice(0, count)) counts.set(names[k], (counts.get(names[k]) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
}
