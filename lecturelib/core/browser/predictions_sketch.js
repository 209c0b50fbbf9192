// Axes on which a curve is sketched: by mouse or finger, or by arrow keys, which move a knob that draws.
import { element } from "./controls.js";
import { guarded } from "./failing.js";
import { clamp, words } from "./numbers.js";

const COLUMNS = 61; // places at which a sketch has a height
const NAMESPACE = "http://www.w3.org/2000/svg";
const EDGE = { left: 44, right: 12, top: 8, bottom: 38 };
const HEIGHT = 250;
const STEPS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/** Some round numbers between two. */
export function ticks(low, high, most = 6) {
  const rough = (high - low) / most;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((one) => one * unit).find((one) => one >= rough * (1 - 1e-9));
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k += 1) found.push(Number((k * step).toPrecision(10)));
  return found;
}

/** Is this a sketch, as it was kept? */
export const isSketch = (kept) => Array.isArray(kept) && kept.length === COLUMNS && kept.every((height) => Number.isFinite(height));

/** The heights with those that were not drawn filled in: straight between two, level at the ends. */
export function filled(heights) {
  const known = heights.flatMap((height, k) => (height === null ? [] : [k]));
  return heights.map((height, k) => {
    if (height !== null) return height;
    const after = known.find((other) => other > k) ?? known.at(-1);
    const before = known.findLast((other) => other < k) ?? after;
    const part = after > before ? clamp((k - before) / (after - before), 0, 1) : 0;
    return heights[before] + part * (heights[after] - heights[before]);
  });
}

/** Draw from one column to another: heights between them lie on a straight line. */
export function stroke(heights, [from, low], [to, high]) {
  const steps = Math.abs(to - from);
  for (let k = 0; k <= steps; k += 1) heights[from + Math.sign(to - from) * k] = steps ? low + ((high - low) * k) / steps : high;
}

/**
 * Axes in `parent`. data: {x, y, low, high, xLabel, yLabel, told}. onDraw(enough) is called while the reader draws.
 * sketch(): the heights, filled in; reveal(heights): shows a sketch with the answer over it; begin(): takes a new one.
 */
