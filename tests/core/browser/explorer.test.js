import assert from "node:assert/strict";
import test from "node:test";
import { beginAnew } from "../../../lecturelib/core/browser/explorer.js";
import { makeModel } from "../../../lecturelib/site/browser/model.js";

test("whoever begins anew is heard though no setting differs, and the settings are there a moment later", async () => {
  const first = { alpha: 1, shown: true };
  const model = makeModel({ spec: { first }, state: { alpha: 2, shown: true }, begun: 0 });
  const heard = [];
  model.on("change:begun", () => queueMicrotask(() => heard.push([model.get("begun"), model.get("state").alpha])));
  beginAnew(model, { alpha: 2 });
  beginAnew(model);
  assert.deepEqual(model.get("state"), first);
  await null;
  assert.deepEqual(heard, [[2, 1], [2, 1]]);
});
