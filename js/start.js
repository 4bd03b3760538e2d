// Loads a program whose files may not all be readable: what cannot be loaded cannot say so itself. Has no imports, which
// would be loaded before anything can be caught.

/**
 * Loads a program. Where that fails, says so and sets the exit code.
 *
 * @param {() => Promise<unknown>} load
 * @param {(code: string, message: string, hint: string) => void} tell
 */
export async function start(load, tell) {
  try {
    await load();
  } catch (thrown) {
    const { code, message } = /** @type {NodeJS.ErrnoException} */ (thrown ?? {});
    process.exitCode = 1;
    if (code === "EMFILE" || code === "ENFILE") {
      const whose = code === "EMFILE" ? "this process" : "the machine";
      const hint = "Raise the limit on open files (`ulimit -n`).";
      tell("TOO_MANY_FILES", `could not load the program: ${whose} has too many files open`, hint);
    } else if (code === "ERR_MODULE_NOT_FOUND") {
      const hint = "Install the package again; its `dist` folder must stay together.";
      tell("ENGINE_MISSING", `could not load the program: ${message}`, hint);
    } else throw thrown;
  }
}
