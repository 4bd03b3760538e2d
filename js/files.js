/**
 * The host's eyes: the door to reading files whole, walking and matching. Does not know what the files mean.
 */

export { expand, matcher, nothingMatched, unmatchedOf } from "./files/globs.js";
export { OwnFiles } from "./files/own.js";
export { openRegular, readBytes, readText } from "./files/read.js";
export { walk } from "./files/walk.js";
