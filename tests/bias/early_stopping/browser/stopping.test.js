import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { axes, byFlow, byRidge, ellipse, paths, penalty } from "../../../../lecturelib/bias/early_stopping/browser/stopping.js";

const CASES = JSON.parse(readFileSync(new URL("stops.json", import.meta.url)));
const near = (found, expected, name) => assert.ok(Math.abs(found - expected) <= 1e-11 * Math.max(1, Math.abs(expected)), `${name}: ${found}, expected ${expected}`);

CASES.forEach((one, number) => {
  test(`case ${number}: both paths and the penalties are those of the library`, () => {
    const found = paths(one, one.times);
    for (const name of ["flow", "ridge"]) {
      found[name].forEach((place, k) => place.forEach((value, axis) => near(value, one[name][k][axis], `${name} at ${one.times[k]}`)));
    }
    one.times.forEach((t, k) => one.curvatures.forEach((c, mode) => near(penalty(c, t), one.penalties[k][mode], "penalty")));
  });

  test(`case ${number}: ridge with the penalty of a mode goes as far as the flow`, () => {
    for (const c of one.curvatures) for (const t of one.times) near(byRidge(c, penalty(c, t)), byFlow(c, t), `part of ${c} at ${t}`);
  });

  test(`case ${number}: all points of an ellipse have the loss that it is for`, () => {
    const modes = axes(one.angle);
    for (const [x, y] of ellipse(one, 0.7, 12)) {
      const away = modes.map(([p, q]) => p * (x - one.goal[0]) + q * (y - one.goal[1]));
      near(0.5 * (one.curvatures[0] * away[0] ** 2 + one.curvatures[1] * away[1] ** 2), 0.7, "loss");
    }
  });
});

test("a flat mode has the penalty 1/t, and no time means no way", () => {
  assert.equal(penalty(0, 4), 0.25);
  assert.equal(byFlow(3, 0), 0);
  assert.equal(byRidge(3, Infinity), 0);
});
