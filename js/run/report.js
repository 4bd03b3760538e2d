// Renders the report and puts it where it belongs. What it shows is the engine's to decide.

import fs from "node:fs";
import path from "node:path";
import { version } from "../engine/engine.js";
import { Failure } from "../failure.js";
import { makeDirectories } from "../files/directories.js";
import { writeOutput } from "../files/output.js";
import { IGNORE_ALL } from "../files/own.js";

/** Where reports are written unless a directory is given. */
export const DEFAULT_REPORT_DIRECTORY = "unentropy-report";

/**
 * Writes the report of a history. A directory that is made for it holds a `.gitignore` too, so that neither git nor a
 * line counter takes the report for a part of the project.
 * @param {{
 *   history: {report(configText: string | null, facts: import("../engine/types.js").ReportFacts): string},
 *   configText: string | null,
 *   facts: import("../engine/types.js").ReportFacts,
 *   directory: string,
 *   name?: string,
 *   option?: string,
 *   signal?: AbortSignal,
 * }} input `option` is how the caller gave the directory, for messages
 * @returns {Promise<{path: string, bytes: number}>} the file's absolute path and size
 * @throws {Failure} of type report
 */
export async function writeReport({
  history,
  configText,
  facts,
  directory,
  name = "index.html",
  option,
  signal,
}) {
  const html = history.report(configText, facts);
  const file = path.resolve(directory, name);
  try {
    if (makeDirectories(path.resolve(directory))) ignoreAll(directory);
  } catch (cause) {
    throw Failure.fromSystem(cause, {
      type: "report",
      doing: "could not create the report's directory",
      path: directory,
      option,
    });
  }
  const bytes = Buffer.from(html);
  await writeOutput({
    path: file,
    bytes,
    type: "report",
    doing: "could not write the report",
    option,
    signal,
  });
  return { path: file, bytes: bytes.length };
}

/** @param {string} directory that was made just now */
function ignoreAll(directory) {
  try {
    fs.writeFileSync(path.resolve(directory, ".gitignore"), IGNORE_ALL, { flag: "wx" });
  } catch {
    // The report is what was asked for, and says itself why it cannot be written.
  }
}

/**
 * A file as it is shown: relative where it lies below `directory`, else absolute.
 * @param {string} file absolute
 * @param {string} directory
 */
export function shownPath(file, directory) {
  const relative = path.relative(directory, file);
  const outside = relative === ".." || relative.startsWith(`..${path.sep}`) || path.isAbsolute(relative);
  return outside || relative === "" ? file : relative;
}

/**
 * What the report says of itself.
 * @param {{directory: string, repositoryUrl?: string, now: Date, branch?: string, listings?: import("../engine/types.js").GroupListing[]}} input
 * @returns {import("../engine/types.js").ReportFacts}
 */
export function reportFacts({ directory, repositoryUrl, now, branch, listings = [] }) {
  const title = repositoryUrl
    ? repositoryUrl.split("/").slice(-2).join("/")
    : path.basename(path.resolve(directory));
  return {
    title,
    repositoryUrl: repositoryUrl ?? null,
    generatedAt: now.toISOString(),
    version: version(),
    defaultBranch: branch ?? null,
    listings,
  };
}
