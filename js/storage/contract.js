/**
 * The contract of every kind of storage, in two layers: the blob store, which moves bytes and
 * versions and knows nothing of builds, and the storage provider, the lifecycle that callers see. Nothing runs
 * here. `tests/host/conformance` holds each implementation to it.
 */

/** @import { History } from "../engine/engine.js" */
/** @import { MetricsRepository } from "./repository.js" */
/** @import { Failure } from "../failure.js" */
/** @import { Change } from "./change.js" */
/** @import { Marks } from "./marks.js" */
/** @import { Spelling } from "../spelling.js" */
/** @import { StorageProviderConfig as Declared } from "../public.js" */

/**
 * The bytes of a history and the version that they are.
 *
 * @typedef {object} StoredBlob
 * @property {Uint8Array} bytes the caller's own: changing them changes nothing stored
 * @property {string} version opaque; equal versions of one store mean equal bytes
 * @property {boolean} [proved] whether a digest that was stored with the bytes shows them to be what a run wrote
 * @property {Failure} [damage] why the bytes are known not to be those that were stored
 */

/**
 * @typedef {{status: "stored", version: string} | {status: "conflict", busy?: boolean}} WriteOutcome
 *   `conflict`: the store does not hold the version that was named, or may not; nothing was replaced. `busy`: another
 *   writer is known to be under way, although nothing of it may be seen yet
 */

/**
 * A store of one blob, which can be replaced on the condition that it still has a version.
 *
 * Invariants:
 * 1. `read` gives null only when the storage itself states that there is nothing: ENOENT, 404 NoSuchKey, an empty
 *    list. Every other outcome is a Failure of type `storage`. A caller that gets null starts a new history, so a
 *    wrong null loses the old one.
 * 2. `write` replaces the whole blob or leaves it as it is. No reader ever sees part of either.
 * 3. `write` with a version succeeds only while the blob has that version, with null only while there is none.
 *    Of several writers that name the same version at most one succeeds.
 * 4. `conflict` is an answer and not an error. A store that does not know whether its write arrived may answer
 *    `conflict`: the caller reads again and recognises its own bytes.
 * 5. When `write` resolves with `stored`, a later `read` by anyone gives these bytes or newer ones, also after a
 *    crash of this machine.
 * 6. A store that was made read-only creates, changes and locks nothing.
 * 7. No message, location or version contains a secret.
 *
 * A store that may not even ask whether there is something may give null where its `write` with null is certain to
 * fail if there is: then no history can be lost by it.
 *
 * That there is nothing now does not mean that there never was: where `read` gives null, `absent` looks for signs of a
 * history that is gone before a new one starts.
 *
 * A store that cannot replace on a condition keeps 3 as well as it can. The builds are then kept by a
 * {@link ChangeJournal}; or the storage keeps what each writer stored, and `read` gives all of it merged.
 *
 * @typedef {object} BlobStore
 * @property {string} location where the history is, for people
 * @property {string | null} path the file, where it is a local one
 * @property {() => Promise<StoredBlob | null>} read
 * @property {(bytes: Uint8Array, ifVersion: string | null, facts?: BlobFacts) => Promise<WriteOutcome>} write
 * @property {(purpose: "read" | "write") => Promise<ChangeJournal | null>} [journal] the journal that changes have to
 *   go through; to read, only where that is known already
 * @property {(damaged: StoredBlob, failure: Failure, builds: BuildCounter) => Promise<Remedied | null>} [remedy] what
 *   is to be done about a damaged history; null when it has changed meanwhile, so that it has to be read again
 * @property {(builds: BuildCounter) => Promise<Absence>} [absent] asked when `read` gave null and before a new history
 *   starts; throws `HISTORY_GONE` where there was a history and no option says what to do about that
 * @property {() => number | null} [sourceRun] the CI run whose history was read, where the storage knows
 * @property {() => number | null} [clockOffsetMs] how many milliseconds the storage's clock is ahead of this machine's,
 *   negative where it is behind, about half a second exact; null where it is not known yet. A storage without a clock
 *   of its own has no such function
 * @property {() => void} [close] lets go of connections; the store can still be used
 * @property {() => Failure[]} [warnings] what went wrong without making a result wrong
 */

/**
 * Where the bytes of a history are also kept while a run goes on. Nothing here throws.
 *
 * @typedef {object} HistoryCopies
 * @property {(bytes: Uint8Array) => void} loaded given what was loaded, before the engine checks it; again where that
 *   turned out to be damaged, and where pending builds were added to it. The bytes are not the callee's to keep
 * @property {(bytes: Uint8Array) => void} storing given what is about to be stored on another machine, before each try
 */

/**
 * @typedef {object} BlobFacts
 * @property {number} builds how many builds the bytes hold
 * @property {number} replaces how many builds the history holds that they replace
 * @property {BuildCounter} count for a copy that must not be replaced by a history with fewer builds
 */

