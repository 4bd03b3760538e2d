// Replaces a folder as a whole: a new one is filled beside it and takes its place when it is complete.

import fs from "node:fs";

/**
 * An interrupted swap leaves the folder as it was; between the two renames, as `<folder>.old`, which the
 * next call puts back. What else is left beside the folder is removed by the next call.
 *
 * @param {string} folder
 * @param {(next: string) => Promise<void>} fill writes into `<folder>.new`, which is empty; the folder is still there
 */
export async function replaceFolder(folder, fill) {
  const [next, last] = [`${folder}.new`, `${folder}.old`];
  const remove = (/** @type {string} */ one) => fs.rmSync(one, { recursive: true, force: true });
  if (!fs.existsSync(folder) && fs.existsSync(last)) fs.renameSync(last, folder);
  remove(last);
  remove(next);
  fs.mkdirSync(next, { recursive: true });
  try {
    await fill(next);
  } catch (error) {
    remove(next);
    throw error;
  }
  if (fs.existsSync(folder)) fs.renameSync(folder, last);
  fs.renameSync(next, folder);
  remove(last);
}
