/**
 * The messages for artifacts that do not give the history that they should: expired ones, damaged ones, those of
 * other programs. Words and codes only; when each applies, the store decides.
 */

import { Failure } from "../../failure.js";
import { plural } from "../../shown.js";

/** @import { Spelling } from "../../spelling.js" */

/** @import { Artifact } from "../../github/artifacts.js" */

/** @param {Pick<Artifact, "name" | "id">} artifact */
const called = ({ name, id }) => `the artifact \`${name}\` (${id})`;

/** @param {string} message @param {{code: string, hint: string, cause?: unknown}} facts */
const trouble = (message, facts) => new Failure(message, { type: "storage", ...facts });

/**
 * It may be a fork's, which is as good as none, or the history: then no new one starts.
 *
 * @param {Artifact} artifact
 * @param {Spelling} spelling
 */
export const originUnknown = (artifact, spelling) =>
  trouble(`GitHub does not tell which run ${called(artifact)} is of, so it may be the history or a fork's`, {
    code: "ARTIFACT_ORIGIN_UNKNOWN",
    hint: `Delete it if it is not the history, or choose another \`${spelling.name("artifact-name")}\`.`,
  });

/**
 * Only runs for branches that do not count have left a history.
 *
 * @param {Artifact} other of a branch that does not count
 * @param {readonly string[]} branches those that do
 * @param {{asked: boolean}} facts whether it is known that no pull request has uploaded it
 * @param {Spelling} spelling
 */
export const onlyElsewhere = (other, branches, { asked }, spelling) =>
  trouble(
    `there is no history of runs for ${branches.map((branch) => `\`${branch}\``).join(" and ")}, but ${
      asked
        ? `one of \`${other.branch}\`: ${called(other)}`
        : `there may be one: the newest artifacts are of pull requests, and ${called(other)} of \`${other.branch}\` was not examined`
    }`,
    {
      code: "ARTIFACT_ELSEWHERE",
      hint:
        `To go on with it, run once with \`${spelling.name("artifact-branch-filter")}\` set to \`*\` (every branch), or always where ` +
        `builds of many branches or tags belong together. To start a new history, set \`${spelling.name("on-missing")}\` to \`begin\` ` +
        `for one run, or choose another \`${spelling.name("artifact-name")}\`.`,
    },
  );

/**
 * The history existed and is gone: that must not look as if there had been none.
 *
 * @param {Artifact} artifact
 * @param {{repository: string, isLeft: boolean}} facts `isLeft`: an earlier one can still be read
 * @param {Spelling} spelling
 */
export function expired(artifact, { repository, isLeft }, spelling) {
  const missing = `\`${spelling.name("on-missing")}\``;
  const { expiresAt } = artifact;
  const when = expiresAt === null ? "" : ` on ${new Date(expiresAt).toISOString().slice(0, 10)}`;
  return trouble(`the newest history in \`${repository}\`, ${called(artifact)}, has expired${when}`, {
    code: "ARTIFACT_EXPIRED",
    hint:
      (isLeft
        ? `GitHub has deleted its bytes. With ${missing} set to \`restore\` the run goes on with the newest artifact that can still be read, with \`begin\` it starts a new history. `
        : `GitHub has deleted its bytes, and no earlier artifact is left. With ${missing} set to \`begin\` the run starts a new history. `) +
      `If you have a copy, \`${spelling.name("seed-from")}\` or an upload under another \`${spelling.name("artifact-name")}\` restores it.`,
  });
}

/** An artifact of an overlapping run has expired, with builds that no other one holds. @param {Artifact} artifact */
export const expiredUnmerged = (artifact) =>
  trouble(`${called(artifact)} of an overlapping run expired before it was merged`, {
    code: "ARTIFACT_EXPIRED",
    hint: "The builds that it alone had are gone; record them again if they matter.",
  });

/** The history is about to expire. @param {Artifact} artifact @param {number} days until it expires */
export const expiresSoon = (artifact, days) =>
  trouble(
    `the history, ${called(artifact)}, expires in ${days < 1 ? "less than a day" : plural(days, "day")}`,
    {
      code: "ARTIFACT_EXPIRES",
      hint:
        "Every recorded build uploads it again. Record one before then, raise the retention of artifacts in the " +
        "repository's settings, or keep the history in S3.",
    },
  );

/**
 * Histories are merged, and of two values the one that was measured later counts: so another upload may change builds
 * that were there.
 *
 * @param {Artifact} artifact
 * @param {number} values
 */
export const replacedValues = (artifact, values) =>
  trouble(
    `${called(artifact)}, which another program has uploaded, replaced ${plural(values, "value")} of recorded builds`,
    {
      code: "ARTIFACT_REPLACED_VALUES",
      hint:
        "It says that it measured them later. If it is not a history of yours, delete it on the page of its run before the " +
        "next build is stored, and let that workflow choose another name.",
    },
  );

/** So many jobs of the run have recorded that there is no name left. @param {number} jobs */
export const tooManyJobs = (jobs) =>
  trouble(`${jobs} jobs of this run have recorded already`, {
    code: "ARTIFACT_TOO_MANY",
    hint: "Let one job record all metrics, or keep the history in S3.",
  });

/**
 * What is wrong with an artifact, and what the user can choose.
 *
 * @param {Failure} failure
 * @param {Spelling} spelling
 */
export const withChoices = (failure, spelling) =>
  trouble(failure.message, {
    code: failure.code,
    hint: `${failure.hint || "Nothing was uploaded."} With \`${spelling.name("on-corrupt")}\` set to \`restore\` the newest artifact that can be read replaces it, with \`recreate\` a new history starts; nothing is deleted.`,
    cause: failure,
  });

/** `on-corrupt: restore` found no artifact that can be read. @param {Failure} failure @param {Spelling} spelling */
export const notRestored = (failure, spelling) =>
  trouble(`${failure.message}; no earlier artifact can be read`, {
    code: "HISTORY_NOT_RESTORED",
    hint: `Nothing was uploaded. Set \`${spelling.name("on-corrupt")}\` to \`recreate\` to start a new history.`,
    cause: failure,
  });

/**
 * The warning that something replaced the newest history.
 *
 * @param {Failure} failure why
 * @param {Pick<Artifact, "name" | "id"> | null} from the artifact that did; null: a new history starts
 */
export const repaired = ({ message }, from) =>
  trouble(
    `${message}; ${from ? `restored from ${called(from)}` : "a new history starts, and nothing was deleted"}`,
    {
      code: "HISTORY_REPAIRED",
      hint: from
        ? "The builds that only the other one had are missing; record them again if they matter."
        : "The artifacts of the old history can be downloaded until they expire.",
    },
  );
