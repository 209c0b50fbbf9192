import assert from "node:assert/strict";
import test from "node:test";
import { read, write } from "../../../lecturelib/core/browser/address.js";

const SPEC = {
  name: "play",
  settings: [
    { kind: "number", name: "alpha", low: 0.1, high: 100, value: 1, log: true, step: 0 },
    { kind: "choice", name: "target", options: { sine: "a sine", own: "own points" }, value: "sine" },
    { kind: "switch", name: "shown", value: true },
    { kind: "points", name: "points", value: [], most: 3, limit: 100 },
  ],
  presets: { wild: { words: "Wild", state: { alpha: 50, shown: false } } },
};
const FIRST = { alpha: 1, target: "sine", shown: true, points: [] };

test("what differs from the beginning is written, readably, and read again", () => {
  const state = { alpha: 2.5, target: "own", shown: false, points: [[-1, 0.5], [2, -0.25]] };
  const query = write("?other.alpha=3&q=a%20b", SPEC, state, FIRST);
  assert.equal(query, "?other.alpha=3&q=a%20b&play.alpha=2.5&play.target=own&play.shown=off&play.points=-1,0.5;2,-0.25");
  assert.deepEqual(read(query, SPEC), { state, notes: [] });
});

test("settings as at the beginning leave no trace, and an old trace goes", () => {
  assert.equal(write("?play.alpha=7&play=wild", SPEC, FIRST, FIRST), "");
  assert.equal(write("?play.alpha=7&plays.alpha=7", SPEC, FIRST, FIRST), "?plays.alpha=7");
});

test("points have six decimals, so that places which differ can be told apart", () => {
  assert.deepEqual(read("?play.points=1e-300,-100;0.1234567,100", SPEC).state, { points: [[0, -100], [0.123457, 100]] });
});

test("a preset can be asked for, and settings beside it win", () => {
  assert.deepEqual(read("?play.shown=on&play=wild", SPEC).state, { alpha: 50, shown: true });
});

test("numbers are brought within limits, and it is said what was taken", () => {
  for (const [text, alpha, edge] of [["1e9", 100, "most"], ["-1", 0.1, "least"]]) {
    const { state, notes } = read(`?play.alpha=${text}`, SPEC);
    assert.deepEqual(state, { alpha });
    assert.equal(notes.length, 1);
    assert.ok(notes[0].includes(`play.alpha = ${text}, but the ${edge} is ${alpha}`), notes[0]);
  }
  assert.deepEqual(read("?play.alpha=100&play.alpha=0.10", SPEC), { state: { alpha: 0.1 }, notes: [] });
});

test("what is no setting is named", () => {
  const strange = ["play.alpha=much", "play.alpha=", "play.beta=1", "play.target=toString", "play.shown=1", "play=tame", "play.points=1,2;3", "play.points=0,0;1,1;2,2;3,3"];
  strange.push("play.points=0,1e300", "play.points=0,0;-101,0", "play.points=1,Infinity", "play.points=0,much", "play.points=,1");
  for (const part of strange) {
    const { state, notes } = read(`?${part}`, SPEC);
    assert.deepEqual(state, {}, part);
    assert.deepEqual(notes, [`Not understood in the address, and left out: ${part}.`]);
  }
  assert.deepEqual(read("?other=1&%E0%A4%A=1", SPEC), { state: {}, notes: [] });
});
