// What a change is compared with, as far as git and GitHub know it: the branch it is to be merged into, the base
// branch's configuration, the commit where the change left the reference branch, and the commits before that. Which of
// them counts is the engine's to decide. What cannot be found out is a warning, never a guess.

import fs from "node:fs";
import path from "node:path";
import { Failure } from "../failure.js";
import { below, realPath } from "../files/paths.js";
import {
  branchTip,
  commitOf,
  commitTime,
  fileAt,
  gitProblem,
  history,
  isShallow,
  mergeBase,
  parents,
  remoteDefaultBranch,
  repositoryAround,
  uncommittedFile,
} from "./git.js";
import { configurationUnknown, MOST_ANCESTORS, Remote } from "./remote.js";

/** @import { GitHub } from "../github/client.js" */
/** @import { Change } from "../engine/engine.js" */
/** @import { GitHubEvent } from "./event.js" */
/** @import { LoadedConfig } from "../engine/engine.js" */

/**
 * @typedef {object} Asked
 * @property {LoadedConfig} loaded
 * @property {ConfigLocation} place where that configuration is
 * @property {string} headSha the commit that is measured: what GitHub has merged for a pull request, or its head
 * @property {GitHubEvent} event
 * @property {string | null} repository `owner/name`; null outside GitHub
 * @property {Pick<GitHub, "request"> | null} github asked for what is not here; null without a token
 * @property {string} [referenceBranch] the one that was asked for
 * @property {readonly string[]} [ownFiles] absolute: what the program itself writes, and what starts with such a name.
 *   Given only where a person runs it: then the working tree may hold what is not committed
 * @property {boolean} [claimed] whether another run has measured it, as GitHub merges it: that commit is not here
 * @property {(base: BaseConfig) => Change} readChange reads the base branch's configuration, once
 */

/**
 * @typedef {object} BaseConfig
 * @property {string | null} baseConfigText the base branch's configuration; null where it has none or it is not known
 * @property {string | null} baseConfigProblem why that is not known, where there is or may be one; beside a text where it
 *   is not known whether that is the right branch's
 * @property {string} baseConfigName as git names a file of a branch
 */

/**
 * Where a configuration is, by the path that was written and not by where links point: a change can turn a folder into a
 * link or another repository, and must not choose in that way what it is judged by.
 *
 * @typedef {object} ConfigLocation
 * @property {string} root the repository's folder; the workspace where there is none
 * @property {boolean} found whether there is one; without it the path below the root is a guess
 * @property {string | null} path of the configuration below it, with `/`; null where it is outside
 * @property {{name: string, kind: string} | null} crossed the first folder on the way that is a link or another repository
 */

/**
 * @typedef {object} Comparison
 * @property {string | null} defaultReferenceBranch
 * @property {Change} change the change's configuration with the base branch's
 * @property {BaseConfig} baseConfig
 * @property {string | null} baseBranch that the configuration is of; null where no branch is known that the change goes
 *   to, or the configuration is none of the repository's files
 * @property {() => Promise<string[]>} baseCommits ids of commits of the base branch, or its name, where the clone does not
 *   have it: what is as it is in one of them is not the change's doing
 * @property {Remote | null} remote
 * @property {{commitSha: string, time: string | null} | null} mergeBase
 * @property {string[]} ancestors newest first
 * @property {string | null} uncommitted a file that was changed since the commit that is measured, where that commit is on
 *   the reference branch
 * @property {Failure[]} warnings
 */

/**
 * Finds everything that a change is compared with. What cannot be found is a warning.
 *
 * @param {Asked} asked
 * @returns {Promise<Comparison>}
 */
