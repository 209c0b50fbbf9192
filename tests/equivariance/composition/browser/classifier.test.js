import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { draws } from "../../../../lecturelib/core/browser/random.js";
import { countOf, drawPoints, features, makeNetwork, makeRun, mapsOf } from "../../../../lecturelib/equivariance/composition/browser/classifier.js";

const CASES = JSON.parse(readFileSync(new URL("classifiers.json", import.meta.url)));
const near = (found, expected, name, most = 1e-10) => assert.ok(Math.abs(found - expected) <= most, `${name}: ${found}, expected ${expected}`);
const CLOUDS = ["circle", "xor", "gauss", "spiral"];

CASES.forEach((one) => {
  test(`${one.activation}, ${one.hidden}: some epochs are those of the library`, () => {
    const [half, wide] = [one.y.length / 2, one.names.length];
    const sizes = [wide, ...one.hidden, 1];
    const network = makeNetwork(sizes, one.activation, half);
    const inputs = features(one.x, one.names);
    assert.equal(countOf(sizes), one.start.length);
    network.theta.set(one.start);
    for (let epoch = 0; epoch < one.epochs; epoch += 1) {
      for (let k = 0; k < half; k += one.batch) {
        network.forward(inputs.subarray(k * wide, (k + one.batch) * wide), one.batch);
        network.backward(one.y.slice(k, k + one.batch), one.batch);
        network.move(one.rate);
      }
    }
    one.end.forEach((value, k) => near(network.theta[k], value, `number ${k}`));
    assert.ok(one.end.some((value, k) => Math.abs(value - one.start[k]) > 1e-3));
    const f = network.forward(inputs.subarray(half * wide), half).at(-1);
    let [loss, wrong] = [0, 0];
    for (let n = 0; n < half; n += 1) {
      loss += (0.5 * (f[n] - one.y[half + n]) ** 2) / half;
      wrong += (f[n] >= 0 !== one.y[half + n] > 0) / half;
    }
    near(loss, one.test, "loss");
    near(wrong, one.wrong, "share on the wrong side");
  });
});

test("points lie where they should", () => {
  for (const cloud of CLOUDS) {
    const { x, y } = drawPoints(cloud, 400, 0, draws(3));
    assert.equal(x.length, 800);
    const up = y.reduce((sum, one) => sum + (one > 0), 0);
    if (cloud === "xor") assert.ok(Math.abs(up - 200) < 60);
    else assert.equal(up, 200);
    assert.ok(new Set(y.subarray(0, 50)).size === 2, "in a random order");
    y.forEach((label, n) => {
      const [a, b] = [x[2 * n], x[2 * n + 1]];
      if (cloud === "circle") assert.ok(label > 0 ? Math.hypot(a, b) <= 2.5 : Math.hypot(a, b) >= 3.5 && Math.hypot(a, b) <= 5);
      if (cloud === "xor") assert.ok(a * b > 0 === label > 0 && Math.min(Math.abs(a), Math.abs(b)) >= 0.3 && Math.max(Math.abs(a), Math.abs(b)) <= 5.3);
      if (cloud === "gauss") assert.ok((a + b) * label > -4);
      if (cloud === "spiral") {
        const angle = (3.5 * Math.PI * Math.hypot(a, b)) / 5 + (label > 0 ? 0 : Math.PI);
        near(a, Math.hypot(a, b) * Math.sin(angle), "on its arm", 1e-9);
      }
    });
  }
  const noisy = drawPoints("circle", 400, 0.5, draws(3));
  assert.ok(noisy.y.some((label, n) => label > 0 !== Math.hypot(noisy.x[2 * n], noisy.x[2 * n + 1]) < 2.5));
});

const PLAN = { cloud: "circle", noise: 0, names: ["x1", "x2"], hidden: [4, 2], activation: "tanh", points: 500, batch: 10 };

test("the setting of the lecture closes the ring, two units never do", () => {
  const ends = [[4, 2], [2], [2, 2, 2, 2]].map((hidden) => {
    const run = makeRun({ ...PLAN, hidden }, draws(1));
    for (let k = 0; k < 150; k += 1) run.epoch(0.03);
    return run.judge().test.wrong;
  });
  assert.ok(ends[0] < 0.02, `4, 2: ${ends[0]}`);
  assert.ok(ends[1] > 0.05, `2: ${ends[1]}`);
  assert.ok(ends[2] > 0.05, `2, 2, 2, 2: ${ends[2]}`);
});

test("runs from the same seed are the same, and maps are those of the network", () => {
  const [one, other] = [makeRun(PLAN, draws(5)), makeRun(PLAN, draws(5))];
  one.epoch(0.03);
  other.epoch(0.03);
  assert.deepEqual(one.network.theta, other.network.theta);
  assert.equal(one.epochs, 1);
  const map = mapsOf(one.network, "tanh", PLAN.names, 4, 2).at(-1);
  const place = makeNetwork(one.network.sizes, "tanh", 1);
  place.theta.set(one.network.theta);
  near(map[4 * 3 + 1], place.forward(Float64Array.of(-0.5, 1.5), 1).at(-1)[0], "second column, highest row");
});
