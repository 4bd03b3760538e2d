// The groups of a configuration: lists the directories that their patterns name. Which metrics these are is the engine's to
// say.

import { expandGroups } from "../engine/engine.js";
import { directories } from "../files/globs.js";

/** @import { LoadedConfig } from "../engine/engine.js" */
/** @import { Config, Diagnostic, GroupListing } from "../engine/types.js" */
/** @import { Failure } from "../failure.js" */

/**
 * What groups have, as far as that is known before anything is measured.
 * @param {Config["groups"]} groups
 * @param {string} directory where their patterns start
 * @param {(warning: Failure) => void} [warn] hears of lists of rules that do not count
 * @returns {GroupListing[]}
 * @throws {import("../failure.js").Failure} of type collection, where a directory cannot be read
 */
export const listedGroups = (groups, directory, warn) =>
  groups
    .filter(({ forEach }) => forEach.length > 0)
    .map(({ id, forEach }) => ({
      group: id,
      names: directories(forEach, { cwd: directory, warn }).map((name) => ({ name })),
    }));

/**
 * A configuration with the metrics of its groups.
 * @param {LoadedConfig} loaded without them
 * @returns {{loaded: LoadedConfig, errors: Diagnostic[]}} `errors`: why nothing may be measured by it
 */
export function withGroups(loaded) {
  const { config, directory, text, name, warnings } = loaded;
  if (config.groups.length === 0) return { loaded, errors: [] };
  const listings = listedGroups(config.groups, directory);
  const { metrics, errors, warnings: more } = expandGroups(text, name, listings);
  return {
    loaded: {
      ...loaded,
      config: { ...config, metrics: [...config.metrics, ...metrics] },
      listings,
      warnings: [...warnings, ...more],
    },
    errors,
  };
}
