/**
 * Makes the store of histories in artifacts that a configuration asks for, completed from the runner's variables. Checks
 * names and addresses; sends nothing.
 */

import { Failure } from "../../failure.js";
import { ArtifactRuntime } from "../../github/artifact-service.js";
import { Artifacts } from "../../github/artifacts.js";
import { GitHub } from "../../github/client.js";
import { DEFAULT_ARTIFACT, DEFAULT_KEY } from "../../options.js";
import { AS_INPUTS } from "../../spelling.js";
import { ArtifactStore } from "./artifact.js";
import { checkName } from "./names.js";

/** @import { Engine, StorageProviderConfig } from "../contract.js" */
/** @import { Surroundings } from "../factory.js" */

/**
 * Makes the store that a configuration asks for.
 *
 * @param {StorageProviderConfig} config
 * @param {Surroundings & {engine: Engine, env: NodeJS.ProcessEnv, now: () => number}} surroundings
 * @returns {ArtifactStore}
 * @throws {Failure} of type `validation`: `STORAGE_CONFIG_INVALID`, `GITHUB_CONFIG_INVALID`
 */
export function openArtifactStore(config, { engine, env, now, sleep, random, signal, log, onSecret }) {
  const { spelling = AS_INPUTS } = config;
  const name = config.artifactName ?? DEFAULT_ARTIFACT;
  const entry = config.artifactEntry ?? DEFAULT_KEY;
  checkName(`\`${spelling.name("artifact-name")}\``, name, "artifact");
  checkName(`\`${spelling.name("database-key")}\``, entry, "file");
  const repository = config.repository ?? env.GITHUB_REPOSITORY;
  if (!repository) {
    throw invalid(
      `\`sqlite-artifact\` has no \`${spelling.name("repository")}\`, expected \`OWNER/NAME\``,
      "In a workflow `GITHUB_REPOSITORY` has it; elsewhere set that variable.",
    );
  }
  const token = config.githubToken ?? env.GITHUB_TOKEN;
  if (!token) {
    throw invalid(
      `\`sqlite-artifact\` has no \`${spelling.name("github-token")}\`, and GitHub returns artifacts only with one`,
      "In a workflow leave the input `github-token` at its default; elsewhere set `GITHUB_TOKEN`.",
    );
  }
  const shared = { sleep, random, now, signal, log, onSecret, attempts: config.retryAttempts ?? 3 };
  const github = new GitHub({ ...shared, env, apiUrl: env.GITHUB_API_URL, token });
  /** @type {ArtifactRuntime | null} */
  let runtime = null;
  return new ArtifactStore({
    artifacts: new Artifacts(github, repository),
    runtime: () => {
      runtime ??= new ArtifactRuntime(env, shared);
      return runtime;
    },
    engine,
    repository,
    name,
    entry,
    branch: config.artifactBranchFilter,
    readonly: config.readonly,
    onCorrupt: config.onCorrupt,
    onMissing: config.onMissing,
    spelling,
    env,
    now,
    log,
    close: () => {
      github.close();
      runtime?.close();
    },
  });
}

/** @param {string} message @param {string} hint */
function invalid(message, hint) {
  return new Failure(message, { type: "validation", code: "STORAGE_CONFIG_INVALID", hint });
}
