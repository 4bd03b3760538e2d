/**
 * A history as an artifact of GitHub Actions. Artifacts are never changed: each run that records uploads the whole
 * history again and says which artifacts it holds (artifact-lineage.js). Reading takes the newest and merges into it
 * those that it does not hold, which overlapping runs and other jobs of a run have left. So nothing that a run of a
 * source (artifact-sources.js) ever uploaded is lost, whatever order runs come in, and nothing is ever deleted. Knows
 * artifacts; what a build is, the engine knows.
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
import { Listing } from "./artifact-listing.js";
import { after, numbered, numberOf } from "./artifact-names.js";
import { ArtifactSources } from "./artifact-sources.js";
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
/** Nor more bytes of histories, all of which are in memory at once. */
const MOST_BYTES = 256 * 1024 * 1024;
/** So many items of a list are read before it is looked whether more are needed. */
const STRETCH = 100;
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
 * @property {string} [branch] only artifacts of runs for it; `*`: of every branch
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
 * @property {ReadonlySet<number>} passed artifacts of this name that are no source
 */

/** @implements {BlobStore} */
export class ArtifactStore {
  #options;
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
  /** The run whose artifact was read first. @type {number | null} */
  #source = null;
  /** @type {Map<string, Failure>} */
  #warnings = new Map();

