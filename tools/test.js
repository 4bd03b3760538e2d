// `npm test`: sets the machine up, then tests the engine natively and everything else against the committed dist/.
// `npm test -- WORDS` runs parts of it (test-plan.js). At the end it says how long each part took.

import { execFileSync } from "node:child_process";
import os from "node:os";
import { browser, packages, root, run, rust, say } from "./setup.js";
import { planOf } from "./test-plan.js";

/** Files of the host's tests that run at once. They wait for processes and servers more than they compute. */
const FILES_AT_ONCE = 2 * os.availableParallelism();

/** @type {{name: string, started: number, ended?: number}[]} */
const parts = [];

/** @param {string} name @param {() => void} work */
function part(name, work) {
  const one = { name, started: Date.now(), ended: 0 };
  parts.push(one);
  work();
  one.ended = Date.now();
}

process.on("exit", () => {
  if (parts.length === 0) return;
  const seconds = (/** @type {number} */ ms) => `${(ms / 1000).toFixed(1)} s`.padStart(9);
  const lines = parts.map(
    ({ name, started, ended }) =>
      `${name.padEnd(8)}${seconds((ended || Date.now()) - started)}${ended ? "" : "  failed"}`,
  );
  const whole = `${"all".padEnd(8)}${seconds(Date.now() - parts[0].started)}`;
  say(["how long it took:", ...lines, whole].join("\n"));
});

/** @type {import("./test-plan.js").Plan} */
let plan;
try {
  plan = planOf(process.argv.slice(2), root, process.env.INIT_CWD ?? process.cwd());
} catch (error) {
  console.error(/** @type {Error} */ (error).message);
  process.exit(2);
}
const { engine, host, page, options } = plan;

part("set-up", () => {
  packages();
  if (engine || host.length > 0) rust();
  if (host.length > 0) run(process.execPath, ["tests/servers/install.js"]);
  if (page.length > 0) browser();
});
if (engine) {
  part("engine", () => {
    say("the engine's tests, natively");
    // The same inputs for the same sources: a verdict can be had again. Other ones are tried every night.
    const env = { PROPTEST_RNG_SEED: "1", ...process.env };
    const filters = engine.length > 0 ? ["--", ...engine] : [];
    if (engine.length > 0) {
      const list = ["test", "--locked", "--quiet", ...filters, "--list"];
      const listed = execFileSync("cargo", list, { cwd: root, env, encoding: "utf8" });
      // Cargo takes a name that no test has for success.
      if (!/: test$/m.test(listed)) {
        console.error(
          `no test of the engine has ${engine.map((word) => `\`${word}\``).join(" or ")} in its name`,
        );
        process.exit(2);
      }
    }
    run("cargo", ["test", "--locked", "--quiet", ...filters], env);
  });
}
if (host.length > 0) {
  part("host", () => {
    say(`the host's and the command line's tests, against dist/, on Node ${process.version}`);
    const how = [`--test-concurrency=${FILES_AT_ONCE}`, ...options];
    run(process.execPath, ["--test", "--test-reporter=spec", ...how, ...host]);
  });
}
if (page.length > 0) {
  part("page", () => {
    say("the report's tests, in Chromium");
    run(process.execPath, ["--test", "--test-reporter=spec", "--test-concurrency=2", ...options, ...page]);
  });
}
