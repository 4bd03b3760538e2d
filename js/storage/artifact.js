/**
 * A history as an artifact of GitHub Actions. Artifacts are never changed: each run that records uploads the whole
 * history anew and says which artifacts it holds (artifact-lineage.js). Reading takes the newest and merges into it
 * those that it does not hold, which overlapping runs and other jobs of a run have left. So nothing that was ever
 * uploaded is lost, whatever order runs come in, and nothing is ever deleted. Knows artifacts; what a build is, the
 * engine knows.
 *
 * Names: in a run a name is given once. The first job that records takes `<name>`, later ones `<name>.2`, `<name>.3`, …,
 * each of them holding what the earlier ones have. Only `<name>` is ever passed over, when the job that took it never
 * completed it. So where nothing has the third name nothing has a later one, and listing ends there.
 */

import { Failure } from "../failure.js";
import { GitHubFailure } from "../github/errors.js";
import { enterpriseServer } from "../github/runtime.js";
import { ARCHIVE_LIMIT, packHistory, unpackHistory } from "./artifact-archive.js";
import { Coverage, SETTLED_MS } from "./artifact-lineage.js";
import { after, numbered, numberOf } from "./artifact-names.js";
import { asTooLarge } from "./limits.js";

/** @import { Artifact, Artifacts } from "../github/artifacts.js" */
/** @import { ArtifactRuntime } from "../github/runtime.js" */
/** @import { Lineage } from "./artifact-lineage.js" */
/** @import { BlobFacts, BlobStore, Engine, StoredBlob, WriteOutcome } from "./provider.js" */

/** Days before its end that a history's artifact is worth a warning. */
const WARNED_DAYS = 14;
const DAY = 86_400_000;
/** More artifacts than this are not merged at one load; the rest waits for the next. */
const MOST_MERGED = 50;
/** How long another job of this run may hold a name without completing its artifact, in milliseconds. */
const HELD_MS = 45_000;
/** So many jobs of one run may record; each of them costs everybody another listing. */
const MOST_JOBS = 40;
/** How often the listings are read again when something listed is gone by the time it is fetched. */
const LOOKS = 3;
/** How long after storing it an artifact may be missing from the listings, in milliseconds. */
const LISTED_MS = 10 * 60_000;

/**
 * @typedef {object} ArtifactStoreOptions
 * @property {Artifacts} artifacts
 * @property {() => ArtifactRuntime} runtime asked for when something is uploaded
 * @property {Engine} engine merges what overlapping runs left
 * @property {string} repository `owner/name`
 * @property {string} name
 * @property {string} entry the history's name in the archive
 * @property {string} [branch] only artifacts of runs for it
 * @property {boolean} [readonly]
 * @property {NodeJS.ProcessEnv} env
 * @property {() => number} now
 * @property {(message: string) => void} [log]
 * @property {() => void} [close]
 * @property {{pack: typeof packHistory, unpack: typeof unpackHistory}} [archives] for tests: another kind of archive
 * @property {number} [settledMs] for tests: how long artifacts may take to come to light
 */

/**
 * An artifact and what is in it.
 *
 * @typedef {{artifact: Artifact, bytes: Buffer, lineage: Lineage | null}} Loaded
 *
 * What the listings show now.
 *
 * @typedef {object} View
 * @property {Loaded[]} heads what no other one holds, newest first; nothing else has to be merged
 * @property {Coverage} coverage what the heads hold together
 * @property {number} settled everything that was uploaded up to this id is held by the heads
 * @property {ReadonlySet<number>} passed artifacts of this name that are not to be used
 */

/** @implements {BlobStore} */
export class ArtifactStore {
  #options;
  #scope;
  /** Contents by artifact; they never change. @type {Map<number, Loaded>} */
  #loaded = new Map();
  /** What was stored from here, until it is listed. @type {Map<number, Artifact>} */
  #mine = new Map();
  /** When each name was first found taken without a complete artifact, in milliseconds. @type {Map<string, number>} */
  #heldSince = new Map();
  /** Which artifact the history is in, once that is known. @type {Pick<Artifact, "id" | "name"> | null} */
  #newest = null;
  #isWritable = false;
  /** The run whose artifact was read first. @type {number | null} */
  #source = null;
  /** @type {Map<string, Failure>} */
  #warnings = new Map();

