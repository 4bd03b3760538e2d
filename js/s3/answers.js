/**
 * The XML that S3 answers with, as plain objects. Answers are bounded before they come here; document types are
 * refused, so that the only entities are the five predefined ones and character references.
 */

import { XMLParser } from "fast-xml-parser";

/** @import { IncomingHttpHeaders } from "node:http" */

const REPEATED = new Set(["Contents", "Version", "DeleteMarker", "Upload", "Part"]);

const parser = new XMLParser({
  ignoreAttributes: true,
  removeNSPrefix: true,
  parseTagValue: false,
  trimValues: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  // Numeric references; keys may hold characters that XML writes only so.
  htmlEntities: true,
  processEntities: { enabled: true, maxExpandedLength: 8 << 20 },
  isArray: (name) => REPEATED.has(name),
});

/**
 * The root element's content, where the document is XML with that root.
 *
 * @param {Uint8Array} body
 * @param {string} root
 * @returns {Record<string, any> | null} null for anything else
 */
export function parsed(body, root) {
  const text = new TextDecoder().decode(body).trim();
  if (!text.startsWith("<") || /<!DOCTYPE/i.test(text)) return null;
  try {
    const content = parser.parse(text, true)[root];
    if (content === undefined) return null;
    return typeof content === "object" ? content : {};
  } catch {
    return null;
  }
}

/**
 * What a server says is wrong.
 *
 * @typedef {object} Problem
 * @property {string} code such as `NoSuchKey`; empty when the body does not say
 * @property {string} message the server's words, on one line and bounded; empty when there are none
 * @property {string} region the region that the server names; empty when it names none
 */

/**
 * The `<Error>` of an answer's body.
 *
 * @param {Uint8Array} body
 * @returns {Problem | null} null when the body is not such a document
 */
export function problemIn(body) {
  const error = body.length === 0 ? null : parsed(body, "Error");
  if (!error) return null;
  return { code: line(error.Code, 80), message: line(error.Message, 300), region: line(error.Region, 60) };
}

/**
 * @param {unknown} value
 * @param {number} most
 */
function line(value, most) {
  if (typeof value !== "string") return "";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a server's words end up in terminals and logs
  const flat = value.replace(/[\u0000-\u001f\u007f-\u009f\s]+/g, " ").trim();
  return flat.length > most ? `${flat.slice(0, most - 1)}…` : flat;
}

/**
 * The time that a text of an answer means.
 *
 * @param {unknown} value ISO 8601 @returns {number | null} milliseconds since 1970
 */
export function timeOf(value) {
  const time = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? null : time;
}

/**
 * Whether a failed precondition is what the answer says.
 *
 * @param {number} status
 * @param {Problem | null} problem
 * @param {Record<string, string>} condition the precondition's headers
 */
export function isConflict(status, problem, condition) {
  if (Object.keys(condition).length === 0) return false;
  if (status === 412) return true;
  if (status === 409) return problem?.code === "ConditionalRequestConflict";
  return status === 404 && "if-match" in condition && problem?.code === "NoSuchKey";
}

/**
 * One header of an answer.
 *
 * @param {{headers: IncomingHttpHeaders}} answer @param {string} name @returns {string} empty when there is none
 */
export function header({ headers }, name) {
  const value = headers[name];
  return typeof value === "string" ? value : (value?.[0] ?? "");
}

/**
 * An answer's ETag, without what hops add that encode answers: the mark of a weak one, or the encoding's name before the
 * closing quote. Stores themselves give strong ETags, and only those meet a precondition.
 *
 * @param {{headers: IncomingHttpHeaders}} answer
 * @returns {string} empty when there is none
 */
export function etagOf(answer) {
  const etag = header(answer, "etag").replace(/^W\//, "");
  return header(answer, "content-encoding") === ""
    ? etag
    : etag.replace(/(?:;|--?)(?:gzip|br|deflate)"$/, '"');
}

/** An ETag without its quotes, weak or not. @param {string} etag @returns {string} without its quotes */
export function bare(etag) {
  return etag.replace(/^(?:W\/)?"(.*)"$/, "$1");
}
