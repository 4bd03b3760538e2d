// The command line's entry: arguments in, exit code out. Each command is a file below cli/, loaded
// when it is asked for; `verify`, which needs nothing more, is here already.

import { interruption } from "../cancel.js";
import { Terminal } from "../console/terminal.js";
import { version } from "../engine/engine.js";
import { exitCode, Failure } from "../failure.js";
import { configWarning, placedProblems } from "../run/config.js";
import { help, parseCommandLine } from "./options.js";
import { verify } from "./verify.js";

/** @type {Record<string, () => Promise<(invocation: import("./types.js").Invocation) => Promise<Failure | undefined>>>} */
const RUN = {
  track: async () => (await import("./track.js")).track,
  verify: async () => verify,
  test: async () => (await import("./test.js")).test,
  collect: async () => (await import("./collect.js")).collect,
  report: async () => (await import("./report.js")).report,
  preview: async () => (await import("./preview.js")).preview,
  badge: async () => (await import("./badge.js")).badge,
  gate: async () => (await import("./gate.js")).gate,
  merge: async () => (await import("./merge.js")).merge,
  migrate: async () => (await import("./migrate.js")).migrate,
  doctor: async () => (await import("./doctor.js")).doctor,
  sources: async () => (await import("./sources.js")).sources,
};

/**
 * Runs the command line, and sets the exit code.
 * @param {string[]} argv without the program
 */
export async function main(argv) {
  let json = argv.includes("--json");
  const terminal = new Terminal();
  /** @type {Failure | undefined} */
  let failure;
  try {
    const { command, values, positionals } = parseCommandLine(argv);
    json = Boolean(values.json);
    terminal.verbose = Boolean(values.verbose);
    if (values.help || (command === undefined && !values.version)) {
      process.stdout.write(help(command));
      if (!values.help) process.exitCode = 2;
      return;
    }
    if (command === undefined) {
      process.stdout.write(`unentropy ${version()}\n`);
      return;
    }
    const run = await RUN[command]();
    failure = await run({
      values,
      positionals,
      terminal,
      // Asked for by the commands that can end orderly; the others end as any program does.
      get signal() {
        return interruption();
      },
      cwd: process.cwd(),
      env: process.env,
      now: new Date(),
      /** @param {string} text */
      print: (text) => process.stdout.write(text),
    });
  } catch (error) {
    failure = Failure.from(error);
    if (json) process.stdout.write(`${JSON.stringify({ success: false, error: failure })}\n`);
  }
  if (!failure) return;
  for (const { message, hint } of failure.warnings.map(configWarning)) terminal.warn(message, hint);
  for (const problem of placedProblems(failure)) terminal.line(problem);
  terminal.failure(failure);
  if (failure.type === "internal" && failure.code !== "ABORTED" && failure.stack)
    terminal.detail(failure.stack);
  process.exitCode = exitCode(failure);
}

// A closed pipe (`unentropy … | head`) is the reader's choice, not a failure.
process.stdout.on("error", (/** @type {NodeJS.ErrnoException} */ error) => {
  if (error.code !== "EPIPE") throw error;
});
