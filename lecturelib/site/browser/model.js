// What an explorer needs of the model of a widget, without a kernel: get, set, on, off, save_changes.

export function makeModel(values) {
  const kept = { ...values };
  const listeners = new Map();
  return {
    get: (name) => kept[name],
    set(name, value) {
      const heard = listeners.get(`change:${name}`);
      // comparing is for listeners; what nobody listens to may be large
      const same = heard?.size && JSON.stringify(kept[name]) === JSON.stringify(value);
      kept[name] = value;
      if (!same) for (const act of [...(heard ?? [])]) act();
    },
    on(event, act) {
      if (!listeners.has(event)) listeners.set(event, new Set());
      listeners.get(event).add(act);
    },
    off: (event, act) => listeners.get(event)?.delete(act),
    save_changes() {},
  };
}
