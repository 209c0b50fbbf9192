import assert from "node:assert/strict";
import test from "node:test";
import { countBelow, linspace, normal, range, uniform, words } from "../../../lecturelib/core/browser/numbers.js";

test("linspace holds both ends", () => {
  assert.deepEqual([...linspace(-1, 1, 5)], [-1, -0.5, 0, 0.5, 1]);
  assert.deepEqual([...linspace(2, 3, 1)], [2]);
});

test("countBelow is the place from the left", () => {
  const sorted = [1, 2, 2, 5];
  assert.deepEqual([0, 1, 1.5, 2, 3, 5, 6].map((value) => countBelow(sorted, value)), [0, 0, 1, 1, 3, 3, 4]);
});

test("range leaves out what is not finite, and never has no width", () => {
  assert.deepEqual(range([[1, NaN], [3, Infinity]]), [1, 3]);
  assert.deepEqual(range([[1, 3]], 0.5), [0, 4]);
  assert.deepEqual(range([]), [0, 1]);
  const [low, high] = range([[2, 2]]);
  assert.ok(low < 2 && high > 2);
});

test("draws are those of their seed, with the moments of their laws", () => {
  const [one, same] = [uniform(7), uniform(7)];
  assert.equal(one(), same());
  const draw = normal(uniform(1));
  const many = Float64Array.from({ length: 20000 }, draw);
  const mean = many.reduce((sum, value) => sum + value, 0) / many.length;
  const square = many.reduce((sum, value) => sum + value * value, 0) / many.length;
  assert.ok(Math.abs(mean) < 4 / Math.sqrt(20000));
  assert.ok(Math.abs(square - 1) < 4 * Math.sqrt(2 / 20000));
});

test("numbers in words are short and have a true minus", () => {
  assert.equal(words(-0.123456), "\u22120.123");
  assert.equal(words(0), "0");
  assert.equal(words(1234567), "1.23e6");
  assert.equal(words(1e-9), "1.00e\u22129");
  assert.equal(words(NaN), "undefined");
});
