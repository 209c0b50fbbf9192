// One start at two scales, without its face.
import assert from "node:assert/strict";
import test from "node:test";

import { apart, backdrop, Pair } from "../../../../lecturelib/splines/regimes/browser/scales.js";

const POINTS = [[0.5, 1], [-1, -0.3], [-0.4, 0.8], [0.1, -0.6], [1, 0.2]];
const back = backdrop(POINTS);
const paired = (options = {}) => new Pair(back.data, { scales: [0.3, 30], width: 60, seed: 2, ...options });
const near = (one, other, size) => assert.ok(Math.abs(one - other) <= size, `${one} is not ${other}`);

test("both curves go through the points, and are one unit apart", () => {
  const step = back.at[1] - back.at[0];
  for (const [x, y] of POINTS) {
    const k = Math.round((x - back.at[0]) / step);
    near(back.polygon[k], y, 6 * step);
    near(back.cubic[k], y, 6 * step);
  }
  near(apart(back, back.polygon, back.cubic), 1, 1e-12);
  assert.equal(apart(back, back.cubic, back.cubic), 0);
});

test("they begin as one function with the same breakpoints", () => {
  const [one, other] = paired().seen(back.at);
  assert.deepEqual(one.values, new Float64Array(back.at.length));
  assert.deepEqual(other.values, one.values);
  one.places.forEach((place, i) => near(other.places[i], place, 1e-12));
  assert.equal(one.moved, 0);
});

test("the smaller scale moves its breakpoints and comes nearer to the polygon", () => {
  const pair = paired();
  pair.advance(8000);
  assert.equal(pair.steps, 8000);
  const [adaptive, kernel] = pair.seen(back.at);
  assert.ok(adaptive.loss < 1e-6 && kernel.loss < 1e-6);
  assert.ok(adaptive.moved > 1e-2 && kernel.moved < 1e-5);
  assert.ok(apart(back, adaptive.values, back.polygon) < apart(back, kernel.values, back.polygon));
  assert.ok(apart(back, kernel.values, back.cubic) < apart(back, adaptive.values, back.cubic));
});

test("pieces of a run are the run, and its time is kept to", () => {
  const [whole, pieces, short] = [paired(), paired(), paired({ width: 1000 })];
  whole.advance(130);
  for (let k = 0; k < 13; k++) pieces.advance(10);
  assert.deepEqual(whole.seen(back.at), pieces.seen(back.at));
  short.advance(1e9, 0);
  assert.ok(short.steps > 0 && short.steps < 1e5);
  assert.equal(short.runs[0].steps, short.runs[1].steps);
});
