// Scripts for pages, made by esbuild out of the modules of the library: see bundles.py, which says what to make of which.
// Usage: node bundle.js, with {outdir, version, mended: {path: text}, page, shared: {name: path}, faces: {name: path}}
// as JSON on the standard input; or with {outdir, alone: {in: path, out: name}} for a script that shares nothing.
import { readFileSync } from "node:fs";
import { build } from "esbuild";

const { outdir, version, mended = {}, page, shared = {}, faces = {}, alone } = JSON.parse(readFileSync(0, "utf8"));
const names = new Map(Object.entries(shared).map(([name, path]) => [path, name]));
const ROOM = "lectureExplorers"; // the one global name, under which scripts find what others have made

const text = {
  name: "third-party modules as mended",
  setup({ onResolve, onLoad }) {
    // by its name or its path, and one and the same even where node_modules is a link
    onResolve({ filter: /./ }, ({ path }) => {
      const place = shared[path] ?? path;
      return mended[place] ? { path: place } : undefined;
    });
    onLoad({ filter: /./ }, ({ path }) => (mended[path] ? { contents: mended[path] } : undefined));
  },
};

/** What is shared is not put into a face again: a face takes it from where frame.js has put it. */
const borrowed = {
  name: "what frame.js has",
  setup({ onResolve, onLoad, resolve }) {
    onResolve({ filter: /./ }, async ({ path, kind, importer, resolveDir, pluginData }) => {
      if (kind === "entry-point" || pluginData === "asked") return undefined;
      if (shared[path]) return { path, namespace: "frame" };
      const found = await resolve(path, { kind, importer, resolveDir, pluginData: "asked" });
      return names.has(found.path) ? { path: names.get(found.path), namespace: "frame" } : undefined;
    });
    onLoad({ filter: /./, namespace: "frame" }, ({ path }) => ({ contents: `module.exports = ${ROOM}.shared[${JSON.stringify(path)}];` }));
  },
};

const common = {
  outdir, bundle: true, minify: true, format: "iife", target: "es2020", charset: "utf8", legalComments: "none", logLevel: "warning",
};

if (alone) {
  await build({ ...common, entryPoints: [alone] });
  process.exit();
}

const entries = Object.entries(shared);
const frame = entries.map(([, path], k) => `import * as m${k} from ${JSON.stringify(path)};`).join("\n");
const list = entries.map(([name], k) => `${JSON.stringify(name)}: m${k}`).join(", ");

await Promise.all([
  build({ ...common, entryPoints: [{ in: page, out: "page" }], define: { VERSION: JSON.stringify(version) } }),
  build({
    ...common,
    outdir: undefined,
    outfile: `${outdir}/frame.js`,
    stdin: { contents: `${frame}\nglobalThis.${ROOM} = { shared: { ${list} }, faces: {} };`, resolveDir: "/" },
    plugins: [text],
  }),
  ...Object.entries(faces).map(([name, path]) =>
    build({
      ...common,
      entryPoints: [{ in: path, out: name.replace(/\.js$/, "") }],
      globalName: `${ROOM}.faces[${JSON.stringify(name)}]`,
      plugins: [borrowed],
    }),
  ),
]);
