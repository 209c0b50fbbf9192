// A game of two numbers: drag the start, choose who moves how, and see where the pair goes.
import { chart } from "../../../core/browser/drawing.js";
import { explorer } from "../../../core/browser/explorer.js";
import { words } from "../../../core/browser/numbers.js";
import { GAMES, minimax, play } from "./games.js";

const POINTS = 61;
const number = (value) => words(Math.abs(value) < 5e-7 ? 0 : value);
const point = (z) => `(${z.map(number).join(", ")})`;
const rounded = (value) => Number(value.toFixed(6));

/** Pieces of lines of equal f, by how each cell of a grid is cut, and whether f < 0 there. */
function levels(game, span) {
  const line = Array.from({ length: POINTS }, (_, k) => span * ((2 * k) / (POINTS - 1) - 1));
  const grid = line.map((x) => line.map((y) => game([x, y]).value));
  const most = Math.max(...grid.flat().map(Math.abs));
  const found = { above: [], below: [] };
  for (const share of [0.02, 0.1, 0.25, 0.5, 0.75]) {
    for (const [name, level] of [["above", share * most], ["below", -share * most]]) {
      for (let i = 0; i + 1 < POINTS; i += 1) {
        for (let j = 0; j + 1 < POINTS; j += 1) {
          const corners = [[i, j], [i + 1, j], [i + 1, j + 1], [i, j + 1]];
          const cut = corners.flatMap(([p, q], k) => {
            const [r, s] = corners[(k + 1) % 4];
            const [one, two] = [grid[p][q] - level, grid[r][s] - level];
            if (one > 0 === two > 0) return [];
            const part = one / (one - two);
            return [[line[p] + part * (line[r] - line[p]), line[q] + part * (line[s] - line[q])]];
          });
          for (let k = 0; k + 1 < cut.length; k += 2) found[name].push([cut[k], cut[k + 1]]);
        }
      }
    }
  }
  return found;
}

export default explorer(({ stage, givens, state, set, say, offer }) => {
  const { span, steps } = givens;
  const picture = chart(stage, {
    name: "The game",
    x: { label: "x, which goes down", range: [-span, span] },
    y: { label: "y, which goes up", range: [-span, span] },
    height: 380,
    legend: [
      { words: "path", color: "blue" },
      { words: "start", color: "green", mark: "ring" },
      { words: "(0, 0)", color: "orange", mark: "square" },
      { words: "lines of equal f > 0", color: "muted" },
      { words: "f < 0", color: "muted", mark: "dashed" },
    ],
  });
  let [now, drawn, lines] = [state, null, null];

  function look() {
    const game = GAMES[now.game];
    if (drawn !== now.game) [drawn, lines] = [now.game, levels(game, span)];
    const start = [now.x, now.y];
    const path = play(game, start, steps, now);
    const seen = path.filter((z) => z.every((one) => Math.abs(one) <= 3 * span));
    picture.draw((pen) => {
      for (const [name, dash] of [["above", []], ["below", [3, 3]]]) {
        const [xs, ys] = [0, 1].map((axis) => lines[name].flatMap(([p, q]) => [p[axis], q[axis], NaN]));
        pen.line(xs, ys, { color: "muted", width: 0.8, opacity: 0.6, dash });
      }
      pen.line(seen.map(([x]) => x), seen.map(([, y]) => y), { color: "blue" });
      pen.marks(seen.slice(1, 60).map(([x]) => x), seen.slice(1, 60).map(([, y]) => y), { color: "blue", size: 2 });
      pen.marks([0], [0], { color: "orange", size: 6, shape: "square" });
    });
    picture.handles([{ x: start[0], y: start[1], name: "Start", color: "green", free: "xy", picked: true }], (_, x, y) => {
      if (x === null) return;
      const inside = (value) => rounded(Math.min(span, Math.max(-span, value)));
      set({ x: inside(x), y: inside(y) });
    });
    tell(game, start, path);
  }

  function tell(game, start, path) {
    const end = path.at(-1);
    const away = Math.hypot(...end);
    const how = path.length <= steps ? "it has left all bounds" : away < 0.01 ? "it has arrived at (0, 0)" : `it is at ${point(end)}, ${number(away)} from (0, 0)`;
    const text = `After ${path.length - 1} steps from ${point(start)}: ${how}.`;
    say(text);
    picture.describe(`lines of equal f, and the path. ${text}`);
    offer({ end, steps: path.length - 1, minimax: minimax(game, [0, 0]).holds });
  }

  return {
    update(next) {
      now = next;
      look();
    },
    end() {
      picture.end();
    },
  };
});
