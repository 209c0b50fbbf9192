import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { Training, breakpointsOf, countOf, startOf, valuesAt } from "../../../../lecturelib/splines/depth/browser/deep.js";
import { Run, tally } from "../../../../lecturelib/splines/depth/browser/run.js";

const CASES = JSON.parse(readFileSync(new URL("runs.json", import.meta.url)));
const near = (found, expected, name) => assert.ok(Math.abs(found - expected) <= 1e-9 * Math.max(1, Math.abs(expected)), `${name}: ${found}, expected ${expected}`);
const x = Float64Array.from({ length: 11 }, (_, k) => -1 + k / 5);
const data = { x, y: x.map((one) => Math.sin(3 * one)) };
const SETTINGS = { target: "sine", layers: 3, width: 5, start: "he", seed: 1, optimizer: "gd", rate: 1e-3 };

CASES.forEach((one, number) => {
  test(`case ${number}: training, values and breakpoints are those of the library`, () => {
    const run = new Training(one.sizes, Float64Array.from(one.start), data, one);
    run.run(one.steps);
    run.theta.forEach((value, k) => near(value, one.end[k], `number ${k}`));
    near(run.loss, one.loss, "loss");
    valuesAt(one.sizes, run.theta, x).forEach((value, k) => near(value, one.values[k], `value ${k}`));
    const found = breakpointsOf(one.sizes, run.theta, -1.3, 1.3);
    assert.deepEqual(found.map(({ layer, unit, bends }) => [layer, unit, bends]), one.found.map((row) => row.slice(1)));
    found.forEach((row, k) => near(row.x, one.found[k][0], `breakpoint ${k}`));
  });
});

test("the tent of the chapter: four breakpoints, of which one bends nothing", () => {
  const theta = Float64Array.from([1, 1, 0, -1, 1, -2, -0.5, 2, 0]);
  const found = breakpointsOf([1, 2, 1, 1], theta, -1, 3);
  assert.deepEqual(found.map((one) => one.x), [0, 0.5, 1, 1.5]);
  assert.deepEqual(found.map((one) => one.bends), [false, true, true, true]);
  assert.deepEqual(tally([1, 2, 1, 1], found), { counts: [2, 2], bends: 3 });
});

test("starts follow their laws", () => {
  const sizes = [1, 200, 200, 1];
  assert.equal(startOf(sizes, "he", 1).length, countOf(sizes));
  const middle = (theta) => theta.slice(400, 400 + 40_000);
  const square = (row) => row.reduce((sum, one) => sum + one * one, 0) / row.length;
  assert.ok(Math.abs(square(middle(startOf(sizes, "he", 1))) * 100 - 1) < 0.05);
  assert.ok(Math.abs(square(middle(startOf(sizes, "pytorch", 1))) * 600 - 1) < 0.05);
  assert.ok(middle(startOf(sizes, "pytorch", 2)).every((one) => Math.abs(one) <= 200 ** -0.5));
});

test("a run is recorded, thinned, and learns", () => {
  const run = new Run(SETTINGS);
  assert.equal(run.frames.length, 1);
  const first = run.frames[0].loss;
  run.advance(3000, Infinity);
  assert.equal(run.training.steps, 3000);
  assert.ok(run.training.loss < first);
  const steps = run.frames.map(({ step }) => step);
  assert.ok(steps.every((step, k) => k === 0 || step > steps[k - 1]));
  for (let k = 0; k < 9; k++) run.advance(20_000, 40);
  assert.ok(run.frames.length <= 361);
  assert.equal(run.values(run.now).length, 521);
});

test("a run that diverges stops, and keeps what it had", () => {
  const run = new Run({ ...SETTINGS, rate: 50 });
  run.advance(500, Infinity);
  assert.ok(run.training.diverged);
  assert.ok(run.frames.every(({ loss }) => Number.isFinite(loss)));
});
