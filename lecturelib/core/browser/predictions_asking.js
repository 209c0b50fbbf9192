// How a guess is taken: a number, an order, a sketch. Each gives {get, show, begin, end}: get() is the guess or null where
// there is none yet; show(guess) lays it beside the answer and gives what to say of it; begin() asks anew.
import { button, element } from "./controls.js";
import { guarded } from "./failing.js";
import { curveWords, numberWords, orderWords } from "./predictions_words.js";
import { isSketch, sketchPad } from "./predictions_sketch.js";

function askNumber(place, { data, prefix, ready }) {
  const { low, high, step, unit } = data;
  const field = element("input", {
    id: `${prefix}-guess`, type: "number", min: low, max: high, step: "any", inputmode: "decimal", autocomplete: "off",
    oninput: () => take(field.value === "" ? null : Number(field.value)),
  });
  const slider = element("input", {
    type: "range", min: low, max: high, step, "aria-label": "Your guess, by slider", oninput: () => {
      field.value = String(Number(Number(slider.value).toPrecision(10)));
      take(Number(slider.value));
    },
  });
  let guess = null;
  const take = (value) => {
    guess = value !== null && value >= low && value <= high ? value : null;
    if (guess !== null) slider.value = guess;
    ready(guess !== null);
  };
  const between = element("span", { class: "prediction-limits" }, `${unit ? `${unit}, ` : ""}from ${minus(low)} to ${minus(high)}`);
  const line = element("div", { class: "prediction-number" }, element("label", { for: `${prefix}-guess` }, "Your guess"), field, between, slider);
  place.append(line);
  return {
    fits: (kept) => Number.isFinite(kept) && kept >= low && kept <= high,
    get: () => guess,
    show: (kept) => ((line.hidden = true), numberWords(kept, data)),
    begin() {
      line.hidden = false;
      field.value = "";
      slider.value = (low + high) / 2;
      take(null);
    },
    end() {},
  };
}

function askOrder(place, { data, items, say, ready }) {
  const list = element("ol", { class: "prediction-order" });
  place.append(list);
  const size = items.length;
  let fixed = false;
  const rows = items.map((item, number) => {
    const words = element("span", { class: "prediction-item" });
    words.append(...item.cloneNode(true).childNodes);
    const name = spoken(item);
    const grip = element("span", { class: "prediction-grip", "aria-hidden": "true" }, "⠿");
    const up = button("↑", () => shift(row, -1, up), { "aria-label": `Move up: ${name}` });
    const down = button("↓", () => shift(row, 1, down), { "aria-label": `Move down: ${name}` });
    const beside = element("span", { class: "prediction-beside" });
    const row = { number, name, up, down, beside, line: element("li", {}, grip, words, beside, element("span", { class: "prediction-moves" }, up, down)) };
    drag(row, grip);
    return row;
  });
  let now = [...rows];

  const lay = () => {
    list.append(...now.map(({ line }) => line)); // those in place stay: only their order is new
    now.forEach((row, place) => {
      row.up.disabled = place === 0;
      row.down.disabled = place === size - 1;
    });
  };
  const move = (row, to) => {
    now = now.filter((one) => one !== row);
    now.splice(to, 0, row);
    lay();
  };
  function shift(row, by, pressed) {
    move(row, now.indexOf(row) + by);
    // whoever moves an item by keyboard stays with it
    (pressed.disabled ? (pressed === row.up ? row.down : row.up) : pressed).focus();
    say(`${row.name} is now ${now.indexOf(row) + 1} of ${size}.`);
  }
  function drag(row, grip) {
    const on = (kind, act) => row.line.addEventListener(kind, guarded(row.line, act));
    on("pointerdown", (event) => {
      if (fixed || event.button || event.target.closest("button")) return;
      // a finger that is put elsewhere scrolls
      if (event.pointerType === "touch" && event.target !== grip) return;
      event.preventDefault();
      row.line.setPointerCapture(event.pointerId);
      row.line.classList.add("moved");
    });
    on("pointermove", (event) => {
      if (!row.line.hasPointerCapture(event.pointerId)) return;
      const others = now.filter((one) => one !== row);
      const above = others.filter(({ line }) => {
        const { top, height } = line.getBoundingClientRect();
        return top + height / 2 < event.clientY;
      }).length;
      if (above === now.indexOf(row)) return;
      move(row, above);
      row.line.setPointerCapture(event.pointerId); // lost where the line was put elsewhere
    });
    const drop = () => row.line.classList.remove("moved");
    for (const kind of ["pointerup", "pointercancel"]) on(kind, drop);
  }
  const settle = (kept) => {
    fixed = kept;
    list.classList.toggle("fixed", kept);
    for (const { up, down } of rows) up.hidden = down.hidden = kept;
  };
  return {
    fits: (kept) => Array.isArray(kept) && kept.length === size && [...kept].sort((a, b) => a - b).every((one, k) => one === k),
    get: () => now.map(({ number }) => number),
    show(kept) {
      now = kept.map((number) => rows[number]);
      lay();
      settle(true);
      now.forEach((row, place) => {
        const comes = data.answer.indexOf(row.number);
        row.beside.textContent = comes === place ? "✓ comes out here" : `comes out ${comes + 1}${["st", "nd", "rd"][comes] ?? "th"}`;
      });
      return orderWords(kept, data.answer);
    },
    begin() {
      now = [...rows];
      for (const { beside } of rows) beside.textContent = "";
      settle(false);
      lay();
      ready(true);
    },
    end() {},
  };
}

function askCurve(place, { data, ready }) {
  const hint = element("p", { class: "prediction-hint" }, "Draw from left to right, or take the knob with the arrow keys.");
  const legend = element("p", { class: "prediction-legend" }, element("span", { class: "sketch" }), "your sketch", element("span", { class: "answer" }), "what comes out");
  place.append(hint);
  const pad = sketchPad(place, data, ready);
  place.append(legend);
  return {
    fits: isSketch,
    get: pad.sketch,
    show(kept) {
      pad.reveal(kept);
      hint.hidden = true;
      legend.hidden = false;
      return curveWords(kept, data);
    },
    begin() {
      hint.hidden = false;
      legend.hidden = true;
      pad.begin();
      ready(false);
    },
    end: pad.end,
  };
}

/** The text of an item in a line; a formula as it was written, where that is known. */
function spoken(item) {
  const copy = item.cloneNode(true);
  for (const formula of copy.querySelectorAll(".katex, math")) {
    const written = formula.querySelector("annotation") ?? formula;
    formula.replaceWith(written.textContent);
  }
  return copy.textContent.trim().replace(/\s+/g, " ");
}

const minus = (value) => String(value).replace("-", "\u2212");

export const ASKING = { number: askNumber, order: askOrder, curve: askCurve };
