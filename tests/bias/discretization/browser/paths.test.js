import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { contour, curvatures, derivative, derivatives, distances, eulerPath, fitting, flowPath, speed, value } from "../../../../lecturelib/bias/discretization/browser/paths.js";

const CASES = JSON.parse(readFileSync(new URL("paths.json", import.meta.url)));

function near(found, expected, tolerance, name) {
  assert.equal(found.length, expected.length, name);
  expected.forEach((one, k) => assert.ok(Math.abs(found[k] - one) <= tolerance * Math.max(1, Math.abs(one)), `${name}[${k}]: ${found[k]}, expected ${one}`));
}

CASES.forEach((one, number) => {
  test(`case ${number}: fields, paths and flows are those of the library`, () => {
    const surface = derivatives(one.terms);
    const h = one.time / one.steps;
    near([value(one.terms, one.start)], [one.loss], 1e-13, "loss");
    one.speeds.forEach((expected, order) => near(speed(surface, one.start, h, order), expected, 1e-12, `speed of order ${order}`));
    const path = eulerPath(surface, one.start, h, one.steps);
    assert.equal(path.length, one.steps + 1);
    one.path.forEach((expected, k) => near(path[k], expected, 1e-11, `point ${k}`));
    one.ends.forEach((expected, order) => near(flowPath(surface, one.start, h, order, one.time, 1500).at(-1), expected, 1e-7, `end of order ${order}`));
    near(curvatures(surface, path.at(-1)), one.curvatures, 1e-11, "curvatures");
    const gaps = one.ends.map((end) => Math.hypot(end[0] - path.at(-1)[0], end[1] - path.at(-1)[1]));
    near(distances(surface, one.start, one.time, one.steps, 1500), gaps, 1e-8, "distances");
  });
});

test("derivatives of a polynomial by hand", () => {
  // 3 a² b + 2 b³
  const terms = [[3, 2, 1], [2, 0, 3]];
  assert.deepEqual(derivative(terms, 0), [[6, 1, 1]]);
  assert.deepEqual(derivative(terms, 1), [[3, 2, 0], [6, 0, 2]]);
  assert.equal(value(terms, [2, -1]), -14);
});

test("what leaves all bounds is cut short, and has no distance", () => {
  const surface = derivatives([[1, 4, 0]]);
  assert.ok(eulerPath(surface, [3, 0], 1, 50).length < 10);
  assert.equal(distances(surface, [3, 0], 50, 50)[0], null);
});

test("steps fill the time", () => {
  assert.deepEqual(fitting(2, 0.3), { steps: 7, h: 2 / 7 });
  assert.deepEqual(fitting(2, 5), { steps: 1, h: 2 });
});

test("contour lines of a circle are on the circle", () => {
  const at = Array.from({ length: 41 }, (_, k) => -2 + k / 10);
  const grid = at.map((x) => at.map((y) => x * x + y * y));
  const pieces = contour(grid, at, at, 1.3);
  assert.ok(pieces.length > 40);
  for (const [x0, y0, x1, y1] of pieces) {
    for (const radius of [Math.hypot(x0, y0), Math.hypot(x1, y1)]) assert.ok(Math.abs(radius - Math.sqrt(1.3)) < 2e-3);
    assert.ok(Math.hypot(x1 - x0, y1 - y0) < 0.15);
  }
});
