// Checks that run inside a page. Each returns a list of problems in words, empty where all is well.
window.checks = (() => {
  const selector = (element) => {
    const parts = [];
    for (let e = element; e && e.nodeType === 1 && parts.length < 4; e = e.parentElement) {
      const classes = [...e.classList].map((name) => "." + name).join("");
      parts.unshift(e.localName + (e.id ? "#" + e.id : "") + classes);
      if (e.id) break;
    }
    return parts.join(" > ");
  };
  const all = (query, root = document) => [...root.querySelectorAll(query)];
  const start = (text) => text.trim().replace(/\s+/g, " ").slice(0, 60);

  // Colours: any CSS colour to numbers, by painting it.
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const luminance = (color) => {
    const [r, g, b] = color.map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (one, other) => {
    const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };
  const backdrop = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const color = rgba(getComputedStyle(e).backgroundColor);
      if (color[3] > 0.99) return color;
    }
    return [255, 255, 255, 1];
  };
  const figures = () => all("svg[role=img]:not(.svg-inline--fa)");

  return {
    formulas() {
      const raw = [];
      const name = (text) => text.split(",")[0].replace(/["']/g, "");
      const family = (element) => name(getComputedStyle(element).fontFamily);
      const fonts = new Set([...document.fonts].filter((font) => font.status === "loaded").map((font) => name(font.family)));
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const skipped = node.parentElement.closest("script, style, pre, code, textarea");
        if (!skipped && /(?<!\\)\\[([]|\$\$/.test(node.data)) raw.push(`raw TeX: ${start(node.data)}`);
      }
      return [
        ...raw,
        ...all(".math").filter((math) => !math.querySelector(".katex-html"))
          .map((math) => `not rendered: ${start(math.textContent)}`),
        ...all(".katex").filter((formula) => !formula.querySelector("math annotation")?.textContent)
          .map((formula) => `not to be read aloud: ${start(formula.textContent)}`),
        ...all(".katex-html").filter((formula) => formula.checkVisibility() && !fonts.has(family(formula)))
          .map((formula) => `without its font: ${start(formula.textContent)}`),
        ...all(".katex-error").map((error) => `error in a formula: ${error.title || start(error.textContent)}`),
      ];
    },

    descriptions() {
      const ignored = "button, nav, .katex, [aria-hidden=true], .navbar-brand";
      const drawn = all("svg").filter((svg) => !svg.closest(ignored) && !svg.parentElement.closest("svg"));
      const unnamed = drawn.filter((svg) => svg.getAttribute("role") !== "img" || !svg.getAttribute("aria-label")?.trim());
      const images = all("img").filter((image) => !image.closest(ignored) && !image.alt.trim());
      const silent = all("figure").filter((figure) => !figure.querySelector("figcaption")?.textContent.trim());
      return [
        ...[...unnamed, ...images].map((image) => `no alternative text: ${selector(image)}`),
        ...silent.map((figure) => `no caption: ${selector(figure)}`),
      ];
    },

    // A picture of a figure takes room, unless it is folded away or its explorer is alive.
    sizes() {
      const drawn = all("figure :is(svg[role=img], img)").filter((picture) => picture.checkVisibility());
      return drawn.map((picture) => [picture, picture.getBoundingClientRect()])
        .filter(([, { width, height }]) => Math.min(width, height) < 16)
        .map(([picture, { width, height }]) => `no size: ${selector(picture)} is ${width} by ${height}`);
    },

    copyButtons() {
      return all(".cell_input .highlight").filter((code) => !code.querySelector("button.copybtn"))
        .map((code) => `no copy button: ${start(code.textContent)}`);
    },

    background() {
      return backdrop(document.querySelector("article") ?? document.body).join();
    },

    // The colours of each figure, to be compared between modes.
    inks() {
      return figures().map((svg) => ({
        name: selector(svg.closest("figure") ?? svg),
        inks: all("path, use, text", svg).map((part) => {
          const style = getComputedStyle(part);
          return `${style.fill} ${style.stroke}`;
        }).join(),
      }));
    },

    // Words in a figure are drawn as outlines in groups that matplotlib names text_1, text_2, …
    figureContrast() {
      const problems = new Set();
      for (const svg of figures()) {
        const behind = backdrop(svg);
        for (const letter of all("g[id*=text_] use, g[id*=text_] :not(defs) > path, text", svg)) {
          const found = contrast(rgba(getComputedStyle(letter).fill), behind);
          const group = letter.closest("g[id*=text_]") ?? letter;
          if (found < 4.5) problems.add(`${selector(group)}: contrast ${found.toFixed(1)} of text, expected 4.5`);
        }
      }
      return [...problems];
    },

    // Nothing that holds the article may be wider than its box; what scrolls inside the article is left alone.
    narrow() {
      const holders = [];
      for (let e = document.querySelector("article") ?? document.body; e; e = e.parentElement) holders.push(e);
      const wide = holders.filter((e) => e.scrollWidth > (e === document.documentElement ? innerWidth : e.clientWidth) + 1);
      const scrolls = (e) => {
        for (let p = e.parentElement; p && !holders.includes(p); p = p.parentElement) {
          if (getComputedStyle(p).overflowX !== "visible") return true;
        }
        return false;
      };
      const guilty = all("body *").filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && !scrolls(e));
      const deepest = guilty.filter((e) => !guilty.some((other) => other !== e && e.contains(other)));
      const cut = all("article *").filter((e) => e.clientWidth > 1 && e.scrollWidth > e.clientWidth + 1
        && ["hidden", "clip"].includes(getComputedStyle(e).overflowX) && !e.closest("svg, .katex, button"));
      return [
        ...cut.map((e) => `cut off: ${selector(e)}`),
        ...wide.map((e) => `${selector(e)} is ${e.scrollWidth} wide in ${innerWidth}`),
        ...(wide.length ? deepest : []).slice(0, 5).map((e) => `sticks out: ${selector(e)}`),
      ];
    },
  };
})();
