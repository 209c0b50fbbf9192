// What the charts of the playground draw, as far as it can be computed without a chart.
import assert from "node:assert/strict";
import test from "node:test";

import { freePlace, taken } from "../../../../lecturelib/splines/playground/browser/points.js";
import {
  apart, attraction, backdrop, breakpointsBySign, deltaSlopesBySign, nice, residualsOf, waysBySign,
} from "../../../../lecturelib/splines/playground/browser/view.js";
import { sortedData } from "../../../../lecturelib/splines/training/browser/tables.js";

// f(x) = 2 (x − 0.5)₊ − (−x − 1)₊ + 1
const network = { w: Float64Array.of(1, -1), b: Float64Array.of(-0.5, -1), v: Float64Array.of(2, -1), b0: 1 };
const data = sortedData([-2, 0, 1], [0, 0.5, 4]);

test("breakpoints and delta-slopes by the sign of v", () => {
  assert.deepEqual(breakpointsBySign(network), { up: [0.5], down: [-1] });
  assert.deepEqual(deltaSlopesBySign(network), { up: { beta: [0.5], mu: [2] }, down: { beta: [-1], mu: [1] } });
});

test("residuals are f − y", () => {
  assert.deepEqual([...residualsOf(network, data)], [0, 0.5, -2]);
});

test("both curves of ψ are drawn such that above zero v > 0 moves to the right", () => {
  const [right, left] = attraction(network, data, [-3, 3]);
  // at β = 0.5 a neuron that faces right sees the last datum: ψ = ε (1 + β x)
  const at = (curve, beta) => {
    const k = curve.at.findIndex((place) => place >= beta);
    const part = (beta - curve.at[k - 1]) / (curve.at[k] - curve.at[k - 1]);
    return curve.value[k - 1] + part * (curve.value[k] - curve.value[k - 1]);
  };
  assert.ok(Math.abs(at(right, 0.5) - -2 * 1.5) < 1e-12);
  // one that faces left sees the other two: −ψ = −(0 (1 − 2 β) + 0.5)
  assert.ok(Math.abs(at(left, 0.5) - -0.5) < 1e-12);
  assert.ok(right.places.every(({ place }) => place > -3 && place < 3));
});

test("the axes hold the data, with room to drag where the points are the reader's own", () => {
  const back = backdrop(data, false);
  assert.ok(back.x[0] < -2 && back.x[1] > 1 && back.y[0] < 0 && back.y[1] > 4);
  const inside = sortedData([-1, 0, 1], [0, 1, 0]);
  assert.deepEqual(backdrop(inside, false).x, [-1.4, 1.4]);
  assert.deepEqual(backdrop(inside, true).y, [-2, 2]);
  // both functions go through the data
  const middle = back.at.findIndex((place) => place >= 0);
  const slope = back.linear[middle + 1] - back.linear[middle - 1];
  assert.ok(Math.abs(back.linear[middle] - 0.5) < Math.abs(slope));
  assert.ok(Math.abs(back.cubic[middle] - 0.5) < 0.05);
});

test("frames too close to be told apart are left out, the ends stay", () => {
  const frames = Array.from({ length: 1000 }, (_, step) => ({ step }));
  const rows = apart(frames, 50);
  assert.ok(rows.length <= 52 && rows.length > 25);
  assert.equal(rows[0].step, 0);
  assert.equal(rows.at(-1).step, 999);
  assert.deepEqual(apart([{ step: 0 }], 50), [{ step: 0 }]);
});

test("numbers for the end of an axis", () => {
  assert.deepEqual([0.9, 1, 1.1, 2.5, 7].map(nice), [1, 1, 2, 5, 10]);
  assert.ok(Math.abs(nice(0.03) - 0.05) < 1e-15);
});

test("a point is added where there is most room", () => {
  assert.deepEqual(freePlace([[-1, 0], [1, 2], [-0.8, 0]]), [0.1, 1]);
  assert.deepEqual(freePlace([]), [0.5, 0]);
  assert.deepEqual(freePlace([[0.2, 1]]), [-0.5, 0]);
});

test("data become points of the reader's own, sixteen at most, both ends among them", () => {
  const x = Array.from({ length: 101 }, (_, n) => n / 100);
  const points = taken(sortedData(x, x));
  assert.equal(points.length, 16);
  assert.deepEqual([points[0], points.at(-1)], [[0, 0], [1, 1]]);
  assert.deepEqual(taken(sortedData([0.1234567], [1])), [[0.123, 1]]);
});

test("ways of breakpoints are lines with breaks, of some neurons where there are many", () => {
  const later = { ...network, b: Float64Array.of(-0.6, -1.5) };
  const rows = [{ step: 0, network }, { step: 9, network: later }];
  assert.deepEqual(waysBySign(rows, later, 10), {
    up: { beta: [0.5, 0.6, NaN], height: [1, 10, NaN] },
    down: { beta: [-1, -1.5, NaN], height: [1, 10, NaN] },
  });
  assert.deepEqual(waysBySign(rows, later, 1).down.beta, []);
});
