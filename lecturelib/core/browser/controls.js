// Controls for settings, all of them the browser's own, so that keyboard, touch and screen readers know them.
import { guarded } from "./failing.js";
import { words } from "./numbers.js";
import { atPosition, format, position } from "./settings.js";

/** An element with attributes; names that begin with "on" are listeners. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  // JupyterLab would take arrow keys for its own shortcuts from whatever has the focus
  if (["button", "input", "select"].includes(tag) || "tabindex" in attributes) made.dataset.lmSuppressShortcuts = "true";
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), guarded(made, value));
    else if (name === "style") made.style.cssText = value; // an attribute would need 'unsafe-inline'
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

export function button(words, press, attributes = {}) {
  return element("button", { type: "button", onclick: press, ...attributes }, words);
}

const TICKS = 1000;
const arrows = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 };

/** A slider. One arrow key moves it by one step, or by a hundredth of its way where it has no steps. */
function numberControl(setting, id, change) {
  const linear = !setting.log && setting.step;
  const input = element("input", {
    id,
    type: "range",
    min: linear ? setting.low : 0,
    max: linear ? setting.high : TICKS,
    step: linear ? setting.step : 1,
    oninput: () => change(linear ? Number(input.value) : atPosition(setting, input.value / TICKS)),
    onkeydown: (event) => {
      if (linear || !(event.key in arrows)) return;
      event.preventDefault();
      change(nudged(setting, current, arrows[event.key]));
    },
  });
  const shown = element("output", { for: id, "aria-live": "off" });
  let current = setting.value;
  return {
    parts: [element("label", { for: id }, setting.label), input, shown],
    show(value, text = format(setting, value)) {
      current = value;
      input.value = linear ? value : TICKS * position(setting, value);
      shown.textContent = text.replaceAll("-", "\u2212");
      input.setAttribute("aria-valuetext", text);
    },
  };
}

/** The value some hundredths of the way on, by at least one step. */
export function nudged(setting, value, hundredths) {
  const next = atPosition(setting, position(setting, value) + hundredths / 100);
  if (next !== value || !setting.step) return next;
  return atPosition(setting, position(setting, value + Math.sign(hundredths) * setting.step));
}

function choiceControl(setting, id, change) {
  const options = Object.entries(setting.options).map(([value, words]) => element("option", { value }, words));
  const input = element("select", { id, onchange: () => change(input.value) }, ...options);
  return {
    parts: [element("label", { for: id }, setting.label), input],
    show: (value) => (input.value = value),
  };
}

function switchControl(setting, id, change) {
  const input = element("input", { id, type: "checkbox", onchange: () => change(input.checked) });
  return {
    parts: [input, element("label", { for: id }, setting.label)],
    show: (value) => (input.checked = value),
  };
}

const KINDS = { number: numberControl, choice: choiceControl, switch: switchControl };

/**
 * Controls for those settings that have one, in their order. `show(state, used)` moves them to where the state is, or to
 * the number in use, rounded, where that is another.
 */
export function controls(parent, settings, prefix, change) {
  const made = {};
  for (const setting of settings) {
    if (setting.hidden || !(setting.kind in KINDS)) continue;
    const id = `${prefix}-${setting.name}`;
    made[setting.name] = KINDS[setting.kind](setting, id, (value) => change({ [setting.name]: value }));
    parent.append(element("div", { class: `explorer-control ${setting.kind}` }, ...made[setting.name].parts));
  }
  return {
    show(state, used = {}) {
      for (const [name, control] of Object.entries(made)) {
        if (name in used) control.show(used[name], words(used[name], 2));
        else control.show(state[name]);
      }
    },
  };
}
