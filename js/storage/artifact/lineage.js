/**
 * What an artifact's history was built from, as an entry beside the history: which other artifacts it holds already.
 * So those of overlapping runs, which it does not hold, are recognised and taken in at the next load. Decides which
 * artifacts are covered; sends nothing.
 *
 * It is beside the history and not in it, because it is about artifacts and not about builds: the history's bytes
 * stay the same wherever it is kept, no migration is needed, and a history that comes without it, made by hand or by
 * another program, only costs some merging, which changes nothing twice.
 *
 * Ids of artifacts ascend, and an artifact can be seen by every run soon after it has its id. So everything that was
 * listed and is older than two hours is one number, the floor; only what is younger is named one by one.
 */

/** The entry's name in the archive. */
export const LINEAGE_ENTRY = "unentropy-lineage.json";
/** The most bytes of it; the ids of two hours are some hundred. */
export const LINEAGE_LIMIT = 1024 * 1024;
const FORMAT = 1;

/** How long after it got its id an artifact may still become visible: the address for its bytes is good for less. */
export const VISIBLE_AFTER_MS = 2 * 3_600_000;

/**
 * @typedef {object} Lineage
 * @property {string} scope which artifacts were looked at: repository and name; those that are older name the branch in it
 * @property {readonly string[] | null} branches and of runs for which branches; null: for every branch
 * @property {number} floor every artifact of the scope with this id or a lower one is held
 * @property {number[]} ids and these, ascending; those of pull requests among them, which no history holds
 * @property {string} sha256 of the history, hex
 * @property {number | null} builds in the history
 */

/**
 * The lineage as the bytes of its entry.
 *
 * @param {Lineage} lineage
 * @returns {Buffer}
 */
export function encodeLineage({ scope, branches, floor, ids, sha256, builds }) {
  return Buffer.from(`${JSON.stringify({ format: FORMAT, scope, branches, floor, ids, sha256, builds })}\n`);
}

/**
 * Reads and checks the bytes of a lineage's entry.
 *
 * @param {Uint8Array} bytes
 * @param {number} [id] of its artifact, which can hold only what had an id before it
 * @returns {Lineage | null} null: written by a later version in another way
 * @throws {Error} when it is damaged
 */
export function decodeLineage(bytes, id = Number.MAX_SAFE_INTEGER) {
  const read = JSON.parse(Buffer.from(bytes).toString("utf8")) ?? {};
  const { format, scope, branches, floor, ids, sha256, builds } = read;
  if (Number.isInteger(format) && format > FORMAT) return null;
  const sound =
    format === FORMAT &&
    typeof scope === "string" &&
    (branches === undefined || branches === null || isNames(branches)) &&
    isId(floor) &&
    Array.isArray(ids) &&
    ids.every(isId) &&
    typeof sha256 === "string" &&
    (builds === null || isId(builds));
  if (!sound) throw new Error("its fields are not those of format 1");
  const latest = ids.reduce((most, held) => Math.max(most, held), floor);
  if (latest >= id) throw new Error(`it claims to hold artifact ${latest}, which is not older than this one`);
  // Before there were branches the branch was part of the scope.
  const [, named, branch] = /^(.*) (\S+)$/.exec(scope) ?? [];
  return branches !== undefined
    ? { scope, branches, floor, ids, sha256, builds }
    : {
        scope: named ?? scope,
        branches: branch === "*" ? null : branch === undefined ? [] : [branch],
        floor,
        ids,
        sha256,
        builds,
      };
}

/** @param {unknown} value */
const isNames = (value) => Array.isArray(value) && value.every((name) => typeof name === "string");

/** @param {unknown} value @returns {value is number} */
const isId = (value) => typeof value === "number" && Number.isSafeInteger(value) && value >= 0;

/** Which artifacts are held by those that were taken in. */
export class Coverage {
  #scope;
  #branches;
  /** The highest id up to which everything is held: of each branch, and of all of them (`*`). @type {Map<string, number>} */
  #floors = new Map();
  /** @type {Set<number>} */
  #ids = new Set();

  /**
   * @param {string} scope
   * @param {readonly string[] | null} branches those that are looked at; null: every one
   */
  constructor(scope, branches) {
    this.#scope = scope;
    this.#branches = branches;
  }

  /** Every id up to this one is held, of whatever branch it is that is looked at. */
  get floor() {
    return this.#branches === null
      ? this.#floorOf(null)
      : Math.min(...this.#branches.map((branch) => this.#floorOf(branch)));
  }

  /** @param {string | null} branch */
  #floorOf(branch) {
    const all = this.#floors.get("*") ?? 0;
    return branch === null ? all : Math.max(all, this.#floors.get(branch) ?? 0);
  }

  /**
   * An artifact is taken in, and with it everything that it holds.
   *
   * @param {number} id
   * @param {Lineage | null} [lineage]
   * @param {number} [limit] the highest id that a floor can be which was found out when the artifact was made: what
   *   was uploaded later had not surely come to light. A lineage that claims more is not believed
   * @returns {boolean} whether the lineage was believed
   */
  add(id, lineage = null, limit = Number.POSITIVE_INFINITY) {
    this.#ids.add(id);
    // A floor is about the artifacts that were looked at for it.
    const isAboutThese = lineage?.scope === this.#scope;
    if (lineage === null || (isAboutThese && lineage.floor > limit)) return false;
    for (const held of lineage.ids) this.#ids.add(held);
    if (!isAboutThese) return true;
    for (const branch of lineage.branches ?? ["*"]) {
      this.#floors.set(branch, Math.max(this.#floors.get(branch) ?? 0, lineage.floor));
    }
    return true;
  }

  /** @param {{id: number, branch: string | null}} artifact */
  has({ id, branch }) {
    return this.#ids.has(id) || id <= this.#floorOf(branch);
  }

  /**
   * What a history has to say that holds all of these.
   *
   * @param {object} facts
   * @param {number} facts.heldUpTo everything that was listed up to this id is held
   * @param {string} facts.sha256
   * @param {number | null} facts.builds
   * @returns {Lineage}
   */
  lineage({ heldUpTo, sha256, builds }) {
    const floor = Math.max(this.floor, heldUpTo);
    const ids = [...this.#ids].filter((id) => id > floor).sort((a, b) => a - b);
    return { scope: this.#scope, branches: this.#branches, floor, ids, sha256, builds };
  }
}
