// The browser's numerics against what the library stored in numbers.json (see make_numbers.py).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { attractors, psiCurve } from "../../../../lecturelib/splines/dynamics/browser/attraction.js";
import { distinct, linearInterpolant, naturalCubic } from "../../../../lecturelib/splines/regimes/browser/interpolants.js";
import { edgeRate, roughness, sharpness, stableRate } from "../../../../lecturelib/splines/regimes/browser/measures.js";
import { copyOf, sortedData, valuesAt } from "../../../../lecturelib/splines/training/browser/tables.js";
import { TARGETS } from "../../../../lecturelib/splines/playground/browser/targets.js";
import { OPTIMIZERS, Training } from "../../../../lecturelib/splines/training/browser/steps.js";

const stored = JSON.parse(readFileSync(new URL("numbers.json", import.meta.url), "utf8"));
const start = copyOf(stored.start);
const data = sortedData(stored.x, stored.y);
const points = distinct(data);
const at = Float64Array.from(stored.values.at);

/** Largest distance of numbers from those stored, relative to the largest stored one. */
function gap(found, expected) {
  assert.equal(found.length, expected.length);
  const size = Math.max(1, ...expected.map(Math.abs));
  return Math.max(0, ...expected.map((value, k) => Math.abs(value - found[k]))) / size;
}

for (const optimizer of OPTIMIZERS) {
  test(`${optimizer}: after ${stored.steps} steps the weights are those of the library`, () => {
    const training = new Training(start, data, { optimizer, rate: stored.rates[optimizer] });
    training.run(stored.steps / 4);
    training.run((3 * stored.steps) / 4); // pausing changes nothing
    const end = stored.ends[optimizer];
    for (const name of ["w", "b", "v"]) assert.ok(gap(training.network[name], end[name]) < 1e-9, name);
    assert.ok(Math.abs(training.network.b0 - end.b0) < 1e-9);
    assert.ok(Math.abs(training.loss - end.loss) < 1e-9);
    assert.equal(training.steps, stored.steps);
  });
}

test("the start is left as it is", () => {
  new Training(start, data, { rate: 1e-3 }).run(10);
  assert.deepEqual(start, copyOf(stored.start));
});

test("a run diverges at the step at which the library's does, and the same rate is named as stable", () => {
  const training = new Training(start, data, { optimizer: "gd", rate: 1 });
  training.run(stored.steps);
  assert.ok(training.diverged);
  const [, step, rate] = stored.diverged.match(/at step (\d+).*up to about (\S+) are/);
  assert.equal(training.steps, Number(step));
  assert.equal(edgeRate(start, data, "gd").toPrecision(2), rate);
  const reached = training.steps;
  training.run(10);
  assert.equal(training.steps, reached);
});

test("a run at the stable rate does not diverge, and its loss falls", () => {
  for (const optimizer of OPTIMIZERS) {
    const training = new Training(start, data, { optimizer, rate: stableRate(start, data, optimizer) });
    const before = training.loss;
    training.run(3000);
    assert.ok(!training.diverged && training.loss < before, optimizer);
  }
});

test("every neuron knows the data beside its gap, so that it is looked for only when it has passed one", () => {
  const training = new Training(start, data, { rate: 1e-2 });
  training.run(500);
  const { w, b, silent, awake } = training.state;
  for (let i = 0; i < w.length; i++) {
    if (w[i] !== 0) assert.ok(!(w[i] * silent[i] > -b[i]) && w[i] * awake[i] > -b[i], `neuron ${i}`);
  }
});

test("heavy-ball momentum is stable up to 2 (1 + 0.9) / λ, plain descent up to 2 / λ", () => {
  assert.ok(Math.abs(edgeRate(start, data, "gd") * stored.sharpness - 2) < 1e-9);
  assert.ok(Math.abs(edgeRate(start, data, "momentum") * stored.sharpness - 3.8) < 1e-9);
});

test("targets are those of the library", () => {
  assert.deepEqual(Object.keys(TARGETS), Object.keys(stored.targets));
  for (const [name, target] of Object.entries(TARGETS)) assert.ok(gap([...at].map(target), stored.targets[name]) < 1e-14, name);
});

test("sharpness, stable rate and roughness", () => {
  assert.ok(Math.abs(sharpness(start, data) / stored.sharpness - 1) < 1e-12);
  const rate = stableRate(start, sortedData(points.x, points.y), "gd");
  assert.ok(Math.abs(rate / stored.stable_rate - 1) < 1e-9);
  assert.ok(Math.abs(roughness(start) / stored.roughness - 1) < 1e-14);
});

test("values of the network, of the polygon and of the natural cubic spline", () => {
  assert.ok(gap(valuesAt(start, at), stored.values.network) < 1e-14);
  assert.ok(gap(valuesAt(linearInterpolant(points), at), stored.linear) < 1e-11);
  assert.ok(gap(naturalCubic(points)(at), stored.cubic) < 1e-11);
});

test("a polygon through one point or two is a constant or a line", () => {
  const one = { x: Float64Array.of(0.5), y: Float64Array.of(2) };
  assert.deepEqual([...valuesAt(linearInterpolant(one), at)], Array(at.length).fill(2));
  assert.deepEqual([...naturalCubic(one)(at)], Array(at.length).fill(2));
  const two = { x: Float64Array.of(0, 1), y: Float64Array.of(1, 3) };
  for (const values of [valuesAt(linearInterpolant(two), at), naturalCubic(two)(at)]) {
    assert.ok(gap(values, [...at].map((z) => 1 + 2 * z)) < 1e-14);
  }
});

test("ψ on both sides, and its zero crossings", () => {
  const { residuals } = new Training(start, data, { rate: 1 });
  for (const [name, orientation] of [["right", 1], ["left", -1]]) {
    const curve = psiCurve(data, residuals, orientation, -1.5, 1.5);
    const found = stored.attraction.at.map((beta) => {
      const k = curve.at.findIndex((place) => place > beta);
      const part = (beta - curve.at[k - 1]) / (curve.at[k] - curve.at[k - 1]);
      return curve.value[k - 1] + part * (curve.value[k] - curve.value[k - 1]);
    });
    assert.ok(gap(found, stored.attraction[name]) < 1e-12, name);
    const expected = stored.attraction.attractors[name];
    const crossings = attractors(data, residuals, orientation);
    assert.deepEqual(crossings.map(({ sign }) => sign), expected.map(({ sign }) => sign));
    assert.ok(gap(crossings.map(({ place }) => place), expected.map(({ place }) => place)) < 1e-11, name);
  }
});

test("what makes no sense is refused by name", () => {
  assert.throws(() => sortedData([], []), /x: expected at least one/);
  assert.throws(() => sortedData([1], [1, 2]), /y: expected 1/);
  assert.throws(() => new Training(start, data, { optimizer: "sgd", rate: 1 }), /optimizer: expected one of gd/);
  assert.throws(() => new Training(start, data, { rate: 0 }), /rate: expected a positive/);
});
