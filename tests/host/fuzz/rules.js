// What holds of everything that is tried: trouble is a Failure with a stable code of its own, never a bug's.

import assert from "node:assert/strict";
import { Failure } from "../../../js/failure.js";

/** Codes that mean a bug. */
const BUGS = new Set(["INTERNAL", "ENGINE_PANIC", "ENGINE_POISONED", "ENGINE_MISSING"]);

/**
 * A failure as the program may give it.
 * @param {unknown} thrown
 * @param {readonly string[]} codes those expected
 * @returns {Failure}
 */
export function sound(thrown, codes) {
  if (!(thrown instanceof Failure)) throw thrown;
  if (BUGS.has(thrown.code)) throw thrown;
  if (!codes.includes(thrown.code))
    throw new Error(`the code ${thrown.code} is none of ${codes.join(", ")}`, { cause: thrown });
  assert.notEqual(thrown.message, "");
  assert.match(thrown.code, /^[A-Z0-9_]+$/);
  return thrown;
}

/**
 * What a call gives, or undefined where it fails in one of the ways expected.
 * @template T
 * @param {readonly string[]} codes
 * @param {() => T} call
 * @returns {T | undefined}
 */
export function attempt(codes, call) {
  try {
    return call();
  } catch (thrown) {
    sound(thrown, codes);
    return undefined;
  }
}

/**
 * The same of a call that takes its time.
 * @template T
 * @param {readonly string[]} codes
 * @param {() => Promise<T>} call
 * @returns {Promise<T | undefined>}
 */
export async function attempted(codes, call) {
  try {
    return await call();
  } catch (thrown) {
    sound(thrown, codes);
    return undefined;
  }
}

/** A page has the elements with scripts that it always has. @param {string} html */
export function isPage(html) {
  assert.match(html, /^<!doctype html>/i);
  assert.doesNotMatch(html.replace(/<script[^>]*>[\s\S]*?<\/script>/g, ""), /<(?:img|iframe)\b/i);
}
