// Filters that train while the reader looks, and how far they are from symmetric.
import { chart, keeper } from "../../../core/browser/drawing.js";
import { explorer } from "../../../core/browser/explorer.js";
import { makeFilm } from "../../../core/browser/film.js";
import { words } from "../../../core/browser/numbers.js";
import { tiles } from "../../../core/browser/tiles.js";
import { asymmetry, augmented, begin, descend } from "./filters.js";

const SIDE = 8; // pixels of a filter along a side
const A_FRAME = 2; // steps
const LAST = 1000; // steps, after which a run ends

const percent = (share) => words(share < 1e-9 ? 0 : 100 * share, 2);
const SYMMETRY = { mirror: "a mirror", C4: "quarter turns", D4: "turns and a mirror" };

export default explorer((tools) => {
  const { stage, further, prefix, givens, state } = tools;
  const x = givens.x.map((image) => image.map((value) => value / 16));
  const picture = chart(stage, {
    name: "Filters",
    x: { label: "", range: [0, 4], at: [] },
    y: { label: "", range: [0, 2], at: [] },
    height: 290,
    legend: [
      { words: "weight above 0", color: "blue", mark: "square" },
      { words: "weight below 0", color: "orange", mark: "square" },
    ],
  });
  const run = { begin: start, at: () => steps, record, advance, look, pace: () => A_FRAME, ended: () => steps >= LAST };
  const film = makeFilm(stage, prefix, run);
  const lines = chart(further, {
    name: "Distance from symmetric",
    x: { label: "step" },
    y: { label: "percent of size" },
    height: 170,
    legend: [
      { words: "each filter", color: "green" },
      { words: "the set of filters", color: "pink", mark: "dashed" },
    ],
  });
  const fitLines = keeper(lines);
  const fitPicture = keeper(picture);
  let now = state;
  let weights = null;
  let data = null;
  let steps = 0;

  function start() {
    const moves = givens.moves[now.group];
    weights = begin(givens.filters, moves, now);
    data = now.augment ? augmented(x, givens.y, moves) : { x, y: givens.y };
    steps = 0;
  }

  function record() {
    return { filters: weights.w.map((one) => [...one]), off: asymmetry(weights.w, givens.moves[now.group]) };
  }

  function advance(count) {
    for (let done = 0; done < count && steps < LAST; done += 1) {
      descend(weights, data, givens);
      steps += 1;
    }
    film.keep();
  }

  function look({ frame, frames, speak, playing }) {
    const { filters } = frame;
    const columns = Math.min(4, filters.length);
    const rows = filters.length / columns;
    const largest = Math.max(...filters.flat().map(Math.abs), 1e-9);
    fitPicture("x", [0, columns]);
    fitPicture("y", [0, rows]);
    picture.draw((pen) => {
      const size = 0.88 * Math.min(pen.box.width / columns, pen.box.height / rows);
      filters.forEach((one, k) => tiles(pen, one, { columns: SIDE, largest, x: pen.x((k % columns) + 0.5), y: pen.y(rows - Math.floor(k / columns) - 0.5), size }));
    });
    const [at, each, set] = [frames.map((one) => one.at), frames.map(({ off }) => 100 * off.each), frames.map(({ off }) => 100 * off.set)];
    const reach = Math.max(50, frames.at(-1).at);
    fitLines("x", [0, reach]);
    fitLines("y", [-4, Math.max(110, 1.08 * Math.max(...each, ...(filters.length > 1 ? set : [])))]);
    lines.draw((pen) => {
      pen.line(at, each, { color: "green", width: 2.5 });
      pen.marks([frame.at], [100 * frame.off.each], { color: "green", size: 4 });
      if (filters.length === 1) return; // it is the whole set
      pen.line(at, set, { color: "pink", width: 2.5, dash: [7, 5] });
      pen.marks([frame.at], [100 * frame.off.set], { color: "pink", size: 4 });
    });
    if (speak) tell(frame, frames.at(-1).at, playing);
  }

  function tell({ at: step, filters, off }, last, playing) {
    const shown = now.augment ? `in all ${givens.moves[now.group].length} positions` : "as they are";
    const apart = filters.length > 1 ? `Under ${SYMMETRY[now.group]}, each filter is ${percent(off.each)} % from symmetric, the set of all ${filters.length} is ${percent(off.set)} %.` : `Under ${SYMMETRY[now.group]}, the filter is ${percent(off.each)} % from symmetric.`;
    const alone = now.model === "one" && now.start === "copies" ? " One filter has no room for copies and starts at random." : "";
    const text = `Step ${step}, digits shown ${shown}. ${apart}${alone}`;
    if (playing) tools.words.textContent = text;
    else tools.say(text);
    picture.describe(`${filters.length === 1 ? "one filter" : `${filters.length} filters`} of 8 × 8 weights. ${text}`);
    lines.describe(`the distance from symmetric, from step 0 to ${last}. ${text}`);
    tools.offer({ step, filters, each: off.each, set: off.set });
  }

  return {
    update(next, before, anew) {
      const old = now;
      now = next;
      const other = ["augment", "group", "model", "start"].some((name) => old[name] !== next[name]);
      if (!before || anew || other) film.begin();
      film.show(true);
    },
    reset: film.pause,
    end() {
      film.end();
      picture.end();
      lines.end();
    },
  };
});
