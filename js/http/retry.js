/**
 * How long to wait before a request is tried again, whatever server it is for. Whether it may be is decided by its
 * failure.
 */

/** Milliseconds: the first wait is at most this, each later one at most twice the one before. */
const FIRST_WAIT = 500;
const LONGEST_WAIT = 20_000;

/** Milliseconds; a server that wants to be left alone for longer is not waited for. */
export const LONGEST_RETRY_AFTER = 120_000;

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
