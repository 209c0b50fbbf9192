// Errors of an explorer are never silent: what runs into one tells the element it belongs to, and the frame around it
// (explorer.js) takes the explorer away and says in words what happened.

const EVENT = "explorer-error";

/** Tell whoever listens around `place` of an error. */
export function tell(place, error) {
  place.dispatchEvent(new CustomEvent(EVENT, { bubbles: true, detail: error }));
}

/** `act`, whose errors, also those of a promise that it gives, are told at `place`. */
export function guarded(place, act) {
  return (...values) => {
    try {
      const answer = act(...values);
      answer?.catch?.((error) => tell(place, error));
      return answer;
    } catch (error) {
      tell(place, error);
      return undefined;
    }
  };
}

/** Call `act(error)` for every error that is told within `place`. */
export function onError(place, act) {
  place.addEventListener(EVENT, (event) => {
    event.stopPropagation();
    act(event.detail);
  });
}
