// Put at the beginning of a page by the test's server: keeps what goes wrong there, as [event, words].
window.heard = [];
addEventListener("unhandledrejection", ({ reason }) => heard.push(["pageerror", `in a promise: ${reason}`]));
addEventListener(
  "error",
  ({ message, filename, lineno, target }) => {
    if (message?.startsWith("ResizeObserver loop")) return; // a size was answered a frame later; other browsers do not tell
    const missing = target?.src ?? target?.href;
    heard.push(missing ? ["requestfailed", missing] : ["pageerror", `${message} (${filename}:${lineno})`]);
  },
  true,
);
for (const [name, event] of [["error", "error"], ["warn", "warning"]]) {
  const write = console[name].bind(console);
  console[name] = (...words) => {
    heard.push([event, words.map(String).join(" ")]);
    write(...words);
  };
}
