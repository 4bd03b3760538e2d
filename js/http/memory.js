/**
 * Memory for histories on their way: large, used once, and given back at once. What the garbage collector is left to
 * find stays for the rest of a short run, and a history of a hundred megabytes would be there several times.
 */

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Bytes from which on it matters. */
const LARGE = 1024 * 1024;
/** Bytes of a transfer whose leavings are worth the milliseconds of collecting them. */
const HUGE = 32 * LARGE;
/** Bytes of pieces that may lie uncollected while a huge transfer goes on. */
const LITTER = 2 * LARGE;

/**
 * A buffer that holds nothing in particular, to be filled.
 *
 * @param {number} length
 * @returns {Buffer}
 */
export function roomFor(length) {
  if (length < LARGE) return Buffer.allocUnsafeSlow(length);
  /** @type {new (length: number, options: {maxByteLength: number}) => ArrayBuffer} */
  const Resizable = /** @type {any} */ (ArrayBuffer);
  return Buffer.from(new Resizable(length, { maxByteLength: length }));
}

/**
 * Gives back the memory of bytes that are not read any more, where {@link roomFor} made it; they are empty then.
 *
 * @param {Uint8Array | null} bytes
 */
export function release(bytes) {
  const buffer = /** @type {{resizable?: boolean, resize?: (length: number) => void} | undefined} */ (
    bytes?.buffer
  );
  if (buffer?.resizable) buffer.resize?.(0);
}

/**
 * Has the pieces collected that a large transfer came in: the collector lets up to some fifty megabytes of them lie,
 * beside which the engine is about to make its copy. There is no other way to ask for it.
 *
 * @param {number} transferred bytes
 */
export function collectPieces(transferred) {
  if (transferred < HUGE) return;
  setFlagsFromString("--expose-gc");
  collect ??= runInNewContext("gc");
  collect?.();
}

/** @type {(() => void) | undefined} */
let collect;

/**
 * The same every now and then while a transfer goes on, so that its pieces never add up.
 *
 * @param {number} total bytes
 * @returns {(arrived: number) => void} called for each piece
 */
export function pieceCollector(total) {
  if (total < HUGE) return () => {};
  let litter = 0;
  return (arrived) => {
    litter += arrived;
    if (litter < LITTER) return;
    litter = 0;
    collectPieces(total);
  };
}
