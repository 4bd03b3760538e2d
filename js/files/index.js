/**
 * The host's eyes: the door to reading files whole, walking and matching. Does not know what the files mean.
 */

export { expand, matcher, nothingMatched, unmatchedOf } from "./globs.js";
export { OwnFiles } from "./own.js";
export { openRegular, readBytes, readText } from "./read.js";
export { walk } from "./walk.js";
