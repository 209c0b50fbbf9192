// Brings the explorers of a page to life when they come near, and keeps their settings in the address of the page.
// This script is loaded only by pages with an explorer; it loads frame.js and the faces (see ../bundles.py). Together they
// take the place of Jupyter's widget manager, which is ten times as heavy as all else that an explorer needs.
import { read, write } from "../../core/browser/address.js";
import { throttled } from "../../core/browser/clock.js";
import { button, element } from "../../core/browser/controls.js";
import { beginAnew } from "../../core/browser/explorer.js";
import { notice } from "../../core/browser/frame.js";
import { makeModel } from "./model.js";

const NEAR = 600; // pixels
const RARELY = 350; // milliseconds: WebKit takes at most 100 changes of the address in half a minute
const LOST = "This explorer could not be loaded: the connection may be lost. The picture shows how it looks at the start.";
const BROKEN = "This explorer cannot start: its script stopped with an error. Reload the page; if that does not help, try another browser.";
const folder = new URL(".", document.currentScript.src);
const models = new Map();
const scripts = new Map();

for (const box of document.querySelectorAll(".explorer[id]")) {
  box.classList.add("watched");
  try {
    prepare(box);
  } catch (error) {
    failed(box, error);
  }
}

function prepare(box) {
  const given = JSON.parse(box.querySelector("script[type='application/json']").textContent);
  const model = makeModel({ ...given, state: { ...given.spec.first }, found: {}, begun: 0, notes: [] });
  settle(model);
  models.set(box.id, model);
  model.on("change:state", throttled(RARELY, () => remember(queryOf(model))));
  whenNear(box, () => wake(box, model));
}

/** Act once a box comes near what is seen: at once where the address leads to it or it is near already. */
function whenNear(box, act) {
  if (location.hash === `#${box.id}`) {
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

/** Load a script once; one that was lost can be asked for again. */
function load(name) {
  if (!scripts.has(name)) {
    const loaded = new Promise((done, lost) => {
      // async would let a face run before the frame that it needs
      const script = element("script", { onload: done, onerror: () => lost(new Error(LOST)) });
      script.async = false;
      script.src = new URL(`${name}?v=${VERSION}`, folder);
      document.head.append(script);
    });
    loaded.catch(() => scripts.delete(name));
    scripts.set(name, loaded);
  }
  return scripts.get(name);
}

async function wake(box, model) {
  const name = model.get("module");
  const made = () => window.lectureExplorers;
  try {
    await Promise.all([load("frame.js"), load(name)]);
    // what stopped a script is in the console already
    if (!made()?.faces?.[name]) throw new Error(BROKEN);
    made().faces[name].default.render({ model, el: box });
    box.querySelector(".explorer-bar")?.append(linkButton(box, model));
  } catch (error) {
    // a face that ran where the frame was lost has to run again
    if (!made()?.shared) scripts.delete("frame.js");
    if (!made()?.faces?.[name]) scripts.delete(name);
    failed(box, error, () => wake(box, model));
  }
}

/** Say that an explorer is not there, above its picture, and offer to try again. */
function failed(box, error, again = () => location.reload()) {
  console.error(error);
  box.querySelector(".explorer-notice")?.remove();
  const said = notice(error.message === LOST || error.message === BROKEN ? error.message : `${BROKEN} (${error.message})`, "Try again", () => {
    said.remove();
    again();
  });
  box.prepend(said);
}

/** Set an explorer as the address says, and note what could not be done as it says. */
function settle(model) {
  const spec = model.get("spec");
  const { state, notes } = read(location.search, spec);
  model.set("state", { ...spec.first, ...state });
  model.set("notes", notes);
}

/** The query of the address with the settings that an explorer has now. */
function queryOf(model) {
  const spec = model.get("spec");
  return write(location.search, spec, model.get("state"), spec.first);
}

/** Keep a query in the address, as a new entry of the history where `push` says so. */
function remember(query, hash = location.hash, push = false) {
  const address = location.pathname + query + hash;
  try {
    if (push) history.pushState(null, "", address);
    else if (address !== location.pathname + location.search + location.hash) history.replaceState(history.state, "", address);
  } catch (error) {
    console.warn(error); // a browser that allows no more changes for a while; what is shown is right all the same
  }
}

function linkButton(box, model) {
  const copy = button("Copy link", async () => {
    const link = new URL(location.href);
    link.search = queryOf(model);
    link.hash = box.id;
    try {
      await navigator.clipboard.writeText(link.href);
      copy.textContent = "Copied";
    } catch {
      remember(link.search, link.hash);
      copy.textContent = "The link is in the address bar";
    }
    setTimeout(() => (copy.textContent = "Copy link"), 2000);
  });
  return copy;
}

// A link in the prose sets an explorer without leaving the place where it is read, unless the explorer is out of sight. It
// makes history: Back returns to the settings before, and to where the reader was.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a.explore");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  const target = new URL(link.href);
  const box = document.getElementById(target.hash.slice(1));
  const model = models.get(target.hash.slice(1));
  if (!model) return;
  event.preventDefault();
  const spec = model.get("spec");
  const { state } = read(target.search, spec);
  remember(queryOf(model)); // what was set a moment ago
  remember(write(location.search, spec, { ...spec.first, ...state }, spec.first), target.hash, true);
  beginAnew(model, state);
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  box.scrollIntoView({ block: "nearest", behavior: still ? "auto" : "smooth" });
});

addEventListener("popstate", () => models.forEach(settle));
