// Writes the table of attacks into docs/security.md: `node tests/host/security/write.js`.

import fs from "node:fs";
import { attacks, PAGE, withTable } from "./attacks.js";

const rows = await attacks();
fs.writeFileSync(PAGE, withTable(fs.readFileSync(PAGE, "utf8"), rows));
console.log(`${PAGE}: ${rows.length} attacks`);
