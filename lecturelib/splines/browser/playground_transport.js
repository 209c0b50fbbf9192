/** Buttons and sliders of a run: play, pause, step, begin again, draw anew, speed, and the way back through time. */

import { button, element } from "../../core/browser/controls.js";
import { words } from "../../core/browser/numbers.js";

/**
 * @param {HTMLElement} stage
 * @param {string} prefix  of ids
 * @param {Record<string, string>} speeds
 * @param {{play: () => void, step: () => void, again: () => void, draw: () => void, speed: (value: string) => void,
 *   scrub: (index: number) => void}} acts
 */
export function makeTransport(stage, prefix, speeds, acts) {
  const play = button("▶ Play", acts.play, { class: "explorer-play" });
  const step = button("Step", acts.step);
  const again = button("Start over", acts.again);
  const draw = button("New draw", acts.draw, { title: "Other random weights and other noise" });
  const options = Object.entries(speeds).map(([value, text]) => element("option", { value }, text));
  const speed = element("select", { id: `${prefix}-speed`, onchange: () => acts.speed(speed.value) }, ...options);
  const label = element("label", { for: `${prefix}-speed` }, "steps a frame");
  const time = element("input", {
    id: `${prefix}-time`, type: "range", min: 0, max: 0, step: 1, value: 0,
    oninput: () => acts.scrub(Number(time.value)),
  });
  const shown = element("output", { for: `${prefix}-time`, "aria-live": "off" });
  const scrub = element("div", { class: "explorer-control explorer-time" }, element("label", { for: `${prefix}-time` }, "time"), time, shown);
  const bar = element("div", { class: "explorer-transport" }, play, step, again, draw);
  stage.append(bar, element("div", { class: "explorer-transport" }, scrub, element("div", { class: "explorer-control" }, label, speed)));
  return {
    bar,
    /** @param {{playing: boolean, stuck: boolean, speed: string}} state */
    show({ playing, stuck, speed: pace }) {
      play.textContent = playing ? "❚❚ Pause" : "▶ Play";
      play.disabled = step.disabled = stuck;
      speed.value = pace;
    },
    /**
     * @param {import("./recording.js").Frame[]} frames
     * @param {number} index
     */
    at(frames, index) {
      const { step: steps } = frames[index];
      time.max = String(frames.length - 1);
      time.value = String(index);
      time.disabled = frames.length < 2;
      shown.textContent = `step ${steps.toLocaleString("en")}`;
      time.setAttribute("aria-valuetext", `step ${words(steps, 12)}${index < frames.length - 1 ? ", recorded" : ""}`);
    },
  };
}
