// Changes that try to choose what they are judged by. In each the value has fallen from 100 to 80, and the base branch
// allows a drop of 5 % in the mode `hard`, unless a row says otherwise.

import assert from "node:assert/strict";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { startFaultProxy } from "../../../servers/fault-proxy.js";
import { startGitHub } from "../../../servers/github.js";
import { startS3sFs } from "../../../servers/s3.js";
import { stopAll } from "../../s3/place.js";
import { Project, told } from "../../support/project.js";
import { Change, gated, NO_DROP } from "../../support/pull-request.js";
import { act } from "../../support/runner.js";

/** @import { TestContext } from "node:test" */
/** @import { Attack } from "../attacks.js" */
/** @typedef {Awaited<ReturnType<Change["gate"]>>} Judged */

const LOCAL = { type: "sqlite-local", path: "history.out" };
const MIN = { mode: "min", target: 90 };
const posix = process.platform === "win32" ? "links need rights on Windows" : false;

/** A configuration with a storage. @param {object} storage @param {object} [more] */
const stored = (storage, more = {}) => ({ ...gated([NO_DROP]), storage, ...more });

/** @param {object} config */
const file = (config) => ({ "unentropy.json": JSON.stringify(config) });

/**
 * A change of a `main` that has recorded its build by its own configuration.
 * @param {TestContext} t
 * @param {object} base the configuration of `main`
 * @param {Record<string, string>} files of the change
 * @param {{env?: NodeJS.ProcessEnv, record?: boolean}} [options]
 */
async function changed(t, base, files, { env = {}, record = true } = {}) {
  const change = await Change.start(t, { config: base, record: false });
  if (record) {
    const outcome = await change.run(["track", "--branch", "main", "--event", "push"], { env });
    assert.equal(outcome.code, 0, told(outcome));
  }
  change.commit({ value: "80", ...files });
  return change;
}

/** A history in which `main` has been at 10 since the commit that the change leaves. @param {TestContext} t @param {Change} change */
async function forged(t, change) {
  const other = new Project(t, { value: "10" }).config(gated([]));
  const outcome = await other.run([
    ...["track", "--db", "forged.db", "--branch", "main", "--event", "push", "--commit", change.base],
  ]);
  assert.equal(outcome.code, 0, told(outcome));
  return other.read("forged.db");
}

/** Commits what git would leave out. @param {Change} change @param {string} name @param {Uint8Array} bytes */
function commitBytes(change, name, bytes) {
  change.write(name, bytes);
  change.git("add", "-f", name);
  change.commit({});
}

/** Judged by what `main` was, with this in the list of differences. @param {Judged} judged @param {...string} whats */
function byTheBase(judged, ...whats) {
  assert.deepEqual([judged.code, judged.error], [5, "GATE_FAILED"], told(judged));
  assert.equal(judged.verdict?.judgedBy, "base");
  assert.equal(judged.verdict?.metrics[0].baseline, 100, told(judged));
  listed(judged, ...whats);
}

/** @param {Judged} judged @param {...string} whats */
function listed(judged, ...whats) {
  const found = judged.verdict?.configurationChanges.map(({ what }) => what) ?? [];
  assert.deepEqual(
    whats.filter((what) => !found.includes(what)),
    [],
    JSON.stringify(found),
  );
}

/**
 * A server that counts connections.
 * @param {TestContext} t
 */
