/**
 * What callers of a storage hand over and hear. The contract of a storage is in `contract.js`. Nothing here runs.
 */

import type { LoadedConfig } from "../engine/engine.js";
import type { StorageProviderConfig } from "./contract.js";

/** Where the history is, as far as flags or inputs say; the rest is a configuration's to say. */
export interface StoragePlan {
  /** Whether flags or inputs name the kind of storage themselves. */
  given: boolean;
  /**
   * The storage by a configuration, or by none. Says which file was chosen where nothing names one, unless it is asked
   * to be `silent`. Throws what is wrong with the values.
   */
  from: (loaded: LoadedConfig | undefined, silent?: boolean) => StorageProviderConfig;
}

/** How far a history is on its way. */
export interface Transfer {
  direction: "down" | "up";
  bytes: number;
  /** Null where the other side does not tell. */
  total: number | null;
}
