/**
 * The one shape of failures on the host's side: what part of the run it belongs to, a stable code, cause,
 * remedy and whether trying again can help. Operating-system errors are translated here and nowhere else.
 * What the engine finds wrong keeps the engine's own code and words.
 */

import { shownName } from "./shown.js";

/**
 * The exit code of a run that ended with `failure`, or of one that is done when there is none.
 *
 * @param {Failure | null | undefined} failure
 * @returns {0 | 1 | 2 | 3 | 4 | 5} 0 done, 1 a bug or a report that could not be rendered, 2 usage or
 *   configuration, 3 storage, 4 collection, 5 the quality gate
 */
export function exitCode(failure) {
  return failure ? EXIT_CODES[failure.type] : 0;
}

/**
 * What part of a run a failure belongs to; the exit code follows from it.
 * @typedef {"validation" | "storage" | "collection" | "report" | "gate" | "internal"} FailureType
 */

/** @type {Readonly<Record<FailureType, 1 | 2 | 3 | 4 | 5>>} */
const EXIT_CODES = Object.freeze({
  internal: 1,
  report: 1,
  validation: 2,
  storage: 3,
  collection: 4,
  gate: 5,
});

/**
 * @typedef {object} FailureParts
 * @property {FailureType} [type] `internal` unless given
 * @property {string} [code] stable, upper snake case; `INTERNAL` unless given
 * @property {string} [hint] the remedy as a sentence; empty when there is none to give
 * @property {boolean} [retryable] whether the same call may succeed if simply retried
 * @property {unknown} [cause] what was caught
 * @property {readonly any[]} [diagnostics] where a failure sums up several problems: each of them
 * @property {readonly any[]} [warnings] what was found beside it and is no failure by itself
 */

/**
 * A failure with a stable code. Callers branch on `code` and `type`, never on the words.
 */
export class Failure extends Error {
  /**
   * @param {string} message cause and location: lower case, no final period
   * @param {FailureParts} [parts]
   */
  constructor(
    message,
    {
      type = "internal",
      code = "INTERNAL",
      hint = "",
      retryable = false,
      cause,
      diagnostics,
      warnings = [],
    } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "Failure";
    /** @type {FailureType} */
    this.type = type;
    /** @type {string} */
    this.code = code;
    /** @type {string} */
    this.hint = hint;
    /** @type {boolean} */
    this.retryable = retryable;
    /** @type {readonly any[] | undefined} */
    this.diagnostics = diagnostics;
    /** @type {readonly any[]} */
    this.warnings = warnings;
  }

  /** What JSON output holds: without the cause, which may quote more than a log should show. */
  toJSON() {
    const { type, code, message, hint, retryable, diagnostics, warnings } = this;
    return {
      ...{ type, code, message, hint, retryable },
      ...(diagnostics && { diagnostics }),
      ...(warnings.length > 0 && { warnings }),
    };
  }

  /**
   * Anything that was thrown, as a failure: a failure stays itself, an error of the engine keeps its code,
   * an operating-system error is translated, and everything else becomes what `defaults` say.
   *
   * @param {unknown} thrown
   * @param {FailureParts} [defaults] used where `thrown` does not say for itself
   * @returns {Failure}
   */
  static from(thrown, defaults = {}) {
    if (thrown instanceof Failure) return thrown;
    if (!(thrown instanceof Error)) {
      return new Failure(String(thrown), { ...defaults, cause: thrown });
    }
    const { code, hint, type, retryable } = /** @type {Error & Record<string, unknown>} */ (thrown);
    if (isFailureType(type) && typeof code === "string") {
      return new Failure(thrown.message, {
        type,
        code,
        hint: typeof hint === "string" ? hint : (defaults.hint ?? ""),
        retryable: retryable === true,
        cause: thrown,
      });
    }
    if (isSystemError(thrown)) {
      return Failure.fromSystem(thrown, {
        type: defaults.type,
        code: defaults.code,
        doing: "could not access",
        path: thrown.path ?? "",
      });
    }
    return new Failure(thrown.message || thrown.name, { ...defaults, cause: thrown });
  }

  /**
   * An operating-system error as a failure that names the path, the cause and the remedy.
   *
   * @param {unknown} thrown what a call of `node:fs` or `node:child_process` threw
   * @param {object} failed
   * @param {FailureType} [failed.type] `storage` for a history, `collection` for what is measured, …
   * @param {string} [failed.code] instead of the code that belongs to the errno
   * @param {string} failed.doing what was being done, for example "could not read"
   * @param {string} failed.path the path as the user knows it
   * @param {string} [failed.option] how the user gave it, such as "`--db` is `m.db`"
   * @returns {Failure}
   */
  static fromSystem(thrown, { type = "internal", code, doing, path, option }) {
    if (thrown instanceof Failure) return thrown;
    const errno = errnoOf(thrown);
    const known = errno === undefined ? undefined : SYSTEM_ERRORS[errno];
    const cause = known?.cause ?? (thrown instanceof Error ? thrown.message : String(thrown));
    return new Failure(`${doing} \`${shownName(path)}\`: ${cause}`, {
      type,
      code: code ?? known?.code ?? "FILE_FAILED",
      hint: [known?.hint, option && `${option}.`].filter(Boolean).join(" "),
      retryable: known?.retryable ?? false,
      cause: thrown,
    });
  }
}

