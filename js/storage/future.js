/**
 * What is said of builds that are dated later than it is. Which ones that are is the engine's business.
 */

import { Failure } from "../failure.js";
import { plural } from "../shown.js";

/** How many of them are named. */
const NAMED = 3;

/**
 * A warning where a history has builds from the future.
 *
 * @param {import("./repository.js").MetricsRepository} repository
 * @param {Date} now
 * @returns {Failure[]}
 */
export function futureWarnings(repository, now) {
  const { count, builds } = repository.getFutureBuilds(now, NAMED);
  if (count === 0) return [];
  const named = builds.map(
    ({ commitSha, runId, timestamp }) =>
      `\`${commitSha.slice(0, 12)}\` of run \`${runId}\` (\`${timestamp}\`)`,
  );
  const more = count > builds.length ? ` and ${count - builds.length} more` : "";
  const what = plural(count, "build is", "builds are");
  return [
    new Failure(`${what} dated more than a day after now: ${named.join(", ")}${more}`, {
      type: "validation",
      code: "BUILD_FROM_THE_FUTURE",
      hint:
        "A clock was ahead. Until their time has come they are kept and count for no report, badge or baseline; " +
        "running their workflow runs again dates them right.",
    }),
  ];
}
