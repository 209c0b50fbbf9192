// Every explorer: its frame, and its state, kept in the widget's model.
//
//   export default explorer((tools) => ({ update(state, before, anew) {…}, reset() {…}, end() {…} }));
//
// The face's update draws; it is called at once, after every change of a setting, and where a preset, a link or Reset asks
// for its settings anew (`anew`), be they those that are already. The tools:
//   stage    for the charts that are moved and watched, and the buttons of a run: it stays in view while controls are used
//   further  for more charts
//   controls, bar, words   where controls, further buttons and words are
//   givens   what Python passed; spec: what it declared; prefix: of ids
//   state    the settings now; set(changes) changes some, as a control does
//   use({name: value})     says what is in use where it is not the setting: the control shows it
//   say(text)              what is seen, in words
//   offer(values)          what Python can read as explorer.found
// Where a face runs into an error, or what the reader does to it, the explorer is taken away, and it is said in words.
import { button, controls, element } from "./controls.js";
import { throttled } from "./clock.js";
import { guarded, onError } from "./failing.js";
import { frame, keepInView, keepRoom, notice } from "./frame.js";

let count = 0;

/**
 * Set an explorer to some settings and all others as at first, to begin anew with them: what presets and links do. The
 * number `begun` tells every view of the model, in JupyterLab too, that this was asked for, though no setting may differ.
 */
export function beginAnew(model, changes = {}) {
  forget(model);
  model.set("begun", model.get("begun") + 1);
  model.set("state", { ...model.get("spec").first, ...changes });
  model.save_changes();
}

/** What was noted of the address holds no more. */
function forget(model) {
  if (model.get("notes")?.length) model.set("notes", []);
}

export function explorer(face) {
  return { render: ({ model, el }) => render(face, model, el) };
}

/** The explorer in a box within `el`; gives what takes it away. `el` has the class "alive" while it is one. */
function render(face, model, el) {
  const box = element("div", { class: "explorer-frame" });
  const ends = [];
  const end = () => ends.splice(0).forEach((act) => act());
  const begin = () => {
    box.replaceChildren();
    el.classList.add("alive");
    guarded(box, live)(face, model, box, ends);
  };
  onError(box, (error) => {
    console.error(error);
    try {
      end();
    } catch (another) {
      console.error(another); // too broken to end well
    }
    el.classList.remove("alive");
    const words = `“${model.get("spec").title}” ran into an error and was stopped (${error?.message ?? error}). If it does so again, reload the page.`;
    box.replaceChildren(notice(words, "Start it anew", () => (beginAnew(model), begin())));
  });
  el.prepend(box); // before the picture that stands for it on a page
  begin();
  return () => {
    end();
    box.remove();
  };
}

/** Fill a box with a living explorer; `ends` gets what ends it, part by part. */
function live(face, model, box, ends) {
  const spec = model.get("spec");
  const prefix = `explorer-${spec.name}-${(count += 1)}`;
  const parts = frame(spec, prefix);
  box.append(parts.root);
  keepInView(parts);
  let shown = null;
  let begun = model.get("begun");
  let made = null;
  let used = {};

  const save = throttled(60, () => model.save_changes());
  const set = (changes) => {
    forget(model);
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
  const use = (values) => {
    used = values;
    knobs.show(model.get("state"), used);
  };
  const show = () => {
    const state = model.get("state");
    const before = shown;
    const anew = model.get("begun") !== begun;
    shown = state;
    begun = model.get("begun");
    knobs.show(state, used);
    made?.update?.(state, before, anew);
  };
  // the settings to begin with may be set only a moment later, and are shown then; where they are the same, here
  const again = () => queueMicrotask(guarded(box, () => model.get("begun") !== begun && show()));
  const note = () => {
    const notes = model.get("notes") ?? []; // of the page about its address; a notebook has none
    parts.note.textContent = notes.join(" ");
    parts.note.hidden = !notes.length;
  };

  for (const preset of Object.values(spec.presets)) {
    parts.presets.append(button(preset.words, () => beginAnew(model, preset.state)));
  }
  parts.presets.hidden = !Object.keys(spec.presets).length;
  ends.push(keepRoom(parts), announce.cancel);
  made = face({ ...parts, prefix, givens: model.get("givens"), state: model.get("state"), set, use, say, offer, spec });
  ends.push(() => made.end?.());
  parts.bar.append(button("Reset", () => (made.reset?.(), beginAnew(model))));
  for (const [event, act] of Object.entries({ "change:state": show, "change:begun": again, "change:notes": note })) {
    const heard = guarded(box, act);
    model.on(event, heard);
    ends.push(() => model.off(event, heard));
  }
  note();
  show();
}
