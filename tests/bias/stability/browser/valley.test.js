import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { curvatures, descent, lossAt, minima, stablePart } from "../../../../lecturelib/bias/stability/browser/valley.js";

const CASES = JSON.parse(readFileSync(new URL("valleys.json", import.meta.url)));

function same(found, expected, name, share = 1e-11) {
  assert.ok(Math.abs(found - expected) <= share * Math.max(1, Math.abs(expected)), `${name}: ${found}, expected ${expected}`);
}

CASES.forEach((one, number) => {
  test(`case ${number}: descent, loss and curvatures are those of the library`, () => {
    const run = descent(one.start, one.rate, one.penalty, one.path.length - 1);
    assert.equal(run.lost, 0);
    one.path.forEach(([u, v], k) => {
      same(run.us[k], u, `u at ${k}`, 1e-9);
      same(run.vs[k], v, `v at ${k}`, 1e-9);
    });
    same(lossAt(...one.start, one.penalty), one.loss, "loss");
    curvatures(...one.start, one.penalty).forEach((value, k) => same(value, one.curvatures[k], `curvature ${k}`));
  });
});

test("descent stops where the weights leave all bounds", () => {
  const run = descent([3, 3], 1, 0, 100);
  assert.ok(run.lost > 0 && run.lost < 100);
  assert.equal(run.us.length, run.lost);
});

test("the stable part of the line ends where the sharpness is 2/η", () => {
  for (const rate of [0.05, 0.3, 0.9]) {
    for (const u of stablePart(rate)) same(curvatures(u, 1 / u, 0)[1], 2 / rate, `end at ${u}`);
  }
  assert.equal(stablePart(1.1), null);
});

test("minima are where steps do not move", () => {
  assert.equal(minima(0), null);
  assert.deepEqual(minima(1), [[0, 0]]);
  for (const place of minima(0.36)) {
    same(Math.abs(place[0]), 0.8, "u");
    const run = descent(place, 0.1, 0.36, 1);
    same(run.us[1], place[0], "u after a step");
    curvatures(...place, 0.36).forEach((value, k) => same(value, [0.72, 1.28][k], `curvature ${k}`));
  }
});
