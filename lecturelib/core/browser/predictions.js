// Predict, then see: a question takes the reader's guess, and only then shows the result, with the guess beside it.
// The guess is kept in this browser alone. bring(box) makes a prediction of a page alive; the default export is the widget
// of a notebook, which makes the same place out of texts that Python sends.
import { button, element } from "./controls.js";
import { onError } from "./failing.js";
import { ASKING } from "./predictions_asking.js";

let count = 0;

/** What this browser keeps under a name; where it keeps nothing, this page does while it is open. */
function makeStore(name) {
  const key = `prediction ${location.pathname} ${name}`;
  let here = null;
  const tried = (act) => {
    try {
      return act(localStorage);
    } catch {
      return null; // it is blocked or full
    }
  };
  return {
    get: () => tried((storage) => JSON.parse(storage.getItem(key))) ?? here,
    set(guess) {
      here = guess;
      tried((storage) => storage.setItem(key, JSON.stringify(guess)));
    },
    forget() {
      here = null;
      tried((storage) => storage.removeItem(key));
    },
  };
}

/**
 * Make a prediction alive. box holds the question, perhaps a list of items, and what unfolds to the result; data says
 * what is asked. Gives what ends it.
 */
export function bring(box, data) {
  const result = box.querySelector(".prediction-result");
  const items = [...box.querySelectorAll(".prediction-items > li")];
  const place = element("div", { class: "prediction-asking" });
  const verdict = element("p", { class: "prediction-verdict", tabindex: -1 });
  const said = element("p", { class: "prediction-said", "aria-live": "polite" });
  const store = makeStore(data.name);

  const give = button("This is my guess", () => answer(asking.get()), { class: "prediction-give" });
  const skip = button("Show the result", () => reveal("Here it is."));
  const again = button("", () => {
    store.forget();
    ask();
    live.querySelector(":is(input, button, [tabindex='0']):not(:disabled)").focus();
  });
  const bar = element("div", { class: "prediction-bar" }, give, skip);
  const live = element("div", { class: "prediction-live" }, place, bar, verdict, said);
  const after = element("div", { class: "prediction-live prediction-bar" }, again);
  const prefix = `prediction-${data.name}-${(count += 1)}`;
  const asking = ASKING[data.kind](place, { data, items, prefix, ready: (is) => (give.disabled = !is), say: (text) => (said.textContent = text) });

  function ask() {
    result.hidden = true;
    box.classList.remove("guessed");
    verdict.hidden = after.hidden = true;
    bar.hidden = place.hidden = false;
    asking.begin();
  }
  function reveal(text) {
    verdict.textContent = text;
    verdict.hidden = after.hidden = false;
    bar.hidden = true;
    const guessed = store.get() !== null;
    again.textContent = guessed ? "Forget my guess" : "Guess after all";
    place.hidden = !guessed;
    box.classList.toggle("guessed", guessed);
    result.hidden = false;
    result.open = true;
  }
  function answer(guess) {
    store.set(guess);
    reveal(asking.show(guess));
    verdict.focus({ preventScroll: true }); // the button that was pressed is gone, and this is read aloud
  }

  onError(box, (error) => {
    console.error(error);
    end(); // the question and what unfolds are left
  });
  function end() {
    asking.end();
    live.remove();
    after.remove();
    box.classList.remove("alive", "guessed");
    result.hidden = false;
  }
  result.before(live);
  result.after(after);
  box.classList.add("alive");
  const kept = store.get();
  ask();
  if (kept !== null && asking.fits(kept)) reveal(asking.show(kept));
  else if (kept !== null) store.forget(); // of a question that has changed since
  return end;
}

/** In a notebook. */
function render({ model, el }) {
  const { question, items, result, explanation, svg, picture, ...data } = model.get("data");
  const part = (name, html) => {
    const made = element("div", { class: name });
    made.innerHTML = html; // made by Python out of the author's text
    return made;
  };
  const folded = element("details", { class: "prediction-result" }, element("summary", {}, "The result"), part("prediction-answer", result));
  if (svg) folded.append(part("prediction-still", svg));
  folded.append(part("prediction-explanation", explanation + picture));
  const box = element("div", { class: "prediction", role: "group", "aria-label": "Predict, then see" }, part("prediction-question", question));
  if (items.length) box.append(part("", `<ul class="prediction-items">${items.map((item) => `<li>${item}</li>`).join("")}</ul>`));
  box.append(folded);
  el.append(box);
  const end = bring(box, data);
  return () => {
    end();
    box.remove();
  };
}

export default { render };
