/** The face of the playground: a session that plays, and the charts that show it. */

import { clock, prefersStill } from "../../../core/browser/clock.js";
import { button, element } from "../../../core/browser/controls.js";
import { explorer } from "../../../core/browser/explorer.js";
import { words } from "../../../core/browser/numbers.js";
import { makeTransport } from "../../../core/browser/transport.js";
import { makeFunction, makeLoss, makePaths, makePsi, makeScatter } from "./charts.js";
import { roughness } from "../../regimes/browser/measures.js";
import { makePoints } from "./points.js";
import { backdrop } from "./view.js";
import { Session } from "./session.js";

const TRAINING = 8; // milliseconds a frame; the rest of the 16 is for drawing
const GROWTH = 0.03; // part by which the number of steps grows in a frame, "even in log time"
const SLOW = 500; // milliseconds between pictures for readers who ask for less motion
const CALM = 1000; // milliseconds between descriptions while it plays
const SHOWN = ["cubic", "linear", "paths", "psi", "loss", "scatter"];

/** How many steps a frame takes. */
function pace(speed, steps) {
  if (speed === "full") return Infinity;
  return speed === "even" ? Math.max(1, Math.round(GROWTH * steps)) : Number(speed);
}

/** What went wrong, in words. */
function complaint({ diverged, step, rate, edge }) {
  const what = diverged ? "Diverged" : "No neuron sees a datum any more, so nothing is learned";
  const reason = Number.isNaN(edge)
    ? "Adam moves every weight by about its learning rate a step."
    : `At the start, rates up to about ${words(edge, 2)} are stable.`;
  return `${what}: step ${step.toLocaleString("en")}, learning rate ${words(rate, 2)}. ${reason}`;
}

