/**
 * An artifact's content: an archive with the history and its lineage. Packs, unpacks, and proves the history by the
 * digest that the lineage has. Loads the archive's code when the first one is met.
 */

import { createHash } from "node:crypto";
import { Failure } from "../../failure.js";
import { HISTORY_LIMIT, tooLarge } from "../../http/limits.js";
import { AS_INPUTS } from "../../spelling.js";
import { decodeLineage, encodeLineage, LINEAGE_ENTRY, LINEAGE_LIMIT } from "./lineage.js";

/** @import { Spelling } from "../../spelling.js" */
/** @import { Coverage, Lineage } from "./lineage.js" */

/** An archive is hardly ever larger than what it holds. */
export const ARCHIVE_LIMIT = HISTORY_LIMIT + 8 * 1024 * 1024;

/** Loaded by those who use it: no other run pays for it. */
const zip = () => import("./zip.js");

/**
 * Reads the history and its lineage from an archive, and verifies the history's digest.
 *
 * @param {Uint8Array} archive
 * @param {{entry: string, doing: string, id?: number, spelling?: Spelling}} place `entry`: the history's name in the
 *   archive; `doing` names the artifact, whose id is `id`; `spelling`: how the caller calls options, as inputs unless given
 * @returns {Promise<{bytes: Buffer, lineage: Lineage | null}>}
 * @throws {Failure} `ARTIFACT_DAMAGED`, `HISTORY_TOO_LARGE`, or `ARTIFACT_FOREIGN` where it holds no history
 */
export async function unpackHistory(archive, { entry, doing, id, spelling = AS_INPUTS }) {
  const anotherName = `another \`${spelling.name("artifact-name")}\``;
  const { unpack } = await zip();
  const { entries, names } = await unpack(archive, {
    [entry]: HISTORY_LIMIT,
    [LINEAGE_ENTRY]: LINEAGE_LIMIT,
  }).catch((/** @type {Error & {problem?: string, entry?: {name: string, size: number}}} */ error) => {
    if (error.entry?.name === entry) throw tooLarge(doing, error.entry.size, error);
    throw damaged(
      `${doing}: ${error.problem === "damaged" ? "the archive is damaged: " : ""}${error.message}`,
      anotherName,
      error,
    );
  });
  const bytes = entries.get(entry);
  if (!bytes) {
    const found = names.length === 0 ? "it is empty" : `it has ${listed(names)}`;
    throw new Failure(`${doing}: there is no \`${entry}\` in it, ${found}`, {
      type: "storage",
      code: "ARTIFACT_FOREIGN",
      hint: `Set \`${spelling.name("database-key")}\` to the history's name in the artifact, or choose ${anotherName} for the history.`,
    });
  }
  const text = entries.get(LINEAGE_ENTRY);
  /** @type {Lineage | null} */
  let lineage = null;
  try {
    lineage = text ? decodeLineage(text, id) : null;
  } catch (thrown) {
    throw damaged(
      `${doing}: \`${LINEAGE_ENTRY}\` is damaged: ${Failure.from(thrown).message}`,
      anotherName,
      thrown,
    );
  }
  if (lineage && lineage.sha256 !== sha256(bytes)) {
    throw damaged(
      `${doing}: the history is not the one that \`${LINEAGE_ENTRY}\` was written for`,
      anotherName,
    );
  }
  return { bytes, lineage };
}

/**
 * Makes the archive of a history and its lineage.
 *
 * @param {Uint8Array} bytes the history
 * @param {string} entry
 * @param {Coverage} coverage what the history holds
 * @param {{heldUpTo: number, builds: number | null, time: number}} facts
 * @returns {Promise<{archive: Buffer, lineage: Lineage}>}
 */
export async function packHistory(bytes, entry, coverage, { heldUpTo, builds, time }) {
  const { pack } = await zip();
  const lineage = coverage.lineage({ heldUpTo, sha256: sha256(bytes), builds });
  return { archive: await pack({ [entry]: bytes, [LINEAGE_ENTRY]: encodeLineage(lineage) }, time), lineage };
}

/** An archive of one file. @param {string} name @param {Uint8Array} bytes @param {number} time */
export async function packFile(name, bytes, time) {
  const { pack } = await zip();
  return pack({ [name]: bytes }, time);
}

/** @param {Uint8Array} bytes */
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** @param {string} message @param {string} anotherName @param {unknown} [cause] */
function damaged(message, anotherName, cause) {
  return new Failure(message, {
    type: "storage",
    code: "ARTIFACT_DAMAGED",
    hint:
      "Nothing was uploaded. Delete the artifact on the page of its run to go on with the one before it, or keep the " +
      `history under ${anotherName}.`,
    cause,
  });
}

/** @param {string[]} names */
function listed(names) {
  // The names are those that the archive's maker chose.
  const shown = names
    .slice(0, 5)
    .map((name) => `\`${name.replace(/[\p{Cc}\p{Cf}`]+/gu, " ").slice(0, 80)}\``);
  return shown.join(", ") + (names.length > 5 ? ` and ${names.length - 5} more` : "");
}
