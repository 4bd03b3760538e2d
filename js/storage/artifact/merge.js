/**
 * One history of several artifacts. Decides the order, and says which artifact cannot be opened; what a build is, the
 * engine knows.
 */

import { Failure } from "../../failure.js";

/** @import { Artifact } from "../../github/artifacts.js" */
/** @import { Engine } from "../contract.js" */
/** @import { Loaded } from "./artifact.js" */

/**
 * The history that holds the builds of all of them.
 *
 * @param {Loaded[]} heads more than one
 * @param {Engine} engine
 * @param {(artifact: Artifact, values: number) => void} onReplaced hears of values that an artifact of another program
 *   has replaced
 * @returns {{bytes: Uint8Array} | {broken: Artifact, failure: Failure}}
 */
export function mergeHistories(heads, engine, onReplaced) {
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
        const replaced = lineage === null && first.lineage !== null ? merged?.replacedValues : 0;
        if (replaced) onReplaced(artifact, replaced);
      }
      return { bytes: history.save() };
    } finally {
      history.free();
    }
  } catch (thrown) {
    const { message, type, code, hint, retryable } = Failure.from(thrown);
    const failure = new Failure(
      `could not open the artifact \`${reading.name}\` (${reading.id}): ${message}`,
      {
        type,
        code,
        hint: `${hint} An artifact that is no history can be deleted on the page of its run.`.trim(),
        retryable,
        cause: thrown,
      },
    );
    return { broken: reading, failure };
  }
}
