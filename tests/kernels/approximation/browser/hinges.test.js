import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { approximate, curvature, CURVES, output } from "../../../../lecturelib/kernels/approximation/browser/hinges.js";

const CASES = JSON.parse(readFileSync(new URL("hinges.json", import.meta.url)));
const near = (found, expected, name) => assert.ok(Math.abs(found - expected) <= 1e-7 * Math.max(1, Math.abs(expected)), `${name}: ${found}, expected ${expected}`);

CASES.forEach((one, number) => {
  test(`case ${number}: hinges and bounds are those of the library`, () => {
    const found = approximate(CURVES[one.curve], one.tolerance, one.known);
    for (const name of ["ends", "jumps", "bounds"]) {
      assert.equal(found[name].length, one[name].length, name);
      found[name].forEach((value, k) => near(value, one[name][k], `${name} at ${k}`));
    }
  });
});

test("x² on paper: four pieces of length 1/2 for the tolerance 1/16", () => {
  const found = approximate(CURVES.parabola, 1 / 16, "curvature");
  assert.deepEqual(found.ends, [-1, -0.5, 0, 0.5, 1]);
  assert.deepEqual(found.jumps, [-1.5, 1, 1, 1]);
  assert.deepEqual(found.bounds, [1 / 16, 1 / 16, 1 / 16, 1 / 16]);
});

test("the network keeps the tolerance at every place, and the bound of its piece", () => {
  for (const { curve, tolerance, known } of CASES) {
    const found = approximate(CURVES[curve], tolerance, known);
    for (let k = 0; k <= 400; k += 1) {
      const x = -1 + k / 200;
      const piece = Math.max(0, found.ends.findIndex((end) => end >= x) - 1);
      assert.ok(Math.abs(output(found, x) - CURVES[curve].f(x)) <= found.bounds[piece] + 1e-9, `${curve} ${known} at ${x}`);
      assert.ok(found.bounds[piece] <= tolerance * (1 + 1e-9));
    }
  }
});

test("second derivatives, slopes and turns belong to the curves", () => {
  for (const [name, curve] of Object.entries(CURVES)) {
    let [steepest, bent] = [0, 0];
    for (let k = 1; k < 2000; k += 1) {
      const [x, h] = [-1 + k / 1000, 1e-4];
      const [left, right] = [curve.f(x - h), curve.f(x + h)];
      assert.ok(Math.abs((left - 2 * curve.f(x) + right) / h ** 2 - curve.second(x)) < 1e-4 * curvature(curve), `${name} at ${x}`);
      steepest = Math.max(steepest, Math.abs(right - left) / (2 * h));
      bent = Math.max(bent, Math.abs(curve.second(x)));
    }
    assert.ok(steepest <= curve.slope * (1 + 1e-6) && steepest > 0.99 * curve.slope, `${name}: slope ${steepest}`);
    assert.ok(bent <= curvature(curve) * (1 + 1e-9) && bent > 0.99 * curvature(curve), `${name}: curvature ${bent}`);
  }
});
