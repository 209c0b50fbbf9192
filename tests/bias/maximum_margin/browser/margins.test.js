import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { bound, follow, logLoss, margin, smoothMargin, turned, widest } from "../../../../lecturelib/bias/maximum_margin/browser/margins.js";

const CASES = JSON.parse(readFileSync(new URL("margins.json", import.meta.url)));

function near(found, expected, tolerance, name) {
  assert.ok(Math.abs(found - expected) <= tolerance * Math.max(1, Math.abs(expected)), `${name}: ${found}, expected ${expected}`);
}

CASES.forEach((one, number) => {
  const z = turned(one.plus, one.minus);

  test(`case ${number}: the flow and its margins are those of the library`, () => {
    const path = follow(z, one.times.map(Math.log1p));
    path.forEach((w, k) => {
      w.forEach((part, axis) => near(part, one.path[k][axis], 1e-5, `w at ${one.times[k]}`));
      near(margin(w, z), one.margins[k], 1e-5, "margin");
      near(smoothMargin(w, z), one.smooth[k], 1e-5, "smooth margin");
    });
  });

  test(`case ${number}: the widest margin is that of the library`, () => {
    const best = widest(z);
    if (one.widest === null) return assert.equal(best, null);
    best.w.forEach((part, axis) => near(part, one.widest.weights[axis], 1e-7, "weights"));
    near(best.margin, one.widest.margin, 1e-7, "margin");
    assert.deepEqual(best.support, one.widest.support);
  });
});

test("some of the library's cases are separable and some are not", () => {
  assert.deepEqual(new Set(CASES.map(({ widest: one }) => one === null)), new Set([true, false]));
});

test("two points at right angles have the flow that is found by hand", () => {
  const [w] = follow(turned([[1, 0]], [[0, -2]]), [Math.log1p(1e9)]);
  near(w[0], Math.log1p(1e9), 1e-6, "first");
  near(w[1], 0.5 * Math.log1p(4e9), 1e-6, "second");
});

test("smooth margin and bound are below the margin, and a large loss does no harm", () => {
  const z = turned([[0.6, 0.2], [0.3, 0.8]], [[-0.5, 0.1]]);
  const { w, margin: gamma } = widest(z);
  for (const t of [1, 1e3, 1e9]) {
    const [at] = follow(z, [Math.log1p(t)]);
    assert.ok(smoothMargin(at, z) < margin(at, z) && margin(at, z) <= gamma + 1e-9);
    assert.ok(bound(z, gamma, t) <= smoothMargin(at, z));
  }
  near(logLoss([1e4 * w[0], 1e4 * w[1]], z), -1e4, 1e-3, "log loss");
  assert.deepEqual(follow([[0, 0]], [3]), [[0, 0]]);
});