export async function findComparison(asked) {
  const { loaded, event, github, repository, referenceBranch } = asked;
  /** @type {Failure[]} */
  const warnings = [];
  /** @type {<T>(looking: Promise<T>, otherwise: T, meanwhile?: string) => Promise<T>} */
  const orWarn = (looking, otherwise, meanwhile = "") =>
    looking.catch((thrown) => {
      const failure = Failure.from(thrown);
      if (failure.type === "internal") throw failure;
      failure.hint = `${failure.hint} ${meanwhile}`.trim();
      warnings.push(failure);
      return otherwise;
    });
  const remote = github && repository ? new Remote(github, repository) : null;
  const judgedBy = asked.claimed
    ? "Until then the checked-out configuration is judged by."
    : "Until then thresholds that this change loosens count at once, and a storage that only a configuration names is not used.";
  const looking = event.base ? Promise.resolve(event.base.ref) : defaultBranch(asked, remote);
  const known = await orWarn(looking, null, judgedBy);
  // A branch that only the change names can add what binds, and frees it from nothing.
  const named = asked.place.found || remote ? loaded.config.qualityGate.baseline.referenceBranch : null;
  const defaultReferenceBranch = known ?? (named || null);
  // A branch given to compare with says where the change is going.
  const into = event.base === null ? (referenceBranch ?? defaultReferenceBranch) : null;
  const base = event.base ?? (into === null ? null : { ref: into, sha: null });
  const branchProblem = await problemOf(looking);
  if (base === null && branchProblem === null && !asked.claimed) {
    warnings.push(
      new Failure(
        "no branch is known that this change goes to, so its own configuration is all it is judged by",
        {
          type: "gate",
          code: "BASE_BRANCH_UNKNOWN",
          hint: "Name the branch with `--reference-branch`, as an action with the input `reference-branch`.",
        },
      ),
    );
  }
  const reading = base ? configurationFor(asked, remote, base) : Promise.resolve(null);
  const baseConfigText = await orWarn(reading, null, judgedBy);
  const baseConfigProblem = (await problemOf(reading)) ?? branchProblem;
  const baseConfig = { baseConfigText, baseConfigProblem, baseConfigName: `${base?.ref}:${loaded.name}` };
  const change = asked.readChange(baseConfig);
  const reference = referenceBranch ?? (change.terms.referenceBranch || defaultReferenceBranch || undefined);
  const left = reference === undefined ? null : await orWarn(whereItLeft(asked, remote, reference), null);
  return {
    defaultReferenceBranch,
    change,
    baseConfig,
    baseBranch: asked.place.path === null ? null : (base?.ref ?? null),
    baseCommits: () => trustedCommits(asked, base, left?.mergeBase.commitSha),
    remote,
    mergeBase: left && { ...left.mergeBase, time: endOfSecond(left.mergeBase.time) },
    ancestors: left?.ancestors ?? [],
    uncommitted: left?.mergeBase.commitSha === asked.headSha ? await uncommitted(asked) : null,
    warnings,
  };
}

/**
 * A file that differs from the commit that is measured.
 * @param {Asked} asked
 */
async function uncommitted({ place, headSha, ownFiles }) {
  const { root } = place;
  if (ownFiles === undefined || (await commitOf(root, "HEAD")) !== headSha) return null;
  const own = ownFiles.map((file) => below(root, file) ?? below(realPath(root), file));
  return uncommittedFile(root, (file) => own.some((name) => name !== null && file.startsWith(name)));
}

/** What a question failed with, in words. @param {Promise<unknown>} looking @returns {Promise<string | null>} */
const problemOf = (looking) =>
  looking.then(
    () => null,
    (thrown) => Failure.from(thrown).message,
  );

/**
 * Commits are dated by the second, builds more exactly: what was built in the same second is not later.
 * @param {string | null} time RFC 3339
 */
function endOfSecond(time) {
  const second = time === null ? Number.NaN : Math.floor(Date.parse(time) / 1000);
  return Number.isNaN(second) ? time : new Date(second * 1000 + 999).toISOString();
}

/**
 * @param {Asked} asked
 * @param {Remote | null} remote
 * @returns {Promise<string | null>} null where no one knows
 * @throws {Failure} BASE_CONFIG_UNKNOWN where GitHub would know and does not answer
 */
async function defaultBranch({ place, event, referenceBranch }, remote) {
  const here = event.defaultBranch ?? (await remoteDefaultBranch(place.root));
  return here ?? (referenceBranch === undefined && remote ? remote.defaultBranch() : null);
}

/**
 * The commits that what is here may come from without being the change's doing.
 * @param {Asked} asked
 * @param {{ref: string, sha: string | null} | null} base
 * @param {string} [mergeBase]
 * @returns {Promise<string[]>}
 */
