// The playground without its face: what settings do to a run.
import assert from "node:assert/strict";
import test from "node:test";

import { Session } from "../../../../lecturelib/splines/playground/browser/session.js";

const settings = {
  target: "sine", points: [], count: 30, noise: 0, width: 40, scheme: "he", alpha: 1, seed: 1,
  optimizer: "gd", auto: true, rate: 1,
};
const started = (changes = {}, givens = {}) => new Session({ ...settings, ...changes }, givens);

test("a run takes the steps that were asked for, records on its way, and its loss falls", () => {
  const session = started();
  assert.equal(session.advance(1000), 1000);
  assert.equal(session.steps, 1000);
  const { frames } = session.recording;
  assert.equal(frames[0].step, 0);
  assert.ok(frames.length > 100 && frames.at(-1).step > 980);
  assert.ok(session.training.loss < 0.5 * frames[0].loss);
});

test("a frame's time is kept to, and at least one step is taken", () => {
  const session = started({ width: 5000 });
  const taken = session.advance(1e9, 0);
  assert.ok(taken >= 1 && taken < 1e6);
});

test("pieces of a run are the run", () => {
  const [whole, pieces] = [started(), started()];
  whole.advance(500);
  for (let k = 0; k < 50; k++) pieces.advance(10);
  assert.deepEqual(whole.training.network, pieces.training.network);
});

test("settings that make the start or the data begin anew", () => {
  for (const change of [{ alpha: 2 }, { width: 10 }, { count: 12 }, { noise: 0.1 }, { seed: 5 }, { scheme: "flat" }, { target: "steps" }]) {
    const session = started();
    session.advance(10);
    assert.ok(session.follow({ ...settings, ...change }), JSON.stringify(change));
    assert.equal(session.steps, 0);
    assert.equal(session.recording.frames.length, 1);
  }
});

test("another rate or optimizer goes on from where the run is", () => {
  const session = started();
  session.advance(10);
  const reached = session.training.network.w.slice();
  assert.ok(!session.follow({ ...settings, optimizer: "adam" }));
  assert.deepEqual(session.training.network.w, reached);
  assert.equal(session.steps, 10);
  session.advance(5);
  assert.equal(session.steps, 15);
  session.follow({ ...settings, optimizer: "adam", auto: false, rate: 1e-5 });
  assert.equal(session.training.rate, 1e-5);
  assert.equal(session.steps, 15);
});

test("what is asked for anew begins anew, whatever the settings were", () => {
  for (const change of [{}, { auto: false, rate: 0.02 }, { optimizer: "adam" }]) {
    const session = started({ auto: false, rate: 0.5 });
    session.advance(1000);
    assert.ok(session.training.diverged);
    assert.ok(session.follow({ ...session.settings, ...change }, true));
    assert.deepEqual([session.steps, session.trouble, session.recording.frames.length], [0, null, 1]);
    assert.equal(session.training.rate, session.settings.auto ? session.stable : session.settings.rate);
  }
});

test("after a run that diverged another optimizer, rate or point begins anew; what is shown beside it does not", () => {
  const points = [[-0.5, 1], [-1, 0], [0.7, 0.2]];
  for (const change of [{ optimizer: "adam" }, { auto: true }, { rate: 1e-3 }, { points: points.slice(1) }]) {
    const session = started({ target: "own", points, auto: false, rate: 0.5 });
    session.advance(1000);
    assert.ok(session.trouble);
    assert.ok(!session.follow({ ...session.settings, psi: true }) && session.trouble);
    assert.ok(session.follow({ ...session.settings, ...change }), JSON.stringify(change));
    assert.deepEqual([session.steps, session.trouble, session.training.network], [0, null, session.start]);
  }
});

test("own points are data, and may move while the network learns", () => {
  const points = [[-0.5, 1], [-1, 0], [0.7, 0.2]];
  const session = started({ target: "own", points });
  assert.deepEqual([...session.data.x], [-1, -0.5, 0.7]);
  session.advance(20);
  const reached = session.training.network.v.slice();
  assert.ok(!session.follow({ ...settings, target: "own", points: [...points, [0.1, -1]] }));
  assert.equal(session.data.x.length, 4);
  assert.deepEqual(session.training.network.v, reached);
  assert.equal(session.steps, 20);
  const before = session.training.loss;
  session.advance(2000);
  assert.ok(session.training.loss < before);
});

