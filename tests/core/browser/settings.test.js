import assert from "node:assert/strict";
import test from "node:test";
import { nudged } from "../../../lecturelib/core/browser/controls.js";
import { atPosition, position, rounded } from "../../../lecturelib/core/browser/settings.js";

const plain = { kind: "number", low: -3, high: 3, step: 0.1, log: false };
const width = { kind: "number", low: 5, high: 5000, step: 1, log: true };

test("a slider goes from its low end to its high end and back to the same value", () => {
  for (const setting of [plain, width]) {
    assert.equal(atPosition(setting, 0), setting.low);
    assert.equal(atPosition(setting, 1), setting.high);
    for (const value of [5, 1]) {
      if (value < setting.low || value > setting.high) continue;
      assert.equal(atPosition(setting, position(setting, value)), value);
    }
  }
  assert.equal(position(width, Math.sqrt(5 * 5000)), 0.5);
});

test("values fall on steps without noise in the last digits", () => {
  assert.equal(rounded(plain, 0.30000004), 0.3);
  assert.equal(rounded(plain, 99), 3);
  assert.equal(rounded({ ...plain, step: 0 }, Math.PI - 3), 0.1416);
});

test("an arrow key always moves, however small the hundredth of the way is", () => {
  assert.equal(nudged(width, 5, 1), 6);
  assert.equal(nudged(width, 6, -1), 5);
  assert.ok(nudged(width, 1000, 1) > 1010);
  assert.equal(nudged(width, 5000, 1), 5000);
});
