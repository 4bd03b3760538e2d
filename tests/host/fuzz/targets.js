// Every target of this loop by its name.

import { engineTargets } from "./targets/engine.js";
import { fileTargets } from "./targets/files.js";
import { githubTargets } from "./targets/github.js";
import { s3Targets } from "./targets/s3.js";

/**
 * What is tried. `generate` makes the input of one iteration, from chance alone; `run` gives it to the program and
 * throws where the program breaks a rule.
 *
 * @typedef {object} Target
 * @property {string} what a few words for people
 * @property {(random: import("./random.js").Random) => Uint8Array} generate
 * @property {(input: Buffer) => void | Promise<void>} run
 */

/** @type {Readonly<Record<string, Target>>} */
export const TARGETS = Object.freeze({ ...engineTargets, ...fileTargets, ...githubTargets, ...s3Targets });
