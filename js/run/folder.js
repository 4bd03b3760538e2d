/**
 * The files of a run that belong to no one's workspace: the copy of the history that commands may read, and the history
 * with the new build until it is stored. Each is in a folder of its own that only this user can open, below the runner's
 * temporary folder or else the system's; commands know only that of their copy, and may have put anything into it. No run
 * fails because such a file could not be written.
 */

import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { Failure } from "../failure.js";
import { atSuddenEnd, notAtSuddenEnd } from "../sudden-end.js";

/** The copy that commands may read. */
const COPY = "history.db";
/** What is about to be stored; a run that is killed meanwhile leaves it. */
export const RESCUE_FILE = "unentropy-rescue.db";

/** @typedef {import("../storage/contract.js").HistoryCopies} HistoryCopies */

/** The temporary folders of one run, removed at its end. @implements {HistoryCopies} */
export class RunFolder {
  /** The folders, by the file that each is for and what they are below. @type {Map<string, string>} */
  #folders = new Map();
  #bases;
  #wanted;
  /** @type {string | null} */
  #copy = null;
  /** @type {string | null} */
  #unstored = null;
  /** Where else it is kept. @type {string | null} */
  #kept = null;
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

  /** The file of what is not stored so far, here or where it was kept instead; null where there is none. */
  get keptPath() {
    return this.#unstored ?? this.#kept;
  }

  /** What could not be written, without making a result wrong. */
  get warnings() {
    return [...this.#warnings.values()];
  }

  /** @param {Uint8Array} bytes the history as it was loaded */
  loaded(bytes) {
    if (this.#wanted) this.#copy = this.#tried(COPY, bytes, "the metrics' commands cannot read the history");
  }

  /** @param {Uint8Array} bytes the history as it is about to be stored; where they cannot be written, earlier ones stay */
  storing(bytes) {
    const consequence =
      this.#unstored === null
        ? "it is lost if this run is killed while it is stored"
        : "that of an earlier try is what a run leaves that is killed while it is stored";
    this.#unstored = this.#tried(RESCUE_FILE, bytes, consequence) ?? this.#unstored;
  }

  /**
   * Forgets what was about to be stored: it is stored, or kept in another place.
   *
   * @param {{kept?: string | null}} [options] the file of that place
   */
  stored({ kept = null } = {}) {
    const file = this.#unstored;
    this.#unstored = null;
    this.#kept = kept;
    try {
      if (file !== null) rmSync(file, { force: true });
    } catch {
      // Somebody has it open. The build is stored all the same, and the file goes with its folder.
    }
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

  /** Removes the folders, but for that of a history that is not known to be stored. */
  close() {
    notAtSuddenEnd(this.#remove);
    this.#remove();
  }

  #remove = () => {
    this.#copy = null;
    for (const folder of this.#folders.values()) {
      if (this.#unstored !== null && path.dirname(this.#unstored) === folder) continue;
      try {
        rmSync(folder, { recursive: true, force: true });
      } catch {
        // It is in a temporary folder, which others empty.
      }
    }
    this.#folders.clear();
  };

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
        const file = path.join(this.#folderFor(name, base), name);
        const part = `${file}.part`;
        try {
          // Only into a file that this creates: a link would lead elsewhere, and a pipe would wait for a reader.
          rmSync(part, { recursive: true, force: true });
          writeFileSync(part, bytes, { mode: 0o600, flag: "wx" });
          renameSync(part, file);
        } catch (thrown) {
          rmSync(part, { recursive: true, force: true });
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

  /** @param {string} name @param {string} base */
  #folderFor(name, base) {
    const key = path.join(base, name);
    let folder = this.#folders.get(key);
    if (folder === undefined) {
      folder = mkdtempSync(path.join(base, "unentropy-"));
      if (this.#folders.size === 0) atSuddenEnd(this.#remove);
      this.#folders.set(key, folder);
    }
    return folder;
  }
}
