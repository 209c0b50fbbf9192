import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { action, averaged, basis, compare, cycles, dimension, elementsOf, fits, layer, times } from "../../../../lecturelib/equivariance/groups/browser/bases.js";

const [{ givens, counts }, ...cases] = JSON.parse(readFileSync(new URL("layers.json", import.meta.url)));
const near = (found, expected, name) => assert.ok(Math.abs(found - expected) <= 1e-10, `${name}: ${found}, expected ${expected}`);
const all = (found, expected, name) => {
  assert.equal(found.length, expected.length, name);
  found.forEach((value, k) => near(value, expected[k], `${name} ${k}`));
};
const kindOf = (group, kind) => (fits(group, kind) ? kind : "points");

cases.forEach(({ state, kinds, error, ...stored }, number) => {
  test(`case ${number}: basis, layer and what it does are those of the library`, () => {
    const group = givens.groups[state.group];
    assert.deepEqual([state.inputs, state.outputs].map((kind) => kindOf(group, kind)), kinds);
    const [inside, outside] = kinds.map((kind) => action(group, kind));
    const any = givens.weights.slice(0, outside.size).map((row) => row.slice(0, inside.size));
    const maps = basis(inside, outside);
    const { coefficients, w } = layer(maps, any, { ...state, alone: state.alone && state.chosen });
    const seen = compare(inside, outside, w, stored.x, Math.min(state.element, inside.matrices.length) - 1);
    all(maps.flat(2).filter((_, k) => k % 7 === 0), stored.basis, "basis");
    all(coefficients, stored.coefficients, "coefficients");
    all(w.flat().filter((_, k) => k % 7 === 0), stored.W, "W");
    for (const name of ["moved", "before", "after", "wanted"]) all(seen[name], stored[name], name);
    near(seen.error, error, "error");
  });
});

test("for every group and every two kinds, the number of maps is that of the library, and each of them commutes", () => {
  for (const [name, count] of Object.entries(counts)) {
    const [key, ...kinds] = name.split(" ");
    const group = givens.groups[key];
    const [inside, outside] = kinds.map((kind) => action(group, kindOf(group, kind)));
    const maps = basis(inside, outside);
    assert.equal(dimension(inside, outside).count, count, name);
    assert.equal(maps.length, count, name);
    const flat = maps.map((one) => one.flat());
    const apart = (a, b) => Math.max(0, ...a.map((value, k) => Math.abs(value - b[k])));
    const x = Array.from({ length: inside.size }, (_, k) => Math.sin(1 + k * k));
    inside.matrices.forEach((one, k) => {
      const [moved, move] = [times(one, x), outside.matrices[k]];
      assert.ok(maps.every((map) => apart(times(map, moved), times(move, times(map, x))) < 1e-12), `${name}, element ${k}`);
    });
    assert.ok(flat.every((one, k) => apart(times(flat, one), flat.map((_, l) => (k === l ? 1 : 0))) < 1e-9), name);
  }
});

test("three corners: all permutations, one of them, and the maps that commute", () => {
  assert.equal(elementsOf([[1, 0, 2], [1, 2, 0]]).length, 6);
  assert.equal(cycles([1, 2, 0]), "(1 2 3)");
  assert.equal(cycles([0, 1, 2]), "nothing moves");
  const points = action({ generators: [[1, 2, 0]], corners: [[1], [0], [-1]] }, "points");
  assert.deepEqual(times(points.matrices[1], [5, 6, 7]), [7, 5, 6]); // corner 1 goes to 2
  assert.deepEqual(basis(points, points).map((one) => one[0].map(Math.ceil)), [[1, 0, 0], [0, 1, 0], [0, 0, 1]]);
});

test("a map that does not commute: a swap moves the first of two numbers away", () => {
  const swap = action({ generators: [[1, 0]], corners: [[1], [-1]] }, "points");
  const first = [[1, 0], [0, 0]];
  const seen = compare(swap, swap, first, [1, 0], 1);
  assert.deepEqual([seen.moved, seen.before, seen.after, seen.wanted], [[0, 1], [1, 0], [0, 0], [0, 1]]);
  assert.deepEqual([seen.error, seen.worst], [1, 1]);
  assert.deepEqual(averaged(swap, swap, 0, 0), [[0.5, 0], [0, 0.5]]);
});
