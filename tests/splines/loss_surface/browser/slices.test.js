import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { downhill, flow, lossAt, restFrom, sliceLoss, slopesAt, types, values } from "../../../../lecturelib/splines/loss_surface/browser/slices.js";

const CASES = JSON.parse(readFileSync(new URL("slices.json", import.meta.url)));
const slices = CASES.map((one) => sliceLoss(one.rest, one.x, one.y, one.mu, one.side));

/** As close as two orders of summation are, for numbers of this size. */
function same(found, expected, name) {
  assert.equal(found.length, expected.length, name);
  const scale = Math.max(1, ...expected.map(Math.abs));
  expected.forEach((value, k) => assert.ok(Math.abs(found[k] - value) <= 1e-12 * scale, `${name}[${k}]: ${found[k]}, expected ${value}`));
}

CASES.forEach((one, number) => {
  test(`case ${number}: the slice is that of the library`, () => {
    const slice = slices[number];
    for (const name of ["knots", "quadratic", "linear", "constant"]) same(slice[name], one[name], name);
    same(one.at.map((beta) => lossAt(slice, beta)), one.losses, "losses");
    same(values(one.rest, one.at), one.values, "values");
    same(one.knots.map((_, k) => slopesAt(slice, k)[0]), one.left, "left");
    same(one.knots.map((_, k) => slopesAt(slice, k)[1]), one.right, "right");
    assert.deepEqual(types(slice), one.types);
  });
});

test("the stored cases hold every type of knot", () => {
  assert.deepEqual(new Set(CASES.flatMap((one) => one.types)), new Set(["passthrough", "repeller", "attractor", "edge"]));
});

// |β| + β²/2: a corner at 0 that holds. With sign −1 it is β²/2 − |β|: a corner that repels, between valleys at −1 and 1
const corner = (sign) => ({
  knots: Float64Array.of(0),
  side: 1,
  seen: [1, 1],
  quadratic: Float64Array.of(0.5, 0.5),
  linear: Float64Array.of(-sign, sign),
  constant: Float64Array.of(0, 0),
});

test("downhill is to the left where the loss rises, and nowhere on a corner", () => {
  assert.deepEqual(downhill(corner(1), 2), { way: -1, slope: 3 });
  assert.deepEqual(downhill(corner(1), -2), { way: 1, slope: -3 });
  assert.equal(downhill(corner(1), 0).way, 0);
  assert.equal(downhill(corner(-1), 0).way, 0);
  assert.deepEqual(downhill(corner(-1), 0.5), { way: 1, slope: -0.5 });
});

test("at the edge of a plateau downhill is the side that falls", () => {
  const edge = (left, right) => ({
    knots: Float64Array.of(0),
    side: 1,
    seen: [1, 0],
    quadratic: Float64Array.of(0, 0),
    linear: Float64Array.of(left, right),
    constant: Float64Array.of(0, 0),
  });
  assert.deepEqual(downhill(edge(2, 0), 0), { way: -1, slope: 2 });
  assert.deepEqual(downhill(edge(0, -2), 0), { way: 1, slope: -2 });
  assert.equal(downhill(edge(-2, 0), 0).way, 0);
  assert.equal(downhill(edge(0, 2), 0).way, 0);
});

test("the flow reaches a corner that holds in the time that calculus says, and stays", () => {
  // β′ = −(β + 1) from 2: β = 3 e^{−t} − 1, which is 0 at t = ln 3
  assert.ok(Math.abs(flow(corner(1), 2, 0.5).beta - (3 * Math.exp(-0.5) - 1)) < 1e-14);
  assert.equal(flow(corner(1), 2, Math.log(3) - 1e-9).resting, false);
  assert.deepEqual(flow(corner(1), 2, Math.log(3) + 1e-9), { beta: 0, resting: true });
  assert.ok(Math.abs(flow(corner(-1), 0.5, 1).beta - (1 - 0.5 * Math.exp(-1))) < 1e-14);
  assert.equal(restFrom(corner(-1), 0.5), 1);
  assert.equal(restFrom(corner(-1), -0.5), -1);
});

test("the flow is the limit of many small steps downhill, across knots", () => {
  for (const [number, slice] of slices.entries()) {
    for (const start of CASES[number].at.slice(0, 6)) {
      const steps = 20000;
      const time = 0.5;
      let beta = start;
      for (let step = 0; step < steps; step += 1) beta -= (time / steps) * downhill(slice, beta).slope;
      const exact = flow(slice, start, time).beta;
      assert.ok(Math.abs(beta - exact) < 0.02, `case ${number} from ${start}: ${beta}, expected ${exact}`);
    }
  }
});

test("flow for a long time ends where restFrom says, and no step of it is uphill", () => {
  for (const [number, slice] of slices.entries()) {
    for (const start of CASES[number].at) {
      const end = restFrom(slice, start);
      assert.ok(Math.abs(flow(slice, start, 1e4).beta - end) < 1e-9, `case ${number} from ${start}`);
      const losses = [0, 0.01, 0.1, 0.5, 2, 1e4].map((time) => lossAt(slice, flow(slice, start, time).beta));
      for (let k = 1; k < losses.length; k += 1) assert.ok(losses[k] <= losses[k - 1] + 1e-12);
    }
  }
});
