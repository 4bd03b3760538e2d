/**
 * The failure that a promise has to end with: the one place that tells it from a success and from another error.
 */

import assert from "node:assert/strict";
import { Failure } from "../../../js/failure.js";

/** @param {Promise<unknown>} pending @returns {Promise<Failure>} */
export async function failed(pending) {
  const error = await pending.then(
    () => assert.fail("nothing failed"),
    (thrown) => thrown,
  );
  assert(error instanceof Failure, String(error?.stack));
  return error;
}
