// Groups of permutations of corners, how they move things, and all linear maps that commute with that. The same formulas
// as lecturelib/equivariance/groups, with which the tests compare them. A matrix is a list of rows.

const range = (count) => Array.from({ length: count }, (_, k) => k);
const compose = (a, b) => b.map((place) => a[place]);
const dot = (a, b) => a.reduce((sum, value, k) => sum + value * b[k], 0);
export const times = (matrix, x) => matrix.map((row) => dot(row, x));
const combined = (a, b, factor) => a.map((row, i) => row.map((value, j) => value + factor * b[i][j]));
const norm = (a) => Math.sqrt(a.flat().reduce((sum, value) => sum + value * value, 0));

/** All products of permutations, each a list of where things go, the identity first. */
export function elementsOf(generators) {
  const found = [range(generators[0].length)];
  const known = new Set([String(found[0])]);
  for (const before of found) {
    for (const one of generators) {
      const next = compose(before, one);
      if (known.has(String(next))) continue;
      known.add(String(next));
      found.push(next); // and it is looked at later in the same loop
    }
  }
  return found;
}

/** A permutation as products of cycles of the corners 1, 2, …; "nothing moves" for the identity. */
export function cycles(permutation) {
  const seen = new Set();
  const found = [];
  for (const start of range(permutation.length)) {
    const cycle = [];
    for (let at = start; !seen.has(at); at = permutation[at]) {
      seen.add(at);
      cycle.push(at + 1);
    }
    if (cycle.length > 1) found.push(`(${cycle.join(" ")})`);
  }
  return found.join(" ") || "nothing moves";
}

/** The linear map that takes each corner to where a permutation takes it. */
function turning(corners, permutation) {
  const size = corners.flat().reduce((sum, value) => sum + value * value, 0) / corners[0].length;
  const to = permutation.map((place) => corners[place]);
  return corners[0].map((_, i) => corners[0].map((_, j) => corners.reduce((sum, corner, k) => sum + to[k][i] * corner[j], 0) / size));
}

const PIXELS = [-1, 0, 1].flatMap((down) => [-1, 0, 1].map((right) => [down, right]));
const MOVED = {
  number: () => [0],
  points: (permutation) => permutation,
  pairs: (permutation) => permutation.flatMap((i) => permutation.map((j) => i * permutation.length + j)),
  pixels: (permutation, corners) =>
    PIXELS.map((place) => {
      const [down, right] = times(turning(corners, permutation), place).map(Math.round);
      return 3 * (down + 1) + right + 1;
    }),
};

/** Whether a group can move things of a kind: pixels stay on pixels only under turns and mirrors of a square. */
export const fits = ({ corners }, kind) => kind !== "pixels" || (corners.length === 4 && corners[0].length === 2);

/** How a group {generators, corners} moves things of a kind: one matrix per element, and permutations where it has some. */
export function action(group, kind) {
  const elements = elementsOf(group.generators);
  if (kind === "vectors") return { size: group.corners[0].length, matrices: elements.map((one) => turning(group.corners, one)) };
  const permutations = elements.map((one) => MOVED[kind](one, group.corners));
  const matrices = permutations.map((to) => range(to.length).map((i) => to.map((place) => (place === i ? 1 : 0))));
  return { size: permutations[0].length, matrices, permutations };
}

/** The mean of ρ_out(g) E ρ_in(g)⁻¹, where E has a 1 at (i, j) only, for matrices that keep lengths. */
export function averaged(inside, outside, i, j) {
  const found = range(outside.size).map(() => Array(inside.size).fill(0));
  inside.matrices.forEach((a, k) => {
    const b = outside.matrices[k];
    for (let row = 0; row < outside.size; row += 1) {
      const share = b[row][i] / inside.matrices.length;
      if (share) for (let column = 0; column < inside.size; column += 1) found[row][column] += share * a[column][j];
    }
  });
  return found;
}

const trace = (matrix) => matrix.reduce((sum, row, k) => sum + row[k], 0);

/** How many maps commute: products of the traces, and their mean. */
export function dimension(inside, outside) {
  const products = inside.matrices.map((one, k) => Math.round(trace(one) * trace(outside.matrices[k])));
  return { products, count: Math.round(products.reduce((sum, one) => sum + one, 0) / products.length) };
}

/** An orthonormal basis of the maps that commute: 1 on each orbit of pairs, or means of single weights, made orthogonal. */
export function basis(inside, outside) {
  const [n, m] = [inside.size, outside.size];
  const empty = () => range(m).map(() => Array(n).fill(0));
  const found = [];
  if (inside.permutations && outside.permutations) {
    const seen = empty();
    for (const i of range(m)) {
      for (const j of range(n)) {
        if (seen[i][j]) continue;
        const one = empty();
        inside.permutations.forEach((to, k) => (one[outside.permutations[k][i]][to[j]] = 1));
        const size = norm(one);
        one.forEach((row, a) => row.forEach((value, b) => value && (seen[a][b] = 1)));
        found.push(one.map((row) => row.map((value) => value / size)));
      }
    }
    return found;
  }
  for (const i of range(m)) {
    for (const j of range(n)) {
      let one = averaged(inside, outside, i, j);
      for (const other of found) one = combined(one, other, -dot(one.flat(), other.flat()));
      const size = norm(one);
      if (size > 1e-6) found.push(one.map((row) => row.map((value) => value / size)));
    }
  }
  return found;
}

/**
 * A layer: W = Σ c_k B_k + (1 − averaged) (W₀ − P W₀), where c_k are those of `any` matrix W₀, but for `changed` ones
 * [number from 1, coefficient]; alone: only the map of this number, with the coefficient 1.
 */
export function layer(maps, any, { averaged, changed, alone = 0 }) {
  const own = maps.map((one) => dot(one.flat(), any.flat()));
  const coefficients = [...own];
  for (const [number, value] of changed) if (number >= 1 && number <= maps.length) coefficients[number - 1] = value;
  const sum = (values) => maps.reduce((total, one, k) => combined(total, one, values[k]), any.map((row) => row.map(() => 0)));
  if (alone) return { coefficients, w: maps[alone - 1] ?? sum([]) };
  const left = combined(any, sum(own), -1);
  return { coefficients, w: combined(sum(coefficients), left, 1 - averaged) };
}

/** x and g x, W x and W g x, g W x, and how far the last two are apart, for this g and at most, relative to the larger. */
export function compare(inside, outside, w, x, element) {
  const at = (k) => {
    const moved = times(inside.matrices[k], x);
    const [before, after] = [times(w, x), times(w, moved)];
    const wanted = times(outside.matrices[k], before);
    const size = Math.max(norm(after), norm(wanted), 1e-12);
    return { moved, before, after, wanted, error: norm(after.map((value, i) => value - wanted[i])) / size };
  };
  return { ...at(element), worst: Math.max(...inside.matrices.map((_, k) => at(k).error)) };
}
