#!/usr/bin/env node

// The command line's entry: arguments in, exit code out. Each command is a file below cli/, loaded
// when it is asked for.

import { collect } from "./cli/collect.js";
import { doctor } from "./cli/doctor.js";
import { gate } from "./cli/gate.js";
import { merge } from "./cli/merge.js";
import { migrate } from "./cli/migrate.js";
import { help, parseCommandLine } from "./cli/options.js";
import { report } from "./cli/report.js";
import { sources } from "./cli/sources.js";
import { test } from "./cli/test.js";
import { track } from "./cli/track.js";
import { verify } from "./cli/verify.js";
import { placedProblems } from "./config.js";
import { version } from "./engine.js";
import { exitCode, Failure } from "./failure.js";
import { interruption } from "./interrupt.js";
import { Terminal } from "./terminal.js";

/** @type {Record<string, (invocation: import("./types.js").Invocation) => Promise<Failure | undefined>>} */
const RUN = { track, verify, test, collect, report, gate, merge, migrate, doctor, sources };

/** @param {string[]} argv */
async function main(argv) {
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
    failure = await RUN[command]({
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

await main(process.argv.slice(2));
