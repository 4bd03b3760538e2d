// Holds the declared types of the package to the code, and those of the engine to the host's: compiling this file is the
// test.

import * as actual from "../../js/index.js";

/** @type {typeof import("../../js/public.js")} */
export const declared = actual;

/** What is shipped, which stands by itself. @type {typeof import("../../dist/index.js")} */
export const shipped = actual;

/**
 * `true` where each of two types is the other.
 * @template A, B
 * @typedef {[A, B] extends [B, A] ? true : false} Same
 */

/** @type {Same<import("../../js/failure.js").FailureType, import("../../js/engine/types.js").FailureType>} */
export const failureTypes = true;
