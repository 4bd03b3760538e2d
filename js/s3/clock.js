/**
 * How far a server's clock is ahead of this machine's, from the `Date` headers of its answers: what each answer says
 * bounds it, and the bounds of several answers together are closer than those of one.
 */

/** A server that dates its answers to the second, as HTTP does: milliseconds that its clock may be past the date. */
const GRAIN_MS = 1000;

/** The clock of one server, compared with this machine's. All times are milliseconds since 1970. */
export class ServerClock {
  /** @type {{least: number, most: number} | null} */
  #bounds = null;

  /**
   * How many milliseconds the server's clock is ahead, negative where it is behind; null when it was never heard. For one
   * answer that is the date, half a second on, against the middle of the exchange.
   *
   * @returns {number | null}
   */
  get offsetMs() {
    return this.#bounds && Math.round((this.#bounds.least + this.#bounds.most) / 2);
  }

  /**
   * Takes note of an answer: at some moment between the two the server's clock was between the date and a second later.
   *
   * @param {number} date that the answer has
   * @param {number} sent when sending the request started, by this machine's clock
   * @param {number} received when the answer's header had come
   */
  heard(date, sent, received) {
    // This machine's clock was set back meanwhile.
    if (received < sent) return;
    const least = date - received;
    const most = date + GRAIN_MS - sent;
    const known = this.#bounds;
    const both = known && { least: Math.max(least, known.least), most: Math.min(most, known.most) };
    // Bounds that exclude each other: one of the clocks was set, and the last answer is right.
    this.#bounds = both && both.least <= both.most ? both : { least, most };
  }
}
