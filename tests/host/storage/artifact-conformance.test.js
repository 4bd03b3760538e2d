// Histories in artifacts keep the contracts of every blob store and every storage: with all jobs in one run, where
// names collide, and with a run for each, where nothing does.

import { after, before, describe } from "node:test";
import { startGitHub } from "../../servers/github.js";
import { conformance } from "../conformance/blob-store.js";
import { storageConformance } from "../conformance/storage.js";
import { ArtifactPlace, NAME } from "./artifact-place.js";

/** @import { GitHubServer } from "../../servers/github.js" */

/** @type {GitHubServer} */
let github;
let places = 0;

/** A name of its own for each place, on one server. */
const place = () => new ArtifactPlace(github, { artifactName: `${NAME} ${++places}` });

describe("artifacts", () => {
  before(async () => {
    github = await startGitHub();
  });
  after(() => github.stop());

  conformance("an artifact", () => {
    const here = place();
    return {
      open: ({ readonly } = {}) => here.store({ readonly }),
      // Later names of the run are the same history; which is the present one, reading tells.
      names: () => [
        ...new Set(
          here
            .complete()
            .map(({ name }) => name.replace(/\.\d+$/, ""))
            .filter((name) => name === here.config.artifactName),
        ),
      ],
    };
  });

  for (const [title, own] of /** @type {[string, boolean][]} */ ([
    ["sqlite-artifact with all jobs in one run", false],
    ["sqlite-artifact with a run for each job", true],
  ])) {
    storageConformance(title, () => {
      const here = place();
      return {
        config: here.config,
        surroundings: () => here.surroundings(own ? github.addRun() : undefined),
        content: () => here.content(),
        put: (bytes) => here.put(bytes),
      };
    });
  }
});
