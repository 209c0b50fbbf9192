import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { asymmetry, augmented, begin, descend, moved, pulled } from "../../../../lecturelib/equivariance/augmentation/browser/filters.js";

const [{ givens }, ...cases] = JSON.parse(readFileSync(new URL("filters.json", import.meta.url)));
const near = (found, expected, name) => assert.ok(Math.abs(found - expected) <= 1e-10 * Math.max(1, Math.abs(expected)), `${name}: ${found}, expected ${expected}`);
const x = givens.x.map((image) => image.map((value) => value / 16));

cases.forEach(({ state, steps, filters, outputs, each, set }, number) => {
  test(`case ${number}: filters, outputs and their symmetry are those of the library`, () => {
    const moves = givens.moves[state.group];
    const data = state.augment ? augmented(x, givens.y, moves) : { x, y: givens.y };
    const weights = begin(givens.filters, moves, state);
    for (let k = 0; k < steps; k += 1) descend(weights, data, givens);
    const found = weights.w.flat().filter((_, k) => k % 7 === 0);
    assert.equal(found.length, filters.length);
    found.forEach((value, k) => near(value, filters[k], `number ${k}`));
    weights.v.forEach((value, k) => near(value, outputs[k], `output ${k}`));
    const off = asymmetry(weights.w, moves);
    near(off.each, each, "each");
    near(off.set, set, "set");
  });
});

test("a swap of two numbers, a cycle of three, and filters that are copies of one another", () => {
  const swap = [[0, 1], [1, 0]];
  assert.deepEqual(moved([5, 7], swap[1]), [7, 5]);
  assert.deepEqual(pulled([5, 7, 9], [1, 2, 0]), [9, 5, 7]);
  assert.deepEqual(augmented([[2, 1]], [1], swap), { x: [[2, 1], [1, 2]], y: [1, 1] });
  assert.deepEqual(asymmetry([[1, 0], [0, 1]], swap), { each: Math.sqrt(0.5), set: 0 });
});

test("the loss of a filter of zeros is ln 2, and a step goes along the data", () => {
  const weights = { w: [[0, 0]], v: [1] };
  near(descend(weights, { x: [[2, 1]], y: [1] }, { rate: 0.1 }), Math.LN2, "loss");
  assert.deepEqual(weights.w[0], [0.1, 0.05]);
});
