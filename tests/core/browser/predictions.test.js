import assert from "node:assert/strict";
import test from "node:test";
import { curveWords, heightAt, numberWords, orderWords } from "../../../lecturelib/core/browser/predictions_words.js";
import { filled, isSketch, stroke, ticks } from "../../../lecturelib/core/browser/predictions_sketch.js";

const NUMBER = { answer: 32, low: 0, high: 100, step: 1, unit: "" };

test("a number is told how far off it is", () => {
  assert.equal(numberWords(32, NUMBER), "You said 32, and it is 32.");
  assert.equal(numberWords(32.4, NUMBER), "You said 32.4, and it is 32.", "within a step of the slider");
  assert.equal(numberWords(30, NUMBER), "You said 30, it is 32. Close: your guess is 2 too low.");
  assert.equal(numberWords(64, NUMBER), "You said 64, it is 32. Your guess is 32 too high, a factor of 2.");
  assert.equal(numberWords(8, NUMBER), "You said 8, it is 32. Your guess is 24 too low, a factor of 4.");
  assert.equal(numberWords(0, NUMBER), "You said 0, it is 32. Your guess is 32 too low.");
  const signed = { answer: -1, low: -5, high: 5, step: 0.1, unit: "m" };
  assert.equal(numberWords(2, signed), "You said 2 m, it is −1 m. Your guess is 3 m too high.");
});

test("an order is told by places and by pairs", () => {
  assert.equal(orderWords([2, 0, 1], [2, 0, 1]), "Your order is the one that comes out.");
  assert.equal(orderWords([1, 0, 2], [2, 0, 1]), "Your order is the one that comes out, the other way round.");
  assert.equal(orderWords([0, 2, 1], [2, 0, 1]), "1 of 3 stands where it comes out; of 3 pairs, 1 is the other way round.");
  assert.equal(orderWords([1, 2, 0], [0, 1, 2]), "None stands where it comes out; of 3 pairs, 2 are the other way round.");
  assert.equal(orderWords([0, 1, 3, 2], [0, 1, 2, 3]), "2 of 4 stand where they come out; of 6 pairs, 1 is the other way round.");
});

const CURVE = { x: [0, 1, 3], y: [0, 2, 0], low: -2, high: 2, xLabel: "t", yLabel: "f" };

test("heights lie on straight pieces, and go on level beyond the ends", () => {
  assert.deepEqual([-1, 0, 0.5, 1, 2, 3, 4].map((x) => heightAt(CURVE.x, CURVE.y, x)), [0, 0, 1, 2, 1, 0, 0]);
});

test("a sketch is told its distance, and where it is largest", () => {
  const exact = Array.from({ length: 61 }, (_, k) => heightAt(CURVE.x, CURVE.y, (3 * k) / 60));
  assert.match(curveWords(exact, CURVE), /0 away from the curve, 0 % of the height of the picture: the two lie on top of each other\.$/);
  const flat = new Array(61).fill(0);
  // the triangle has area 3 on a base of 3
  assert.match(curveWords(flat, CURVE), /^On average your sketch is 0\.98 away/);
  assert.match(curveWords(flat, CURVE), /It is furthest, 2 below it, where t is 1: there f is 2\.$/);
});

test("what was not drawn is filled in", () => {
  assert.deepEqual(filled([null, 1, null, 3, null]), [1, 1, 2, 3, 3]);
  const drawn = new Array(5).fill(null);
  stroke(drawn, [4, 0], [2, 1]);
  assert.deepEqual(drawn, [null, null, 1, 0.5, 0]);
  stroke(drawn, [1, 7], [1, 2]);
  assert.deepEqual(drawn, [null, 2, 1, 0.5, 0]);
});

test("only heights of the right number are a sketch", () => {
  assert.equal(isSketch(new Array(61).fill(0)), true);
  for (const kept of [null, 3, "x", [1, 2], new Array(61).fill(null)]) assert.equal(isSketch(kept), false);
});

test("ticks are round and lie within", () => {
  assert.deepEqual(ticks(0, 3, 6), [0, 0.5, 1, 1.5, 2, 2.5, 3]);
  assert.deepEqual(ticks(-1, 1, 5), [-1, -0.5, 0, 0.5, 1]);
  assert.deepEqual(ticks(0, 47, 5), [0, 10, 20, 30, 40]);
});
