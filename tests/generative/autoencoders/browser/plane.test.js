import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { between, nearest, picture, through } from "../../../../lecturelib/generative/autoencoders/browser/plane.js";

const CASES = JSON.parse(readFileSync(new URL("walks.json", import.meta.url)));
const near = (found, expected, name) => assert.ok(Math.abs(found - expected) <= 1e-11 * Math.max(1, Math.abs(expected)), `${name}: ${found}, expected ${expected}`);

for (const one of CASES) {
  test(`${one.kind}: places, pictures and neighbours are those of the library`, () => {
    one.parts.forEach((part, k) => {
      const place = between(one.start, one.end, part);
      place.forEach((value, axis) => near(value, one.places[k][axis], "place"));
      const drawn = picture(one.layers, place);
      assert.equal(drawn.length, 64);
      one.pictures[k].forEach((value, n) => near(drawn[7 * n], value, `pixel ${7 * n} at ${part}`));
      assert.deepEqual(nearest(one.codes, one.names, place, one.count), one.nearest[k]);
    });
  });
}

test("one neuron by hand", () => {
  assert.deepEqual(through([[[2], [1]]], [3]), [7]); // 2 · 3 + 1, and no tanh behind the last layer
  near(through([[[2], [1]], [[1, -1], [0, 0.5]]], [0])[1], 0.5 - Math.tanh(1), "two layers");
});

test("pixels lie between 0 and 1", () => {
  assert.deepEqual(picture([[[1, 1, 1], [-2, 0.5, 9]]], [0]), [0, 0.5, 1]);
});