export function sketchPad(parent, { x, y, low, high, xLabel, yLabel, told }, onDraw) {
  const svg = make("svg", { class: "prediction-axes", height: HEIGHT, role: "img", "aria-label": "" });
  const knob = element("div", { class: "prediction-knob", role: "slider", tabindex: 0, "aria-label": `Sketch of ${yLabel}: move right to draw` });
  const box = element("div", { class: "prediction-pad" });
  box.append(svg, knob);
  parent.append(box);
  const [start, end] = [x[0], x.at(-1)];
  let heights = [];
  let column = 0;
  let height = 0; // of the knob
  let revealed = false;
  let width = 0;

  // beside the axis its numbers, about 7 pixels a sign, and then its name
  const left = Math.max(EDGE.left, 28 + 7 * Math.max(...ticks(low, high, 5).map((value) => words(value, 4).length)));
  const px = (place) => left + ((place - start) / (end - start)) * (width - left - EDGE.right);
  const py = (value) => HEIGHT - EDGE.bottom - ((value - low) / (high - low)) * (HEIGHT - EDGE.top - EDGE.bottom);
  const placeOf = (k) => start + ((end - start) * k) / (COLUMNS - 1);
  const line = (points, name) => make("polyline", { class: name, points: points.map(([a, b]) => `${a.toFixed(1)},${b.toFixed(1)}`).join(" ") });

  function draw() {
    if (!width) return;
    const parts = [];
    for (const value of ticks(low, high, 5)) {
      parts.push(line([[px(start), py(value)], [px(end), py(value)]], "grid"), label(px(start) - 6, py(value) + 4, words(value, 4), "end"));
    }
    for (const value of ticks(start, end, width > 450 ? 8 : 5)) {
      parts.push(line([[px(value), py(low)], [px(value), py(high)]], "grid"), label(px(value), py(low) + 16, words(value, 4), "middle"));
    }
    parts.push(label((px(start) + px(end)) / 2, HEIGHT - 4, xLabel, "middle"));
    const side = label(0, 0, yLabel, "middle");
    side.setAttribute("transform", `translate(12 ${(py(low) + py(high)) / 2}) rotate(-90)`);
    parts.push(side);
    const drawn = heights.flatMap((value, k) => (value === null ? [] : [[px(placeOf(k)), py(value)]]));
    parts.push(line(drawn, "sketch"));
    if (revealed) parts.push(line(x.map((place, k) => [px(place), py(y[k])]), "answer"));
    svg.replaceChildren(...parts);
    svg.setAttribute("width", width);
    svg.setAttribute("aria-label", revealed ? `Your sketch, and over it: ${told}` : `Axes for a sketch: ${xLabel} from ${words(start)} to ${words(end)}, ${yLabel} from ${words(low)} to ${words(high)}`);
    knob.hidden = revealed;
    knob.style.transform = `translate(${px(placeOf(column))}px, ${py(height)}px)`;
    const now = { min: words(low, 4), max: words(high, 4), now: String(Number(height.toPrecision(4))) };
    for (const [name, value] of Object.entries(now)) knob.setAttribute(`aria-value${name}`, value.replace("−", "-"));
    knob.setAttribute("aria-valuetext", `${xLabel} ${words(placeOf(column))}, ${yLabel} ${words(height)}`);
  }

  /** Go to a column and a height, and draw on the way. */
  function go(toColumn, toHeight, fresh = false) {
    const from = fresh || heights[column] === null ? [toColumn, toHeight] : [column, height];
    column = clamp(toColumn, 0, COLUMNS - 1);
    height = clamp(toHeight, low, high);
    stroke(heights, fresh ? [column, height] : from, [column, height]);
    draw();
    onDraw(heights.filter((value) => value !== null).length >= 0.6 * COLUMNS);
  }

  const at = (event) => {
    const frame = svg.getBoundingClientRect();
    const place = (event.clientX - frame.left - px(start)) / (px(end) - px(start));
    const part = (py(low) - (event.clientY - frame.top)) / (py(low) - py(high));
    return [Math.round(clamp(place, 0, 1) * (COLUMNS - 1)), low + clamp(part, 0, 1) * (high - low)];
  };
  const listen = (target, kind, act) => target.addEventListener(kind, guarded(box, act));
  listen(box, "pointerdown", (event) => {
    if (revealed || event.button) return;
    event.preventDefault();
    box.setPointerCapture(event.pointerId);
    knob.focus({ focusVisible: false });
    go(...at(event), true);
  });
  listen(box, "pointermove", (event) => box.hasPointerCapture(event.pointerId) && !revealed && go(...at(event)));
  listen(knob, "keydown", (event) => {
    const step = STEPS[event.key];
    if (!step || revealed) return;
    event.preventDefault();
    const factor = event.shiftKey ? 5 : 1;
    if (heights[column] === null) heights[column] = height;
    go(clamp(column + 2 * factor * step[0], 0, COLUMNS - 1), height + 0.02 * factor * step[1] * (high - low));
  });
  const observer = new ResizeObserver(guarded(box, () => {
    width = box.clientWidth;
    draw();
  }));
  observer.observe(box);

  const begin = () => {
    heights = new Array(COLUMNS).fill(null);
    column = 0;
    height = (low + high) / 2;
    revealed = false;
    draw();
  };
  begin();
  return {
    begin,
    sketch: () => filled(heights).map((value) => Number(value.toPrecision(4))),
    reveal(kept) {
      heights = [...kept];
      revealed = true;
      draw();
    },
    end: () => observer.disconnect(),
  };
}

function make(tag, attributes) {
  const made = document.createElementNS(NAMESPACE, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

function label(x, y, text, anchor) {
  const made = make("text", { x, y, "text-anchor": anchor });
  made.textContent = text;
  return made;
}
