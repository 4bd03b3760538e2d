/**
 * Facts about running commands, established with real processes.
 */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { commandEnvironment, run, runAll, WITHHELD, windowsShell } from "../../js/collect/command.js";
import { withLimit } from "./support/limits.js";

const posix = process.platform === "win32" ? { skip: "needs a POSIX shell" } : {};
const folder = mkdtempSync(join(tmpdir(), "unentropy-exec-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** @param {number} pid */
const alive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/**
 * Waits until a process is gone; a killed orphan may stay for a moment until it is reaped.
 *
 * @param {number} pid
 */
const gone = async (pid) => {
  for (let waited = 0; waited < 120_000 && alive(pid); waited += 20) {
    if (process.platform === "linux" && /^State:\s+Z/m.test(statusOf(pid))) return true;
    await sleep(20);
  }
  return !alive(pid);
};

/** @param {number} pid */
const statusOf = (pid) => {
  try {
    return readFileSync(`/proc/${pid}/status`, "utf8");
  } catch {
    return "";
  }
};

describe("what a command did", posix, () => {
  const cases = [
    ["a command that ends with 0 is ok", "echo 42", { status: "ok", exitCode: 0, stdout: "42\n" }],
    [
      "another exit code is a failure with the text of stderr",
      "echo out; echo why >&2; exit 3",
      { status: "failed", exitCode: 3, stdout: "out\n", stderr: "why\n" },
    ],
    [
      "what was printed is passed on as it is",
      "printf '\\n  \\t\\n  7.5 \\r\\nlater\\n'",
      { stdout: "\n  \t\n  7.5 \r\nlater\n" },
    ],
    ["no output is empty and not an error", "true", { status: "ok", stdout: "" }],
    [
      "a signal is named",
      "kill -KILL $$",
      { status: "failed", exitCode: null, signal: "SIGKILL", problem: null },
    ],
    ["an unknown program is a failed command", "no-such-program-x", { status: "failed", exitCode: 127 }],
    ["stdin is at its end", "cat; echo done", { status: "ok", stdout: "done\n" }],
    ["text beyond ASCII survives", "printf 'größe 5µs'", { stdout: "größe 5µs" }],
  ];
  for (const [name, command, expected] of /** @type {[string, string, Record<string, unknown>][]} */ (
    cases
  )) {
    test(name, async () => {
      const result = await run(command);
      const seen = /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (result));
      for (const [key, value] of Object.entries(expected)) assert.deepEqual(seen[key], value, key);
      assert.ok(result.durationMs > 0);
    });
  }

  test("commands run in the given directory", async () => {
    assert.equal((await run("pwd -P", { cwd: "/" })).stdout, "/\n");
  });

  test("a missing working directory is named, not the shell", async () => {
    const result = await run("true", { cwd: join(folder, "absent") });
    assert.equal(result.status, "failed");
    assert.equal(result.problem?.code, "COMMAND_NOT_STARTED");
    assert.match(result.problem?.message ?? "", /absent/);
  });

  test("a command with a null byte fails without throwing", async () => {
    const result = await run("echo \0");
    assert.equal(result.status, "failed");
    assert.equal(result.problem?.code, "COMMAND_NOT_STARTED");
  });
});

describe("stopping", posix, () => {
  test("a timeout ends grandchildren too", async () => {
    const file = join(folder, "grandchild");
    const { outcome: result, limit } = await withLimit(
      300,
      (timeoutMs) => run(`sh -c 'echo $$ > "${file}"; exec sleep 600' & sleep 600`, { timeoutMs }),
      () => existsSync(file) && readFileSync(file, "utf8").endsWith("\n"),
    );
    assert.equal(result.status, "timeout");
    assert.ok(result.durationMs < limit + 120_000, `${result.durationMs} ms`);
    assert.ok(await gone(Number(readFileSync(file, "utf8"))));
  });

  test("a command that ignores the polite signal is killed after the grace", async () => {
    const { outcome: result } = await withLimit(
      200,
      (timeoutMs) =>
        run("trap '' TERM; echo started; while :; do sleep 0.05; done", { timeoutMs, graceMs: 200 }),
      ({ stdout }) => stdout === "started\n",
    );
    assert.equal(result.status, "timeout");
    assert.equal(result.signal, "SIGKILL");
    assert.equal(result.stdout, "started\n");
  });

  test("a command that ends well on the polite signal has still run out of time", async () => {
    const result = await run("trap 'exit 0' TERM; while :; do sleep 0.05; done", { timeoutMs: 200 });
    assert.equal(result.status, "timeout");
  });

  test("an abort ends a running command and prevents a later one", async () => {
    const controller = new AbortController();
    const running = run("sleep 60", { signal: controller.signal });
    setTimeout(() => controller.abort(), 100);
    assert.equal((await running).status, "aborted");
    assert.equal((await run("echo never", { signal: controller.signal })).status, "aborted");
  });

  test("a background child that holds the pipe does not hold up the result, and is ended", async () => {
    const file = join(folder, "holder");
    const result = await run(
      `sh -c 'echo $$ > "${file}"; exec sleep 600' & until test -s "${file}"; do sleep 0.02; done; echo 5`,
    );
    assert.equal(result.status, "ok");
    assert.equal(result.stdout, "5\n");
    assert.ok(result.durationMs < 120_000, `${result.durationMs} ms`);
    assert.ok(await gone(Number(readFileSync(file, "utf8"))));
  });

  test("a background child that let go of the pipe lives on", async () => {
    const file = join(folder, "daemon");
    const result = await run(
      `sh -c 'echo $$ > "${file}"; exec sleep 600' >/dev/null 2>&1 </dev/null & until test -s "${file}"; do sleep 0.02; done; echo 6`,
    );
    assert.equal(result.status, "ok");
    const pid = Number(readFileSync(file, "utf8"));
    assert.ok(alive(pid));
    process.kill(pid, "SIGKILL");
  });

  for (const [
    name,
    end,
  ] of /** @type {[string, (child: import("node:child_process").ChildProcess) => void][]} */ ([
    ["SIGTERM to this program ends its commands", (child) => child.kill("SIGTERM")],
    ["SIGINT to this program ends its commands", (child) => child.kill("SIGINT")],
    ["leaving this program ends its commands", () => {}],
  ])) {
    test(name, async () => {
      const file = join(folder, `left-${name.length}`);
      const script = join(folder, "runner.mjs");
      writeFileSync(
        script,
        `import fs from "node:fs";
         import { run } from ${JSON.stringify(new URL("../../js/collect/command.js", import.meta.url).href)};
         run("echo $$ > '${file}'; exec sleep 600");
         const up = () => fs.existsSync('${file}') && fs.statSync('${file}').size > 0;
         while (!up()) await new Promise((resolve) => setTimeout(resolve, 10));
         if (process.argv[2] === "exit") process.exit(0);
         console.log("up");`,
      );
      const leaves = name.startsWith("leaving");
      const child = spawn(process.execPath, [script, leaves ? "exit" : "stay"], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const ended = new Promise((resolve) => child.on("exit", (code, by) => resolve(by ?? code)));
      if (!leaves) await new Promise((resolve) => child.stdout?.once("data", resolve));
      end(child);
      assert.equal(await ended, leaves ? 0 : name.split(" ")[0]);
      assert.ok(await gone(Number(readFileSync(file, "utf8"))));
    });
  }
});

describe("output without bounds", posix, () => {
  test("100 MB of stdout stay bounded in memory and are read to the end", async () => {
    const before = process.memoryUsage().rss;
    let peak = before;
    const watch = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage().rss);
    }, 5);
    const result = await run("echo 17; head -c 104857600 /dev/zero | tr '\\0' x; echo end >&2");
    clearInterval(watch);
    assert.equal(result.status, "ok");
    assert.match(result.stdout, /^17\nx+$/);
    assert.equal(result.stdout.length, 64 * 1024);
    assert.equal(result.stderr, "end\n");
    assert.ok(peak - before < 60 * 1024 * 1024, `grew by ${peak - before} bytes`);
  });

  test("of a long stderr the end is kept", async () => {
    const result = await run("head -c 1000000 /dev/zero | tr '\\0' y >&2; echo the reason >&2; exit 1");
    assert.equal(result.stderr.length, 8 * 1024);
    assert.ok(result.stderr.endsWith("yyy" + "the reason\n"));
  });
});

