// The gate's results as a file for machines. What stands in it is its caller's business.

import fs from "node:fs";
import path from "node:path";
import { Failure } from "./failure.js";
import { writeAtomically } from "./files.js";

/**
 * @param {string} file absolute
 * @param {object} document
 * @param {string} [option] how the caller gave the file, for messages
 * @returns {number} bytes
 * @throws {Failure} of type gate
 */
export function writeResults(file, document, option) {
  const bytes = Buffer.from(`${JSON.stringify(document, null, 2)}\n`);
  try {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    writeAtomically(file, bytes);
  } catch (thrown) {
    throw Failure.fromSystem(thrown, {
      type: "internal",
      code: "RESULTS_UNWRITABLE",
      doing: "could not write the gate's results to",
      path: file,
      option,
    });
  }
  return bytes.length;
}
