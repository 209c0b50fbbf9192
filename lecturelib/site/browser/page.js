// Brings the explorers of a page to life when they come near, and keeps their settings in the address of the page.
// This file is loaded only by pages with an explorer. It takes the place of Jupyter's widget manager, which is ten
// times as heavy as all else that an explorer needs.
import { read, write } from "../../core/browser/address.js";
import { throttled } from "../../core/browser/clock.js";
import { button, element } from "../../core/browser/controls.js";
import { beginAnew } from "../../core/browser/explorer.js";
import { makeModel } from "./model.js";

const NEAR = 600; // pixels
const library = new URL("../../", import.meta.url);
const models = new Map();
const waking = [];

for (const box of document.querySelectorAll(".explorer[id]")) {
  const given = JSON.parse(box.querySelector("script[type='application/json']").textContent);
  const model = makeModel({ ...given, state: { ...given.spec.first }, found: {}, begun: 0 });
  const strange = settle(model);
  models.set(box.id, model);
  model.on("change:state", throttled(250, () => keep(model)));
  whenNear(box, () => waking.push(wake(box, model, strange)));
}

// Typesetting formulas takes the browser's time for a second or so. Explorers that can be seen come before.
const typesetting = window.MathJax?.startup;
if (window.MathJax && waking.length) {
  const ready = () => Promise.allSettled(waking).then(() => (typesetting?.pageReady ?? MathJax.startup.defaultPageReady)());
  window.MathJax.startup = { ...typesetting, pageReady: ready };
}

// Formulas and pictures that come late move what is below them, and with it the explorer that an address asks for.
const asked = document.getElementById(location.hash.slice(1));
if (asked && models.has(asked.id)) lead(asked);

/** Keep a box where the address led, until the page is complete or the reader goes elsewhere. */
function lead(box) {
  const keep = new ResizeObserver(() => box.scrollIntoView({ behavior: "instant" }));
  const leave = () => keep.disconnect();
  keep.observe(document.body);
  for (const kind of ["wheel", "touchstart", "pointerdown", "keydown"]) addEventListener(kind, leave, { once: true, passive: true });
  const loaded = new Promise((done) => (document.readyState === "complete" ? done() : addEventListener("load", done, { once: true })));
  const frame = () => new Promise(requestAnimationFrame);
  loaded.then(() => window.MathJax?.startup?.promise).then(frame).then(frame).finally(leave);
}

/** Act once a box comes near what is seen: at once where the address leads to it or it is near already. */
function whenNear(box, act) {
  const { top, bottom } = box.getBoundingClientRect();
  if (location.hash === `#${box.id}` || (top < innerHeight + NEAR && bottom > -NEAR)) {
    act();
    return;
  }
  const observer = new IntersectionObserver(
    (entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      observer.disconnect();
      act();
    },
    { rootMargin: `${NEAR}px` },
  );
  observer.observe(box);
}

/** Set an explorer as the address says; what the address says that is no setting. */
function settle(model) {
  const spec = model.get("spec");
  const { state, strange } = read(location.search, spec);
  model.set("state", { ...spec.first, ...state });
  return strange;
}

/** Write the settings of an explorer into the address. */
function keep(model) {
  const spec = model.get("spec");
  const query = write(location.search, spec, model.get("state"), spec.first);
  if (query !== location.search) history.replaceState(history.state, "", location.pathname + query + location.hash);
}

async function wake(box, model, strange) {
  for (const path of model.get("needs")) {
    // else the browser would find out module by module what the next one imports
    document.head.append(element("link", { rel: "modulepreload", href: new URL(path, library) }));
  }
  const { default: explorer } = await import(new URL(model.get("module"), library));
  const place = element("div");
  box.append(place);
  explorer.render({ model, el: place });
  box.classList.add("alive");
  const bar = place.querySelector(".explorer-bar");
  bar.append(linkButton(box, model));
  if (strange.length) {
    place.querySelector(".explorer-hint").append(` (Not understood in the address: ${strange.join(", ")}.)`);
  }
}

function linkButton(box, model) {
  const copy = button("Copy link", async () => {
    keep(model);
    const link = new URL(location.href);
    link.hash = box.id;
    try {
      await navigator.clipboard.writeText(link.href);
      copy.textContent = "Copied";
    } catch {
      history.replaceState(history.state, "", link);
      copy.textContent = "The link is in the address bar";
    }
    setTimeout(() => (copy.textContent = "Copy link"), 2000);
  });
  return copy;
}

// A link in the prose sets an explorer without leaving the place where it is read, unless the explorer is out of sight.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a.explore");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  const target = new URL(link.href);
  const box = document.getElementById(target.hash.slice(1));
  const model = models.get(target.hash.slice(1));
  if (!model) return;
  event.preventDefault();
  beginAnew(model, read(target.search, model.get("spec")).state);
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  box.scrollIntoView({ block: "nearest", behavior: still ? "auto" : "smooth" });
});

addEventListener("popstate", () => models.forEach(settle));
