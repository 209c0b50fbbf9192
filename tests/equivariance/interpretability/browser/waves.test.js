import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { SIDE, maskOf, masked, same, scores, shareOf, signed, toggled, transform } from "../../../../lecturelib/equivariance/interpretability/browser/waves.js";

const { weights, biases, cases } = JSON.parse(readFileSync(new URL("waves.json", import.meta.url)));
const near = (found, expected, name) => assert.ok(Math.abs(found - expected) <= 1e-11, `${name}: ${found}, expected ${expected}`);

cases.forEach((one, number) => {
  test(`case ${number}: mask, picture and scores are those of the library`, () => {
    const mask = maskOf(one.state.radius, one.state.flipped);
    assert.deepEqual(mask, one.mask);
    const left = masked(one.x.map((value) => value / 16), mask);
    left.forEach((value, k) => near(value, one.picture.flat()[k], `pixel ${k}`));
    scores(left, weights, biases).forEach((value, k) => near(value, one.scores[k], `score ${k}`));
  });
});

test("shares of all waves add up to the score without its bias", () => {
  const x = cases[0].x.map((value) => value / 16);
  let sum = 0;
  for (let down = 0; down < SIDE; down += 1) {
    for (let across = 0; across < SIDE; across += 1) {
      const alone = (2 * across) % SIDE === 0 && (2 * down) % SIDE === 0;
      sum += shareOf(x, weights[3], [across, down]) / (alone ? 1 : 2);
    }
  }
  near(sum + biases[3], cases[0].scores[3], "sum");
});

test("a wave of one period, by hand", () => {
  const x = Array.from({ length: 64 }, (_, place) => Math.cos((2 * Math.PI * (place % SIDE)) / SIDE));
  const { re, im } = transform(x);
  near(re[0][1], 32, "its amplitude");
  near(re[0][7], 32, "that of its opposite");
  near(im[0][1], 0, "imaginary part");
  near(re[1][0], 0, "another");
  masked(x, maskOf(6, [[1, 0]])).forEach((value) => near(value, 0, "erased"));
});

test("waves and their opposites are one", () => {
  assert.ok(same([1, 2], [7, 6]) && !same([1, 2], [1, 6]));
  assert.equal(signed(5), -3);
  assert.equal(signed(-4), -4);
  assert.deepEqual(toggled([], [1, 2]), [[1, 2]]);
  assert.deepEqual(toggled([[1, 2]], [-1, -2]), []);
  assert.deepEqual(toggled([[1, 2]], [-1, 2]), [[1, 2], [-1, 2]]);
});