  /** @param {ArtifactStoreOptions} options */
  constructor(options) {
    this.#options = options;
    const { artifacts, repository, branch, env } = options;
    this.#scope = `${repository} ${options.name}`;
    this.#sources = new ArtifactSources({ artifacts, repository, filter: branch, env });
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
    const { readonly = false, name, entry, env, now, log, archives } = this.#options;
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
    const { settledMs = SETTLED_MS } = this.#options;
    const branches = await this.#sources.branches();
    const lists = await this.#lists();
    const listed = () => newestFirst([...this.#unlisted(lists), ...lists.flatMap(({ items }) => items)]);
    const coverage = new Coverage(this.#scope, branches);
    /** What turned out to be a pull request's. @type {Set<number>} */
    const foreign = new Set();
    /** @param {Artifact} artifact */
    const isWanted = (artifact) =>
      !artifact.expired &&
      !foreign.has(artifact.id) &&
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

    /** @type {Artifact | undefined} */
    let artifact;
    do {
      for (const list of lists) await list.readUntil(isWanted);
      artifact = await next();
    } while (!artifact && lists.some(({ ended }) => !ended));
    if (!artifact) {
      await this.#refuseToBegin(listed(), coverage, branches);
      return { heads: [], coverage, settled: 0, passed: passed() };
    }

    // Times are the server's: what is not listed yet has one of this machine.
    const shown = () => lists.flatMap(({ items }) => items);
    const before = Math.max(0, ...shown().map(({ createdAt }) => createdAt)) - settledMs;
    for (const list of lists) await list.readUntil(({ createdAt }) => createdAt < before);
    /** @type {Loaded[]} */
    const heads = [];
    let bytes = 0;
    let isWhole = true;
    for (; isWhole; artifact = await next()) {
      if (!artifact) {
        const { floor } = coverage;
        // Everything that was read is held; is what comes behind it?
        if (!(await this.#readOn(lists, floor))) break;
        continue;
      }
      if (heads.length > MOST_MERGED || (heads.length > 0 && bytes > MOST_BYTES)) {
        this.#options.log?.(`artifact ${artifact.id} and older ones are left for the next run to merge`);
        isWhole = false;
        break;
      }
      const loaded = await this.#load(artifact);
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
    await this.#refuseExpired(listed(), coverage, branches, heads[0].artifact.id, before);
    this.#warnOfExpiry(heads[0].artifact);
    const old = shown().filter(({ createdAt }) => createdAt < before);
    const settled = isWhole ? Math.max(0, ...old.map(({ id }) => id)) : 0;
    return { heads, coverage, settled, passed: passed() };
  }

  /** The lists of each name that a run may have given, begun. */
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
   * Reads a stretch of each list that may go on above the floor.
   *
   * @param {Listing[]} lists
   * @param {number} floor
   * @returns {Promise<boolean>} whether there was any
   */
  async #readOn(lists, floor) {
    let found = false;
    for (const list of lists) {
      const before = list.items.length;
      await list.readUntil(({ id }) => id <= floor, before + STRETCH);
      found ||= list.items.length > before;
    }
    return found;
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
    const before = createdAt - (this.#options.settledMs ?? SETTLED_MS);
    let latest = 0;
    for (const list of lists) {
      await list.readUntil((each) => each.createdAt < before);
      for (const each of list.items) if (each.createdAt < before) latest = Math.max(latest, each.id);
    }
    return latest;
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
      ...(await (archives?.unpack ?? unpackHistory)(archive, { entry, doing, id: artifact.id })),
    };
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
    log?.(
      `merging ${heads.length} artifacts of overlapping runs: ${heads.map(({ artifact }) => artifact.id).join(", ")}`,
    );
    // The order changes nothing but what is noticed: last come those that no run of this program has made.
    const [first, ...rest] = [
      ...heads.filter(({ lineage }) => lineage !== null),
      ...heads.filter(({ lineage }) => lineage === null),
    ];
    let reading = first.artifact;
    try {
      const history = engine.openHistory(first.bytes);
      try {
        for (const { artifact, bytes, lineage } of rest) {
          reading = artifact;
          const merged = history.merge(bytes);
          if (lineage === null && first.lineage !== null)
            this.#warnOfReplaced(artifact, merged?.replacedValues);
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
   * Histories are united, and of two values the one that was measured later stands: so somebody's upload may change
   * builds that were there.
   *
   * @param {Artifact} artifact
   * @param {number} [replaced] values
   */
  #warnOfReplaced({ name, id }, replaced = 0) {
    if (replaced === 0) return;
    this.#warnings.set(
      `replaced ${id}`,
      new Failure(
        `the artifact \`${name}\` (${id}), which another program has uploaded, replaced ${replaced} value${replaced === 1 ? "" : "s"} of recorded builds`,
        {
          type: "storage",
          code: "ARTIFACT_REPLACED_VALUES",
          hint: "It says that it measured them later. If it is not a history of yours, delete it on the page of its run before the next build is stored, and let that workflow choose another name.",
        },
      ),
    );
  }

  /**
   * Nothing that is a source has been found. Only where nothing else shows that there was a history one begins.
   *
   * @param {Artifact[]} listed everything, newest first
   * @param {Coverage} coverage
   * @param {readonly string[] | null} branches
   */
  async #refuseToBegin(listed, coverage, branches) {
    this.#refuseUnknown(listed);
    await this.#refuseExpired(listed, coverage, branches, 0, 0);
    const { readonly = false } = this.#options;
    if (!this.#sources.isDefault) return;
    const other = await this.#sources.elsewhere(listed);
    if (!other) return;
    const looked = (branches ?? []).map((branch) => `\`${branch}\``).join(" and ");
    const failure = new Failure(
      `there is no history of runs for ${looked}, but one of \`${other.branch}\`: the artifact \`${other.name}\` (${other.id})`,
      {
        type: "storage",
        code: "ARTIFACT_ELSEWHERE",
        hint: `To go on with it, run once with \`artifact-branch-filter\` set to \`*\` (every branch), or always where builds of many branches or tags belong together; for a history of its own, choose another \`artifact-name\`.`,
      },
    );
    if (!readonly) throw failure;
    this.#warnings.set("elsewhere", failure);
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
   * @param {Artifact[]} listed newest first
   * @param {Coverage} coverage
   * @param {readonly string[] | null} branches
   * @param {number} newest the newest one that is left; 0 where none is
   * @param {number} before when the hours begin from which artifacts may overlap, in milliseconds since 1970
   */
  async #refuseExpired(listed, coverage, branches, newest, before) {
    /** @type {Artifact | undefined} */
    let lost;
    for (const artifact of listed) {
      if (!artifact.expired || coverage.has(artifact) || !this.#sources.isNamed(artifact, branches)) continue;
      // Where no lineage tells, what was there well before the newest is taken to be in it: it cannot be looked at.
      if (artifact.id < newest && coverage.floor === 0 && artifact.createdAt < before) continue;
      // A run that is gone may have recorded builds.
      if (!(await this.#sources.isTrusted(artifact, { gone: true }))) continue;
      lost = artifact;
      break;
    }
    if (!lost) return;
    const { name, repository } = this.#options;
    const { id, expiresAt } = lost;
    const when = expiresAt === null ? "" : ` on ${new Date(expiresAt).toISOString().slice(0, 10)}`;
    const failure = new Failure(
      `the newest history in \`${repository}\`, the artifact \`${lost.name}\` (${id}), has expired${when}`,
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
        `the artifact \`${lost.name}\` (${id}) of an overlapping run expired before it was merged`,
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

/** @param {Artifact[]} artifacts */
const newestFirst = (artifacts) => [...artifacts].sort((a, b) => b.id - a.id);

/** @param {Loaded[]} heads @returns {string | null} */
const versionOf = (heads) => (heads.length === 0 ? null : heads.map(({ artifact }) => artifact.id).join("+"));
