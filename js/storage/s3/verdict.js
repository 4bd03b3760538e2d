/**
 * What was found out about a server, as metadata of the history: noted so that not every run has to ask, for one
 * host and bucket only and for as long as it counts. Sends nothing.
 */

import { createHash } from "node:crypto";

/**
 * What a server does with `If-Match` and `If-None-Match: *`:
 * - `honoured`: it obeys both, and of writers at the same moment one succeeds;
 * - `racy`: it obeys both, but lets several writers of the same moment through;
 * - `ignored`: it answers as if at least one of them were not there;
 * - `refused`: requests with them cannot succeed;
 * - `undecided`: it did not answer enough of the requests that ask it.
 *
 * Only where a server is known to obey do runs rely on it alone; with each other verdict builds go through the journal.
 * Both kinds of runs may overlap on a server that obeys, because a run that is undecided writes under conditions too.
 *
 * @typedef {"honoured" | "racy" | "ignored" | "refused" | "undecided"} Verdict
 */

/** @type {readonly string[]} */
const VERDICTS = ["honoured", "racy", "ignored", "refused", "undecided"];
/** The metadata key of the verdict on plain writes. */
export const PRECONDITIONS = "unentropy-preconditions";
/** That of the verdict on completions of uploads in parts: `honoured`, `ignored` or `undecided`. */
export const COMPLETIONS = "unentropy-completions";
/** Days after which a server that obeyed is asked again: another one may have replaced it. */
const VALID_DAYS = 7;
/** Days after which a server is asked again that did not answer. */
const UNDECIDED_DAYS = 1;
const DAY_MS = 24 * 60 * 60 * 1000;

/** @typedef {{verdict: Verdict, askedMs: number}} Noted `askedMs`: when the server was asked */

/**
 * A verdict as metadata. It holds for one host and bucket only: an object copied elsewhere takes its metadata along.
 *
 * @param {Noted} noted
 * @param {string} origin
 */
export function encodeVerdict({ verdict, askedMs }, origin) {
  return `${verdict} ${originMark(origin)} ${new Date(askedMs).toISOString().slice(0, 10)}`;
}

/**
 * The verdict that metadata holds, where it is for this host and bucket and still counts. That a server does not obey stays
 * true: a run that trusts preconditions beside one that writes without them would lose builds.
 *
 * @param {string | undefined} text
 * @param {string} origin
 * @param {number} nowMs
 * @returns {Noted | undefined}
 */
export function decodeVerdict(text, origin, nowMs) {
  const [verdict, mark, day] = (text ?? "").split(" ");
  if (!VERDICTS.includes(verdict) || mark !== originMark(origin)) return undefined;
  const askedMs = Date.parse(day ?? "");
  if (Number.isNaN(askedMs)) return undefined;
  const days = verdict === "honoured" ? VALID_DAYS : verdict === "undecided" ? UNDECIDED_DAYS : undefined;
  if (days !== undefined && nowMs - askedMs > days * DAY_MS) return undefined;
  return { verdict: /** @type {Verdict} */ (verdict), askedMs };
}

/** @param {string} origin */
function originMark(origin) {
  return createHash("sha256").update(origin).digest("hex").slice(0, 16);
}

/**
 * Which of two verdicts on the same server counts: where one run found that it cannot be trusted, no run trusts it,
 * and any answer is better than none.
 *
 * @param {Noted | undefined} own
 * @param {Noted | undefined} noted by another run
 * @returns {Noted | undefined}
 */
export function prevailing(own, noted) {
  if (!noted || !own) return own ?? noted;
  if (noted.verdict === "undecided") return own;
  return noted.verdict === "honoured" && own.verdict !== "undecided" ? own : noted;
}
