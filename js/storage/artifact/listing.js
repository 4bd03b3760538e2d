/**
 * A list of artifacts that is read as far as it is needed. Knows the order of a list and nothing of histories.
 */

/** @import { Artifact } from "../../github/artifacts.js" */

/** So many items of a list are read before it is looked whether more are needed. */
const STRETCH = 100;

/** A list of artifacts, newest first, of which pages are fetched when they are needed. */
export class Listing {
  /** What was read so far. @type {Artifact[]} */
  items = [];
  /** Whether there is no more. */
  ended = false;
  #source;
  #ascends = false;

  /** @param {AsyncGenerator<Artifact, void, void>} source newest first */
  constructor(source) {
    this.#source = source;
  }

  /**
   * Reads on to the first item like this, and it too. In a list that is not in order every item is read.
   *
   * @param {(artifact: Artifact) => boolean} isLast
   * @param {number} [most] items altogether
   */
  async readUntil(isLast, most = Number.POSITIVE_INFINITY) {
    if (!this.#ascends && this.items.some(isLast)) return;
    while (!this.ended && this.items.length < most) {
      const { value, done } = await this.#source.next();
      if (done || !value) {
        this.ended = true;
        return;
      }
      const previous = this.items.at(-1);
      if (previous && value.id > previous.id) this.#ascends = true;
      this.items.push(value);
      if (!this.#ascends && isLast(value)) return;
    }
  }
}

/**
 * Reads a stretch of each list that may go on above the floor.
 *
 * @param {Listing[]} lists
 * @param {number} floor an id
 * @returns {Promise<boolean>} whether there was any
 */
export async function readOn(lists, floor) {
  let found = false;
  for (const list of lists) {
    const before = list.items.length;
    await list.readUntil(({ id }) => id <= floor, before + STRETCH);
    found ||= list.items.length > before;
  }
  return found;
}

/**
 * The highest id of those that were there before a time; 0 where there are none.
 *
 * @param {Listing[]} lists
 * @param {number} before milliseconds since 1970
 */
export async function latestBefore(lists, before) {
  let latest = 0;
  for (const list of lists) {
    await list.readUntil(({ createdAt }) => createdAt < before);
    for (const { id, createdAt } of list.items) if (createdAt < before) latest = Math.max(latest, id);
  }
  return latest;
}
