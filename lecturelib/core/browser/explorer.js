// The frame of every explorer: title, hint, presets, controls, words; and the state, kept in the widget's model.
//
//   export default explorer(({ stage, bar, givens, state, set, say, offer }) => ({ update(state) {…}, end() {…} }));
//
// stage: where charts go. bar: where buttons go. givens: what Python passed. state: the settings now. set(changes):
// changes some settings, as a control does. say(text): what is seen, in words. offer(values): what Python can read as
// explorer.found. The face's update(state, before, anew) draws; it is called at once, after every change of a setting, and
// where a preset, a link or Reset asks for its settings anew, be they those that are already.
import { button, controls, element } from "./controls.js";
import { throttled } from "./clock.js";

let count = 0;

/**
 * Set an explorer to some settings and all others as at first, to begin anew with them: what presets and links do. The
 * number `begun` tells every view of the model, in JupyterLab too, that this was asked for, though no setting may differ.
 */
export function beginAnew(model, changes = {}) {
  model.set("begun", model.get("begun") + 1);
  model.set("state", { ...model.get("spec").first, ...changes });
  model.save_changes();
}

export function explorer(face) {
  return { render: ({ model, el }) => render(face, model, el) };
}

function render(face, model, el) {
  const spec = model.get("spec");
  const prefix = `explorer-${spec.name}-${(count += 1)}`;
  const parts = frame(spec, prefix);
  el.append(parts.root);
  let shown = null;
  let begun = model.get("begun");
  let live = null;

  const save = throttled(60, () => model.save_changes());
  const set = (changes) => {
    model.set("state", { ...model.get("state"), ...changes });
    save();
  };
  const announce = throttled(1000, (text) => (parts.said.textContent = text));
  const say = (text) => {
    parts.words.textContent = text;
    announce(text);
  };
  const publish = throttled(200, () => model.save_changes());
  const offer = (values) => {
    model.set("found", values);
    publish();
  };
  const knobs = controls(parts.controls, spec.settings, prefix, set);
  const show = () => {
    const state = model.get("state");
    const before = shown;
    const anew = model.get("begun") !== begun;
    shown = state;
    begun = model.get("begun");
    knobs.show(state);
    live?.update?.(state, before, anew);
  };
  // the settings to begin with may be set only a moment later, and are shown then; where they are the same, here
  const again = () => queueMicrotask(() => model.get("begun") !== begun && show());

  for (const preset of Object.values(spec.presets)) {
    parts.presets.append(button(preset.words, () => beginAnew(model, preset.state)));
  }
  parts.presets.hidden = !Object.keys(spec.presets).length;
  live = face({ ...parts, prefix, givens: model.get("givens"), state: model.get("state"), set, say, offer, spec });
  parts.bar.append(button("Reset", () => (live.reset?.(), beginAnew(model))));
  model.on("change:state", show);
  model.on("change:begun", again);
  show();
  return () => {
    model.off("change:state", show);
    model.off("change:begun", again);
    announce.cancel();
    live.end?.();
    parts.root.remove();
  };
}

function frame(spec, prefix) {
  const title = element("p", { class: "explorer-title", id: `${prefix}-title` }, spec.title);
  const hint = element("p", { class: "explorer-hint" }, spec.hint);
  const presets = element("div", { class: "explorer-presets", role: "group", "aria-label": "Presets" });
  const stage = element("div", { class: "explorer-stage" });
  const knobs = element("div", { class: "explorer-controls" });
  const bar = element("div", { class: "explorer-bar" });
  // what is seen changes with every frame; what is said aloud comes when the hand rests
  const words = element("p", { class: "explorer-words", "aria-hidden": "true" });
  const said = element("p", { class: "explorer-said", "aria-live": "polite" });
  const root = element(
    "div",
    { class: "explorer-live", role: "group", "aria-labelledby": `${prefix}-title` },
    title, hint, presets, stage, words, said, knobs, bar,
  );
  return { root, presets, stage, controls: knobs, bar, words, said };
}