/**
 * The number of builds in an SQLite file, or null where it is no history that can be opened.
 *
 * @typedef {(bytes: Uint8Array) => number | null} BuildCounter
 */

/**
 * What replaces a damaged history: the bytes of a good copy, or null for a new history.
 *
 * @typedef {{bytes: Uint8Array | null, version: string | null}} Remedied
 */

/**
 * What is known where there is no history:
 * - `never`: nothing shows that there was one;
 * - `again`: it was being stored at that moment, so it has to be read again;
 * - `remedied`: it is gone, and this is what replaces it.
 *
 * @typedef {{status: "never"} | {status: "again"} | ({status: "remedied"} & Remedied)} Absence
 */

/**
 * Changes on their way into the history, each kept by itself until the history surely holds it. With it no build is
 * lost where a late writer may replace what it never saw.
 *
 * Invariants:
 * 1. When `announce` resolves, a later `list` by anyone gives these changes, until `discardHeld` removed them.
 * 2. The order is: announce, list, read the history, apply everything listed, write. A history that was read before
 *    the listing, or a listing that is stale when writing starts, may lose builds. What the history that was read holds
 *    already need not be fetched. What has gone when it is fetched was removed by another run, whose history held it; the
 *    one that was read may not hold it: then everything starts again with the listing.
 * 3. `discardHeld` removes only what the history held when it was read, and only after so long that no run whose listing did not
 *    have it can still write.
 * 4. An entry that cannot be understood is reported, skipped and kept.
 *
 * @typedef {object} ChangeJournal
 * @property {(changes: readonly Change[]) => Promise<void>} announce a change that was announced before is not again
 * @property {() => Promise<JournalListing>} list
 * @property {(listing: JournalListing, held: (marks: Marks | null) => boolean) => Promise<boolean>} fetch gets the changes of
 *   the entries that are not held; false where one of them has gone. May be called again
 * @property {(listing: JournalListing, held: readonly JournalEntry[]) => Promise<void>} discardHeld
 */

/**
 * @typedef {object} JournalListing
 * @property {JournalEntry[]} entries in an order that is the same for every run; `fetch` takes those out that are broken
 * @property {Failure[]} broken what could not be understood
 * @property {() => boolean} stale whether it is too old to write a history that rests on it
 */

/**
 * @typedef {object} JournalEntry
 * @property {string} name
 * @property {Marks | null} marks what the name says about the changes
 * @property {readonly Change[] | null} changes null until they are fetched
 */

/**
 * The lifecycle of a history: `initialize`, use, `persist`, `cleanup`.
 *
 * Invariants:
 * 1. Nothing that was stored before is lost by `persist`, whatever others store meanwhile: builds recorded here are
 *    applied to what is there then.
 * 2. When `persist` rejects, the storage is as others left it, the recorded builds are still here, and `persist`
 *    may be tried again; `snapshot` gives the bytes for a rescue.
 * 3. `persist` without anything recorded writes nothing.
 * 4. `cleanup` may be called at any time and any number of times; it stores nothing.
 *
 * @typedef {object} StorageProvider
 * @property {() => Promise<MetricsRepository>} initialize loads the history; called again it gives the same one
 * @property {() => Promise<void>} persist
 * @property {() => void} cleanup
 * @property {() => Uint8Array} snapshot the history as it is here, as an SQLite file
 * @property {boolean} isInitialized
 * @property {string} location
 * @property {string | null} path
 * @property {boolean | null} existed whether there was a history when this one was loaded; null before
 * @property {number | null} size bytes of the history as it was last loaded or stored; null when there is none
 * @property {number | null} sourceRun the CI run that stored the history which was loaded, where the storage knows
 * @property {() => number | null} [clockOffsetMs] milliseconds that the clock of the history's location is ahead of this
 *   machine's; null where it is not known
 * @property {readonly Failure[]} warnings what went wrong without making a result wrong
 */

/**
 * Where a history is kept: what the npm package takes, and what the faces of the program add.
 *
 * @typedef {Declared & Given} StorageProviderConfig
 *
 * @typedef {object} Given
 * @property {string} [pathOption] how the caller gave the path, for messages, such as "`--db` is `m.db`"
 * @property {Spelling} [spelling] how the caller calls options, for messages; as inputs unless given
 * @property {string} [connectionString]
 */

/**
 * What the engine is to a provider.
 *
 * @typedef {object} Engine
 * @property {(image: Uint8Array | null, options?: {proved?: boolean, taken?: () => void}) => EngineHistory} openHistory
 *   null only for a history known to be absent; `proved` as in {@link StoredBlob}; `taken` is called when the bytes are
 *   no longer read
 */

/** @typedef {History} EngineHistory */

export {};
