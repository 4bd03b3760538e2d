#!/usr/bin/env node

// The command line's entry: loads it, and says so where that fails.

import { start } from "../start.js";

await start(
  () => import("./main.js"),
  (code, message, hint) => process.stderr.write(`error[${code}]: ${message}\n  ${hint}\n`),
);
