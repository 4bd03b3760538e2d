#!/usr/bin/env node

// The command line's entry: loads it, and says so where that fails.

import { start } from "../start.js";

await start(
  async () => (await import("./main.js")).main(process.argv.slice(2)),
  (code, message, hint) => process.stderr.write(`error[${code}]: ${message}\n  ${hint}\n`),
);