async function trustedCommits({ place, event, claimed }, base, mergeBase) {
  // Values that another run claims are judged on the default branch.
  const branches = [base?.ref, claimed ? event.defaultBranch : null];
  const tips = branches.map(async (branch) =>
    branch ? ((await branchTip(place.root, branch)) ?? branch) : null,
  );
  const commits = [base?.sha, mergeBase, ...(await Promise.all(tips))];
  return [...new Set(commits.filter((commit) => typeof commit === "string"))];
}

/**
 * The configuration's text on the base branch. Where another run's values are judged and that has none, the default
 * branch's: it is what is checked out there, but a file in the work tree may have been put there with the values.
 * @param {Asked} asked
 * @param {Remote | null} remote
 * @param {{ref: string, sha: string | null}} base
 */
async function configurationFor(asked, remote, base) {
  const text = await configurationAt(asked, remote, base);
  const { defaultBranch } = asked.event;
  if (text !== null || !asked.claimed || defaultBranch === null) return text;
  return configurationAt(asked, remote, { ref: defaultBranch, sha: null });
}

/**
 * The configuration's text on the base branch.
 * @param {Asked} asked
 * @param {Remote | null} remote
 * @param {{ref: string, sha: string | null}} base
 * @returns {Promise<string | null>} null where there is none, so that the change brings the first
 * @throws {Failure} BASE_CONFIG_UNKNOWN
 */
