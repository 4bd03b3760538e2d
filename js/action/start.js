// The action's entry: loads it, and says so where that fails.

import { start } from "../start.js";

await start(
  () => import("./main.js"),
  (code, message, hint) => process.stdout.write(`::error title=${code}::${message}%0A${hint}\n`),
);
