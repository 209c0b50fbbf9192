import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { TARGETS, dataOf, descend, ends, flatStart, linesOf, lossOf, medianShift, stableRate, totalJump, valueAt } from "../../../../lecturelib/splines/dimensions/browser/lines.js";

const CASES = JSON.parse(readFileSync(new URL("lines.json", import.meta.url)));
const near = (found, expected, name) => assert.ok(Math.abs(found - expected) <= 1e-10 * Math.max(1, Math.abs(expected)), `${name}: ${found}, expected ${expected}`);
const netOf = ([w, b, v, b0]) => ({ u: w.map(([p]) => p), w: w.map(([, q]) => q), b: [...b], v: [...v], b0 });

CASES.forEach((one, number) => {
  test(`case ${number}: steps, lines and values are those of the library`, () => {
    const net = netOf(one.start);
    near(stableRate(net), one.rate, "rate");
    descend(net, one.data, one.rate, one.steps);
    const expected = netOf(one.end);
    for (const name of ["u", "w", "b", "v"]) net[name].forEach((value, i) => near(value, expected[name][i], `${name} of ${i}`));
    near(net.b0, expected.b0, "b0");
    near(lossOf(net, one.data), one.loss, "loss");
    linesOf(net).forEach((line, i) => {
      near(line.xi[0], one.xi[i][0], "direction");
      near(line.xi[1], one.xi[i][1], "direction");
      near(line.gamma, one.gamma[i], "offset");
      near(line.jump, one.jump[i], "jump");
    });
    one.data.forEach(([x, z, y], n) => {
      near(valueAt(net, x, z), one.values[n], "value");
      near(TARGETS[one.target](x, z), y, "target");
    });
  });
});

test("the line on paper: 3 x + 4 z = 10 lies at distance 2 and has the jump 10", () => {
  const net = { u: [3, 0], w: [4, 0], b: [-10, 1], v: [2, 5], b0: 0.5 };
  const [line, none] = linesOf(net);
  near(line.gamma, 2, "offset");
  near(line.jump, 10, "jump");
  assert.equal(none, null);
  const [xs, zs] = ends(line);
  xs.forEach((x, k) => near(3 * x + 4 * zs[k], 10, "end"));
  near(valueAt(net, 3, 4), 2 * 15 + 5 + 0.5, "value");
  near(totalJump([line, none]), 10, "total");
});

test("data keep out of the gap, starts have one length and no jumps", () => {
  for (const [x, z, y] of dataOf("valley", 40, 0.4, 3)) {
    assert.ok(Math.abs(x) >= 0.4 && Math.abs(x) <= 1 && Math.abs(z) <= 1);
    near(y, Math.abs(x) + z / 2 - 0.5, "value");
  }
  const net = flatStart(30, 0.3, 5);
  net.u.forEach((u, i) => near(Math.hypot(u, net.w[i]), 0.3, "length"));
  const lines = linesOf(net);
  assert.ok(lines.every(({ gamma, jump }) => Math.abs(gamma) <= 1.2 && jump === 0));
  assert.equal(medianShift(lines, lines), 0);
  assert.equal(medianShift([{ gamma: 1 }, { gamma: 3 }, null], [{ gamma: 0 }, { gamma: 0 }, null]), 2);
});
