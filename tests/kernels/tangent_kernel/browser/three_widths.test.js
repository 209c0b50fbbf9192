// Three widths side by side: the same data, steps of one length, and weights that move less in wider networks.
import assert from "node:assert/strict";
import test from "node:test";

import { SHOWN, SIZE, ThreeWidths, WIDTHS, rms, target } from "../../../../lecturelib/kernels/tangent_kernel/browser/three_widths.js";
import { equalAngles } from "../../../../lecturelib/kernels/tangent_kernel/browser/wide_network.js";

test("the target and the root mean square, by hand", () => {
  const found = target(2, equalAngles(4)); // 2 cos γ, as sin 2γ is 0 at quarters
  [2, 0, -2, 0].forEach((value, k) => assert.ok(Math.abs(found[k] - value) < 1e-12));
  assert.equal(rms([3, -4, 0, 0]), 2.5);
});

test("at the start nothing has moved, and the functions are off", () => {
  const three = new ThreeWidths({ size: 1, activation: "relu", seed: 1 });
  for (const { moved, off, weights } of three.now()) {
    assert.equal(moved, 0);
    assert.ok(off > 0.1);
    assert.equal(weights.length, 2 * SHOWN);
  }
  assert.deepEqual(three.starts.map(({ v }) => v.length), WIDTHS);
  assert.equal(three.y.length, SIZE);
});

for (const activation of ["relu", "erf"]) {
  test(`${activation}: all come to the data, and ten times the width moves weights by about a third`, () => {
    const three = new ThreeWidths({ size: 1, activation, seed: 2 });
    const before = three.now();
    three.advance(2000);
    const after = three.now();
    assert.equal(three.steps, 2000);
    after.forEach(({ off }, k) => assert.ok(off < 0.3 * before[k].off, `${off} of ${before[k].off}`));
    const ratio = after[1].moved / after[2].moved; // √10 at the same distance to go
    assert.ok(ratio > 1.5 && ratio < 7, String(ratio));
    assert.ok(after[0].moved > after[1].moved);
  });
}

test("a larger target moves weights more", () => {
  const moved = [1, 4].map((size) => {
    const three = new ThreeWidths({ size, activation: "relu", seed: 1 });
    three.advance(1000);
    return three.now()[2].moved;
  });
  assert.ok(moved[1] > 1.5 * moved[0]);
});
