/**
 * A history as an artifact of GitHub Actions. Artifacts are never changed: each run that records uploads the whole
 * history again and says which artifacts it holds (`lineage.js`). Reading takes the newest and merges into it
 * those that it does not hold, which overlapping runs and other jobs of a run have left. So nothing that a run of a
 * source (`sources.js`) ever uploaded is lost, whatever order runs come in, and nothing is ever deleted. Knows
 * artifacts; what a build is, the engine knows.
 *
 * Names: in a run a name is given once. The first job that records takes `<name>`, later ones `<name>.2`, `<name>.3`, …,
 * each of them holding what the earlier ones have. Only `<name>` is ever passed over, when the job that took it never
 * completed it. So where nothing has the third name nothing has a later one, and listing ends there.
 */

import { Failure } from "../../failure.js";
import { enterpriseServer } from "../../github/artifact-service.js";
import { GitHubFailure } from "../../github/errors.js";
import { asTooLarge } from "../../http/limits.js";
import { AS_INPUTS } from "../../spelling.js";
import { ARCHIVE_LIMIT, packHistory, unpackHistory } from "./archive.js";
import { Coverage, VISIBLE_AFTER_MS } from "./lineage.js";
import { Listing, latestBefore, readOn } from "./listing.js";
import { mergeHistories } from "./merge.js";
import { after, numbered, numberOf } from "./names.js";
import { ArtifactSources } from "./sources.js";
import * as trouble from "./trouble.js";

/** @import { Artifact, Artifacts } from "../../github/artifacts.js" */
/** @import { ArtifactRuntime } from "../../github/artifact-service.js" */
/** @import { Spelling } from "../../spelling.js" */
/** @import { OnCorrupt, OnMissing } from "../copies.js" */
/** @import { Lineage } from "./lineage.js" */
/** @import { BlobFacts, BlobStore, BuildCounter, Engine, StoredBlob, WriteOutcome } from "../contract.js" */

/** Days before its end that a history's artifact is worth a warning. */
const WARNED_DAYS = 14;
const DAY = 86_400_000;
/** More artifacts than this are not merged at one load; the rest waits for the next. */
const MOST_MERGED = 50;
/** Nor more bytes of histories, all of which are in memory at once. */
const MOST_BYTES = 256 * 1024 * 1024;
/** How long another job of this run may hold a name without completing its artifact, in milliseconds. */
const HELD_MS = 45_000;
/** So many jobs of one run may record; each of them costs every run another listing. */
const MOST_JOBS = 40;
/** How often the listings are read again when something listed is gone by the time it is fetched. */
const LOOKS = 3;
/**
 * Codes of an artifact that holds no history which can be read or merged: the last is of a metric that is numeric in one
 * history and a label in the other.
 */
const DAMAGE = new Set([
  "ARTIFACT_DAMAGED",
  "ARTIFACT_FOREIGN",
  "HISTORY_CORRUPT",
  "HISTORY_NOT_SQLITE",
  "BUILD_INVALID",
]);
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
 * @property {string} [branch] only artifacts of runs for it; `*`: of every branch
 * @property {boolean} [readonly]
 * @property {OnCorrupt} [onCorrupt] `fail` unless given
 * @property {OnMissing} [onMissing] `fail` unless given
 * @property {Spelling} [spelling] how the caller calls options, for messages; as inputs unless given
 * @property {NodeJS.ProcessEnv} env
 * @property {() => number} now
 * @property {(message: string) => void} [log]
 * @property {() => void} [close]
 * @property {{pack: typeof packHistory, unpack: typeof unpackHistory}} [archives] for tests: another kind of archive
 * @property {number} [visibleAfterMs] for tests: how long artifacts may take to become visible
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
 * @property {number} heldUpTo everything that was uploaded up to this id is held by the heads
 * @property {ReadonlySet<number>} passed artifacts of this name that are no source
 */

