// Opens the search. The index, and the program that searches it, are loaded only by those who search.
{
  const root = new URL(document.documentElement.dataset.content_root || "./", document.baseURI);
  let loading = null;

  const load = (name) =>
    new Promise((resolve, reject) => {
      const script = Object.assign(document.createElement("script"), { src: new URL(`search/${name}.js`, root) });
      script.addEventListener("load", resolve);
      script.addEventListener("error", () => reject(new Error(`search/${name}.js`)));
      document.head.append(script);
    });

  // The style sheet comes first, so that nothing is seen without it.
  let styled = null;
  const style = () => {
    styled ??= new Promise((resolve) => {
      const sheet = Object.assign(document.createElement("link"), { rel: "stylesheet" });
      sheet.href = new URL("search/search.css", root);
      sheet.addEventListener("load", resolve);
      sheet.addEventListener("error", resolve);
      document.head.append(sheet);
    });
    return styled;
  };

  // Makes a form search as one types. What cannot be loaded is said, and asked for again the next time.
  const wake = (form) => {
    loading ??= Promise.all([load("index"), load("search")]);
    return loading.then(
      () => globalThis.bookSearch(form, root),
      () => {
        loading = null;
        form.addEventListener("input", () => wake(form), { once: true });
        const status = form.nextElementSibling;
        if (status?.getAttribute("role") === "status") status.textContent = "The index of the search could not be loaded.";
      },
    );
  };

  const element = (name, properties = {}, ...children) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  };

  let dialog = null;
  const open = () => {
    if (!dialog) {
      const input = element("input", { type: "search", name: "q", autocomplete: "off", spellcheck: false });
      input.setAttribute("aria-label", "Search the book");
      input.placeholder = "Search the book";
      const close = element("button", { type: "button", className: "search-close", textContent: "Close" });
      close.addEventListener("click", () => dialog.close());
      const form = element("form", { className: "book-search", action: new URL("search.html", root) }, input, close);
      form.setAttribute("role", "search");
      form.dataset.limit = 8;
      const status = element("p", { className: "search-status" });
      status.setAttribute("role", "status");
      dialog = element("dialog", { className: "search-dialog" }, form, status);
      dialog.setAttribute("aria-label", "Search");
      // A press beside the dialog closes it.
      dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
      document.body.append(dialog);
    }
    const form = dialog.querySelector("form");
    wake(form);
    style().then(() => {
      if (!dialog.open) dialog.showModal();
      form.querySelector("input").select();
    });
  };

  document.addEventListener("click", (event) => {
    const plain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
    if (!plain || !event.target.closest?.(".search-open") || document.querySelector(".search-page")) return;
    event.preventDefault();
    open();
  });

  // Before the theme, which has a search of its own for these keys.
  const mac = /^Mac|^iP/.test(navigator.platform);
  window.addEventListener(
    "keydown",
    (event) => {
      const held = mac ? event.metaKey && !event.ctrlKey : event.ctrlKey && !event.metaKey;
      if (!held || event.shiftKey || event.altKey || event.key.toLowerCase() !== "k") return;
      event.preventDefault();
      event.stopImmediatePropagation();
      const field = document.querySelector(".search-page input");
      if (field) field.select();
      else open();
    },
    true,
  );

  document.addEventListener("DOMContentLoaded", () => {
    const form = document.querySelector(".search-page form");
    if (!form) return;
    const status = element("p", { className: "search-status" });
    status.setAttribute("role", "status");
    form.after(status);
    const input = form.querySelector("input");
    input.value = new URLSearchParams(location.search).get("q") ?? "";
    form.hidden = false;
    input.focus();
    style();
    wake(form);
  });
}
