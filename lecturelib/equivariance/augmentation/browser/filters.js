// Filters that learn two kinds of digits by gradient descent, alone or in all positions. The same formulas as
// lecturelib/equivariance/augmentation/explorer.py, with which the tests compare them.

/** An image moved by an element, given as where the value of each pixel comes from. */
export const moved = (image, from) => from.map((place) => image[place]);

/** The data in all positions, element by element. */
export function augmented(x, y, moves) {
  return { x: moves.flatMap((from) => x.map((one) => moved(one, from))), y: moves.flatMap(() => y) };
}

/** ρ(g)ᵀ w: what the filter is for data that are not moved. */
export function pulled(w, from) {
  const found = new Array(w.length).fill(0);
  from.forEach((place, k) => (found[place] += w[k]));
  return found;
}

const mean = (rows) => rows[0].map((_, k) => rows.reduce((sum, row) => sum + row[k], 0) / rows.length);

/** Filters and output weights to begin with. */
export function begin(seeds, moves, { model, start }) {
  let w = (model === "one" ? seeds.slice(0, 1) : seeds).map((one) => [...one]);
  let v = w.map((_, k) => (k % 2 ? -1 : 1));
  if (start === "symmetric") w = w.map((one) => mean(moves.map((from) => pulled(one, from))));
  if (start === "copies" && w.length > 1) {
    const count = w.length / moves.length;
    v = v.slice(0, count).flatMap((sign) => moves.map(() => sign));
    w = w.slice(0, count).flatMap((one) => moves.map((from) => pulled(one, from)));
  }
  return { w, v: w.length === 1 ? v : v.map((sign) => sign / 2) };
}

const dot = (a, b) => {
  let sum = 0;
  for (let k = 0; k < a.length; k += 1) sum += a[k] * b[k];
  return sum;
};

/** One step of descent on the mean of ln(1 + e^{−y f}), in place; gives the loss before it. */
export function descend({ w, v }, { x, y }, { rate }) {
  const single = w.length === 1;
  const slopes = w.map((one) => one.map(() => 0));
  const turns = v.map(() => 0);
  let loss = 0;
  x.forEach((image, n) => {
    const inside = w.map((one) => dot(one, image));
    const hidden = single ? inside : inside.map(Math.tanh);
    const margin = y[n] * (single ? inside[0] : dot(v, hidden));
    loss += margin > 0 ? Math.log1p(Math.exp(-margin)) : Math.log1p(Math.exp(margin)) - margin;
    const pull = -y[n] / (1 + Math.exp(margin)) / x.length;
    hidden.forEach((value, h) => {
      turns[h] += pull * value;
      const factor = single ? pull : pull * v[h] * (1 - value * value);
      for (let k = 0; k < image.length; k += 1) slopes[h][k] += factor * image[k];
    });
  });
  slopes.forEach((slope, h) => slope.forEach((value, k) => (w[h][k] -= rate * value)));
  if (!single) turns.forEach((value, h) => (v[h] -= rate * value));
  return loss / x.length;
}

const squares = (rows) => rows.reduce((sum, row) => sum + dot(row, row), 0) / rows.length;
const minus = (a, b) => a.map((value, k) => value - b[k]);

/** How far filters are from symmetric, relative to their size: one by one, and as a set. */
export function asymmetry(w, moves) {
  const size = squares(w) || 1;
  const each = squares(w.map((one) => minus(one, mean(moves.map((from) => pulled(one, from))))));
  const near = w.flatMap((one) =>
    moves.map((from) => {
      const image = pulled(one, from);
      return Math.min(...w.map((other) => { const off = minus(image, other); return dot(off, off); }));
    }),
  );
  return { each: Math.sqrt(each / size), set: Math.sqrt(near.reduce((sum, one) => sum + one, 0) / near.length / size) };
}
