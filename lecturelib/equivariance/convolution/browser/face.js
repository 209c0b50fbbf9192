// A filter on a signal: what it reads at a place, what it gives at all places, and whether that moves with the signal.
import { chart, keeper } from "../../../core/browser/drawing.js";
import { explorer } from "../../../core/browser/explorer.js";
import { words } from "../../../core/browser/numbers.js";
import { between, compare, moved, read } from "./sliding.js";

const number = (value) => words(Math.abs(value) < 5e-7 ? 0 : value);
const bracketed = (value) => (value < -5e-7 ? `(${number(value)})` : number(value));

export default explorer(({ stage, further, givens, state, set, say, offer }) => {
  const { signals, filters } = givens;
  const size = Object.values(signals)[0].length;
  const places = Array.from({ length: size }, (_, i) => i);
  const ground = [-0.7, size - 0.3];
  const picture = chart(stage, {
    name: "Signal and filter",
    x: { label: "place", range: ground },
    y: { label: "signal", range: [-1.6, 1.6] },
    height: 200,
    legend: [
      { words: "the signal as it was", color: "muted", mark: "empty" },
      { words: "the signal, moved", color: "green", mark: "band" },
      { words: "where the filter lies", color: "pink", mark: "band" },
    ],
  });
  const result = chart(further, {
    name: "Output",
    x: { label: "place", range: ground },
    y: { label: "output", range: [-4, 4] },
    height: 180,
    legend: [
      { words: "output of the moved signal", color: "blue", mark: "band" },
      { words: "the old output, moved as far", color: "orange", mark: "dot" },
    ],
  });
  const fit = keeper(result);
  let now = state;
  picture.onTap((x) => set({ place: Math.min(size - 1, Math.max(0, Math.round(x))) }));

  function settings() {
    const stride = Math.round(now.stride);
    const place = Math.min(size - 1, Math.max(0, Math.round(now.place)));
    return { shift: Math.round(now.shift), stride, padding: now.padding, place: stride * Math.floor(place / stride) };
  }

  function look() {
    const { shift, stride, padding, place } = settings();
    const [x, w] = [signals[now.signal], filters[now.filter]];
    const after = moved(x, shift);
    const found = compare(x, w, { shift, stride, padding });
    const under = read(after, w, place, padding);
    const half = (w.length - 1) / 2;
    picture.draw((pen) => {
      pen.band(place - half - 0.5, place + half + 0.5, { color: "pink", opacity: 0.2 });
      pen.columns(places, after, { color: "green", half: 0.36, opacity: 0.75 });
      pen.columns(places, x, { color: "muted", half: 0.4, hollow: true });
      pen.line(ground, [0, 0], { color: "muted", width: 1 });
    });
    const largest = Math.max(...[found.before, found.after, found.wanted].flat().map(Math.abs));
    fit("y", largest > 2 ? [-4.4, 4.4] : largest > 1.05 ? [-2.2, 2.2] : [-1.1, 1.1]);
    const at = found.after.map((_, i) => i * stride);
    const fine = Array.from({ length: 8 * size + 1 }, (_, i) => i / 8).filter((one) => one <= size - 1);
    result.draw((pen) => {
      pen.columns(at, found.after, { color: "blue", half: Math.min(0.36 * stride, 0.6), opacity: 0.75 });
      pen.line(ground, [0, 0], { color: "muted", width: 1 });
      pen.line(fine, between(found.before, fine.map((one) => (one - shift) / stride)), { color: "orange", width: 1.5 });
      pen.marks(at, found.wanted, { color: "orange", size: 4.5 });
    });
    tell({ shift, stride, padding, place }, under, found);
  }

  function tell({ shift, stride, padding, place }, under, found) {
    const value = found.after[place / stride];
    const sum = under.map((one) => `${bracketed(one.factor)} · ${bracketed(one.value)}`).join(" + ");
    const first = `At place ${place} the filter gives ${sum} = ${number(value)}.`;
    const outside = padding === "ring" ? "a ring" : "zeros outside";
    const counted = found.wrong ? `${found.wrong} of ${found.after.length} outputs differ from the old ones moved as far; the error is ${number(100 * found.error)} % of the output.` : "The output moves with the signal, exactly.";
    const second = `Signal moved by ${number(shift)}, stride ${stride}, ${outside}: ${counted}`;
    say(`${first}\n${second}`);
    picture.describe(`columns, ${moved(signals[now.signal], shift).map(number).join(", ")}. ${first}`);
    result.describe(`columns, ${found.after.map(number).join(", ")}; the old output, moved: ${found.wanted.map(number).join(", ")}. ${second}`);
    offer({ output: found.after, error: found.error, wrong: found.wrong });
  }

  return {
    update(next) {
      now = next;
      look();
    },
    end() {
      picture.end();
      result.end();
    },
  };
});
