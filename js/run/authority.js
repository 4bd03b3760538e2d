// Whose word counts where a change is judged: what flags and inputs say comes first, and then what the base branch's
// configuration says about where the history is, what `sources` count and whether a comment is written. What only the
// change's own file says decides nothing of that before it is merged. Reads and opens nothing.

/** @import { LoadedConfig } from "../engine/engine.js" */
/** @import { Config, GateConfig } from "../engine/types.js" */
/** @import { StorageProviderConfig } from "../storage/contract.js" */
/** @import { StoragePlan } from "../storage/types.js" */
/** @import { Comparison } from "../ci/merge-base.js" */

/**
 * Who decides: the `base` branch's configuration; the change's `own`, where no branch is known that it goes to, or the
 * configuration is none of the repository's files. `absent`: the base branch has none yet. `unread`: it has one, or may
 * have, which cannot be read. Then what flags and inputs say is all there is.
 *
 * @typedef {{by: "base", base: LoadedConfig} | {by: "own"} | {by: "absent", problem: string}
 *   | {by: "unread", problem: string}} Authority
 */

/**
 * Who decides about a change.
 *
 * @param {Pick<Comparison, "baseBranch" | "baseConfig" | "change">} comparison
 * @param {LoadedConfig} own
 * @returns {Authority}
 */
export function authorityOf({ baseBranch, baseConfig, change }, own) {
  const { baseConfigText: text, baseConfigName: name, baseConfigProblem: problem } = baseConfig;
  if (problem !== null) return { by: "unread", problem };
  if (text !== null && change.base !== null) {
    const { config, errors, warnings } = change.base;
    if (config) return { by: "base", base: { ...own, config, warnings, text, name } };
    const [{ line, message }] = errors;
    return { by: "unread", problem: `\`${name}\` has a problem in line ${line}: ${message}` };
  }
  if (baseBranch === null) return { by: "own" };
  return { by: "absent", problem: `the base branch \`${baseBranch}\` has no \`${own.name}\` yet` };
}

/**
 * What is measured by: the change's metrics with the base branch's `sources`, so that no change leaves out what it adds.
 * Values that another run claims are those of the base branch's metrics.
 *
 * @param {Authority} authority
 * @param {LoadedConfig} own
 * @param {boolean} claimed
 * @returns {LoadedConfig}
 */
export function measuredBy(authority, own, claimed) {
  if (authority.by !== "base") return own;
  const { config, text } = authority.base;
  if (claimed) return { ...own, config, text };
  return { ...own, config: { ...own.config, sources: config.sources } };
}

/**
 * What the comment is made by.
 * @typedef {Pick<GateConfig, "enablePullRequestComment"> &
 *   {[K in "maxCommentMetrics" | "maxCommentCharacters"]: GateConfig[K] | null}} CommentTerms null is the usual
 */

/**
 * What the one who decides says of the comment.
 *
 * @param {Authority} authority
 * @param {LoadedConfig} own
 * @returns {CommentTerms}
 */
export function commentTerms(authority, own) {
  if (authority.by === "base") return authority.base.config.qualityGate;
  // Only the change could ask for less, and the comment is where people see that the base branch was not read.
  if (authority.by === "unread") {
    return { enablePullRequestComment: true, maxCommentMetrics: null, maxCommentCharacters: null };
  }
  return own.config.qualityGate;
}

/**
 * Where the history is.
 *
 * @param {Authority} authority
 * @param {LoadedConfig} own
 * @param {StoragePlan} plan
 * @returns {{storage: StorageProviderConfig} | {problem: string}} why it is not known
 * @throws {Failure} `USAGE_INVALID`, `STORAGE_CONFIG_INVALID`
 */
export function chosenStorage(authority, own, plan) {
  if (authority.by === "base") return { storage: plan.from(authority.base) };
  if (authority.by === "own") return { storage: plan.from(own) };
  // Flags and inputs name a location whole, or leave parts of it to a file, which only the change could fill in.
  const isWhole = location(plan.from(undefined, true)) === location(plan.from(own, true));
  const isGiven = plan.given || authority.by === "absent";
  if (isWhole && isGiven) return { storage: plan.from(undefined) };
  return { problem: unnamed(authority) };
}

/** Why a storage is not known of which flags and inputs leave parts open. @param {Authority} authority */
export function unnamed(authority) {
  if (authority.by === "absent") {
    return `${authority.problem}, and the storage that only this change names is used once it is merged`;
  }
  return `where it is kept is not known: ${"problem" in authority ? authority.problem : ""}`;
}

/** @param {StorageProviderConfig} storage */
function location({ pathOption: _, ...storage }) {
  return JSON.stringify(storage);
}
