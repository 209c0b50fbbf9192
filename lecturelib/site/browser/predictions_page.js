// Brings the predictions of a page to life. Pages with one load this script, which needs no other.
import { bring } from "../../core/browser/predictions.js";

for (const box of document.querySelectorAll(".prediction[id]")) {
  try {
    bring(box, JSON.parse(box.querySelector("script[type='application/json']").textContent));
  } catch (error) {
    console.error(error); // the result is there all the same, folded
  }
}
