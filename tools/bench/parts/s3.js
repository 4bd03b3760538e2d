// A history in S3 on this machine: carrying it against curl for the same bytes, what memory a run takes, and how many
// requests runs send.

import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { S3Client } from "../../../js/s3/client.js";
import { EMPTY_SHA256 } from "../../../js/s3/signing.js";
import { countedRuns } from "../../../tests/host/s3/counted-runs.js";
import { startFaultProxy } from "../../../tests/servers/fault-proxy.js";
import { startS3sFs } from "../../../tests/servers/s3.js";
import { SERVERS } from "../../../tests/servers/table.js";
import { root } from "../../setup.js";
import { directory, history } from "../samples.js";
import { alone, interleave, megabytes, slower } from "../timing.js";

const ROUNDS = 9;
/** The history that is carried, of some 10 MB, and the large one, of some 100 MB. */
const BUILDS = 10_000;
const MANY_BUILDS = 98_000;
/** How much memory a run may take, as a multiple of its history. */
const MOST = 3;
const RUNS = 3;
/** The most requests of a run that knows the server, and of one that has to ask it; parts of an upload are left out. */
const MOST_REQUESTS = { steady: 5, asking: 20 };
/** A server that keeps preconditions, also of uploads in parts, as AWS does. */
const ATOMIC = "MinIO";

/** curl with the same credentials. A whole process; the server is another, so nothing here may block. */
class Curl {
  /** @param {import("../../../tests/servers/s3.js").S3Server} server */
  constructor({ endpoint, credentials: { accessKeyId, secretAccessKey } }) {
    this.address = `${endpoint}/bucket/`;
    this.credentials = ["--user", `${accessKeyId}:${secretAccessKey}`, "--aws-sigv4", "aws:amz:us-east-1:s3"];
  }

  /** @param {string[]} args @param {string} key */
  async run(args, key) {
    const words = ["--silent", "--show-error", "--fail", ...this.credentials, ...args, this.address + key];
    await promisify(execFile)("curl", words);
  }

  /** @param {string} key @param {string} file */
  get(key, file) {
    return this.run(["--output", file, "--header", `x-amz-content-sha256: ${EMPTY_SHA256}`], key);
  }

  /** With the SHA-256 of the bytes, as ours: it is computed beforehand and not timed. @param {string} key @param {string} file @param {string} sha256 */
  put(key, file, sha256) {
    return this.run(["--upload-file", file, "--header", `x-amz-content-sha256: ${sha256}`], key);
  }
}

/**
 * A whole run of the shipped command line, and the most memory that its process had.
 *
 * @param {string} workplace
 * @param {import("../../../tests/servers/s3.js").S3Server} server
 * @param {number} run
 * @returns {Promise<number>} bytes
 */
async function memoryOfRun(workplace, server, run) {
  const note = path.join(workplace, "memory");
  const hook =
    `import fs from "node:fs"; process.on("exit", () => ` +
    `fs.writeFileSync(${JSON.stringify(note)}, String(process.resourceUsage().maxRSS * 1024)));`;
  const place = [
    "--storage",
    "sqlite-s3",
    "--s3-endpoint",
    server.endpoint,
    "--s3-bucket",
    "bucket",
    "--s3-key",
    "large",
  ];
  const facts = [
    "--commit",
    String(run).padStart(40, "0"),
    "--branch",
    "main",
    "--run-id",
    `r${run}`,
    "--run-number",
    "1",
  ];
  const { accessKeyId, secretAccessKey } = server.credentials;
  const child = spawn(
    process.execPath,
    [
      ...["--import", `data:text/javascript,${encodeURIComponent(hook)}`],
      ...[path.join(root, "dist/cli.js"), "track", "--event", "push", ...place, ...facts],
    ],
    {
      cwd: workplace,
      stdio: "ignore",
      env: { ...process.env, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey },
    },
  );
  const code = await new Promise((resolve) => child.on("close", resolve));
  if (code !== 0) throw new Error(`the run ended with ${code}`);
  return Number(fs.readFileSync(note, "utf8"));
}

/**
 * The most memory of several runs, each on what the one before it stored.
 *
 * @param {string} workplace
 * @param {Buffer} image
 */
