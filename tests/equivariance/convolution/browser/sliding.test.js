import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { between, compare, correlate, moved, read } from "../../../../lecturelib/equivariance/convolution/browser/sliding.js";

const CASES = JSON.parse(readFileSync(new URL("slides.json", import.meta.url)));
const near = (found, expected, name) => assert.ok(Math.abs(found - expected) <= 1e-11 * Math.max(1, Math.abs(expected)), `${name}: ${found}, expected ${expected}`);

CASES.forEach((one, number) => {
  test(`case ${number}: outputs and their error are those of the library`, () => {
    const found = compare(one.x, one.w, one.options);
    for (const name of ["before", "after", "wanted"]) {
      assert.equal(found[name].length, one[name].length);
      found[name].forEach((value, k) => near(value, one[name][k], `${name} at ${k}`));
    }
    near(found.error, one.error, "error");
    assert.equal(found.wrong, one.wrong);
  });
});

test("the example on paper: a ring of four, and zeros outside", () => {
  assert.deepEqual(correlate([1, 2, 3, 4], [1, 0, -1], 1, "ring"), [2, -2, -2, 2]);
  assert.deepEqual(correlate([1, 2, 3, 4], [1, 0, -1], 2, "zeros"), [-2, -2]);
  assert.deepEqual(moved([1, 2, 3], -1), [2, 3, 1]);
  assert.deepEqual(read([1, 2, 3], [5, 6, 7], 0, "zeros").map((one) => one.value), [0, 1, 2]);
});

test("between the places of a wave is the wave", () => {
  const wave = (place) => Math.cos((2 * Math.PI * 2 * place) / 7 + 0.3);
  const at = [0, 0.5, 3.2, -1.7];
  between([0, 1, 2, 3, 4, 5, 6].map(wave), at).forEach((value, k) => near(value, wave(at[k]), `at ${at[k]}`));
});
