import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import {
  breakpoint, corners, fits, gradientOf, lossOf, outerPoint, output, rescaled, slope, stepped, valueOf, withBreakpoint, withOuterPoint,
} from "../../../../lecturelib/splines/breakpoints/browser/neuron.js";
import { deed, network, sentence } from "../../../../lecturelib/splines/breakpoints/browser/neuron_words.js";

const CASES = JSON.parse(readFileSync(new URL("neurons.json", import.meta.url)));
const LIMITS = { w: 4, b: 8, v: 4 };

function same(found, expected, name) {
  const scale = Math.max(1, Math.abs(expected));
  assert.ok(Math.abs(found - expected) <= 1e-12 * scale, `${name}: ${found}, expected ${expected}`);
}

function alike(found, expected, name) {
  assert.equal(found.length, expected.length);
  found.forEach((one, k) => ["w", "b", "v"].forEach((part) => same(one[part], expected[k][part], `${name} ${k} ${part}`)));
}

CASES.forEach((one, number) => {
  test(`case ${number}: values, loss, gradient and step are those of the library`, () => {
    one.at.forEach((x, k) => same(output(one.neurons, x), one.values[k], `value at ${x}`));
    same(lossOf(one.neurons, one.data), one.loss, "loss");
    alike(gradientOf(one.neurons, one.data), one.gradient, "gradient");
    alike(stepped(one.neurons, one.data, one.rate), one.next, "step");
    alike(one.neurons.map((neuron) => rescaled(neuron, one.alpha)), one.rescaled, "rescaled");
    one.breakpoints?.forEach((place, k) => same(breakpoint(one.neurons[k]), place, "breakpoint"));
    one.slopes?.forEach((mu, k) => same(slope(one.neurons[k]), mu, "slope"));
  });

  test(`case ${number}: a line through the corners is the function`, () => {
    const xs = corners(one.neurons, -4, 4);
    for (let k = 1; k < xs.length; k += 1) {
      const middle = (xs[k - 1] + xs[k]) / 2;
      same((output(one.neurons, xs[k - 1]) + output(one.neurons, xs[k])) / 2, output(one.neurons, middle), `middle of ${k}`);
    }
  });

  test(`case ${number}: what is dragged goes where it is put, and the other handle stays or keeps its height`, () => {
    for (const neuron of one.neurons) {
      if (neuron.w === 0) continue;
      const moved = withBreakpoint(neuron, 1.5, LIMITS);
      same(breakpoint(moved), 1.5, "breakpoint");
      assert.deepEqual([moved.w, moved.v], [neuron.w, neuron.v]);
      for (const [x, y] of [[3.5, 2], [-3.5, -1]]) {
        const pulled = withOuterPoint(neuron, x, y, LIMITS);
        same(breakpoint(pulled), breakpoint(neuron), "breakpoint of a pulled one");
        same(outerPoint(pulled).x, x, "outer x");
        same(valueOf(pulled, x), y, "height");
      }
    }
  });
});

test("the library's cases hold neurons that face both ways, and one without breakpoint", () => {
  const signs = new Set(CASES.flatMap((one) => one.neurons.map(({ w }) => Math.sign(w))));
  assert.deepEqual(signs, new Set([-1, 0, 1]));
});

test("the outer point can be pulled to the other side, but the neuron stays within its limits", () => {
  const neuron = { w: 1, b: -1, v: 1 };
  assert.deepEqual(withOuterPoint(neuron, 0, 1, LIMITS), { w: -1, b: 1, v: 1 });
  assert.deepEqual(withOuterPoint(neuron, 1.01, 9, LIMITS), { w: 4, b: -4, v: 4 });
  assert.deepEqual(withOuterPoint(neuron, 1, 1, LIMITS), { w: 4, b: -4, v: 1 });
  // a large w would need a larger b than there is
  assert.deepEqual(withOuterPoint({ w: 1, b: -4, v: 1 }, 4.1, 1, LIMITS), { w: 2, b: -8, v: 1 });
  assert.deepEqual(withBreakpoint({ w: 4, b: 0, v: 1 }, 3, LIMITS), { w: 4, b: -8, v: 1 });
  assert.equal(fits({ w: 4, b: -8, v: 4 }, LIMITS), true);
  assert.equal(fits({ w: 4, b: -8.1, v: 4 }, LIMITS), false);
});

test("formulas have their numbers, and none that say nothing", () => {
  const said = (...neurons) => network(neurons.map(([w, b, v]) => ({ w, b, v })));
  assert.equal(said([2, -1, 1.5]), "f(x) = 1.5 (2 x − 1)₊");
  assert.equal(said([1, 0, 1]), "f(x) = (x)₊");
  assert.equal(said([-1, 0.5, -1]), "f(x) = −(−x + 0.5)₊");
  assert.equal(said([0, 2, 3]), "f(x) = 3 (2)₊");
  assert.equal(said([1, 0, 1], [1, -1, -2]), "f(x) = (x)₊ − 2 (x − 1)₊");
  assert.equal(said([1, 0, -1], [1, -1, 2]), "f(x) = −(x)₊ + 2 (x − 1)₊");
});

test("words say breakpoint, slope and side", () => {
  const text = deed({ w: -2, b: 1, v: 1.5 });
  for (const part of ["−b/w is 0.5", "faces left", "x < 0.5", "slope w v = −3"]) assert.ok(text.includes(part), text);
  assert.ok(deed({ w: 0, b: 2, v: 3 }).includes("its output is 6"));
  assert.ok(deed({ w: 0, b: -2, v: 3 }).includes("its output is 0"));
  const { neurons, data } = CASES[5];
  assert.match(sentence(neurons, data.slice(0, 3), 0), /The loss is 1\. Gradient: ∂w = −3, ∂b = −2, ∂v = −3\./);
  assert.match(sentence(neurons, data.slice(0, 3), 1), /After 1 step the loss is 1\./);
});
