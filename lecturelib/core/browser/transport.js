/** What a run is steered by: play and pause, further buttons, and the way through time; on request, the speed. */
import { button, element } from "./controls.js";

/**
 * @param {HTMLElement} stage
 * @param {string} prefix  of ids
 * @param {{play: () => void, scrub: (index: number) => void}} acts
 * @param {Record<string, {words: string, act: () => void, title?: string}>} further  buttons beside Play
 * @param {{options: Record<string, string>, act: (value: string) => void}} [pace]  how many steps a frame takes
 */
export function makeTransport(stage, prefix, acts, further, pace) {
  const play = button("▶ Play", acts.play, { class: "explorer-play" });
  /** @type {Record<string, HTMLButtonElement>} */
  const buttons = {};
  for (const [name, { words, act, title }] of Object.entries(further)) buttons[name] = button(words, act, { title });
  const time = element("input", {
    id: `${prefix}-time`, type: "range", min: 0, max: 0, step: 1, value: 0,
    oninput: () => acts.scrub(Number(time.value)),
  });
  const shown = element("output", { for: `${prefix}-time`, "aria-live": "off" });
  const scrub = element("div", { class: "explorer-control explorer-time" }, element("label", { for: `${prefix}-time` }, "time"), time, shown);
  const bar = element("div", { class: "explorer-buttons" }, play, ...Object.values(buttons));
  const way = element("div", { class: "explorer-transport" }, bar, scrub);
  stage.append(way);
  const speed = pace && speeds(way, `${prefix}-speed`, pace);
  return {
    bar,
    buttons,
    /** @param {{playing: boolean, stuck?: boolean, speed?: string}} state */
    show({ playing, stuck = false, speed: now }) {
      play.textContent = playing ? "❚❚ Pause" : "▶ Play";
      play.disabled = stuck;
      if (speed) speed.value = now;
    },
    /**
     * Where we are, and what is written beside the slider; `spoken` where that is to be read aloud in other words.
     * @param {number} index
     * @param {number} last
     * @param {string} words
     */
    at(index, last, words, spoken = words) {
      time.max = String(last);
      time.value = String(index);
      time.disabled = last < 1;
      shown.textContent = words;
      time.setAttribute("aria-valuetext", spoken);
    },
  };
}

function speeds(way, id, { options, act }) {
  const list = Object.entries(options).map(([value, text]) => element("option", { value }, text));
  const select = element("select", { id, onchange: () => act(select.value) }, ...list);
  way.append(element("div", { class: "explorer-control" }, element("label", { for: id }, "steps a frame"), select));
  return select;
}
