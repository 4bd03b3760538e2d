/**
 * What is kept beside a history in a file: `<file>.bak`, the one that was replaced last; `<file>.corrupt-<time>`, damaged
 * ones; `<file>.gone-<time>`, the backups of ones that were deleted. Makes and finds them; what they are used for is
 * decided elsewhere.
 */

import {
  constants,
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  readdirSync,
  renameSync,
  unlinkSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { errnoOf, Failure } from "../../failure.js";
import { readBytes } from "../../files/read.js";
import { temporaryBeside } from "../../files/replace.js";
import { targetOf } from "../../files/target.js";
import { HISTORY_LIMIT } from "../../http/limits.js";
import { backupKept, stamp } from "../copies.js";

/** @import { BlobFacts, BuildCounter } from "../contract.js" */
/** @import { GoodCopy, Signs } from "../copies.js" */

/** The backup of a history's file. @param {string} target */
export const backupOf = (target) => `${target}.bak`;

/**
 * Keeps the file that is about to be replaced. Storing without a backup is better than not recording, and a backup
 * that holds more builds than the history is worth more than the history: it stays.
 *
 * @param {string} target
 * @param {BlobFacts | undefined} facts
 * @param {(failure: Failure) => void} warn
 */
export function keepBackup(target, facts, warn) {
  const backup = backupOf(target);
  try {
    const { path: file, stats } = targetOf(backup);
    if (stats && !stats.isFile()) throw notAFile(backup);
    const held = facts && stats ? (facts.count(readCopy(file)) ?? 0) : 0;
    if (facts && held > facts.replaces) warn(backupKept(backup, held, target, facts.replaces));
    else duplicate(target, file, temporaryBeside(file));
  } catch (thrown) {
    const { message, hint } = Failure.fromSystem(thrown, {
      type: "storage",
      doing: "could not write",
      path: backup,
    });
    warn(
      new Failure(`no backup of \`${target}\` was made: ${message}`, {
        type: "storage",
        code: "BACKUP_FAILED",
        hint,
      }),
    );
  }
}

/** @param {string} path */
function notAFile(path) {
  return new Failure(`could not write \`${path}\`: it is not a regular file`, {
    type: "storage",
    code: "STORAGE_NOT_A_FILE",
    hint: "Move away what is there.",
  });
}

/**
 * Puts the content of one file under another name as well, in one step. A second name for the same content costs
 * nothing, and the first one is replaced, never written to.
 *
 * @param {string} from
 * @param {string} to
 * @param {string} temporary
 */
function duplicate(from, to, temporary) {
  removed(temporary);
  try {
    linkSync(from, temporary);
  } catch (thrown) {
    if (errnoOf(thrown) === "ENOENT") throw thrown;
    // Not every file system has second names, and none has them for files of another.
    copyFileSync(from, temporary, constants.COPYFILE_FICLONE);
  }
  renameSync(temporary, to);
  // Where both are names of one content already, renaming does nothing.
  removed(temporary);
}

/** @param {string} file */
function removed(file) {
  try {
    unlinkSync(file);
  } catch (thrown) {
    if (errnoOf(thrown) !== "ENOENT") throw thrown;
  }
}

/**
 * What shows that there was a history.
 *
 * @param {string} target
 * @returns {Signs}
 */
export function localSigns(target) {
  const start = `${basename(target)}.`;
  const found = namesIn(dirname(target), [basename(backupOf(target))])
    .filter(
      (name) =>
        name.startsWith(start) && /^(bak|(corrupt|gone)-\d{8}T\d{6}Z(-\d+)?)$/.test(name.slice(start.length)),
    )
    .sort()
    .map((name) => `\`${name}\` beside it`);
  return { found, restorable: found.length > 0 };
}

/**
 * @param {string} folder
 * @param {string[]} known what is looked for where the folder may not be listed
 */
function namesIn(folder, known) {
  try {
    return readdirSync(folder);
  } catch (thrown) {
    if (["ENOENT", "ENOTDIR"].includes(errnoOf(thrown) ?? "")) return [];
    return known.filter((name) => existsSync(`${folder}/${name}`));
  }
}

/**
 * The newest good copy beside a file.
 *
 * @param {string} target
 * @param {BuildCounter} builds
 * @returns {{copy: GoodCopy | null, looked: string[]}}
 */
export function localCopy(target, builds) {
  const folder = dirname(target);
  const start = `${basename(target)}.gone-`;
  const aside = namesIn(folder, []).filter((name) => name.startsWith(start));
  const newestFirst = aside.sort().reverse();
  /** @type {string[]} */
  const looked = [];
  for (const file of [backupOf(target), ...newestFirst.map((name) => join(folder, name))]) {
    try {
      const bytes = readCopy(file);
      const count = builds(bytes);
      if (count !== null) return { copy: { bytes, builds: count, source: `\`${file}\`` }, looked };
      looked.push(`\`${file}\`: damaged`);
    } catch (thrown) {
      const { code, message } = Failure.from(thrown);
      looked.push(`\`${file}\`: ${code === "FILE_MISSING" ? "there is none" : message}`);
    }
  }
  return { copy: null, looked };
}

/** @param {string} file */
const readCopy = (file) => readBytes(file, { limit: HISTORY_LIMIT, type: "storage" });

/**
 * Keeps a damaged history under a name of its own.
 *
 * @param {string} target
 * @param {number} now
 * @returns {string} the name
 */
export function keepDamaged(target, now) {
  const kept = free(`${target}.corrupt-${stamp(now)}`);
  try {
    // Another program may go on writing to it, so that a second name for the same content would not do.
    copyFileSync(target, kept, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    return kept;
  } catch (thrown) {
    throw Failure.fromSystem(thrown, { type: "storage", doing: "could not write", path: kept });
  }
}

/**
 * Gives the backup of a history that is gone another name, so that the new history's first backup does not meet it.
 *
 * @param {string} target
 * @param {number} now
 * @returns {string | null} the name; null where there is no backup
 */
export function setBackupAside(target, now) {
  const kept = free(`${target}.gone-${stamp(now)}`);
  try {
    renameSync(backupOf(target), kept);
    return kept;
  } catch (thrown) {
    if (errnoOf(thrown) === "ENOENT") return null;
    throw Failure.fromSystem(thrown, { type: "storage", doing: "could not write", path: kept });
  }
}

/** A name that nothing has yet, not even a link that leads nowhere. @param {string} name */
function free(name) {
  for (let n = 1; ; n++) {
    const candidate = n === 1 ? name : `${name}-${n}`;
    if (!lstatSync(candidate, { throwIfNoEntry: false })) return candidate;
  }
}