/** The blob store of a history in artifacts. @implements {BlobStore} */
export class ArtifactStore {
  #options;
  #spelling;
  #scope;
  #sources;
  /** Contents by artifact; they never change. @type {Map<number, Loaded>} */
  #loaded = new Map();
  /** What was stored from here, until it is listed. @type {Map<number, Artifact>} */
  #mine = new Map();
  /** When each name was first found taken without a complete artifact, in milliseconds. @type {Map<string, number>} */
  #heldSince = new Map();
  /** Which artifact the history is in, once that is known. @type {Pick<Artifact, "id" | "name"> | null} */
  #newest = null;
  #isWritable = false;
  /** Artifacts that are left out because they cannot be read. @type {Map<number, Failure>} */
  #broken = new Map();
  /** A new history starts: what was uploaded up to this id is not part of it. 0: the history goes on. */
  #begunAfter = 0;
  /** The highest id that was listed last. */
  #latest = 0;
  /** What was read last. @type {Loaded[]} */
  #heads = [];
  /** The run whose artifact was read first. @type {number | null} */
  #source = null;
  /** @type {Map<string, Failure>} */
  #warnings = new Map();

  /** @param {ArtifactStoreOptions} options */
  constructor(options) {
    this.#options = options;
    const { artifacts, repository, branch, env, spelling = AS_INPUTS } = options;
    this.#spelling = spelling;
    this.#scope = `${repository} ${options.name}`;
    this.#sources = new ArtifactSources({ artifacts, repository, filter: branch, env, spelling });
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

  clockOffsetMs() {
    return this.#options.artifacts.clockOffsetMs();
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
    for (;;) {
      const { heads } = await this.#look();
      this.#heads = heads;
      if (heads.length === 0) return null;
      const bytes = heads.length === 1 ? Buffer.from(heads[0].bytes) : this.#merged(heads);
      if (bytes === null) continue;
      this.#source ??= heads[0].artifact.runId;
      return { bytes, version: versionOf(heads) ?? "" };
    }
  }

  /**
   * What was read last is no history that can be opened.
   *
   * @param {StoredBlob} _damaged
   * @param {Failure} failure
   * @param {BuildCounter} builds
   * @returns {Promise<null>} it has to be read again, without what is broken
   * @throws {Failure} the same with the choices, where nothing was chosen
   */
  async remedy(_damaged, failure, builds) {
    const broken = this.#heads.filter(({ bytes }) => builds(bytes) === null);
    if (broken.length === 0) throw failure;
    for (const { artifact } of broken) this.#giveUp(artifact, failure);
    return null;
  }

  /**
   * An artifact cannot be read: from now on it is left out, or a new history starts.
   *
   * @param {Artifact} artifact
   * @param {unknown} thrown
   * @throws what was thrown, where it is no damage or no option says what to do about it
   */
  #giveUp({ id }, thrown) {
    const { onCorrupt = "fail", readonly = false } = this.#options;
    const failure = Failure.from(thrown);
    if (!DAMAGE.has(failure.code)) throw thrown;
    if (onCorrupt === "fail" || (onCorrupt === "recreate" && readonly))
      throw trouble.withChoices(failure, this.#spelling);
    if (onCorrupt === "recreate") this.#begin(failure);
    else this.#broken.set(id, failure);
  }

  /** A new history starts. @param {Failure} failure why */
  #begin(failure) {
    this.#begunAfter = this.#latest;
    this.#warnings.set("begun", trouble.repaired(failure, null));
  }

