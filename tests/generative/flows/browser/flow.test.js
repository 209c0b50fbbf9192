import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { between, evaluate, logNormal, makeFlow, path } from "../../../../lecturelib/generative/flows/browser/flow.js";

const CASES = JSON.parse(readFileSync(new URL("pushes.json", import.meta.url)));
const near = (found, expected, name, apart = 1e-11) => assert.ok(Math.abs(found - expected) <= apart * Math.max(1, Math.abs(expected)), `${name}: ${found}, expected ${expected}`);

CASES.forEach((one, number) => {
  const flow = makeFlow(one);
  one.starts.forEach((z, row) => {
    test(`case ${number}, point ${row}: field, path and determinant are those of the library`, () => {
      evaluate(flow, z, 0.3).f.forEach((value, axis) => near(value, one.field[row][axis], "field"));
      const found = path(flow, z, one.steps, true);
      found.points.at(-1).forEach((value, axis) => near(value, one.points[row][axis], "point"));
      near(found.logDets.at(-1), one.logDets[row], "ln det");
      near(logNormal(z), one.logNormals[row], "ln of the normal density");
      near(logNormal(z) - found.logDets.at(-1), one.density[row], "ln p at the end", 1e-5); // which goes back in other steps
    });

    test(`case ${number}, point ${row}: the trace is that of differences`, () => {
      const small = 1e-6;
      const each = z.map((_, axis) => {
        const at = (sign) => evaluate(flow, z.map((value, k) => value + (k === axis ? sign * small : 0)), 0.3).f[axis];
        return (at(1) - at(-1)) / (2 * small);
      });
      near(evaluate(flow, z, 0.3, true).trace, each[0] + each[1], "trace", 1e-8);
    });
  });
});

test("between steps, places are on the line between", () => {
  assert.deepEqual(between([[0, 1], [2, 3], [4, 7]], 0.75), [3, 5]);
  assert.equal(between([0, 2, 6], 1), 6);
});
