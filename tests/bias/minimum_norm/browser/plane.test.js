import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { diagonal, diagonalEnd, diagonalPath, dot, nearest, parts, sparse, walk } from "../../../../lecturelib/bias/minimum_norm/browser/plane.js";
import { ofDescent, ofDiagonal } from "../../../../lecturelib/bias/minimum_norm/browser/plane_words.js";

const CASES = JSON.parse(readFileSync(new URL("planes.json", import.meta.url)));

function same(found, expected, name, within = 1e-12) {
  expected.forEach((one, k) => assert.ok(Math.abs(found[k] - one) <= within * Math.max(1, Math.abs(one)), `${name}: ${found}, expected ${expected}`));
}

CASES.forEach((one, number) => {
  const { a, b, start, alpha } = one;

  test(`case ${number}: steps, kick and decay are those of the library`, () => {
    const path = walk(one);
    assert.equal(path.length, one.path.length);
    path.forEach((w, k) => same(w, one.path[k], `step ${k}`));
    same(nearest(a, b, start), one.nearest, "nearest");
  });

  test(`case ${number}: the diagonal network ends where the library says, on the way it has come`, () => {
    same(diagonal(a, alpha, diagonalEnd(a, b, alpha)), one.diagonal, "end", 1e-10);
    const path = diagonalPath(a, b, alpha, 9);
    same(path[0], [0, 0], "start");
    same(path.at(-1), one.diagonal, "end of the path", 1e-10);
    for (const w of one["on the way"]) {
      const y = Math.asinh(w[0] / (2 * alpha * alpha)) / a[0];
      same(diagonal(a, alpha, y), w, "on the way", 1e-6);
    }
  });

  test(`case ${number}: across and along are a right-angled pair, and solutions differ along the line only`, () => {
    const { across, along } = parts(a, start);
    assert.ok(Math.abs(across ** 2 + along ** 2 - dot(start, start)) < 1e-12);
    assert.ok(Math.abs(parts(a, one.nearest).along - along) < 1e-12);
    assert.ok(Math.abs(dot(a, sparse(a, b)) - b) < 1e-12);
  });
});

test("a path that leaves ends before it overflows", () => {
  const path = walk({ a: [2, 1], b: 5, start: [0, 0], rate: 2.2, steps: 500 });
  assert.ok(path.length < 500);
  assert.ok(path.at(-1).every(Number.isFinite));
});

test("words say where it ends, what is forgotten and what stays", () => {
  const set = { a: [2, 1], b: 5, start: [3, -1], rate: 0.5, decay: 0, kick: [0, 0], when: 8, steps: 24 };
  const said = (changes) => ofDescent({ ...set, ...changes, path: walk({ ...set, ...changes }) });
  assert.ok(said({}).includes("Nearest to it on the line is (3, −1)") && said({}).includes("It ends at (3, −1)."), said({}));
  assert.ok(said({ start: [0, 0] }).includes("It ends at (2, 1)."), said({ start: [0, 0] }));
  assert.ok(said({ kick: [-1, 2] }).includes("has 2.24 along the line and 0 across it"), said({ kick: [-1, 2] }));
  assert.ok(said({ kick: [2, 1] }).includes("The part across is forgotten, the part along stays."));
  assert.ok(said({ rate: 2.1, start: [0, 0] }).includes("too large"));
  assert.ok(said({ rate: 2, start: [0, 0] }).includes("mirror image"));
  assert.ok(said({ rate: 0.05, start: [0, 0] }).includes("still on its way to (2, 1)"));
  assert.ok(said({ rate: 2.1, start: [2, 1] }).includes("starts on the line"), said({ rate: 2.1, start: [2, 1] }));
  assert.ok(said({ rate: 2, decay: 0.1, start: [0, 0] }).includes("too much for this rate"));
  assert.ok(!said({ rate: 1.8, decay: 0.1, start: [0, 0] }).includes("too much for this rate"));
  assert.ok(said({ decay: 0.1 }).includes("each step keeps 0.95 of what lies along the line"));
  const text = ofDiagonal({ a: [2, 1], b: 5, alpha: 0.05, end: diagonal([2, 1], 0.05, diagonalEnd([2, 1], 5, 0.05)) });
  assert.ok(text.includes("(2.5, 0) has the least |w₁| + |w₂|, and (2, 1) has the least norm"), text);
});
