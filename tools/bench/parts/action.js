// A run of the action with next to nothing to measure and its history in S3 on this machine: what it costs itself, and
// in which phase.

import fs from "node:fs";
import path from "node:path";
import { S3Client } from "../../../js/s3/client.js";
import { encodeVerdict, PRECONDITIONS } from "../../../js/storage/s3/verdict.js";
import { startS3sFs } from "../../../tests/servers/s3.js";
import { root } from "../../setup.js";
import { directory, history } from "../samples.js";
import { alone, interleave, median, milliseconds, program, quantile } from "../timing.js";

const ROUNDS = 15;
const BUILDS = 10_000;
const KEY = "unentropy-metrics.db";
/** Milliseconds that a run may cost beside its commands, an empty Node and the network. */
const AIM = 250;

export async function measure() {
  const original = await history(BUILDS);
  const size = fs.statSync(original).size;
  const workplace = fs.mkdtempSync(path.join(directory, "action-"));
  const server = await startS3sFs({ optimised: true });
  try {
    const { endpoint, credentials } = server;
    const client = new S3Client({ endpoint, credentials, bucket: "bucket", region: "us-east-1" });
    // As an earlier run leaves it on a server that keeps preconditions; what this one answers to the probe, which races
    // requests, depends on the machine's load.
    const verdict = encodeVerdict(
      { verdict: "honoured", askedMs: Date.now() },
      `${client.host} ${client.bucket}`,
    );
    await client.put(KEY, fs.readFileSync(original), { metadata: { [PRECONDITIONS]: verdict } });
    client.close();
    fs.writeFileSync(
      path.join(workplace, "unentropy.json"),
      JSON.stringify({ metrics: { loc: { type: "numeric", unit: "integer", command: "echo 1" } } }),
    );
    let run = 0;
    /** @type {Record<string, number[]>} */
    const phases = {};
    const { whole, empty } = await interleave(ROUNDS, {
      whole() {
        const started = performance.now();
        const log = program(process.execPath, [path.join(root, "dist/action.js")], {
          cwd: workplace,
          env: environment(workplace, server, ++run),
        });
        const took = performance.now() - started;
        if (run > 1) {
          for (const [, name, time] of log.matchAll(/^(\w+) completed in ([\d.]+ m?s)/gm)) {
            phases[name] ??= [];
            phases[name].push(Number.parseFloat(time) * (time.endsWith(" ms") ? 1 : 1000));
          }
        }
        return took;
      },
      empty: () => void program(process.execPath, ["-e", "0"]),
    });
    const less = whole.map((took, round) => took - empty[round]);
    const split = Object.entries(phases).map(([name, samples]) => ({ name, took: median(samples) }));
    const rest = median(less) - split.reduce((sum, { took }) => sum + took, 0);
    return {
      method: `\`dist/action.js\` as a runner starts it, with one metric (\`echo 1\`), the report, the job summary and a history of \
${BUILDS.toLocaleString("en")} builds of ten metrics (${(size / 1e6).toFixed(1)} MB) in S3 on this machine (s3s-fs), whole processes less an empty \
\`node -e 0\`. The upload also copies the backup and looks whether what was stored is what was sent. ${ROUNDS} rounds.`,
      rows: [
        {
          ...alone("the whole run, less empty Node", milliseconds(median(less))),
          spread: `${milliseconds(quantile(less, 0.25))} to ${milliseconds(quantile(less, 0.75))}`,
          aim: `≤ ${AIM} ms`,
          reached: median(less) <= AIM,
        },
        ...split.map(({ name, took }) => alone(`— ${name}`, milliseconds(took))),
        alone("— before, between and after", milliseconds(rest)),
      ],
    };
  } finally {
    await server.stop();
    fs.rmSync(workplace, { recursive: true, force: true });
  }
}

/**
 * @param {string} workplace
 * @param {import("../../../tests/servers/s3.js").S3Server} server
 * @param {number} run
 * @returns {NodeJS.ProcessEnv}
 */
function environment(workplace, { endpoint, credentials }, run) {
  /** @type {Record<string, string>} */
  const inputs = {
    "storage-type": "sqlite-s3",
    "s3-endpoint": endpoint,
    "s3-bucket": "bucket",
    "s3-region": "us-east-1",
    "s3-access-key-id": credentials.accessKeyId,
    "s3-secret-access-key": credentials.secretAccessKey,
    "database-key": KEY,
  };
  return {
    PATH: process.env.PATH,
    ...Object.fromEntries(
      Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]),
    ),
    CI: "true",
    GITHUB_ACTIONS: "true",
    GITHUB_WORKSPACE: workplace,
    GITHUB_OUTPUT: path.join(workplace, "output"),
    GITHUB_STEP_SUMMARY: path.join(workplace, "summary"),
    GITHUB_SHA: String(run).padStart(40, "0"),
    GITHUB_REF_NAME: "main",
    GITHUB_RUN_ID: String(run),
    GITHUB_RUN_NUMBER: String(run),
    GITHUB_EVENT_NAME: "push",
    GITHUB_SERVER_URL: "https://github.example",
    GITHUB_REPOSITORY: "owner/name",
  };
}