  /** A run that cannot store is refused before anything is measured. */
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
   * exist side by side, and the next run merges them.
   *
   * @param {Uint8Array} bytes
   * @param {string | null} ifVersion
   * @param {BlobFacts} [facts]
   * @returns {Promise<WriteOutcome>}
   */
  async write(bytes, ifVersion, facts) {
    const { readonly = false, name, entry, env, now, log, archives } = this.#options;
    if (readonly) {
      throw new Failure(`could not write \`${this.location}\`: the history was opened read-only`, {
        type: "storage",
        code: "STORAGE_READ_ONLY",
        hint: "Open it without `readonly` to record builds.",
      });
    }
    const runtime = this.#options.runtime();
    const { heads, coverage, heldUpTo, passed } = await this.#look();
    if (versionOf(heads) !== ifVersion) return { status: "conflict" };
    // The run's own service knows earlier than the listings what another job has stored.
    const own = env.GITHUB_REF_NAME ?? null;
    const isKnown = (/** @type {number} */ id) => coverage.has({ id, branch: own }) || passed.has(id);
    const numbers = [];
    for (const artifact of await runtime.list()) {
      const number = numberOf(artifact.name, name);
      if (number === null) continue;
      if (!isKnown(artifact.id)) return { status: "conflict", busy: true };
      numbers.push(number);
    }
    const { archive, lineage } = await (archives?.pack ?? packHistory)(bytes, entry, coverage, {
      heldUpTo,
      builds: facts?.builds ?? null,
      time: now(),
    });
    for (let number = after(numbers), held = false; ; ) {
      if (number > MOST_JOBS) throw trouble.tooManyJobs(MOST_JOBS);
      const chosen = numbered(name, number);
      const outcome = await runtime.upload(chosen, archive);
      if (outcome.status === "stored") {
        this.#stored(outcome.id, chosen, bytes, lineage);
        return { status: "stored", version: String(outcome.id) };
      }
      if (held) return { status: "conflict", busy: true };
      const earlier = await this.#ofThisRun();
      if (earlier.some(({ id }) => !isKnown(id))) return { status: "conflict", busy: true };
      const known = after(earlier.map((artifact) => numberOf(artifact.name, name) ?? 0));
      if (known > number) {
        // An attempt before this one has it.
        number = known;
        continue;
      }
      const since = this.#heldSince.get(chosen) ?? now();
      this.#heldSince.set(chosen, since);
      // Another job is uploading it just now and is waited for; unless it ended over that.
      if (number !== 1 || now() - since < HELD_MS) return { status: "conflict", busy: true };
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
    const { now, env } = this.#options;
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
    const unseen = this.#sources.unseen(artifact.branch);
    if (unseen) this.#warnings.set("branch", unseen);
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
    const { visibleAfterMs = VISIBLE_AFTER_MS } = this.#options;
    const branches = await this.#sources.branches();
    const lists = await this.#lists();
    const listed = () => newestFirst([...this.#unlisted(lists), ...lists.flatMap(({ items }) => items)]);
    const coverage = new Coverage(this.#scope, branches);
    /** What turned out to be a pull request's. @type {Set<number>} */
    const foreign = new Set();
    /** @param {Artifact} artifact */
    const isWanted = (artifact) =>
      !artifact.expired &&
      artifact.id > this.#begunAfter &&
      !coverage.has(artifact) &&
      this.#sources.isNamed(artifact, branches);
    /** The first one that is wanted and a source, as far as the lists were read. */
    const next = async () => {
      for (;;) {
        const artifact = listed().find(isWanted);
        if (!artifact || (await this.#sources.isTrusted(artifact))) return artifact;
        // It stays one: no later run has to ask.
        coverage.add(artifact.id);
        foreign.add(artifact.id);
      }
    };
    const passed = () => {
      const others = listed().filter((artifact) => !this.#sources.isNamed(artifact, branches));
      return new Set([...foreign, ...others.map(({ id }) => id)]);
    };

    for (const id of this.#broken.keys()) coverage.add(id);
    const isEnough = (/** @type {Artifact} */ each) => isWanted(each) || each.id <= this.#begunAfter;

    /** @type {Artifact | undefined} */
    let artifact;
    do {
      for (const list of lists) await list.readUntil(isEnough);
      artifact = await next();
    } while (!artifact && lists.some(({ ended, items }) => !ended && !items.some(isEnough)));
    this.#latest = Math.max(0, ...listed().map(({ id }) => id));
    if (!artifact && this.#begunAfter === 0) {
      const [failure] = this.#broken.values();
      if (failure) throw trouble.notRestored(failure, this.#spelling);
      if (await this.#isToBegin(listed(), coverage, branches)) return this.#lookOnce();
      return { heads: [], coverage, heldUpTo: 0, passed: passed() };
    }

    // Times are the server's: what is not listed yet has one of this machine.
    const shown = () => lists.flatMap(({ items }) => items);
    const before = Math.max(0, ...shown().map(({ createdAt }) => createdAt)) - visibleAfterMs;
    for (const list of lists) await list.readUntil(({ createdAt }) => createdAt < before);
    for (const { id } of shown()) if (id <= this.#begunAfter) coverage.add(id);
    /** @type {Loaded[]} */
    const heads = [];
    let bytes = 0;
    let isWhole = true;
    for (; isWhole; artifact = await next()) {
      if (!artifact) {
        const { floor } = coverage;
        // Everything that was read is held; is what comes behind it?
        if (this.#begunAfter > 0 || !(await readOn(lists, floor))) break;
        continue;
      }
      if (heads.length > MOST_MERGED || (heads.length > 0 && bytes > MOST_BYTES)) {
        this.#options.log?.(`artifact ${artifact.id} and older ones are left for the next run to merge`);
        isWhole = false;
        break;
      }
      const loaded = await this.#loadUnlessBroken(artifact);
      if (loaded === null) return this.#lookOnce();
      const limit = await this.#latestSettled(artifact, lists);
      if (!coverage.add(artifact.id, loaded.lineage, limit)) {
        this.#options.log?.(
          `artifact ${artifact.id} does not say what it holds: it is merged, and so is what is older`,
        );
      }
      heads.push(loaded);
      bytes += loaded.bytes.length;
    }
    heads.sort((a, b) => b.artifact.id - a.artifact.id);
    const first = heads[0]?.artifact;
    if (first) {
      if (await this.#isExpired(listed(), coverage, branches, first, before)) return this.#lookOnce();
      for (const [id, failure] of this.#broken)
        this.#warnings.set(`broken ${id}`, trouble.repaired(failure, first));
      this.#warnOfExpiry(first);
    }
    const old = shown().filter(({ createdAt }) => createdAt < before);
    const heldUpTo = isWhole ? Math.max(0, ...old.map(({ id }) => id)) : 0;
    return { heads, coverage, heldUpTo, passed: passed() };
  }

  /** The lists of each name that a run may have given, started. */
  async #lists() {
    const { artifacts, name } = this.#options;
    const lists = [new Listing(artifacts.named(name))];
    for (let number = 2; number <= MOST_JOBS; number++) {
      const list = new Listing(artifacts.named(numbered(name, number)));
      await list.readUntil(() => true);
      if (list.items.length === 0) break;
      lists.push(list);
    }
    return lists;
  }

  /**
   * The highest id that surely had come to light when the artifact was made.
   *
   * @param {Artifact} artifact
   * @param {Listing[]} lists
   */
  async #latestSettled({ id, createdAt }, lists) {
    // What was made here is known not to claim more, and the time of it is this machine's.
    if (this.#mine.has(id)) return Number.POSITIVE_INFINITY;
    const before = createdAt - (this.#options.visibleAfterMs ?? VISIBLE_AFTER_MS);
    return latestBefore(lists, before);
  }

  /** What was stored from here and is not listed yet. @param {Listing[]} lists */
  #unlisted(lists) {
    const shown = new Set(lists.flatMap(({ items }) => items.map(({ id }) => id)));
    for (const [id, { createdAt }] of this.#mine) {
      if (shown.has(id) || this.#options.now() - createdAt > LISTED_MS) this.#mine.delete(id);
    }
    return [...this.#mine.values()];
  }

  /**
   * @param {Artifact} artifact
   * @returns {Promise<Loaded | null>} null: it was given up, so that everything has to be looked at again
   */
  async #loadUnlessBroken(artifact) {
    try {
      return await this.#load(artifact);
    } catch (thrown) {
      this.#giveUp(artifact, thrown);
      return null;
    }
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
    const loaded = {
      artifact,
      ...(await (archives?.unpack ?? unpackHistory)(archive, {
        entry,
        doing,
        id: artifact.id,
        spelling: this.#spelling,
      })),
    };
    this.#loaded.set(artifact.id, loaded);
    return loaded;
  }

  /**
   * @param {Loaded[]} heads more than one
   * @returns {Uint8Array | null} null: one of them was given up
   */
  #merged(heads) {
    const ids = heads.map(({ artifact }) => artifact.id).join(", ");
    this.#options.log?.(`merging ${heads.length} artifacts of overlapping runs: ${ids}`);
    const merged = mergeHistories(heads, this.#options.engine, (artifact, values) =>
      this.#warnings.set(`replaced ${artifact.id}`, trouble.replacedValues(artifact, values)),
    );
    if ("bytes" in merged) return merged.bytes;
    this.#giveUp(merged.broken, merged.failure);
    return null;
  }

  /**
   * Nothing that is a source has been found. Only where nothing else shows that there was a history, one starts.
   *
   * @param {Artifact[]} listed everything, newest first
   * @param {Coverage} coverage
   * @param {readonly string[] | null} branches
   * @returns {Promise<boolean>} whether one starts in spite of what there was
   */
  async #isToBegin(listed, coverage, branches) {
    const { readonly = false, onMissing = "fail" } = this.#options;
    const unknown = listed.find(({ own }) => own === null);
    if (unknown) throw trouble.originUnknown(unknown, this.#spelling);
    if (await this.#isExpired(listed, coverage, branches, null, 0)) return true;
    const other = this.#sources.isDefault ? await this.#sources.elsewhere(listed) : null;
    if (!other) return false;
    const failure = trouble.onlyElsewhere(other.artifact, branches ?? [], other, this.#spelling);
    if (!readonly && onMissing !== "begin") throw failure;
    this.#warnings.set("elsewhere", readonly ? failure : trouble.repaired(failure, null));
    return false;
  }

  /**
   * Looks whether the newest history has expired.
   *
   * @param {Artifact[]} listed newest first
   * @param {Coverage} coverage
   * @param {readonly string[] | null} branches
   * @param {Artifact | null} newest the newest one that is left
   * @param {number} before when the hours start in which artifacts may overlap, in milliseconds since 1970
   * @returns {Promise<boolean>} whether it has, and a new one starts
   * @throws {Failure} `ARTIFACT_EXPIRED` where it has and no option says what to do about it
   */
  async #isExpired(listed, coverage, branches, newest, before) {
    const { repository, readonly = false, onMissing = "fail" } = this.#options;
    const candidates = listed.filter(
      (artifact) =>
        artifact.expired &&
        !coverage.has(artifact) &&
        this.#sources.isNamed(artifact, branches) &&
        // Where no lineage says so, what was there well before the newest is assumed to be in it: it cannot be looked at.
        (newest === null || artifact.id > newest.id || coverage.floor > 0 || artifact.createdAt >= before),
    );
    /** @type {Artifact | undefined} */
    let lost;
    for (const artifact of candidates) {
      // A run that is gone may have recorded builds.
      if (!(await this.#sources.isTrusted(artifact, { gone: true }))) continue;
      lost = artifact;
      break;
    }
    if (!lost) return false;
    if (newest !== null && lost.id < newest.id) {
      this.#warnings.set("expired", trouble.expiredUnmerged(lost));
      return false;
    }
    const failure = trouble.expired(lost, { repository, isLeft: newest !== null }, this.#spelling);
    if (onMissing === "begin" && !readonly) {
      this.#begin(failure);
      return true;
    }
    if (onMissing !== "restore" || newest === null) throw failure;
    this.#warnings.set("expired", trouble.repaired(failure, newest));
    // Once this is stored no later run has to decide it again.
    for (const { id } of candidates) coverage.add(id);
    return false;
  }

  /** @param {Artifact} artifact the newest */
  #warnOfExpiry(artifact) {
    this.#warnings.delete("expiry");
    if (artifact.expiresAt === null) return;
    const days = Math.floor((artifact.expiresAt - this.#options.now()) / DAY);
    if (days < WARNED_DAYS) this.#warnings.set("expiry", trouble.expiresSoon(artifact, days));
  }
}

/** @param {Artifact[]} artifacts */
const newestFirst = (artifacts) => [...artifacts].sort((a, b) => b.id - a.id);

/** @param {Loaded[]} heads @returns {string | null} */
const versionOf = (heads) => (heads.length === 0 ? null : heads.map(({ artifact }) => artifact.id).join("+"));