async function attacker(t) {
  let visits = 0;
  const server = net.createServer((socket) => {
    visits += 1;
    socket.destroy();
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  t.after(() => server.close());
  const { port } = /** @type {net.AddressInfo} */ (server.address());
  return { endpoint: `http://127.0.0.1:${port}`, visits: () => visits };
}

/** What a job has that may read the history in S3 for a while. */
const KEYS = Object.freeze({
  AWS_ACCESS_KEY_ID: "ASIAOFATESTTHATENDS",
  AWS_SECRET_ACCESS_KEY: "secret-of-a-test",
  AWS_SESSION_TOKEN: "session-token-of-a-test",
});

/** @param {string} endpoint */
const elsewhere = (endpoint) => ({
  type: "sqlite-s3",
  s3: { endpoint, bucket: "builds", region: "us-east-1", key: "h.db" },
});

/**
 * A change that names an S3 server of its own where the job has the keys of the real one.
 * @param {string} what
 * @param {string} outcome
 * @param {string} code
 * @param {(t: TestContext, endpoint: string) => Promise<Judged>} judge
 * @returns {Attack}
 */
const sentTo = (what, outcome, code, judge) => ({
  who: "a pull request",
  what,
  outcome: `${outcome}; its server sees no connection`,
  code,
  async run(t) {
    const { endpoint, visits } = await attacker(t);
    const judged = await judge(t, endpoint);
    assert.equal(visits(), 0, told(judged));
    // The masks are for the runner, which shows none of them.
    const log = told(judged).replace(/^::add-mask::.*$/gm, "");
    assert.equal(log.includes(KEYS.AWS_SESSION_TOKEN), false, log);
  },
});

/**
 * A change of what S3 holds: the base branch's object is what is read, and nothing else is asked for.
 * @param {string} what
 * @param {string} key of the configuration
 * @param {(storage: {s3: {bucket: string, key: string, region: string}}) => void} alter
 * @returns {Attack}
 */
const inS3 = (what, key, alter) => ({
  who: "a pull request",
  what,
  outcome: "judged by the history that the base branch names; nothing else is asked for",
  code: "`GATE_FAILED`",
  async run(t) {
    const server = await startS3sFs({ buckets: ["builds", "forged"] });
    const proxy = await startFaultProxy(server);
    t.after(() => stopAll([proxy, server]));
    const storage = elsewhere(proxy.endpoint);
    const env = {
      AWS_ACCESS_KEY_ID: server.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: server.credentials.secretAccessKey,
    };
    const own = structuredClone(storage);
    alter(own);
    const change = await changed(t, stored(storage), file(stored(own)), { env });
    proxy.script([]);
    byTheBase(await change.gate([], { env: { ...change.pullRequest(), ...env } }), key);
    const asked = proxy.seen.map(({ url }) => url);
    assert.ok(asked.length > 0);
    assert.deepEqual(
      asked.filter((url) => !url.startsWith("/builds/h.db") && !/^\/builds\/?\?/.test(url)),
      [],
    );
  },
});

/**
 * A change of its own configuration alone, which is judged as if it had left that as it was.
 * @param {string} what
 * @param {object} own
 * @param {string} difference what is listed
 * @param {Partial<Attack>} [more]
 * @returns {Attack}
 */
const loosened = (what, own, difference, more = {}) => ({
  who: "a pull request",
  what,
  outcome: "judged by the base branch's; listed",
  code: "`GATE_FAILED`",
  async run(t) {
    const change = await changed(t, gated([NO_DROP]), file(own));
    byTheBase(await change.gate([], { env: change.pullRequest() }), difference);
  },
  ...more,
});

/**
 * A change that puts a history of its own where the base branch keeps one.
 * @param {string} what
 * @param {(t: TestContext) => Promise<{change: Change, args?: string[]}>} prepare
 * @param {string | false} [skip]
 * @returns {Attack}
 */
const refused = (what, prepare, skip = false) => ({
  who: "a pull request",
  what,
  outcome: "the history is not used; `unknown`, which blocks in the mode `hard`",
  code: "`HISTORY_OF_CHANGE`",
  skip,
  async run(t) {
    const { change, args } = await prepare(t);
    const judged = await change.gate(args, { env: change.pullRequest() });
    assert.deepEqual([judged.code, judged.error], [5, "HISTORY_OF_CHANGE"], told(judged));
    assert.deepEqual([judged.verdict?.status, judged.verdict?.historyRefused], ["unknown", true]);
    assert.equal(judged.verdict?.metrics[0].baseline, undefined);
    const soft = await change.gate([...(args ?? []), "--mode", "soft"], { env: change.pullRequest() });
    assert.deepEqual([soft.code, soft.verdict?.status, soft.warnings], [0, "unknown", ["HISTORY_OF_CHANGE"]]);
  },
});

/**
 * Two histories in artifacts, of which the change names the other.
 * @param {string} what
 * @param {string} key
 * @param {object} artifact what the change says
 * @returns {Attack}
 */
const inArtifacts = (what, key, artifact) => ({
  who: "a pull request",
  what,
  outcome: "judged by the artifact that the base branch names; listed",
  code: "`GATE_FAILED`",
  async run(t) {
    const server = await startGitHub();
    t.after(() => server.stop());
    const named = (/** @type {object} */ more) => ({
      type: "sqlite-artifact",
      artifact: { name: "real", branchFilter: "main", ...more },
    });
    const change = await Change.start(t, { config: stored(named({})), record: false });
    /** @param {string} branch @param {string} value @param {object} more */
    const upload = async (branch, value, more) => {
      change.write("value", value).config(stored(named(more)));
      const run = server.addRun({ branch, sha: change.base });
      const env = { ...server.jobEnvironment(run), GITHUB_TOKEN: server.token() };
      const outcome = await change.run(["track", "--branch", "main"], { env });
      assert.equal(outcome.code, 0, told(outcome));
    };
    await upload("main", "100", {});
    await upload("topic", "10", { name: "real", branchFilter: "topic" });
    await upload("main", "10", { name: "forged" });
    change.commit({ value: "80", ...file(stored(named(artifact))) });
    const env = { ...change.pullRequest(), GITHUB_API_URL: server.apiUrl, GITHUB_TOKEN: server.token() };
    byTheBase(await change.gate([], { env }), key);
  },
});

/**
 * The action on a change, and the one comment that it writes.
 * @param {string} what
 * @param {string} outcome
 * @param {object} own
 * @param {RegExp} line
 * @param {object} [base]
 * @returns {Attack}
 */
const commented = (what, outcome, own, line, base = gated([NO_DROP])) => ({
  who: "a pull request",
  what,
  outcome,
  code: "`GATE_FAILED`",
  async run(t) {
    const server = await startGitHub();
    t.after(() => server.stop());
    const change = await Change.start(t, { config: base });
    const head = change.commit({ value: "80", ...file(own) });
    server.addPull({
      number: 7,
      head: { ref: "topic", sha: head, repositoryId: server.repositoryId },
    });
    const inputs = { "storage-type": "sqlite-local", "database-path": "unentropy.db" };
    const judged = await act(
      change,
      { ...inputs, "github-token": server.token() },
      { ...change.pullRequest(), GITHUB_API_URL: server.apiUrl },
    );
    assert.deepEqual([judged.code, judged.outputs["error-code"]], [5, "GATE_FAILED"], told(judged));
    assert.equal(server.comments.length, 1, told(judged));
    assert.match(server.comments[0].body, line);
    assert.match(judged.summary, line);
  },
});

/** A clone of one commit, of which nobody says what the base branch has. @param {TestContext} t @param {Change} change */
function shallow(t, change) {
  const directory = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), "unentropy-clone-"));
  t.after(() => fs.rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));
  change.git("clone", "-q", "--depth=1", "--branch=topic", `file://${change.directory}`, directory);
  return directory;
}

