// Training and forecast in the browser against what the library stored in numbers.json (see make_numbers.py).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { activate } from "../../../../lecturelib/kernels/tangent_kernel/browser/activations.js";
import {
  FOLD, Filling, MOMENTS, SIZE, amplitudesOf, coefficient, momentAt, plan, target,
} from "../../../../lecturelib/kernels/spectral_bias/browser/filling.js";
import { standing } from "../../../../lecturelib/kernels/spectral_bias/browser/words.js";
import { Forecast, kernels } from "../../../../lecturelib/kernels/spectral_bias/browser/forecast.js";
import { Descent, copyOf, drawWide, equalAngles, onCircle, trace, valuesAt } from "../../../../lecturelib/kernels/tangent_kernel/browser/wide_network.js";

const stored = JSON.parse(readFileSync(new URL("numbers.json", import.meta.url), "utf8"));
const amplitudes = new Map(stored.amplitudes);
const data = onCircle(equalAngles(SIZE));
const places = onCircle(equalAngles(SIZE * FOLD));
const y = target(amplitudes, equalAngles(SIZE));
const sparse = (values) => values.filter((_, p) => p % stored.sparse === 0);

/** Largest distance of numbers from those stored, relative to the largest stored one where that is above 1. */
function gap(found, expected) {
  assert.equal(found.length, expected.length);
  const size = Math.max(1, ...expected.map(Math.abs));
  return Math.max(0, ...expected.map((value, k) => Math.abs(value - found[k]))) / size;
}

const STATE = { a1: 0.5, a2: 0.5, a3: 0, a4: 0, a5: 0.25, a8: 1, width: 64, activation: "relu", bias: 0.5, start: "zero", seed: 3 };

for (const [name, { start, end, values, before, trace: total, plan: steps }] of Object.entries(stored.training)) {
  test(`${name}: after ${stored.steps} steps the parameters are those of the library`, () => {
    const descent = new Descent(start, data, y);
    assert.ok(gap(sparse(valuesAt(copyOf(start), places)), before) < 1e-13);
    descent.run(stored.steps / 4, stored.rate);
    descent.run((3 * stored.steps) / 4, stored.rate); // pausing changes nothing
    for (const part of ["w", "b", "v"]) assert.ok(gap(descent.network[part], end[part]) < 1e-9, part);
    assert.ok(Math.abs(descent.network.c - end.c) < 1e-9);
    assert.ok(gap(sparse(valuesAt(descent.network, places)), values) < 1e-9);
    // enough has happened for that to mean something
    assert.ok(gap(start.v, end.v) > 0.05);
  });

  test(`${name}: the trace of its kernel, and the plan of steps`, () => {
    const found = trace(copyOf(start), data);
    assert.ok(Math.abs(found / total - 1) < 1e-12);
    const ours = plan(found).filter((_, k) => k % 16 === 0);
    assert.deepEqual(ours.map((one) => one.steps), steps.map(([count]) => count));
    assert.ok(gap(ours.map(({ rate }) => rate), steps.map(([, rate]) => rate)) < 1e-14);
  });
}

for (const [name, expected] of Object.entries(stored.forecast)) {
  const [activation, bias] = [name.split(" ")[0], name.includes("without") ? 0 : 0.5];
  const forecast = new Forecast({ activation, bias }, SIZE, FOLD);

  test(`${name}: kernels, mean and deviation at all times are those of the library`, () => {
    assert.ok(gap(sparse(forecast.tangent), expected.tangent) < 1e-13);
    assert.ok(gap(sparse(forecast.covariance), expected.covariance) < 1e-13);
    stored.times.forEach((time, k) => {
      assert.ok(gap(sparse(forecast.mean(amplitudes, time)), expected.mean[k]) < 1e-10, `mean at ${time}`);
      // a deviation of 0 is the root of a difference of numbers of size 1
      const squares = (list) => Array.from(list, (one) => one * one);
      assert.ok(gap(squares(sparse(forecast.deviation(time))), squares(expected.deviation[k])) < 1e-10, `deviation at ${time}`);
    });
  });

  test(`${name}: shares and spreads of all frequencies are those of the library`, () => {
    stored.times.forEach((time, t) => {
      for (let k = 1; k < SIZE / 2; k++) {
        assert.ok(Math.abs(forecast.share(k, time) - expected.shares[t][k - 1]) < 1e-10, `share of ${k} at ${time}`);
        assert.ok(Math.abs(forecast.spread(k, time) ** 2 - expected.spreads[t][k - 1] ** 2) < 1e-10, `spread of ${k} at ${time}`);
      }
    });
  });
}

test("without biases odd frequencies from 3 on have the rate 0, and no others", () => {
  const { rates } = new Forecast({ activation: "relu", bias: 0 }, SIZE, FOLD);
  rates.forEach((rate, k) => assert.equal(rate === 0, k % 2 === 1 && k >= 3, `frequency ${k}`));
});

test("kernels lose no digits where points nearly meet", () => {
  const [near, there] = [1e-7, 0].map((gamma) => kernels("relu", 0, gamma));
  // κ₀ falls by θ/π, to first order
  assert.ok(Math.abs((there.tangent - near.tangent) / ((2 * 1e-7) / Math.PI) - 1) < 1e-6);
});