/**
 * The errno name of an operating-system error, such as `ENOENT`.
 *
 * @param {unknown} thrown
 * @returns {string | undefined}
 */
export function errnoOf(thrown) {
  return isSystemError(thrown) ? thrown.code : undefined;
}

/**
 * What each errno means to a person, and the code it has outside.
 *
 * @type {Readonly<Record<string, {code: string, cause: string, hint: string, retryable?: boolean}>>}
 */
const SYSTEM_ERRORS = Object.freeze({
  ENOENT: {
    code: "FILE_MISSING",
    cause: "it does not exist",
    hint: "Check the path; relative paths start at the directory of the configuration file.",
  },
  EACCES: {
    code: "FILE_DENIED",
    cause: "permission denied",
    hint: "Give the user that runs this the right to the file and to every directory above it.",
  },
  EPERM: {
    code: "FILE_DENIED",
    cause: "the operating system does not permit it",
    hint: "Check the owner and the attributes of the file, and whether another program holds it open.",
  },
  EISDIR: {
    code: "FILE_IS_DIRECTORY",
    cause: "it is a directory, a file is expected",
    hint: "Name a file inside the directory.",
  },
  ENOTDIR: {
    code: "FILE_NOT_DIRECTORY",
    cause: "a part of the path is a file where a directory is expected",
    hint: "Check each part of the path.",
  },
  EEXIST: {
    code: "FILE_EXISTS",
    cause: "something else of that name exists",
    hint: "Remove what is there or choose another name.",
  },
  ENOSPC: {
    code: "DISK_FULL",
    cause: "no space is left on the device",
    hint: "Free some space or choose a path on another device.",
  },
  EDQUOT: {
    code: "DISK_FULL",
    cause: "the disk quota is used up",
    hint: "Free some space or choose a path on another device.",
  },
  EFBIG: {
    code: "FILE_TOO_LARGE",
    cause: "the file is larger than the file system or a limit allows",
    hint: "Raise the limit on file sizes or choose another file system.",
  },
  ERR_FS_FILE_TOO_LARGE: {
    code: "FILE_TOO_LARGE",
    cause: "the file is larger than can be read into memory",
    hint: "Name a smaller file.",
  },
  EROFS: {
    code: "FILE_READ_ONLY",
    cause: "the file system is mounted read-only",
    hint: "Choose a path on a writable file system.",
  },
  EMFILE: {
    code: "TOO_MANY_FILES",
    cause: "this process has too many files open",
    hint: "Raise the limit on open files (`ulimit -n`).",
    retryable: true,
  },
  ENFILE: {
    code: "TOO_MANY_FILES",
    cause: "the machine has too many files open",
    hint: "Close other programs or raise the machine's limit on open files.",
    retryable: true,
  },
  ELOOP: {
    code: "FILE_LOOP",
    cause: "its symbolic links lead in a circle",
    hint: "Fix the symbolic links on the path.",
  },
  ENAMETOOLONG: {
    code: "FILE_NAME_TOO_LONG",
    cause: "the name is too long for the file system",
    hint: "Choose a shorter path.",
  },
  EBUSY: {
    code: "FILE_BUSY",
    cause: "another program is using it",
    hint: "Try again when the other program has finished.",
    retryable: true,
  },
  ETXTBSY: {
    code: "FILE_BUSY",
    cause: "it is a program that is running",
    hint: "Try again when the program has finished.",
    retryable: true,
  },
  EIO: {
    code: "FILE_IO",
    cause: "the device reports an input/output error",
    hint: "Check the disk or the network file system.",
  },
  EPIPE: {
    code: "PIPE_CLOSED",
    cause: "the program that reads from it has ended",
    hint: "Check the program that reads from it.",
  },
  EBADF: {
    code: "FILE_NOT_OPEN",
    cause: "it is not open for writing",
    hint: "Redirect it to a file or a program, or choose another path.",
  },
  E2BIG: {
    code: "COMMAND_TOO_LONG",
    cause: "the command and its environment are larger than the operating system allows",
    hint: "Shorten the command or remove large environment variables.",
  },
  EAGAIN: {
    code: "RESOURCE_SHORT",
    cause: "the operating system is short of processes or memory",
    hint: "Try again, or raise the limit on processes (`ulimit -u`).",
    retryable: true,
  },
  ENOMEM: {
    code: "RESOURCE_SHORT",
    cause: "the operating system is short of memory",
    hint: "Free some memory.",
    retryable: true,
  },
});

/** @type {ReadonlySet<unknown>} */
const FAILURE_TYPES = new Set(Object.keys(EXIT_CODES));

/**
 * @param {unknown} value
 * @returns {value is FailureType}
 */
function isFailureType(value) {
  return FAILURE_TYPES.has(value);
}

/**
 * @param {unknown} thrown
 * @returns {thrown is Error & {code: string, path?: string}}
 */
function isSystemError(thrown) {
  if (!(thrown instanceof Error) || !("code" in thrown) || typeof thrown.code !== "string") return false;
  return thrown.code in SYSTEM_ERRORS || "syscall" in thrown;
}