/** Thirty gated metrics under other names, the last of which has a lower bound. @param {string} name @param {number} target */
const crowd = (name, target) => ({
  metrics: Object.fromEntries(
    Array.from({ length: 30 }, (_, n) => [
      `m${n}`,
      { type: "numeric", command: "cat value", name: `${name} ${n}` },
    ]),
  ),
  qualityGate: {
    mode: "hard",
    thresholds: Array.from({ length: 30 }, (_, n) => ({
      metric: `m${n}`,
      mode: "min",
      target: n === 29 ? target : 1,
    })),
  },
});

/** @type {Attack[]} */
export const attacks = [
  {
    who: "a pull request",
    what: "names another path, where there is no history",
    outcome: "judged by the history that the base branch names; listed",
    code: "`GATE_FAILED`",
    async run(t) {
      const own = file(stored({ ...LOCAL, path: "none.out" }));
      const change = await changed(t, stored(LOCAL), own);
      const judged = await change.gate([], { env: change.pullRequest() });
      byTheBase(judged, "storage.path");
      assert.deepEqual(judged.warnings, ["CONFIG_UNMERGED"]);
    },
  },
  {
    who: "a pull request",
    what: "names a database that it commits, with a baseline of 10",
    outcome: "judged by the history that the base branch names; listed",
    code: "`GATE_FAILED`",
    async run(t) {
      const own = file(stored({ ...LOCAL, path: "data/forged.db" }));
      const change = await changed(t, stored(LOCAL), own);
      commitBytes(change, "data/forged.db", await forged(t, change));
      byTheBase(await change.gate([], { env: change.pullRequest() }), "storage.path");
    },
  },
  refused("commits a database where the base branch's history is looked for", async (t) => {
    const change = await changed(t, gated([NO_DROP]), {}, { record: false });
    commitBytes(change, "unentropy.db", await forged(t, change));
    return { change };
  }),
  refused("commits one at the path that the workflow names", async (t) => {
    const change = await changed(t, gated([NO_DROP]), {}, { record: false });
    commitBytes(change, "cache/h.db", await forged(t, change));
    return { change, args: ["--db", "cache/h.db"] };
  }),
  refused("alters a database that the base branch has committed", async (t) => {
    const change = await Change.start(t, { config: stored({ ...LOCAL, path: "h.db" }), record: false });
    change.git("checkout", "-q", "main");
    const { code } = await change.run(["track", "--branch", "main", "--event", "push"]);
    assert.equal(code, 0);
    change.commit({});
    change.git("checkout", "-q", "-B", "topic");
    commitBytes(change, "h.db", await forged(t, change));
    return { change };
  }),
  refused(
    "makes the folder of the history a link to a folder of its own",
    async (t) => {
      const base = stored({ ...LOCAL, path: "data/h.db" });
      const change = await changed(t, base, {}, { record: false });
      commitBytes(change, "mine/h.db", await forged(t, change));
      fs.symlinkSync("mine", change.path("data"));
      change.commit({});
      return { change };
    },
    posix,
  ),
  refused(
    "makes the history's file a link to a database outside of the repository",
    async (t) => {
      const change = await changed(t, gated([NO_DROP]), {}, { record: false });
      const folder = fs.mkdtempSync(path.join(os.tmpdir(), "unentropy-outside-"));
      t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
      fs.writeFileSync(path.join(folder, "h.db"), await forged(t, change));
      fs.symlinkSync(path.join(folder, "h.db"), change.path("unentropy.db"));
      change.git("add", "-f", "unentropy.db");
      change.commit({});
      return { change };
    },
    posix,
  ),
  refused("commits a backup to be restored where the history is gone", async (t) => {
    const change = await changed(t, gated([NO_DROP]), {}, { record: false });
    commitBytes(change, "unentropy.db.bak", await forged(t, change));
    return { change, args: ["--on-missing", "restore"] };
  }),
  inS3("names another key of the bucket", "storage.s3.key", ({ s3 }) => {
    s3.key = "forged.db";
  }),
  inS3("names another bucket", "storage.s3.bucket", ({ s3 }) => {
    s3.bucket = "forged";
  }),
  sentTo(
    "names an S3 server of its own, to which the keys and the session token would go",
    "judged by the base branch's history",
    "`GATE_FAILED`",
    async (t, endpoint) => {
      const change = await changed(t, stored(LOCAL), file(stored(elsewhere(endpoint))));
      const judged = await change.gate([], { env: { ...change.pullRequest(), ...KEYS } });
      byTheBase(judged, "storage.type", "storage.s3.endpoint");
      return judged;
    },
  ),
  sentTo(
    "names one where the workflow gives the bucket and leaves the endpoint to the file",
    "the base branch's endpoint is asked, which is down",
    "`S3_UNREACHABLE`",
    async (t, endpoint) => {
      const down = net.createServer();
      await new Promise((resolve) => down.listen(0, "127.0.0.1", () => resolve(undefined)));
      const { port } = /** @type {net.AddressInfo} */ (down.address());
      await new Promise((resolve) => down.close(resolve));
      const base = stored(elsewhere(`http://127.0.0.1:${port}`));
      const change = await changed(t, base, file(stored(elsewhere(endpoint))), { record: false });
      const judged = await act(
        change,
        { "storage-type": "sqlite-s3", "s3-bucket": "builds", "retry-attempts": "1" },
        { ...change.pullRequest(), ...KEYS },
      );
      assert.deepEqual([judged.code, judged.outputs["error-code"]], [3, "S3_UNREACHABLE"], told(judged));
      return /** @type {any} */ (judged);
    },
  ),
  sentTo(
    "brings the first configuration, with an S3 server of its own",
    "judged without a history, with a warning",
    "`CONFIG_UNMERGED`",
    async (t, endpoint) => {
      const change = await changed(t, gated([NO_DROP]), {}, { record: false });
      change.git("checkout", "-q", "main");
      change.git("rm", "-q", "unentropy.json");
      change.commit({}, "without a configuration");
      change.git("checkout", "-q", "-B", "topic");
      change.commit(file(stored(elsewhere(endpoint))));
      const judged = await change.gate([], { env: { ...change.pullRequest(), ...KEYS } });
      assert.deepEqual([judged.code, judged.verdict?.status], [0, "unknown"], told(judged));
      assert.deepEqual(judged.warnings, ["CONFIG_UNMERGED"]);
      assert.match(judged.verdict?.baselineInfo.problem ?? "", /has no `unentropy.json` yet/);
      return judged;
    },
  ),
  sentTo(
    "names one where the base branch's configuration cannot be read",
    "`unknown`, which blocks in the mode `hard`",
    "`BASE_CONFIG_UNKNOWN`",
    async (t, endpoint) => {
      const change = await changed(t, stored(LOCAL), file(stored(elsewhere(endpoint))));
      const env = { ...change.pullRequest(), ...KEYS };
      const judged = await change.gate([], { cwd: shallow(t, change), env });
      assert.deepEqual([judged.code, judged.error], [5, "BASE_CONFIG_UNKNOWN"], told(judged));
      assert.equal(judged.verdict?.status, "unknown");
      return judged;
    },
  ),
  {
    who: "a pull request",
    what: "names a database that it commits, where the base branch's configuration cannot be read",
    outcome: "no history is read; `unknown`, which blocks in the mode `hard`",
    code: "`BASE_CONFIG_UNKNOWN`",
    async run(t) {
      const own = file(stored({ ...LOCAL, path: "forged.db" }));
      const change = await changed(t, stored(LOCAL), own);
      commitBytes(change, "forged.db", await forged(t, change));
      const options = { cwd: shallow(t, change), env: change.pullRequest() };
      const judged = await change.gate([], options);
      assert.deepEqual([judged.code, judged.error], [5, "BASE_CONFIG_UNKNOWN"], told(judged));
      assert.equal(judged.verdict?.metrics[0].baseline, undefined);
      assert.match(judged.verdict?.baselineInfo.problem ?? "", /where it is kept is not known/);
      const soft = await change.gate(["--mode", "soft"], options);
      assert.deepEqual([soft.code, soft.verdict?.status], [0, "unknown"]);
      assert.match(soft.verdict?.baselineInfo.problem ?? "", /where it is kept is not known/);
    },
  },
  {
    ...sentTo(
      "replaces `unentropy.json` in the work tree of the run that judges its measurements, and names an S3 server there",
      "judged by what the base branch has committed",
      "`GATE_FAILED`",
      async (t, endpoint) => {
        const change = await changed(t, stored(LOCAL), {});
        change.git("checkout", "-q", "main");
        change.config({ ...gated([]), storage: elsewhere(endpoint) });
        const measurements = [{ metric: "m", status: "ok", value: 80 }];
        change.write("claims.out", JSON.stringify({ measurements }));
        const workflow_run = {
          ...{ id: 5, event: "pull_request", head_sha: "f0".repeat(20), head_branch: "topic" },
          ...{ head_repository: { id: 1, owner: { login: "somebody" } }, pull_requests: [] },
        };
        const payload = { pull_request: undefined, workflow_run };
        const env = { ...change.pullRequest({ event: "workflow_run", payload }), GITHUB_BASE_REF: "" };
        const judged = await change.gate(["--measurements", "claims.out"], { env: { ...env, ...KEYS } });
        byTheBase(judged);
        return judged;
      },
    ),
    who: "an artifact of a fork's run",
  },
  inArtifacts("names another artifact", "storage.artifact.name", { name: "forged" }),
  inArtifacts("lets its own branch's artifacts count", "storage.artifact.branchFilter", {
    branchFilter: "topic",
  }),
  {
    who: "a pull request",
    what: "takes the files that it adds out of `sources`",
    outcome: "the base branch's `sources` are counted; listed",
    code: "`GATE_FAILED`",
    async run(t) {
      const lines = (/** @type {number} */ count) => "x = 1;\n".repeat(count);
      const counted = (/** @type {string[]} */ sources) => ({
        metrics: { m: { type: "numeric", command: "@collect loc" } },
        qualityGate: { mode: "hard", thresholds: [{ metric: "m", mode: "max", target: 10 }] },
        sources,
      });
      const change = await Change.start(t, { config: counted(["src/**"]), record: false });
      change.commit({
        "src/a.js": lines(5),
        "src/new/b.js": lines(50),
        ...file(counted(["src/**", "!src/new/**"])),
      });
      const judged = await change.gate([], { env: change.pullRequest() });
      assert.deepEqual([judged.code, judged.error], [5, "GATE_FAILED"], told(judged));
      assert.equal(judged.verdict?.metrics[0].pullRequestValue, 55);
      listed(judged, "sources");
      assert.deepEqual(judged.warnings, ["CONFIG_UNMERGED"]);
    },
  },
  commented(
    "switches off the comment that lists what it loosens",
    "the comment is written; listed",
    gated([{ ...NO_DROP, maxDropPercent: 90 }], { enablePullRequestComment: false }),
    /loosened enablePullRequestComment: true → false.*loosened threshold of m/s,
  ),
  commented(
    "cuts the comment to nothing",
    "the comment is as long as the base branch wants it",
    gated([{ ...NO_DROP, maxDropPercent: 90 }], { maxCommentMetrics: 1, maxCommentCharacters: 10 }),
    /changed maxCommentCharacters: 20000 → 10/,
  ),
  commented(
    "hides a lower bound among thirty harmless differences",
    "what loosens comes first in the list",
    crowd("new", 1),
    /loosened threshold of m29: at least 90 → at least 1/,
    crowd("old", 90),
  ),
  loosened("switches the gate off", gated([NO_DROP], { mode: "off" }), "mode"),
  loosened("makes the gate soft", gated([NO_DROP], { mode: "soft" }), "mode"),
  loosened("removes the threshold", gated([]), "threshold"),
  loosened("lets no build be young enough", gated([NO_DROP], { baseline: { maxAgeDays: 1 } }), "maxAgeDays"),
  loosened(
    "gives the metric another unit and name",
    gated([NO_DROP], {}, { unit: "bytes", name: "x" }),
    "unit",
    {
      outcome: "shown with the base branch's name and unit; both differences are listed",
    },
  ),
  {
    who: "a pull request",
    what: "gives the gated metric another key",
    outcome: "its value counts as missing, which fails; listed",
    code: "`GATE_FAILED`",
    async run(t) {
      const own = gated([]);
      const renamed = { ...own, metrics: { n: own.metrics.m } };
      const change = await changed(t, gated([NO_DROP]), file(renamed));
      const judged = await change.gate([], { env: change.pullRequest() });
      assert.deepEqual([judged.code, judged.error], [5, "GATE_FAILED"], told(judged));
      listed(judged, "metric");
    },
  },
  {
    who: "a pull request",
    what: "has its metric print 100",
    outcome: "passes, for a value can come from nowhere else; the command is listed",
    code: "exit 0",
    async run(t) {
      const own = gated([NO_DROP], {}, { command: "echo 100" });
      const change = await changed(t, gated([NO_DROP]), file(own));
      const judged = await change.gate([], { env: change.pullRequest() });
      assert.deepEqual([judged.code, judged.verdict?.status], [0, "pass"], told(judged));
      const [found] = judged.verdict?.configurationChanges ?? [];
      assert.deepEqual([found.what, found.before, found.after], ["command", "cat value", "echo 100"]);
    },
  },
  ...["moves", "deletes"].map((verb) => ({
    who: "a pull request",
    what: `${verb} the configuration`,
    outcome: "nothing is judged, and the run fails",
    code: "`CONFIG_MISSING`",
    /** @param {TestContext} t */
    async run(t) {
      const change = await changed(t, gated([MIN]), {});
      fs.rmSync(change.path("unentropy.json"));
      change.commit(verb === "moves" ? { "ci/unentropy.json": JSON.stringify(gated([])) } : {});
      const outcome = await change.run(["gate"], { env: change.pullRequest() });
      assert.equal(outcome.code, 2, told(outcome));
      assert.match(told(outcome), /the configuration `unentropy.json` does not exist/);
    },
  })),
];
