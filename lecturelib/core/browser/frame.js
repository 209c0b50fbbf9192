// What stands around every explorer on the screen, and what stands in its place where it failed.
import { button, element } from "./controls.js";

/** What is said in place of an explorer: what happened, and a button that may help. */
export function notice(words, help, act) {
  return element("div", { class: "explorer-notice" }, element("p", { role: "alert" }, words), button(help, act));
}

/** The parts of the frame; `root` holds them all. Where things stand is said in explorer.css. */
export function frame(spec, prefix) {
  const title = element("strong", { class: "explorer-title", id: `${prefix}-title` }, spec.title);
  const hint = element("p", { class: "explorer-hint" }, title, ` ${spec.hint}`);
  const note = element("p", { class: "explorer-note", role: "status", hidden: true });
  const head = element("div", { class: "explorer-head" }, hint, note);
  const presets = element("div", { class: "explorer-presets", role: "group", "aria-label": "Presets" });
  const stage = element("div", { class: "explorer-stage" });
  const further = element("div", { class: "explorer-further" });
  const knobs = element("div", { class: "explorer-controls" });
  const bar = element("div", { class: "explorer-bar" });
  // what is seen changes with every frame; what is said aloud comes when the hand rests
  const words = element("p", { class: "explorer-words", "aria-hidden": "true" });
  const said = element("p", { class: "explorer-said", "aria-live": "polite" });
  const main = element("div", { class: "explorer-main" }, stage, further);
  const side = element("div", { class: "explorer-side" }, knobs, bar);
  const parts = [head, presets, main, side, words, said];
  const [wide, narrow] = spec.heights;
  const style = `--wide: ${wide}px; --narrow: ${narrow}px`;
  const root = element("div", { class: "explorer-live", style, role: "group", "aria-labelledby": `${prefix}-title` }, ...parts);
  return { root, note, presets, stage, further, controls: knobs, bar, words, said };
}

/**
 * Let nothing jump: the room for the words grows with them and never shrinks while the frame is as wide; and tell the
 * style how high the stage is, under which nothing may come to lie that gets the focus. Gives what ends it.
 */
export function keepRoom({ root, words, stage }) {
  let wide = 0;
  const observer = new ResizeObserver(() => {
    if (root.clientWidth !== wide) words.style.minHeight = "";
    wide = root.clientWidth;
    words.style.minHeight = `${words.offsetHeight}px`;
    root.style.setProperty("--stage", `${stage.offsetHeight}px`);
  });
  for (const part of [root, words, stage]) observer.observe(part);
  return () => observer.disconnect();
}

/** Whoever goes from control to control by keyboard sees the stage with each of them, where both have room. */
export function keepInView({ root, stage }) {
  let pressed = false; // under a finger or the mouse nothing may move
  const press = () => {
    pressed = true;
    for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => (pressed = false), { once: true, capture: true });
  };
  root.addEventListener("pointerdown", press, true);
  root.addEventListener("focusin", ({ target }) => {
    if (pressed) return;
    for (const part of [stage, target]) part.scrollIntoView({ block: "nearest", behavior: "instant" });
  });
}
