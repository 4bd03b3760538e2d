/**
 * Starts an empty history with the builds of another one. It never changes a history that exists.
 */

import { Failure } from "../failure.js";
import { AS_INPUTS } from "../spelling.js";
import { Storage } from "./storage.js";

/** @import { StorageProviderConfig } from "./contract.js" */
/** @import { Surroundings } from "./factory.js" */

/**
 * Takes the builds of `seed` into a loaded history that is empty; they are stored with what is recorded next.
 *
 * @param {Storage} storage loaded
 * @param {StorageProviderConfig} seed
 * @param {Surroundings} surroundings
 * @returns {Promise<Failure[]>} warnings: `SEED_MISSING` where there is nothing to start with
 * @throws {Failure} when the seed cannot be read: no history is started without it by mistake
 */
export async function seedHistory(storage, seed, surroundings) {
  if (storage.existed !== false) return [];
  const { spelling = AS_INPUTS } = seed;
  const source = new Storage({ ...seed, readonly: true }, surroundings);
  try {
    await source.ready();
    if (!source.existed) {
      return [
        new Failure(`there is no history at \`${source.location}\` to begin with`, {
          type: "storage",
          code: "SEED_MISSING",
          hint: `The history begins empty. Leave \`${spelling.name("seed-from")}\` out when that is right.`,
        }),
      ];
    }
    storage.getRepository().merge(source.snapshot());
    return [...source.warnings];
  } finally {
    source.cleanup();
  }
}
