/**
 * A list of artifacts that is read as far as it is needed. Knows the order of a list and nothing of histories.
 */

/** @import { Artifact } from "../github/artifacts.js" */

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