test("a start and data can be given", () => {
  const network = { w: [1, -2], b: [0.5, 0.25], v: [1, 3], b0: 0.5 };
  const session = started({ target: "given", scheme: "given", alpha: 2 }, { network, data: { x: [1, 0], y: [5, 6] } });
  assert.deepEqual(session.start, { w: Float64Array.of(2, -4), b: Float64Array.of(1, 0.5), v: Float64Array.of(0.5, 1.5), b0: 0.5 });
  assert.deepEqual([...session.data.y], [6, 5]);
});

test("a rate that diverges is told from one that does not, and the rate offered trains", () => {
  const fast = { auto: false, rate: 0.5 };
  for (const optimizer of ["gd", "momentum"]) {
    const session = started({ ...fast, optimizer });
    session.advance(1000);
    const { trouble } = session;
    assert.ok(trouble.rate > trouble.edge && trouble.offer < trouble.edge, optimizer);
    assert.ok(session.recording.frames.every(({ loss }) => Number.isFinite(loss)));
    const calm = started({ optimizer, auto: false, rate: trouble.offer });
    calm.advance(5000);
    assert.equal(calm.trouble, null);
    assert.ok(calm.training.loss < calm.recording.frames[0].loss);
  }
});

test("a network in which no neuron sees a datum is found out", () => {
  const network = { w: [1, -1], b: [-5, -5], v: [1, 1], b0: 0 };
  const session = started({ scheme: "given" }, { network });
  assert.ok(session.dead && !session.trouble.diverged);
  network.b[0] = 0;
  assert.ok(!started({ scheme: "given" }, { network }).dead);
});

test("neurons that fall silent while the loss explodes are a run that diverged", () => {
  const points = [[-1, -0.4], [-0.6, 0.5], [-0.2, -0.3], [0.2, 0.6], [0.6, -0.5], [1, 0.3]];
  const session = started({ target: "own", points, auto: false, rate: 1 });
  session.advance(3);
  assert.ok(session.dead && !session.training.diverged && session.trouble.diverged);
});

test("a rate somewhat too large: the loss shoots up and comes back, and what is left does not learn", () => {
  const [session, stable] = [started({ auto: false, rate: 0.005 }), started()];
  const first = session.training.loss;
  let most = first;
  for (let k = 0; k < 10; k++) {
    session.advance(1);
    most = Math.max(most, session.training.loss);
  }
  assert.ok(most > 1000 * first, `${most} of ${first}`);
  session.advance(20_000);
  stable.advance(20_000);
  assert.ok(!session.astray);
  assert.ok(session.training.loss < first);
  assert.ok(session.training.loss > 30 * stable.training.loss, `${session.training.loss}, ${stable.training.loss}`);
  const size = session.data.x.length;
  const blind = session.training.state.rows.filter((row) => row === size || row === size + 1).length;
  assert.ok(blind > 20, `${blind} of 40 see no datum`);
});

test("one start scaled by 0.1 and by 100: breakpoints that go to the data, and some that stay", () => {
  const own = { target: "own", scheme: "flat", width: 400, optimizer: "momentum" };
  const points = [[-1, -0.4], [-0.6, 0.5], [-0.2, -0.3], [0.2, 0.6], [0.6, -0.5], [1, 0.3]];
  const moved = [0.1, 100].map((alpha) => {
    const session = started({ ...own, points, alpha });
    session.advance(2000);
    assert.ok(session.training.loss < 1e-6);
    const { w, b } = session.training.network;
    const far = Array.from(w, (one, i) => Math.abs(b[i] / one - session.start.b[i] / session.start.w[i])).sort((p, q) => p - q);
    return far[200];
  });
  assert.ok(moved[0] > 0.1 && moved[1] < 1e-6, `${moved}`);
});