export default explorer((tools) => {
  const { stage, further, controls, bar, prefix, givens, state, set, use, spec } = tools;
  const named = (wanted) => spec.settings.find(({ name }) => name === wanted);
  const session = new Session(state, givens);
  const alarm = element("div", { class: "explorer-alarm", role: "alert" });
  const acts = {
    play: () => (ticking.running ? pause() : play()),
    scrub: (place) => (pause(), (index = place), look(true)),
  };
  const steering = {
    step: { words: "Step", act: () => (pause(), goLive(), session.advance(1), session.keep(), look(true)) },
    again: { words: "Start over", act: () => (begin(), look(true)) },
    draw: { words: "New draw", act: () => set({ seed: (settings.seed % 9999) + 1 }), title: "Other random weights and other noise" },
  };
  const pacing = { options: named("speed").options, act: (speed) => set({ speed }) };
  const transport = makeTransport(stage, prefix, acts, steering, pacing);
  stage.append(alarm);
  const lower = element("div", { class: "explorer-pair" });
  further.append(lower);
  const charts = { function: makeFunction(stage) };
  const tip = element("p", { class: "explorer-tip" });
  charts.function.box.before(tip);
  // what is shown is chosen apart from what the run is made of
  const shows = element("div", { class: "explorer-shows", role: "group", "aria-label": "Shown" });
  for (const name of SHOWN) shows.append(controls.querySelector(`#${prefix}-${name}`).parentElement);
  bar.before(shows);
  const makers = { paths: [makePaths, further], psi: [makePsi, further], loss: [makeLoss, lower], scatter: [makeScatter, lower] };
  const points = makePoints(charts.function, transport.bar, tip, set, named("points"));

  let settings = state;
  let back = null;
  /** Index of the recorded frame that is shown, or null for what is now. @type {number | null} */
  let index = null;
  let told = 0;
  let drawn = 0;
  let turn = 0;

  const ticking = clock(stage, tick);
  const goLive = () => (index = null);
  const renewed = () => (goLive(), alarm.replaceChildren());
  const begin = () => (session.begin(), (back = null), renewed());

  function play() {
    if (index === null && session.astray) return;
    ticking.start();
    look();
  }

  function pause() {
    if (!ticking.running) return;
    ticking.stop();
    look(true);
  }

  /** One frame of playing: recorded frames until the present is reached, then new steps. */
  function tick() {
    if (index !== null) {
      index += Math.max(1, Math.round(session.recording.frames.length / 300));
      if (index >= session.recording.frames.length - 1) goLive();
    } else {
      session.advance(pace(settings.speed, session.steps), TRAINING);
      if (session.trouble) return pause();
    }
    const now = performance.now();
    if (prefersStill() && now - drawn < SLOW) return;
    drawn = now;
    look(now - told > CALM);
  }

  /** What is shown: a recorded frame, or the present, which is recorded as well when it rests. */
  function view() {
    const { frames } = session.recording;
    const present = {
      step: session.steps,
      loss: session.training.loss,
      roughness: roughness(session.training.network),
      network: session.training.network,
    };
    const live = index === null && !session.training.diverged;
    back ??= backdrop(session.data, settings.target === "own");
    return { frame: live ? present : frames[index ?? frames.length - 1], frames, data: session.data, back, settings };
  }

  /** Draw everything; `speak`: put it into words too. */
  function look(speak = false) {
    if (speak && !session.training.diverged) session.keep();
    const seen = view();
    // between two descriptions the lesser charts take turns, so that the function moves as smoothly as can be
    turn += 1;
    Object.values(charts).forEach((one, k) => (speak || k === 0 || (k + turn) % 2) && one.show(seen));
    showTransport(seen.frames);
    warn();
    if (speak) tell(seen);
  }

  function showTransport(frames) {
    const stuck = index === null && session.astray;
    transport.show({ playing: ticking.running, stuck, speed: settings.speed });
    transport.buttons.step.disabled = stuck;
    const last = frames.length - 1;
    const { step } = frames[index ?? last];
    const recorded = (index ?? last) < last ? ", recorded" : "";
    transport.at(index ?? last, last, `step ${step.toLocaleString("en")}`, `step ${words(step, 12)}${recorded}`);
  }

  /** Text for those who do not see the charts, and the network for Python. */
  function tell(seen) {
    told = performance.now();
    for (const one of Object.values(charts)) one.tell(seen);
    const { frame, frames, data } = seen;
    const { w, b, v, b0 } = frame.network;
    const inside = Array.from(w, (one, i) => -b[i] / one).filter((beta) => beta >= data.x[0] && beta <= data.x.at(-1)).length;
    const text =
      `Step ${frame.step.toLocaleString("en")}: loss ${words(frame.loss)}, at the start ${words(frames[0].loss)}; ` +
      `roughness ${words(frame.roughness)}. ${inside.toLocaleString("en")} of ${w.length.toLocaleString("en")} breakpoints lie among the data. ` +
      `Learning rate ${words(session.training.rate, 2)}.`;
    // a voice that speaks all the time is none
    if (ticking.running) tools.words.textContent = text;
    else tools.say(text);
    const lists = { w: [...w], b: [...b], v: [...v], b0, x: [...data.x], y: [...data.y] };
    tools.offer({ ...lists, steps: frame.step, loss: frame.loss, roughness: frame.roughness, rate: session.training.rate });
  }

  /** Say that the run went astray, and offer a rate that does not. */
  function warn() {
    const { trouble } = session;
    if (!trouble) return alarm.replaceChildren();
    if (alarm.childElementCount) return;
    const again = () => {
      if (trouble.offer === session.stable) set({ auto: true });
      else set({ auto: false, rate: Number(trouble.offer.toPrecision(3)) });
      begin();
      play();
    };
    alarm.replaceChildren(element("p", {}, complaint(trouble)), button(`Start over with ${words(trouble.offer, 2)}`, again));
  }

  /** Sliders that mean nothing now rest; that of the learning rate stands where the rate in use is, whoever chose it. */
  function rest() {
    const slider = (name) => controls.querySelector(`#${prefix}-${name}`);
    const fixed = ["own", "given"].includes(settings.target);
    slider("count").disabled = slider("noise").disabled = fixed;
    slider("width").disabled = settings.scheme === "given";
    slider("rate").disabled = settings.auto;
    use(settings.auto ? { rate: session.training.rate } : {});
  }

  /** Charts come and go as the reader asks for them. */
  function arrange() {
    for (const [name, [make, place]] of Object.entries(makers)) {
      if (settings[name] && !charts[name]) charts[name] = make(place);
      if (!settings[name] && charts[name]) {
        charts[name].end();
        delete charts[name];
      }
      if (charts[name]) place.append(charts[name].box); // in the order of `makers`
    }
    further.append(lower);
    lower.hidden = !settings.loss && !settings.scatter;
    further.hidden = lower.hidden && !settings.paths && !settings.psi;
  }

  return {
    update(next, before, anew) {
      const old = settings;
      settings = next;
      // whoever takes the choice of the rate over begins with the one that was chosen
      if (before && !anew && old.auto && !next.auto && next.rate === old.rate) {
        return set({ rate: Number(session.stable.toPrecision(3)) });
      }
      const { data } = session;
      if (session.follow(next, anew)) renewed();
      if (data !== session.data || next.target !== old.target) back = null;
      arrange();
      points.show(next, session.data);
      rest();
      look(true);
    },
    reset: pause,
    end() {
      ticking.end();
      for (const one of Object.values(charts)) one.end();
    },
  };
});