async function configurationAt({ place }, remote, base) {
  const { root, found, path: file, crossed } = place;
  // A configuration from elsewhere, such as a generated one, has no older version.
  if (file === null) return null;
  const unread = `\`${file}\` of the base branch \`${base.ref}\` could not be read`;
  const commit = base.sha === null ? await branchTip(root, base.ref) : await commitOf(root, base.sha);
  const here = commit === null ? null : await fileAt(root, commit, file);
  if (here?.elsewhere !== undefined) {
    throw configurationUnknown(
      `${unread}: \`${here.elsewhere}\` is another repository there`,
      "Keep the configuration in the repository that is judged.",
    );
  }
  if (here?.outside !== undefined) {
    throw configurationUnknown(
      `${unread}: \`${here.outside}\` is a link there that leads to no file of the repository`,
      "Keep the configuration in the repository that is judged.",
    );
  }
  const text = here ? here.text : await remote?.file(file, base.sha ?? base.ref);
  if (text === undefined) {
    const problem = await gitProblem(root);
    throw configurationUnknown(
      `${unread}: ${problem?.cause ?? "its commit is not in this clone"}`,
      problem?.hint ?? "Check out with `fetch-depth: 0`, or pass a GitHub token.",
    );
  }
  if (text === null && crossed !== null) {
    throw configurationUnknown(
      `${unread}: it has no such file, and here \`${crossed.name}\` is ${crossed.kind}`,
      "Name the configuration by its own path in the repository.",
    );
  }
  if (text === null && !found) {
    const problem = await gitProblem(root);
    throw configurationUnknown(
      `${unread}: it has no such file, and where the repository begins is not known here: ` +
        `${problem?.cause ?? `there is no \`.git\` around \`${root}\``}`,
      problem?.hint ?? "Check the repository out in a step before this one.",
    );
  }
  return text;
}

/**
 * Where the configuration is, by the path that was written.
 *
 * @param {LoadedConfig} loaded
 * @param {string} cwd absolute, where the path starts
 * @returns {ConfigLocation}
 */
export function configPlace({ file, directory }, cwd) {
  const repository = repositoryAround(cwd) ?? firstRepositoryBelow(cwd, directory);
  const root = repository ?? cwd;
  const found = repository !== null;
  const inside = below(root, file);
  if (inside !== null)
    return { root, found, path: inside, crossed: crossedFolder(root, path.dirname(inside)) };
  // The workspace itself may have been reached by a link.
  const real = below(realPath(root), path.join(realPath(directory), path.basename(file)));
  return { root, found, path: real, crossed: null };
}

/**
 * The first repository on the way from a folder down to another one: a workspace may hold several checkouts.
 *
 * @param {string} from
 * @param {string} to
 */
function firstRepositoryBelow(from, to) {
  const inside = below(from, to);
  if (inside === null) return null;
  let at = from;
  for (const part of inside.split("/")) {
    at = path.join(at, part);
    if (fs.lstatSync(path.join(at, ".git"), { throwIfNoEntry: false })) return at;
  }
  return null;
}

/**
 * The first folder of a path that leads out of the repository's own files.
 *
 * @param {string} root
 * @param {string} inside with `/`
 * @returns {{name: string, kind: string} | null}
 */
function crossedFolder(root, inside) {
  let at = root;
  for (const part of inside === "." ? [] : inside.split("/")) {
    at = path.join(at, part);
    const name = path.relative(root, at).split(path.sep).join("/");
    if (fs.lstatSync(at, { throwIfNoEntry: false })?.isSymbolicLink()) return { name, kind: "a link" };
    if (isRepository(at)) return { name, kind: "another repository" };
  }
  return null;
}

/** Whether git would take a folder for a repository of its own. @param {string} folder */
function isRepository(folder) {
  const has = (/** @type {string} */ name) =>
    fs.lstatSync(path.join(folder, name), { throwIfNoEntry: false }) !== undefined;
  return has(".git") || (has("HEAD") && has("objects") && has("refs"));
}

/**
 * @param {Asked} asked
 * @param {Remote | null} remote
 * @param {string} reference
 * @returns {Promise<{mergeBase: {commitSha: string, time: string | null}, ancestors: string[]}>}
 * @throws {Failure} MERGE_BASE_UNKNOWN
 */
async function whereItLeft(asked, remote, reference) {
  const { headSha, event } = asked;
  const { root: directory } = asked.place;
  const [head, tip, shallow] = await Promise.all([
    commitOf(directory, headSha),
    branchTip(directory, reference),
    isShallow(directory),
  ]);
  if (asked.claimed && remote && event.pullRequest && event.base?.ref === reference) {
    const into = await remote.mergedInto(event.pullRequest);
    if (into) return { mergeBase: into, ancestors: await remote.ancestors(into.commitSha) };
  }
  const merged = event.base?.ref === reference ? await mergedInto(asked) : null;
  const local = merged ?? (head && tip ? await mergeBase(directory, tip, head) : null);
  // In a clone that was cut off, a nearer common ancestor may be missing; what a merge says of itself is never.
  if (local && (merged || !(shallow && remote))) {
    // The clone may not have the commit itself; GitHub's merge is no older.
    const time = (await commitTime(directory, local)) ?? (await commitTime(directory, headSha));
    const ancestors =
      shallow && remote
        ? await remote.ancestors(local)
        : (await history(directory, local, MOST_ANCESTORS + 1)).slice(1);
    return { mergeBase: { commitSha: local, time }, ancestors };
  }
  if (remote) return remote.whereItLeft(reference, headSha);
  const problem = await gitProblem(directory);
  throw new Failure(
    `where this change left \`${reference}\` is not known: ${problem?.cause ?? missing(reference, { head, tip, shallow })}`,
    {
      type: "gate",
      code: "MERGE_BASE_UNKNOWN",
      hint: `It is compared with the branch's newest build. ${problem?.hint ?? "Check out with `fetch-depth: 0`, or pass a GitHub token, to compare it with what it began from."}`,
    },
  );
}

/**
 * What GitHub has merged a pull request's head into, or built a merge queue's group on, where that is measured: the
 * change is then all that differs between the two, whatever has happened on the base branch since the change left it.
 * @param {Asked} asked
 * @returns {Promise<string | null>} null where no merge is measured
 */
async function mergedInto({ place, headSha, event }) {
  if (event.name === "merge_group") return event.base?.sha ?? null;
  const [base, head, ...others] = await parents(place.root, headSha);
  return head !== undefined && head === event.pullRequest?.headSha && others.length === 0 ? base : null;
}

/**
 * @param {string} reference
 * @param {{head: string | null, tip: string | null, shallow: boolean}} found
 */
function missing(reference, { head, tip, shallow }) {
  if (!head) return "its commit is not in this clone";
  if (!tip) return `there is no branch \`${reference}\` in this clone`;
  return shallow ? "this clone does not go back that far" : "they have no commit in common";
}
