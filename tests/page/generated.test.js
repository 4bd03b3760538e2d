// The committed bundle is what its sources give.

import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

test("the committed script and style sheet match their sources", () => {
  execFileSync(process.execPath, [
    fileURLToPath(new URL("../../tools/build-report.js", import.meta.url)),
    "--check",
  ]);
});