describe("what a command can see", () => {
  const facts = /** @type {const} */ ({
    commitSha: "abc",
    branch: "main",
    runId: "1",
    runNumber: 7,
    actor: "ann",
    metricKey: "loc",
    metricType: "numeric",
  });

  test("every withheld name is absent, and each row says why", () => {
    /** @type {Record<string, string>} */
    const base = {
      PATH: "/bin",
      HOME: "/root",
      UNENTROPY_S3_SECRET_ACCESS_KEY: "s",
      UNENTROPY_BRANCH: "old",
    };
    for (const { name, reason } of WITHHELD) {
      assert.ok(reason.length > 5, name);
      base[name.replace("*", "X")] = "secret";
    }
    assert.deepEqual(commandEnvironment(base, {}), { PATH: "/bin", HOME: "/root" });
  });

  test("the facts of the run are there, and unknown ones are not", () => {
    assert.deepEqual(commandEnvironment({ PATH: "/bin" }, facts), {
      PATH: "/bin",
      UNENTROPY_COMMIT_SHA: "abc",
      UNENTROPY_BRANCH: "main",
      UNENTROPY_RUN_ID: "1",
      UNENTROPY_RUN_NUMBER: "7",
      UNENTROPY_ACTOR: "ann",
      UNENTROPY_METRIC_KEY: "loc",
      UNENTROPY_METRIC_TYPE: "numeric",
    });
    assert.deepEqual(commandEnvironment({}, { branch: "main" }), { UNENTROPY_BRANCH: "main" });
  });

  test("a project's own database stays visible where the history is elsewhere", () => {
    const base = { PGPASSWORD: "p", AWS_ACCESS_KEY_ID: "a" };
    assert.deepEqual(commandEnvironment(base, {}, { storageType: "sqlite-s3" }), { PGPASSWORD: "p" });
    assert.deepEqual(commandEnvironment(base, {}, { storageType: "postgres" }), {});
  });

  test("the runner's command files are withheld, and what describes the run is not", () => {
    const files = ["GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STATE", "GITHUB_STEP_SUMMARY"];
    const base = { ...Object.fromEntries(files.map((name) => [name, "/runner/file"])), GITHUB_SHA: "c0ffee" };
    assert.deepEqual(commandEnvironment(base, {}), { GITHUB_SHA: "c0ffee" });
  });

  test("on Windows another spelling of a withheld name is withheld too", () => {
    const base = { Github_Token: "t", input_s3: "x", Path: "C:\\" };
    assert.deepEqual(commandEnvironment(base, {}, { platform: "win32" }), { Path: "C:\\" });
    assert.deepEqual(commandEnvironment({ input_dir: "x" }, {}, { platform: "linux" }), { input_dir: "x" });
  });

  test("a command started with that environment sees no token", posix, async () => {
    const env = commandEnvironment({ ...process.env, GITHUB_TOKEN: "t0ken", INPUT_KEY: "k3y" }, facts);
    const result = await run("env", { env });
    assert.doesNotMatch(result.stdout, /t0ken|k3y/);
    assert.match(result.stdout, /^UNENTROPY_METRIC_KEY=loc$/m);
  });
});

