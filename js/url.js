// Reading text as a URL.

/**
 * A text as a URL, or null where it is none. `URL.canParse` is not asked: Node 20's, once optimized, takes some texts
 * for URLs that `new URL` then refuses.
 * @param {string} text
 * @param {string | URL} [base] what a relative text is resolved against
 * @returns {URL | null}
 */
export function parseUrl(text, base) {
  try {
    return new URL(text, base);
  } catch {
    return null;
  }
}
