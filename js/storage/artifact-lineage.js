/**
 * What an artifact's history was built from, as an entry beside the history: which other artifacts it holds already.
 * So those of overlapping runs, which it does not hold, are recognised and taken in at the next load. Decides which
 * artifacts are covered; asks nobody anything.
 *
 * It stands beside the history and not in it, because it is about artifacts and not about builds: the history's bytes
 * stay the same wherever it is kept, no migration is needed, and a history that comes without it, made by hand or by
 * another program, only costs some merging, which changes nothing twice.
 *
 * Ids of artifacts ascend, and an artifact can be seen by everybody soon after it has its id. So everything that was
 * listed and is older than two hours is one number, the floor; only what is younger is named one by one.
 */

/** The entry's name in the archive. */
export const LINEAGE_ENTRY = "unentropy-lineage.json";
/** The most bytes of it; the ids of two hours are some hundred. */
export const LINEAGE_LIMIT = 1024 * 1024;
const FORMAT = 1;

/** How long after it got its id an artifact may still come to light: the address for its bytes is good for less. */
export const SETTLED_MS = 2 * 3_600_000;

/**
 * @typedef {object} Lineage
 * @property {string} scope which artifacts were looked at: repository, name and branch filter
 * @property {number} floor every artifact of the scope with this id or a lower one is held
 * @property {number[]} ids and these, ascending
 * @property {string} sha256 of the history, hex
 * @property {number | null} builds in the history
 */

/**
 * @param {Lineage} lineage
 * @returns {Buffer}
 */
export function encodeLineage({ scope, floor, ids, sha256, builds }) {
  return Buffer.from(`${JSON.stringify({ format: FORMAT, scope, floor, ids, sha256, builds })}\n`);
}

/**
 * @param {Uint8Array} bytes
 * @returns {Lineage | null} null: written by a later version in another way
 * @throws {Error} when it is damaged
 */
export function decodeLineage(bytes) {
  const { format, scope, floor, ids, sha256, builds } = JSON.parse(Buffer.from(bytes).toString("utf8"));
  if (Number.isInteger(format) && format > FORMAT) return null;
  const sound =
    format === FORMAT &&
    typeof scope === "string" &&
    isId(floor) &&
    Array.isArray(ids) &&
    ids.every(isId) &&
    typeof sha256 === "string" &&
    (builds === null || isId(builds));
  if (!sound) throw new Error("its fields are not those of format 1");
  return { scope, floor, ids, sha256, builds };
}

/** @param {unknown} value @returns {value is number} */
const isId = (value) => typeof value === "number" && Number.isSafeInteger(value) && value >= 0;

/** Which artifacts are held by those that were taken in. */
export class Coverage {
  #scope;
  #floor = 0;
  /** @type {Set<number>} */
  #ids = new Set();

  /** @param {string} scope */
  constructor(scope) {
    this.#scope = scope;
  }

  /** Every id up to this one is held. */
  get floor() {
    return this.#floor;
  }

  /**
   * An artifact is taken in, and with it everything that it holds.
   *
   * @param {number} id
   * @param {Lineage | null} lineage
   */
  add(id, lineage) {
    this.#ids.add(id);
    for (const held of lineage?.ids ?? []) this.#ids.add(held);
    // A floor is about the artifacts that were looked at for it.
    if (lineage?.scope === this.#scope) this.#floor = Math.max(this.#floor, lineage.floor);
  }

  /** @param {number} id */
  has(id) {
    return id <= this.#floor || this.#ids.has(id);
  }

  /**
   * What a history has to say that holds all of these.
   *
   * @param {object} facts
   * @param {number} facts.settled everything that was listed up to this id is held
   * @param {string} facts.sha256
   * @param {number | null} facts.builds
   * @returns {Lineage}
   */
  lineage({ settled, sha256, builds }) {
    const floor = Math.max(this.#floor, settled);
    const ids = [...this.#ids].filter((id) => id > floor).sort((a, b) => a - b);
    return { scope: this.#scope, floor, ids, sha256, builds };
  }
}