async function memoryOfRuns(workplace, image) {
  const row = SERVERS.find(({ name }) => name === ATOMIC);
  if (!row) throw new Error(`there is no server \`${ATOMIC}\``);
  const server = await row.start();
  const { endpoint, credentials } = server;
  const client = new S3Client({ endpoint, bucket: "bucket", credentials });
  try {
    await client.put("large", image);
    let most = 0;
    for (let run = 0; run < RUNS; run++) most = Math.max(most, await memoryOfRun(workplace, server, run));
    return most;
  } finally {
    client.close();
    await server.stop();
  }
}

/** How many requests runs send, of a small history and of one that is sent in parts. */
async function requestsOfRuns() {
  const row = SERVERS.find(({ name }) => name === ATOMIC);
  if (!row) throw new Error(`there is no server \`${ATOMIC}\``);
  const server = await row.start();
  const proxy = await startFaultProxy(server);
  try {
    const days = [0, 0, 0, 8, 8, 8];
    const small = (await countedRuns({ proxy, direct: server, days })).requests;
    const large = (await countedRuns({ proxy, direct: server, days, large: true })).requests;
    const most = (/** @type {string[][]} */ requests) => Math.max(...requests.map(({ length }) => length));
    const counted = (
      /** @type {string} */ what,
      /** @type {string[][]} */ requests,
      /** @type {number} */ aim,
    ) => ({
      ...alone(what, String(most(requests))),
      aim: `≤ ${aim}`,
      reached: most(requests) <= aim,
    });
    return [
      counted("requests of a run, small history", [small[1], small[2], small[5]], MOST_REQUESTS.steady),
      counted(
        "requests of a run besides parts, history in parts",
        [large[2], large[5]],
        MOST_REQUESTS.steady,
      ),
      counted(
        "requests of a run that asks the server, the first included",
        [...small, ...large],
        MOST_REQUESTS.asking,
      ),
    ];
  } finally {
    await proxy.stop();
    await server.stop();
  }
}

export async function measure() {
  const [file, large] = [await history(BUILDS), await history(MANY_BUILDS)];
  const bytes = fs.readFileSync(file);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const server = await startS3sFs();
  const workplace = fs.mkdtempSync(path.join(directory, "s3-"));
  const client = new S3Client({
    endpoint: server.endpoint,
    bucket: "bucket",
    credentials: server.credentials,
  });
  try {
    const curl = new Curl(server);
    await client.put("h", bytes, { metadata: { sha256 } });
    const { get, curlGet, put, curlPut } = await interleave(ROUNDS, {
      async get() {
        const read = await client.get("h", { sha256Metadata: "sha256" });
        if (read?.bytes.length !== bytes.length) throw new Error("another history came back");
      },
      curlGet: () => curl.get("h", path.join(workplace, "fetched")),
      async put() {
        const outcome = await client.put("ours", bytes, { metadata: { sha256 } });
        if (outcome.status !== "stored") throw new Error("nothing was stored");
      },
      curlPut: () => curl.put("theirs", file, sha256),
    });
    fs.writeFileSync(
      path.join(workplace, "unentropy.json"),
      JSON.stringify({ metrics: { loc: { type: "numeric", command: "echo 1" } } }),
    );
    const { size } = fs.statSync(large);
    const most = await memoryOfRuns(workplace, fs.readFileSync(large));
    const label = megabytes(bytes.length);
    return {
      method: `A real server (s3s-fs, compiled without optimisations) over loopback. Ours signs the SHA-256 of what it sends and \
compares that of what it gets, in a running process; curl is a whole process, sends a SHA-256 that it need not compute and \
compares nothing. ${ROUNDS} rounds. The memory, on ${ATOMIC}, is the most that a whole \`unentropy track\` had resident, the largest of ${RUNS} \
runs, each of which reads the history, checks it, records a build, stores it in parts and writes the report. Requests are \
counted at a proxy before ${ATOMIC}, as in \`tests/host/s3/request-counts.test.js\`.`,
      rows: [
        slower(`download, ${label}`, get, "curl", curlGet, 3),
        slower(`upload, ${label}`, put, "curl", curlPut, 3),
        {
          ...alone(`memory of a run, history of ${megabytes(size)}`, megabytes(most)),
          against: "the history",
          theirs: megabytes(size),
          ratio: `${(most / size).toFixed(2)}x`,
          aim: `≤ ${MOST}x its size`,
          reached: most <= MOST * size,
        },
        ...(await requestsOfRuns()),
      ],
    };
  } finally {
    client.close();
    fs.rmSync(workplace, { recursive: true, force: true });
    await server.stop();
  }
}
