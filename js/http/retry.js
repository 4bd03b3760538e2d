/**
 * How long to wait before a request is tried again, whatever server it is for, and what a whole run may spend on trying
 * again. Whether a request is tried again at all is decided in `requests.js`.
 */

/** Milliseconds: the first wait is at most this, each later one at most twice the one before. */
const FIRST_WAIT = 500;
const LONGEST_WAIT = 20_000;

/** Milliseconds; a server that wants to be left alone for longer is not waited for. */
export const LONGEST_RETRY_AFTER = 120_000;

/**
 * How often more than three times the requests of one run may be tried, all together, where no number of tries is given.
 *
 * Three tries for each request are many for one request and few for a run: where 30 of 100 requests fail, a request
 * fails three times in a row once in 37, and a run makes from 4 to 20 of them, so that from 10 to 40 of 100 runs would
 * be lost although nearly all of their tries were left over. Giving each request more tries would heal that too, and
 * make every run against a dead server wait for all of them, request by request. A reserve is spent by whichever
 * request has bad luck and ends once: with 4, fewer than 2 of 100 runs are lost at 30 %, and a server that answers
 * nothing but errors is given up after some 16 seconds instead of one, which also outlasts its restart.
 */
export const RESERVE = 4;

/** So many answered requests give one try of the reserve back, so that it lasts for runs that make many requests. */
export const RECOVERED = 4;

/**
 * Full jitter: anything between nothing and the bound, so that many clients which failed together do not come back
 * together. A server's own wish is kept, with the jitter on top of it.
 *
 * @param {object} state
 * @param {number} state.attempt the attempt that failed, from 1
 * @param {number | null} state.retryAfterMs
 * @param {() => number} state.random at least 0, below 1
 * @returns {number} milliseconds
 */
export function waitBefore({ attempt, retryAfterMs, random }) {
  const bound = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** Math.min(attempt - 1, 30));
  return (retryAfterMs ?? 0) + Math.floor(random() * bound);
}

/**
 * The `Retry-After` header: seconds or a date (RFC 9110, 10.2.3).
 *
 * @param {string | undefined} header
 * @param {number} now the server's time in milliseconds
 * @returns {number | null} milliseconds, null when there is none to understand
 */
export function retryAfter(header, now) {
  const text = header?.trim() ?? "";
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const at = /^[A-Za-z]{3}, /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}
