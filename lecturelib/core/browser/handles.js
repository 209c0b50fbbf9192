// What can be taken in a chart and moved: by mouse, by finger, and by arrow keys.
import { clamp } from "./numbers.js";
import { element } from "./controls.js";
import { guarded } from "./failing.js";

const STEPS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/**
 * Handles over the plot. show(list, act, pick): each of `list` is {x, y, name, color, free, picked}; free: "x" (it moves
 * sideways, along the curve that the explorer draws) or "xy"; picked: a ring marks it. act(index, x, y) asks for a move,
 * act(index, null) for removal (Delete); pick(index) tells which one was touched or got the focus.
 */
export function handles(box, plot, ends) {
  const ground = element("div", { class: "explorer-handles" });
  box.append(ground);
  let list = [];
  let knobs = [];
  let act = () => {};
  let pick = () => {};
  let tap = null;

  const inside = (x, y) => [clamp(x, ...ends.x), clamp(y, ...ends.y)];
  const at = (event) => {
    const frame = plot.over.getBoundingClientRect();
    return inside(plot.posToVal(event.clientX - frame.left, "x"), plot.posToVal(event.clientY - frame.top, "y"));
  };
  const ask = (index, x, y) => {
    const one = list[index];
    act(index, ...(one.free === "x" ? [clamp(x, ...ends.x), one.y] : inside(x, y)));
  };
  const keys = (event, index) => {
    if (event.key === "Delete" || event.key === "Backspace") {
      event.preventDefault();
      act(index, null);
    }
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    const part = event.shiftKey ? 0.1 : 0.01;
    const [right, up] = list[index].free === "x" ? [step[0] + step[1], 0] : step;
    const { x, y } = list[index];
    ask(index, x + right * part * (ends.x[1] - ends.x[0]), y + up * part * (ends.y[1] - ends.y[0]));
  };
  const knob = (index) => {
    const made = element("div", { class: "explorer-handle", role: "slider", tabindex: 0 });
    made.addEventListener("keydown", (event) => keys(event, index));
    made.addEventListener("focus", () => pick(index));
    made.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      event.stopPropagation();
      made.focus({ focusVisible: false });
      made.setPointerCapture(event.pointerId);
    });
    made.addEventListener("pointermove", (event) => {
      if (made.hasPointerCapture(event.pointerId)) ask(index, ...at(event));
    });
    return made;
  };
  plot.over.addEventListener("click", (event) => tap?.(...at(event)));

  const move = () => {
    const left = plot.over.offsetLeft;
    const top = plot.over.offsetTop;
    knobs.forEach((made, index) => {
      const { x, y } = list[index];
      made.style.transform = `translate(${left + plot.valToPos(x, "x")}px, ${top + plot.valToPos(y, "y")}px)`;
    });
  };
  return {
    move,
    show(wanted, answer, picking = () => {}) {
      list = wanted;
      act = guarded(ground, answer);
      pick = guarded(ground, picking);
      const gone = knobs.splice(list.length);
      // whoever removes points by keyboard stays among them
      if (gone.includes(document.activeElement)) knobs.at(-1)?.focus();
      for (const made of gone) made.remove();
      while (knobs.length < list.length) {
        knobs.push(knob(knobs.length));
        ground.append(knobs.at(-1));
      }
      knobs.forEach((made, index) => describe(made, list[index], ends));
      move();
    },
    onTap(answer) {
      tap = guarded(ground, answer);
    },
    end: () => ground.remove(),
  };
}

function describe(made, { x, y, name, color = "blue", free, picked = false }, ends) {
  const shown = (value) => String(Number(value.toPrecision(3)));
  const told = {
    "aria-label": name,
    "aria-valuemin": shown(ends.x[0]),
    "aria-valuemax": shown(ends.x[1]),
    "aria-valuenow": shown(x),
    "aria-valuetext": free === "x" ? shown(x) : `x ${shown(x)}, y ${shown(y)}`,
  };
  for (const [attribute, value] of Object.entries(told)) made.setAttribute(attribute, value);
  made.classList.toggle("picked", picked);
  made.style.setProperty("--hue", `var(--figure-${color})`);
}
