// Draws, starts, targets and the record of a run.
import assert from "node:assert/strict";
import test from "node:test";

import { SCHEMES, initialize } from "../../../../lecturelib/splines/initialization/browser/starts.js";
import { roughness } from "../../../../lecturelib/splines/regimes/browser/measures.js";
import { draws } from "../../../../lecturelib/core/browser/random.js";
import { Recording } from "../../../../lecturelib/splines/playground/browser/recording.js";
import { valuesAt } from "../../../../lecturelib/splines/training/browser/tables.js";
import { TARGETS, sampled } from "../../../../lecturelib/splines/playground/browser/targets.js";

const mean = (numbers) => numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
const moment = (numbers, power) => mean(Array.from(numbers, (one) => one ** power));
const WIDTH = 20_000;

/** Within five standard errors of the expected mean. */
function close(numbers, power, expected) {
  const powers = Array.from(numbers, (one) => one ** power);
  const error = Math.sqrt((moment(powers, 2) - mean(powers) ** 2) / powers.length);
  const found = mean(powers);
  assert.ok(Math.abs(found - expected) <= 5 * error + 1e-12, `${found} is not near ${expected}`);
}

test("normal draws have the moments 0, 1, 0, 3 and fill their quartiles", () => {
  const { normal } = draws(7);
  const drawn = Array.from({ length: 100_000 }, normal);
  [0, 1, 0, 3].forEach((expected, k) => close(drawn, k + 1, expected));
  close(drawn.map((one) => Number(Math.abs(one) < 0.6744897501960817)), 1, 0.5);
});

// scheme → second moments of w, b, v; of pytorch uniform, w and b have 1/3
const SPREADS = {
  he: [2, 2, 2 / WIDTH],
  glorot: [2 / (1 + WIDTH), 2 / (1 + WIDTH), 2 / (1 + WIDTH)],
  pytorch: [1 / 3, 1 / 3, 1 / (3 * WIDTH)],
  uniform_breakpoints: [2, 2 / 3, 2 / WIDTH],
  spiky: [2, 2 / 3, 2],
  flat: [2, 2 / 3, 0],
};

for (const scheme of SCHEMES) {
  test(`${scheme}: weights are spread as in the library`, () => {
    const { w, b, v, b0 } = initialize(WIDTH, scheme, { seed: 3 });
    [w, b, v].forEach((weights, k) => {
      close(weights, 1, 0);
      close(weights, 2, SPREADS[scheme][k]);
    });
    assert.ok(scheme === "pytorch" ? b0 !== 0 && Math.abs(b0) <= WIDTH ** -0.5 : b0 === 0);
    if (["uniform_breakpoints", "spiky", "flat"].includes(scheme)) {
      const breakpoints = w.map((one, i) => -b[i] / one);
      assert.ok(breakpoints.every((place) => Math.abs(place) <= 1 + 1e-12));
      close(breakpoints, 1, 0);
      close(breakpoints, 2, 1 / 3);
    }
  });
}

test("α keeps the function and moves the weights", () => {
  const at = Float64Array.of(-0.7, 0.1, 0.9);
  const [one, other] = [1, 5].map((alpha) => initialize(30, "he", { alpha, seed: 2 }));
  assert.ok(Math.abs(other.w[3] / one.w[3] - 5) < 1e-12 && Math.abs(other.b[3] / one.b[3] - 5) < 1e-12);
  assert.ok(Math.abs(one.v[3] / other.v[3] - 5) < 1e-12);
  valuesAt(one, at).forEach((value, k) => assert.ok(Math.abs(value - valuesAt(other, at)[k]) < 1e-12));
  assert.ok(Math.abs(roughness(one) / roughness(other) - 1) < 1e-12);
});

test("the same seed gives the same start, another one another, and a wider network keeps its first neurons", () => {
  assert.deepEqual(initialize(5, "he", { seed: 1 }), initialize(5, "he", { seed: 1 }));
  assert.notEqual(initialize(5, "he", { seed: 1 }).w[0], initialize(5, "he", { seed: 2 }).w[0]);
  assert.deepEqual(initialize(9, "he", { seed: 1 }).w.slice(0, 5), initialize(5, "he", { seed: 1 }).w);
  assert.throws(() => initialize(5, "zero", { seed: 1 }), /scheme: expected one of he/);
});

test("every target has its number of sorted points on [−1, 1], and noise of its size", () => {
  for (const name of Object.keys(TARGETS)) {
    for (const count of [2, 3, 30, 31]) {
      const { x, y } = sampled(name, { count, noise: 0, seed: 1 });
      assert.equal(x.length, count);
      assert.ok(x.every((place, n) => Math.abs(place) <= 1 && (n === 0 || place > x[n - 1])), name);
      assert.deepEqual(y, x.map(TARGETS[name]));
    }
  }
  const [calm, loud] = [0, 0.3].map((noise) => sampled("sine", { count: 4000, noise, seed: 1 }));
  const noise = loud.y.map((value, n) => value - calm.y[n]);
  close(noise, 1, 0);
  close(noise, 2, 0.09);
  assert.ok(sampled("gap", { count: 20, noise: 0, seed: 1 }).x.every((place) => Math.abs(place) >= 0.5));
  assert.throws(() => sampled("cosine", { count: 5, noise: 0, seed: 1 }), /target: expected one of sine/);
});

const frame = (step) => {
  const part = Float64Array.of(step);
  return { step, loss: 1 / (1 + step), roughness: step, network: { w: part, b: part, v: part, b0: step } };
};

test("a record stays bounded, keeps both ends, and is dense in log time", () => {
  const record = new Recording(1);
  for (let step = 0; step <= 1_000_000; step = record.due) record.add(frame(step));
  const steps = record.frames.map((one) => one.step);
  assert.ok(steps.length <= record.most);
  assert.equal(steps[0], 0);
  assert.ok(steps.at(-1) > 980_000);
  const jumps = steps.slice(1).map((step, k) => (step + 1) / (steps[k] + 1));
  assert.ok(Math.max(...jumps.slice(10)) < 1.2, `${Math.max(...jumps.slice(10))}`);
  assert.ok(steps.every((step, k) => k === 0 || step > steps[k - 1]));
  assert.deepEqual(record.frames.map((one) => one.network.w[0]), steps);
});

test("a wide network gets fewer frames, within the memory it is given", () => {
  const record = new Recording(5000, 12e6);
  for (let step = 0; step <= 100_000; step = record.due) record.add(frame(step));
  assert.equal(record.most, 100);
  assert.ok(record.frames.length <= 100);
});

test("a frame is a copy, takes the place of one of the same step, and time does not run back", () => {
  const record = new Recording(1);
  const one = frame(4);
  record.add(one);
  one.network.w[0] = -1;
  assert.equal(record.frames[0].network.w[0], 4);
  record.add({ ...frame(4), loss: 9 });
  assert.equal(record.frames.length, 1);
  assert.equal(record.frames[0].loss, 9);
  assert.throws(() => record.add(frame(3)), /step: expected at least 4, got 3/);
});
