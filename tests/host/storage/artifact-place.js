/**
 * Histories in artifacts on a GitHub of this machine: the one place where tests open stores, make archives and look
 * behind everybody's back.
 */

import * as engine from "../../../js/engine/engine.js";
import { unpackHistory } from "../../../js/storage/artifact/archive.js";
import { openArtifactStore } from "../../../js/storage/artifact/open.js";
import { pack } from "../../../js/storage/artifact/zip.js";
import { Storage } from "../../../js/storage/storage.js";
import { startGitHub } from "../../servers/github.js";
import { record, runsIn } from "../conformance/builds.js";

/** @import { StorageProviderConfig } from "../../../js/storage/contract.js" */
/** @import { GitHubServer, Run } from "../../servers/github.js" */

export const NAME = "unentropy-metrics";
export const ENTRY = "unentropy-metrics.db";

export class ArtifactPlace {
  /** @param {GitHubServer} github @param {Partial<StorageProviderConfig>} [config] */
  constructor(github, config = {}) {
    this.github = github;
    this.token = github.token({ actions: "read" });
    /** @type {StorageProviderConfig} */
    this.config = { type: "sqlite-artifact", githubToken: this.token, ...config };
    this.run = github.addRun();
    /** What the time is for stores; tests move it. */
    this.later = 0;
  }

  /** @param {Parameters<typeof startGitHub>[0]} [options] @param {Partial<StorageProviderConfig>} [config] */
  static async start(options, config) {
    return new ArtifactPlace(await startGitHub(options), config);
  }

  stop() {
    return this.github.stop();
  }

  /**
   * What surrounds a job of the run; waits take no time here but pass on the clock.
   *
   * @param {Run} [run]
   * @returns {import("../../../js/storage/factory.js").Surroundings}
   */
  surroundings(run = this.run) {
    return {
      env: this.github.jobEnvironment(run),
      now: () => Date.now() + this.later,
      sleep: async (ms) => {
        this.later += ms;
        await new Promise((resolve) => setTimeout(resolve, 2));
      },
    };
  }

  /** @param {Partial<StorageProviderConfig>} [config] @param {Run} [run] */
  store(config = {}, run = this.run) {
    const { env = {}, now = Date.now, ...rest } = this.surroundings(run);
    return openArtifactStore({ ...this.config, ...config }, { ...rest, env, now, engine });
  }

  /**
   * A job that loads the history and has it open.
   *
   * @param {{run?: Run, config?: Partial<StorageProviderConfig>, env?: NodeJS.ProcessEnv}} [options] a run of its own
   *   unless given
   */
  async open({ run = this.github.addRun(), config = {}, env = {} } = {}) {
    const surroundings = this.surroundings(run);
    const storage = new Storage(
      { ...this.config, ...config },
      { ...surroundings, env: { ...surroundings.env, ...env } },
    );
    await storage.ready();
    return storage;
  }

  /** A run of its own that records build `n`. @param {number} n @param {Parameters<ArtifactPlace["open"]>[0]} [options] */
  async track(n, options) {
    const storage = await this.open(options);
    record(storage.getRepository(), n);
    await storage.close();
    return storage;
  }

  /** The runs that the history knows now. @param {Partial<StorageProviderConfig>} [config] */
  async runs(config = {}) {
    const storage = await this.open({ config: { readonly: true, ...config } });
    const runs = runsIn(storage.getRepository());
    storage.cleanup();
    return runs;
  }

  /** The bytes that are stored now. */
  async content() {
    const { bytes = null } = (await this.store({ readonly: true }).read()) ?? {};
    return bytes;
  }

  /** Deletes every artifact of the history and stores these bytes as somebody's upload. @param {Uint8Array} bytes */
  async put(bytes) {
    const { artifacts } = this.github;
    const name = this.config.artifactName ?? NAME;
    const others = artifacts.filter((each) => each.name.replace(/\.\d+$/, "") !== name);
    artifacts.splice(0, artifacts.length, ...others);
    await this.addHistory({ bytes, name });
  }

  /**
   * An artifact with a history in it that a workflow has uploaded by hand.
   *
   * @param {{bytes?: Uint8Array, builds?: number[], name?: string, entry?: string, run?: Run, createdAt?: number,
   *   expiresAt?: number, expired?: boolean, digest?: string | null}} options
   */
  async addHistory({ bytes, builds = [], name = NAME, entry = ENTRY, run = this.github.addRun(), ...more }) {
    const zip = await pack({ [entry]: bytes ?? historyOf(builds) }, 0);
    return this.github.addArtifact({ name, run, zip, ...more });
  }

  /** The artifacts that are complete, oldest first. */
  complete() {
    return this.github.artifacts.filter(({ finalized }) => finalized);
  }

  /** What is in an artifact. @param {number} id */
  async opened(id) {
    const artifact = this.github.artifacts.find((each) => each.id === id);
    return unpackHistory(/** @type {Buffer} */ (artifact?.zip), { entry: ENTRY, doing: "could not look" });
  }
}

/** An SQLite file with these builds. @param {number[]} builds */
export function historyOf(builds) {
  const history = engine.openHistory(null);
  try {
    for (const n of builds) {
      const repository = {
        recordBuild: (/** @type {any} */ facts, /** @type {any} */ values) => history.record(facts, values),
      };
      record(/** @type {any} */ (repository), n);
    }
    return history.save();
  } finally {
    history.free();
  }
}
