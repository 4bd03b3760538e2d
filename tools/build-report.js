// Bundles the report page's script and style sheet, uPlot included, into the files that the engine
// embeds. `--check` builds without writing and fails where the committed files differ.

import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build, version } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const uplot = JSON.parse(await readFile(`${root}node_modules/uplot/package.json`, "utf8"));
const notice = `/* uPlot ${uplot.version}, (c) Leon Sorokin, MIT License, https://github.com/leeoniya/uPlot */`;

/** @type {import("esbuild").BuildOptions} */
const shared = {
  absWorkingDir: root,
  bundle: true,
  minify: true,
  write: false,
  charset: "ascii",
  legalComments: "none",
  target: ["chrome100", "firefox104", "safari15.4"],
  logLevel: "warning",
};

/**
 * Puts uPlot's constructor in parentheses, which browsers take for a sign that a function will be called: it is then
 * compiled at once instead of being read over first, and its fifty kilobytes are two thirds of the script.
 * @type {import("esbuild").Plugin}
 */
const eager = {
  name: "eager",
  setup: ({ onLoad }) =>
    onLoad({ filter: /uPlot\.esm\.js$/ }, async ({ path }) => {
      const source = await readFile(path, "utf8");
      const contents = source
        .replace("\nfunction uPlot(opts, data, then) {", "\nconst uPlot = (function (opts, data, then) {")
        .replace("\n}\n\nuPlot.assign = ", "\n});\n\nuPlot.assign = ");
      if (contents.split("uPlot = (function").length !== 2 || !contents.includes("\n});\n\nuPlot.assign"))
        throw new Error(`${path} has no constructor where it is looked for`);
      return { contents, loader: "js" };
    }),
};

const outputs = {
  "page/generated/report.js": {
    ...shared,
    entryPoints: ["page/report.js"],
    format: "iife",
    plugins: [eager],
    inject: ["page/plain-format.js"],
    define: { "Intl.NumberFormat": "PlainFormat", "Intl.DateTimeFormat": "PlainFormat" },
  },
  "page/generated/report.css": { ...shared, entryPoints: ["page/report.css"] },
};

let stale = 0;
for (const [path, options] of Object.entries(outputs)) {
  const result = await build(/** @type {any} */ (options));
  const text = `${notice}\n${result.outputFiles?.[0].text.trim()}\n`;
  if (text.includes("</") || text.includes("<!--")) {
    throw new Error(`${path} would end the element it is embedded in`);
  }
  if (process.argv.includes("--check")) {
    const committed = await readFile(root + path, "utf8").catch(() => "");
    if (committed !== text) {
      stale += 1;
      console.error(
        `${path} differs from what its sources give (esbuild ${version}); run node tools/build-report.js`,
      );
    }
  } else {
    await writeFile(root + path, text);
    console.log(`${path} ${text.length}`);
  }
}
process.exitCode = stale > 0 ? 1 : 0;
