// A Gaussian pushed through time: many points, and one that can be dragged, with the density that it carries.
import { chart } from "../../../core/browser/drawing.js";
import { explorer } from "../../../core/browser/explorer.js";
import { clamp, normal, uniform, words } from "../../../core/browser/numbers.js";
import { between, logNormal, makeFlow, path } from "./flow.js";

const number = (value) => words(Math.abs(value) < 5e-7 ? 0 : value);
const point = (z) => `(${z.map(number).join(", ")})`;

export default explorer(({ stage, givens, state, set, say, offer }) => {
  const { flows, reach, count, steps } = givens;
  const draw = normal(uniform(1));
  const starts = Array.from({ length: count }, () => [draw(), draw()]);
  const plane = chart(stage, {
    name: "The plane",
    x: { label: "z₁", range: reach },
    y: { label: "z₂", range: reach },
    height: 420,
    legend: [
      { words: "points, normal at t = 0", color: "blue", mark: "dot" },
      { words: "start of one point", color: "green", mark: "ring" },
      { words: "its path", color: "orange" },
      { words: "where it is", color: "orange", mark: "square" },
    ],
  });
  const kept = {};
  const crowd = (target) => {
    kept[target] ??= starts.map((z) => path(makeFlow(flows[target]), z, steps).points);
    return kept[target];
  };
  const move = (_, x, y) => {
    if (x !== null) set({ x: clamp(x, -3, 3), y: clamp(y, -3, 3) });
  };
  plane.onTap((x, y) => move(0, x, y));
  return {
    update(now) {
      const flow = makeFlow(flows[now.target]);
      const share = now.time / flow.time;
      const places = crowd(now.target).map((points) => between(points, share));
      const one = path(flow, [now.x, now.y], steps, true);
      const [place, logDet] = [between(one.points, share), between(one.logDets, share)];
      const shown = one.points.slice(0, Math.floor(share * steps) + 1).concat([place]);
      plane.draw((pen) => {
        pen.marks(places.map(([x]) => x), places.map(([, y]) => y), { color: "blue", size: 2, opacity: 0.6 });
        pen.line(shown.map(([x]) => x), shown.map(([, y]) => y), { color: "orange", width: 2 });
        pen.marks([place[0]], [place[1]], { color: "orange", shape: "square", size: 5 });
      });
      plane.handles([{ x: now.x, y: now.y, name: "Start", color: "green", free: "xy" }], move);
      const begin = logNormal([now.x, now.y]);
      const text = `At t = ${number(now.time)} the point from ${point([now.x, now.y])} is at ${point(place)}. Areas around it have been multiplied by ${number(Math.exp(logDet))}: ln p went from ${number(begin)} to ${number(begin - logDet)}.`;
      const wide = places.filter(([x, y]) => Math.hypot(x, y) > 2).length;
      plane.describe(`${count} points, of which ${wide} are more than 2 away from the middle. ${text}`);
      say(text);
      offer({ place, logDet });
    },
    end() {
      plane.end();
    },
  };
});
