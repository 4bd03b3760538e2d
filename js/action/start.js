// The action's entry: loads it, and says so where that fails.

import { start } from "../start.js";

await start(
  async () => (await import("./main.js")).main(),
  (code, message, hint) => process.stdout.write(`::error title=${code}::${message}%0A${hint}\n`),
);