describe("the shell on Windows", () => {
  /** @type {[string, Record<string, string>, string[], string][]} */
  const cases = [
    [
      "a bash on the path is taken",
      { PATH: "C:\\tools;D:\\msys\\bin" },
      ["D:\\msys\\bin\\bash.exe"],
      "D:\\msys\\bin\\bash.exe",
    ],
    [
      "the bash of the Windows directory does not count",
      {
        Path: "C:\\Windows\\System32;C:\\Users\\a\\AppData\\Local\\Microsoft\\WindowsApps",
        ComSpec: "C:\\cmd.exe",
      },
      ["C:\\Windows\\System32\\bash.exe", "C:\\Users\\a\\AppData\\Local\\Microsoft\\WindowsApps\\bash.exe"],
      "C:\\cmd.exe",
    ],
    [
      "the bash beside git is found",
      { PATH: "E:\\Git\\cmd" },
      ["E:\\Git\\cmd\\git.exe", "E:\\Git\\bin\\bash.exe"],
      "E:\\Git\\bin\\bash.exe",
    ],
    [
      "git in its usual place is found",
      { ProgramFiles: "C:\\Program Files" },
      ["C:\\Program Files\\Git\\bin\\bash.exe"],
      "C:\\Program Files\\Git\\bin\\bash.exe",
    ],
    ["without any bash it is cmd", {}, [], "cmd.exe"],
  ];
  for (const [name, env, files, expected] of cases) {
    test(name, () => {
      const shell = windowsShell(env, (path) => files.includes(path));
      assert.equal(shell.file, expected);
      assert.equal(shell.verbatim, expected.endsWith("cmd.exe"));
    });
  }
});

describe("side by side", () => {
  /** @param {number} concurrency */
  const most = async (concurrency) => {
    let running = 0;
    let peak = 0;
    const results = await runAll(
      [30, 10, 20, 5, 1].map((ms, index) => async () => {
        peak = Math.max(peak, ++running);
        await sleep(ms);
        running--;
        return index;
      }),
      concurrency,
    );
    assert.deepEqual(results, [0, 1, 2, 3, 4]);
    return peak;
  };

  test("results stand in the order of the tasks, and no more run than asked for", async () => {
    assert.equal(await most(1), 1);
    assert.equal(await most(3), 3);
    assert.equal(await most(99), 5);
  });

  test("after a rejection nothing new starts and the running tasks are awaited", async () => {
    /** @type {string[]} */
    const events = [];
    const tasks = [
      async () => {
        await sleep(30);
        events.push("slow one done");
      },
      async () => {
        throw new Error("broken");
      },
      async () => {
        events.push("never");
      },
    ];
    await assert.rejects(runAll(tasks, 2), /broken/);
    assert.deepEqual(events, ["slow one done"]);
  });

  test("no task is no work", async () => {
    assert.deepEqual(await runAll([], 4), []);
  });
});
