/**
 * The files of a run that belong to no one's workspace: the copy of the history that commands may read, and the history
 * with the new build until it is stored. They are in a folder that only this user can open, below the runner's temporary
 * folder or else the system's. No run fails because such a file could not be written.
 */

import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { Failure } from "./failure.js";

/** The copy that commands may read. */
const COPY = "history.db";
/** What is about to be stored; a run that is killed meanwhile leaves it. */
export const RESCUE_FILE = "unentropy-rescue.db";

/** @typedef {import("./storage/provider.js").HistoryCopies} HistoryCopies */

/** @implements {HistoryCopies} */
export class RunFolder {
  /** The folders, by what they are below. @type {Map<string, string>} */
  #folders = new Map();
  #bases;
  #wanted;
  /** @type {string | null} */
  #copy = null;
  /** @type {string | null} */
  #unstored = null;
  /** @type {Map<string, Failure>} */
  #warnings = new Map();

  /**
   * @param {NodeJS.ProcessEnv} env
   * @param {{readable: boolean}} options whether there are commands that may read the history
   */
  constructor({ RUNNER_TEMP }, { readable }) {
    this.#bases = [...new Set([RUNNER_TEMP, os.tmpdir()].filter(Boolean))].map((base) =>
      path.resolve(/** @type {string} */ (base)),
    );
    this.#wanted = readable;
  }

  /** Whether {@link loaded} is of any use. */
  get wantsHistory() {
    return this.#wanted;
  }

  /** The copy of the loaded history; undefined where there is none. */
  get historyPath() {
    return this.#copy ?? undefined;
  }

  /** The file of what is about to be stored; null where it is stored or could not be written. */
  get unstoredPath() {
    return this.#unstored;
  }

  /** What could not be written, without making a result wrong. */
  get warnings() {
    return [...this.#warnings.values()];
  }

  /** @param {Uint8Array} bytes the history as it was loaded */
  loaded(bytes) {
    if (this.#wanted) this.#copy = this.#tried(COPY, bytes, "the metrics' commands cannot read the history");
  }

  /** @param {Uint8Array} bytes the history as it is about to be stored */
  storing(bytes) {
    this.#unstored = this.#tried(RESCUE_FILE, bytes, "it is lost if this run is killed while it is stored");
  }

  /** Forgets what was about to be stored: it is stored, or kept in another place. */
  stored() {
    if (this.#unstored !== null) rmSync(this.#unstored, { force: true });
    this.#unstored = null;
  }

  /**
   * Keeps a history that could not be stored, also after {@link close}.
   *
   * @param {Uint8Array} bytes
   * @returns {string} the file
   * @throws {Failure} with the reasons of every location
   */
  keep(bytes) {
    this.#unstored ??= this.#write(RESCUE_FILE, bytes);
    return this.#unstored;
  }

  /** Removes the folder, but for a history that is not known to be stored. */
  close() {
    process.off("exit", this.#onExit);
    this.#remove();
  }

  #onExit = () => this.#remove();

  #remove() {
    this.#copy = null;
    for (const folder of this.#folders.values()) {
      const kept = this.#unstored !== null && path.dirname(this.#unstored) === folder;
      try {
        rmSync(kept ? path.join(folder, COPY) : folder, { recursive: true, force: true });
      } catch {
        // It is in a temporary folder, which others empty.
      }
    }
    this.#folders.clear();
  }

  /**
   * @param {string} name
   * @param {Uint8Array} bytes
   * @param {string} consequence
   * @returns {string | null}
   */
  #tried(name, bytes, consequence) {
    try {
      return this.#write(name, bytes);
    } catch (thrown) {
      const { message, hint } = Failure.from(thrown);
      const warning = new Failure(
        `could not keep a temporary copy of the history, so ${consequence}: ${message}`,
        {
          type: "storage",
          code: "HISTORY_COPY_FAILED",
          hint,
        },
      );
      this.#warnings.set(name, warning);
      return null;
    }
  }

  /**
   * @param {string} name
   * @param {Uint8Array} bytes
   * @returns {string}
   */
  #write(name, bytes) {
    /** @type {Failure[]} */
    const reasons = [];
    for (const base of this.#bases) {
      try {
        const file = path.join(this.#folderBelow(base), name);
        const part = `${file}.part`;
        try {
          writeFileSync(part, bytes, { mode: 0o600 });
          renameSync(part, file);
        } catch (thrown) {
          rmSync(part, { force: true });
          throw thrown;
        }
        return file;
      } catch (thrown) {
        const doing = "could not write a file below";
        reasons.push(Failure.fromSystem(thrown, { type: "storage", doing, path: base }));
      }
    }
    const [{ code, hint }] = reasons;
    throw new Failure(reasons.map(({ message }) => message).join("; "), { type: "storage", code, hint });
  }

  /** @param {string} base */
  #folderBelow(base) {
    let folder = this.#folders.get(base);
    if (folder === undefined) {
      folder = mkdtempSync(path.join(base, "unentropy-"));
      if (this.#folders.size === 0) process.once("exit", this.#onExit);
      this.#folders.set(base, folder);
    }
    return folder;
  }
}
