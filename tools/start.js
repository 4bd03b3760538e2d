// `npm start`: the main job on this repository. Collects its own metrics, records a build in
// unentropy.db, writes unentropy-report/index.html. Needs nothing but Node.

import { run, say } from "./setup.js";

say("tracking this repository's metrics with the committed dist/cli.js");
run(process.execPath, ["dist/cli.js", "track", ...process.argv.slice(2)]);
