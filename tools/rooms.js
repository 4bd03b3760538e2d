// Which file of dist/ each module of js/ goes into: a room of the house, or the part of one that some runs do not load.
// ARCHITECTURE.md's table says what each file holds; `tests/host/dist.test.js` compares the two.

/**
 * A file of dist/, without `.js`, and what goes into it: files, and folders (with a slash at the end) with everything
 * that no longer path here names. The packages that a module imports go with it.
 * @type {Record<string, string[]>}
 */
export const ROOMS = {
  action: ["js/action/start.js"],
  "action-main": ["js/action/"],
  ci: ["js/ci/"],
  cli: ["js/cli/start.js"],
  "cli-collect": ["js/cli/collect.js", "js/cli/sources.js"],
  "cli-commands": ["js/cli/"],
  "cli-doctor": ["js/cli/doctor.js", "js/storage/s3/doctor.js"],
  "cli-gate": ["js/cli/gate.js"],
  "cli-main": ["js/cli/main.js", "js/cli/options.js", "js/cli/shared.js", "js/cli/verify.js"],
  "cli-track": ["js/cli/test.js", "js/cli/track.js"],
  collect: ["js/collect/"],
  common: [
    "js/cancel.js",
    "js/console/",
    "js/engine/door.js",
    "js/failure.js",
    "js/http/limits.js",
    "js/http/memory.js",
    "js/shown.js",
    "js/sudden-end.js",
    "js/url.js",
  ],
  config: ["js/run/clock.js", "js/run/config.js"],
  engine: ["js/engine/"],
  files: ["js/files/"],
  gate: [
    ...["js/run/authority.js", "js/run/gate.js", "js/run/reported-measurements.js", "js/run/results.js"],
    ...["js/ci/merge-base.js", "js/ci/pull-request.js", "js/ci/remote.js", "js/ci/tracked.js"],
    "js/github/comment.js",
  ],
  github: ["js/github/"],
  globs: [
    ...["js/files/automaton.js", "js/files/glob.js", "js/files/globs.js", "js/files/ignored.js"],
    ...["js/files/rules.js", "js/files/walk.js", "js/collect/groups.js"],
  ],
  http: ["js/http/"],
  index: ["js/index.js"],
  "lines-worker": ["js/collect/lines-worker.js"],
  measure: [
    "js/collect/crashed.js",
    "js/collect/lines.js",
    "js/collect/measure.js",
    "js/collect/reports.js",
    "js/collect/source-tree.js",
    "js/collect/tracked-files.js",
  ],
  options: ["js/options.js", "js/spelling.js"],
  parsers: ["js/engine/parsers.js", "js/engine/wasm/parsers.js"],
  proxies: ["js/http/proxies.js"],
  "reports-worker": ["js/collect/reports-worker.js"],
  run: ["js/run/"],
  start: ["js/start.js"],
  storage: ["js/storage/", "js/storage/artifact/names.js"],
  "storage-artifact": ["js/storage/artifact/", "js/github/artifact-service.js", "js/github/artifacts.js"],
  "storage-s3": ["js/storage/s3/", "js/s3/"],
  track: ["js/run/track.js"],
  zip: ["js/storage/artifact/zip.js"],
};

/** The modules that a program or a thread starts with. */
export const ENTRIES = ["action", "cli", "index", "lines-worker", "reports-worker"].flatMap(
  (room) => ROOMS[room],
);