test("the error function and its slope", () => {
  const z = Float64Array.from(stored.erf.at);
  const [values, slopes] = [new Float64Array(z.length), new Float64Array(z.length)];
  activate("erf", z, values, slopes);
  assert.ok(gap(values, stored.erf.values) < 4e-15);
  assert.ok(gap(slopes, [...z].map((one) => (2 / Math.sqrt(Math.PI)) * Math.exp(-one * one))) < 1e-14);
});

test("targets and their coefficients", () => {
  assert.ok(gap(y, stored.target) < 1e-14);
  for (let k = 1; k < SIZE / 2; k++) assert.ok(Math.abs(coefficient(y, k) - (amplitudes.get(k) ?? 0)) < 1e-14);
  assert.deepEqual([...amplitudesOf(STATE).keys()], [1, 2, 5, 8]);
});

test("the moments are those of the library, and each is the nearest to itself, even rounded", () => {
  assert.ok(gap(MOMENTS.filter((_, k) => k % 16 === 0), stored.moments) < 1e-14);
  MOMENTS.forEach((time, k) => assert.equal(momentAt(Number(time.toPrecision(3))), k));
  assert.deepEqual([0.004, 0.006, 1e9].map(momentAt), [0, 1, MOMENTS.length - 1]);
});

test("a run in slices reaches every moment, where it is what one piece would be", () => {
  const run = new Filling(STATE);
  while (run.frames.length < 200) run.advance(0);
  assert.ok(!run.done && !run.diverged);
  const [moment, descent] = [150, new Descent(run.begin, data, run.descent.targets)];
  for (const { steps, rate } of run.plan.slice(0, moment)) descent.run(steps, rate);
  assert.deepEqual(run.frames[moment], { network: descent.network, steps: descent.steps });
  run.advance(Infinity);
  assert.ok(run.done);
  assert.equal(run.frames.length, MOMENTS.length);
});

test("a start at zero begins at zero, and the wider the network the nearer it keeps to the forecast", () => {
  const moment = momentAt(3);
  const apart = [32, 2000].map((width) => {
    const run = new Filling({ ...STATE, width });
    assert.ok(run.values(0).every((value) => value === 0));
    run.advance(Infinity, moment);
    const mean = run.forecast.mean(run.amplitudes, MOMENTS[moment]);
    assert.ok(run.forecast.share(8, MOMENTS[moment]) < 0.5 && run.forecast.share(2, MOMENTS[moment]) > 0.99);
    return Math.sqrt(run.values(moment).reduce((sum, value, p) => sum + (value - mean[p]) ** 2, 0) / mean.length);
  });
  assert.ok(apart[1] < 0.5 * apart[0], `${apart}`);
});

test("without biases no trained network has any odd frequency from 3 on, however narrow it is", () => {
  for (const start of ["zero", "random"]) {
    const run = new Filling({ ...STATE, a3: 1, bias: 0, width: 5, start });
    run.advance(Infinity, 250);
    run.measured.forEach((one) => assert.ok(Math.abs(one.get(3)) + Math.abs(one.get(5)) < 1e-12));
    assert.ok(run.measured.at(-1).get(1) > 0.2); // of others it has some
  }
});

test("a random start is what was drawn", () => {
  const run = new Filling({ ...STATE, start: "random" });
  assert.deepEqual(run.values(0), valuesAt(drawWide({ ...STATE }), places));
});

test("narrow networks stay within bounds with the largest targets", () => {
  for (let seed = 1; seed <= 10; seed++) {
    for (const start of ["zero", "random"]) {
      const run = new Filling({ ...STATE, a1: 1, a2: 1, a3: 1, a4: 1, a5: 1, a8: 1, bias: 1, width: 4, start, seed });
      run.advance(Infinity, momentAt(20));
      assert.ok(!run.diverged, `draw ${seed}, ${start}`);
    }
  }
});

test("what is learned, in words", () => {
  const plain = (list) => standing(list).replaceAll("\u00a0", " "); // no line ends before a sign of percent
  const share = (k, rate, forecast, network) => ({ k, rate, forecast, network });
  assert.equal(
    plain([share(1, 30, 1, 0.99), share(3, 0.5, 0.42, 0.4), share(4, 0.5, 0.4, 1.3), share(8, 0.1, 0.05, 0.06)]),
    "Learned: sin γ. On the way: sin 3γ (forecast 42 %, network 40 %), sin 4γ (forecast 40 %, network 130 %). Hardly begun: sin 8γ.",
  );
  assert.match(plain([share(3, 0, 0, 0.02)]), /^Never, .* rate is 0: sin 3γ \(forecast 0 %, network 2 %\)\.$/);
  assert.equal(plain([share(1, 30, 0.5, 0.02), share(2, 9, 0.02, 0.03)]), "Hardly begun: sin γ (forecast 50 %, network 2 %), sin 2γ.");
  assert.match(plain([share(3, 0.5, 0.5, undefined)]), /sin 3γ \(forecast 50 %\)/);
  assert.match(standing([]), /target is 0/);
});