  /** @param {ArtifactStoreOptions} options */
  constructor(options) {
    this.#options = options;
    this.#scope = `${options.repository} ${options.name} ${options.branch ?? "*"}`;
  }

  /** With the name and the id of the newest artifact once that is known: later jobs of a run have names of their own. */
  get location() {
    if (this.#newest === null) return `artifact://${this.#options.name}`;
    return `artifact://${this.#newest.name}#${this.#newest.id}`;
  }

  /** An artifact has no path. */
  get path() {
    return null;
  }

  close() {
    this.#options.close?.();
  }

  /** The run that uploaded the artifact which was read first. */
  sourceRun() {
    return this.#source;
  }

  /** What went wrong without making a result wrong. */
  warnings() {
    return [...this.#warnings.values()];
  }

  /**
   * @returns {Promise<StoredBlob | null>} null when the listings show that this repository's own runs have left none
   * @throws {Failure} `ARTIFACT_EXPIRED`, `ARTIFACT_DAMAGED`, `ARTIFACT_FOREIGN`, `ARTIFACT_UPLOAD_UNAVAILABLE` unless
   *   it is only read, or the client's codes
   */
  async read() {
    await this.#refuseUnwritable();
    const { heads } = await this.#look();
    if (heads.length === 0) return null;
    this.#source ??= heads[0].artifact.runId;
    const bytes = heads.length === 1 ? Buffer.from(heads[0].bytes) : this.#merged(heads);
    return { bytes, version: versionOf(heads) ?? "" };
  }

  /** Whoever is going to store is told that it cannot be done before anything is measured. */
  async #refuseUnwritable() {
    const { readonly = false, env, runtime } = this.#options;
    if (readonly || this.#isWritable) return;
    const service = runtime();
    // Only there an address may lead to nothing; elsewhere the question would be a request too many.
    if (enterpriseServer(env) !== null) await service.list();
    this.#isWritable = true;
  }

  /**
   * Two runs that write at the same moment may both succeed, which no condition could prevent: then both artifacts
   * stand side by side, and whoever reads next merges them.
   *
   * @param {Uint8Array} bytes
   * @param {string | null} ifVersion
   * @param {BlobFacts} [facts]
   * @returns {Promise<WriteOutcome>}
   */
  async write(bytes, ifVersion, facts) {
    const { readonly = false, name, entry, now, log, archives } = this.#options;
    if (readonly) {
      throw new Failure(`could not write \`${this.location}\`: the history was opened read-only`, {
        type: "storage",
        code: "STORAGE_READ_ONLY",
        hint: "Open it without `readonly` to record builds.",
      });
    }
    const runtime = this.#options.runtime();
    const { heads, coverage, settled, passed } = await this.#look();
    if (versionOf(heads) !== ifVersion) return { status: "conflict" };
    // The run's own service knows earlier than the listings what another job has stored.
    const numbers = [];
    for (const artifact of await runtime.list()) {
      const number = numberOf(artifact.name, name);
      if (number === null) continue;
      if (!coverage.has(artifact.id) && !passed.has(artifact.id)) return { status: "conflict" };
      numbers.push(number);
    }
    const { archive, lineage } = await (archives?.pack ?? packHistory)(bytes, entry, coverage, {
      settled,
      builds: facts?.builds ?? null,
      time: now(),
    });
    for (let number = after(numbers), held = false; ; ) {
      if (number > MOST_JOBS) throw this.#tooMany();
      const chosen = numbered(name, number);
      const outcome = await runtime.upload(chosen, archive);
      if (outcome.status === "stored") {
        this.#stored(outcome.id, chosen, bytes, lineage);
        return { status: "stored", version: String(outcome.id) };
      }
      if (held) return { status: "conflict" };
      const earlier = await this.#ofThisRun();
      if (earlier.some(({ id }) => !coverage.has(id) && !passed.has(id))) return { status: "conflict" };
      const known = after(earlier.map((artifact) => numberOf(artifact.name, name) ?? 0));
      if (known > number) {
        // An attempt before this one has it.
        number = known;
        continue;
      }
      const since = this.#heldSince.get(chosen) ?? now();
      this.#heldSince.set(chosen, since);
      // Another job is uploading it just now and is waited for; unless it ended over that.
      if (number !== 1 || now() - since < HELD_MS) return { status: "conflict" };
      log?.(`\`${name}\` was taken ${Math.round((now() - since) / 1000)} s ago and never completed`);
      held = true;
      number = 2;
    }
  }

  /** The history's artifacts of all attempts of this run. */
  async #ofThisRun() {
    const { artifacts, name, env } = this.#options;
    const run = Number(env.GITHUB_RUN_ID);
    /** @type {Artifact[]} */
    const found = [];
    if (!Number.isSafeInteger(run) || run <= 0) return found;
    for await (const artifact of artifacts.ofRun(run)) {
      if (numberOf(artifact.name, name) !== null) found.push(artifact);
    }
    return found;
  }

  /**
   * @param {number} id
   * @param {string} name
   * @param {Uint8Array} bytes
   * @param {Lineage} lineage
   */
  #stored(id, name, bytes, lineage) {
    const { now, env, branch } = this.#options;
    const days = Number(env.GITHUB_RETENTION_DAYS);
    /** @type {Artifact} */
    const artifact = {
      id,
      name,
      expired: false,
      createdAt: now(),
      expiresAt: days > 0 ? now() + days * DAY : null,
      digest: null,
      runId: Number(env.GITHUB_RUN_ID) || null,
      branch: env.GITHUB_REF_NAME ?? null,
      own: true,
    };
    this.#newest = artifact;
    this.#mine.set(id, artifact);
    this.#loaded.set(id, { artifact, bytes: Buffer.from(bytes), lineage });
    this.#warnings.delete("expiry");
    if (days > 0 && days < WARNED_DAYS) this.#warnOfExpiry(artifact);
    if (branch !== undefined && artifact.branch !== null && artifact.branch !== branch) {
      this.#warnings.set(
        "branch",
        new Failure(
          `the history was uploaded by a run for \`${artifact.branch}\`, and histories are looked for in runs for \`${branch}\` alone`,
          {
            type: "storage",
            code: "ARTIFACT_UNSEEN",
            hint: "Later runs do not find this build. Record on that branch alone, or leave `artifact-branch-filter` out.",
          },
        ),
      );
    }
  }

  /** @returns {Promise<View>} */
  async #look() {
    for (let attempt = 1; ; attempt++) {
      try {
        const view = await this.#lookOnce();
        this.#newest = view.heads[0]?.artifact ?? null;
        return view;
      } catch (thrown) {
        const gone = thrown instanceof GitHubFailure && (thrown.status === 404 || thrown.status === 410);
        if (!gone || attempt >= LOOKS) throw thrown;
      }
    }
  }

  /** @returns {Promise<View>} */
  async #lookOnce() {
    const { artifacts, name, log, settledMs = SETTLED_MS } = this.#options;
    const lists = [new Listing(artifacts.named(name))];
    for (let number = 2; number <= MOST_JOBS; number++) {
      const list = new Listing(artifacts.named(numbered(name, number)));
      await list.readUntil(() => true);
      if (list.items.length === 0) break;
      lists.push(list);
    }
    for (const list of lists) await list.readUntil((artifact) => this.#isUsable(artifact));
    const listed = () => [...this.#unlisted(lists), ...lists.flatMap(({ items }) => items)];

    const newest = newestFirst(listed().filter((artifact) => this.#isUsable(artifact)))[0];
    if (!newest) {
      this.#refuseUnknown(listed());
      this.#refuseExpired(listed(), new Coverage(this.#scope), 0);
      const passed = new Set(listed().map(({ id }) => id));
      return { heads: [], coverage: new Coverage(this.#scope), settled: 0, passed };
    }
    const { lineage } = await this.#load(newest);
    const before = newest.createdAt - settledMs;
    const floor = lineage?.scope === this.#scope ? lineage.floor : null;
    for (const list of lists) {
      // Without a lineage the newest is taken to hold what was there well before it.
      await list.readUntil(({ id, createdAt }) => (floor === null ? createdAt < before : id <= floor));
    }
    const all = listed();
    const coverage = new Coverage(this.#scope);
    const old = (/** @type {Artifact} */ { id, createdAt }) =>
      floor === null ? createdAt < before : id <= floor;
    /** @type {Loaded[]} */
    const heads = [];
    let settled = Math.max(0, ...all.filter(({ createdAt }) => createdAt < before).map(({ id }) => id));
    for (const artifact of newestFirst(all.filter((each) => this.#isUsable(each) && !old(each)))) {
      if (coverage.has(artifact.id)) continue;
      if (heads.length > MOST_MERGED) {
        log?.(
          `artifact ${artifact.id} and older ones of overlapping runs are left for the next run to merge`,
        );
        settled = Math.min(settled, Math.max(0, ...all.filter(old).map(({ id }) => id)));
        break;
      }
      const loaded = await this.#load(artifact);
      coverage.add(artifact.id, loaded.lineage);
      heads.push(loaded);
    }
    this.#refuseExpired(
      all.filter((artifact) => !old(artifact)),
      coverage,
      heads[0].artifact.id,
    );
    this.#warnOfExpiry(heads[0].artifact);
    const passed = new Set(all.filter((artifact) => !this.#isRelevant(artifact)).map(({ id }) => id));
    return { heads, coverage, settled, passed };
  }

  /** What was stored from here and is not listed yet. @param {Listing[]} lists */
  #unlisted(lists) {
    const shown = new Set(lists.flatMap(({ items }) => items.map(({ id }) => id)));
    for (const [id, { createdAt }] of this.#mine) {
      if (shown.has(id) || this.#options.now() - createdAt > LISTED_MS) this.#mine.delete(id);
    }
    return [...this.#mine.values()];
  }

  #tooMany() {
    return new Failure(`${MOST_JOBS} jobs of this run have recorded already`, {
      type: "storage",
      code: "ARTIFACT_TOO_MANY",
      hint: "Let one job record all metrics, or keep the history in S3.",
    });
  }

  /** Whether it is a history of these builds, be it gone or not. @param {Artifact} artifact */
  #isRelevant({ own, branch }) {
    return own === true && (this.#options.branch === undefined || branch === this.#options.branch);
  }

  /** @param {Artifact} artifact */
  #isUsable(artifact) {
    return this.#isRelevant(artifact) && !artifact.expired;
  }

  /**
   * @param {Artifact} artifact
   * @returns {Promise<Loaded>}
   */
  async #load(artifact) {
    const { artifacts, entry, archives } = this.#options;
    const known = this.#loaded.get(artifact.id);
    if (known) return { ...known, artifact };
    const doing = `could not read the artifact \`${artifact.name}\` (${artifact.id})`;
    const archive = await artifacts
      .download(artifact, ARCHIVE_LIMIT)
      .catch((/** @type {unknown} */ thrown) => {
        throw asTooLarge(thrown, doing);
      });
    const loaded = { artifact, ...(await (archives?.unpack ?? unpackHistory)(archive, { entry, doing })) };
    this.#loaded.set(artifact.id, loaded);
    return loaded;
  }

  /**
   * The history that holds the builds of all of them.
   *
   * @param {Loaded[]} heads
   * @returns {Uint8Array}
   */
  #merged(heads) {
    const { engine, log } = this.#options;
    let reading = heads[0].artifact;
    log?.(
      `merging ${heads.length} artifacts of overlapping runs: ${heads.map(({ artifact }) => artifact.id).join(", ")}`,
    );
    try {
      const history = engine.openHistory(heads[0].bytes);
      try {
        for (const { artifact, bytes } of heads.slice(1)) {
          reading = artifact;
          history.merge(bytes);
        }
        return history.save();
      } finally {
        history.free();
      }
    } catch (thrown) {
      const { message, type, code, hint, retryable } = Failure.from(thrown);
      throw new Failure(`could not open the artifact \`${reading.name}\` (${reading.id}): ${message}`, {
        type,
        code,
        hint: `${hint} An artifact that is no history can be deleted on the page of its run.`.trim(),
        retryable,
        cause: thrown,
      });
    }
  }

  /**
   * Artifacts of the name may be a fork's, which are as good as none, or the history: then none is begun.
   *
   * @param {Artifact[]} listed
   */
  #refuseUnknown(listed) {
    const unknown = listed.find(({ own }) => own === null);
    if (!unknown) return;
    throw new Failure(
      `GitHub does not tell which run the artifact \`${unknown.name}\` (${unknown.id}) is of, so it may be the history or a fork's`,
      {
        type: "storage",
        code: "ARTIFACT_ORIGIN_UNKNOWN",
        hint: "Delete it if it is not the history, or choose another `artifact-name`.",
      },
    );
  }

  /**
   * The history existed and is gone: that must not look as if there had been none.
   *
   * @param {Artifact[]} listed
   * @param {Coverage} coverage
   * @param {number} newest the newest one that is left; 0 where none is
   */
  #refuseExpired(listed, coverage, newest) {
    const lost = newestFirst(
      listed.filter((each) => each.expired && this.#isRelevant(each) && !coverage.has(each.id)),
    );
    if (lost.length === 0) return;
    const { name, repository } = this.#options;
    const [{ id, expiresAt }] = lost;
    const when = expiresAt === null ? "" : ` on ${new Date(expiresAt).toISOString().slice(0, 10)}`;
    const failure = new Failure(
      `the newest history in \`${repository}\`, the artifact \`${lost[0].name}\` (${id}), has expired${when}`,
      {
        type: "storage",
        code: "ARTIFACT_EXPIRED",
        hint:
          "GitHub has deleted its bytes. If a copy of the history is left, upload it as an artifact or move it to S3; to " +
          `begin anew, delete the expired \`${name}\` on the page of its run, or choose another \`artifact-name\`.`,
      },
    );
    if (id > newest) throw failure;
    this.#warnings.set(
      "expired",
      new Failure(
        `the artifact \`${lost[0].name}\` (${id}) of an overlapping run expired before it was merged`,
        {
          type: "storage",
          code: "ARTIFACT_EXPIRED",
          hint: "The builds that it alone had are gone; record them again if they matter.",
        },
      ),
    );
  }

  /** @param {Artifact} artifact the newest */
  #warnOfExpiry({ name, id, expiresAt }) {
    this.#warnings.delete("expiry");
    if (expiresAt === null) return;
    const days = Math.floor((expiresAt - this.#options.now()) / DAY);
    if (days >= WARNED_DAYS) return;
    this.#warnings.set(
      "expiry",
      new Failure(
        `the history, the artifact \`${name}\` (${id}), expires in ${days < 1 ? "less than a day" : `${days} day${days === 1 ? "" : "s"}`}`,
        {
          type: "storage",
          code: "ARTIFACT_EXPIRES",
          hint:
            "Every recorded build uploads it anew. Record one before then, raise the retention of artifacts in the " +
            "repository's settings, or keep the history in S3.",
        },
      ),
    );
  }
}

/** A list of artifacts, read as far as it is needed. */
class Listing {
  /** What was read so far. @type {Artifact[]} */
  items = [];
  #source;
  #ended = false;
  #ascends = false;

  /** @param {AsyncGenerator<Artifact, void, void>} source newest first */
  constructor(source) {
    this.#source = source;
  }

  /**
   * Reads on to the first item like this, and it too. In a list that is not in order every item is read.
   *
   * @param {(artifact: Artifact) => boolean} isLast
   */
  async readUntil(isLast) {
    if (!this.#ascends && this.items.some(isLast)) return;
    while (!this.#ended) {
      const { value, done } = await this.#source.next();
      if (done || !value) {
        this.#ended = true;
        return;
      }
      const previous = this.items.at(-1);
      if (previous && value.id > previous.id) this.#ascends = true;
      this.items.push(value);
      if (!this.#ascends && isLast(value)) return;
    }
  }
}

/** @param {Artifact[]} artifacts */
const newestFirst = (artifacts) => [...artifacts].sort((a, b) => b.id - a.id);

/** @param {Loaded[]} heads @returns {string | null} */
const versionOf = (heads) => (heads.length === 0 ? null : heads.map(({ artifact }) => artifact.id).join("+"));
