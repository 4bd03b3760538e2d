/**
 * Keeps a history that could not be stored as an artifact of the run, from where it can be fetched after the runner has
 * gone. Later runs do not find it: a person adds it by hand.
 */

import { ArtifactRuntime } from "../../github/artifact-service.js";
import { packFile } from "./archive.js";

/** The artifact's name; further ones of a run are numbered. */
export const RESCUE_ARTIFACT = "unentropy-rescue";
/** So many jobs of one run keep theirs. */
const MOST = 50;

/**
 * Uploads a history that could not be stored as an artifact of this run.
 *
 * @param {Uint8Array} bytes an SQLite file
 * @param {object} surroundings
 * @param {NodeJS.ProcessEnv} surroundings.env
 * @param {string} [surroundings.file] its name in the artifact
 * @param {() => number} [surroundings.now] milliseconds since 1970
 * @param {(ms: number) => Promise<unknown>} [surroundings.sleep]
 * @param {(secret: string) => void} [surroundings.onSecret]
 * @returns {Promise<{name: string, id: number}>}
 * @throws {import("../../failure.js").Failure} `ARTIFACT_UPLOAD_UNAVAILABLE` outside a runner's action
 */
export async function uploadRescue(
  bytes,
  { env, file = "unentropy-rescue.db", now = Date.now, sleep, onSecret },
) {
  // The run has ended badly already; it is not kept waiting for long.
  const runtime = new ArtifactRuntime(env, { attempts: 2, now, sleep, onSecret });
  try {
    const archive = await packFile(file, bytes, now());
    for (let n = 1; ; n++) {
      const name = n === 1 ? RESCUE_ARTIFACT : `${RESCUE_ARTIFACT}-${n}`;
      const outcome = await runtime.upload(name, archive);
      if (outcome.status === "stored") return { name, id: outcome.id };
      if (n >= MOST) throw new Error(`${MOST} artifacts of this name are taken`);
    }
  } finally {
    runtime.close();
  }
}
