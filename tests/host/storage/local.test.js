/**
 * Facts about histories in local files, established with real files, processes and file systems.
 */

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { LocalStore } from "../../../js/storage/local/local.js";
import { conformance } from "../conformance/blob-store.js";
import { effort } from "../support/effort.js";

const WINDOWS = process.platform === "win32";
const ROOT = !WINDOWS && process.getuid?.() === 0;
const posix = WINDOWS ? { skip: "needs symbolic links and modes" } : {};
const top = realpathSync(mkdtempSync(join(tmpdir(), "unentropy-local-")));
after(() => rmSync(top, { recursive: true, force: true }));
const WRITER = fileURLToPath(new URL("./blob-writer.js", import.meta.url));

let folders = 0;
const folder = () => {
  const path = join(top, `f${++folders}`);
  mkdirSync(path);
  return path;
};

/**
 * @param {string} path
 * @param {{readonly?: boolean, patienceMs?: number}} [options]
 */
const open = (path, options) => new LocalStore(path, { sleep, random: Math.random, ...options });

/** What is in a folder but for backups, which stand beside every history that was replaced. @param {string} place */
const namesIn = (place) =>
  readdirSync(place)
    .filter((name) => !name.endsWith(".bak"))
    .sort();

/** @param {string} content */
const bytes = (content) => Buffer.from(content);

/**
 * @param {string} path
 * @param {string} content
 */
const put = async (path, content) => {
  const store = open(path);
  const outcome = await store.write(bytes(content), (await store.read())?.version ?? null);
  assert.equal(outcome.status, "stored");
};

conformance("a local file", () => {
  const place = folder();
  return {
    open: (options) => open(join(place, "history.db"), options),
    names: () => namesIn(place),
  };
});

conformance("a local file behind a link", () => {
  const place = folder();
  const real = folder();
  if (!WINDOWS) symlinkSync(join(real, "history.db"), join(place, "link.db"));
  const path = WINDOWS ? join(real, "history.db") : join(place, "link.db");
  return { open: (options) => open(path, options), names: () => namesIn(real) };
});

describe("what is absent and what has failed", () => {
  test("a directory that does not exist holds no history, and storing creates it", async () => {
    const path = join(folder(), "a", "b", "history.db");
    assert.equal(await open(path).read(), null);
    assert.equal(existsSync(dirname(path)), false);
    await put(path, "x");
    assert.equal(readFileSync(path, "utf8"), "x");
  });

  test("an empty file is there and empty", async () => {
    const path = join(folder(), "history.db");
    writeFileSync(path, "");
    assert.equal((await open(path).read())?.bytes.length, 0);
    assert.deepEqual(await open(path).write(bytes("x"), null), { status: "conflict" });
  });

  /** @type {[string, (place: string) => string, string, boolean?][]} */
  const cases = [
    ["a directory in its place", (place) => place, "FILE_IS_DIRECTORY"],
    [
      "a file where a directory should be",
      (place) => {
        writeFileSync(join(place, "file"), "");
        return join(place, "file", "history.db");
      },
      "FILE_NOT_DIRECTORY",
    ],
    ["a name that is too long", (place) => join(place, "n".repeat(300)), "FILE_NAME_TOO_LONG"],
    [
      "a circle of links",
      (place) => {
        symlinkSync("b", join(place, "a"));
        symlinkSync("a", join(place, "b"));
        return join(place, "a");
      },
      "FILE_LOOP",
      WINDOWS,
    ],
    [
      "a pipe",
      (place) => {
        execFileSync("mkfifo", [join(place, "pipe")]);
        return join(place, "pipe");
      },
      "STORAGE_NOT_A_FILE",
      WINDOWS,
    ],
    [
      "a file that may not be read",
      (place) => {
        writeFileSync(join(place, "secret"), "x", { mode: 0 });
        return join(place, "secret");
      },
      "FILE_DENIED",
      WINDOWS || ROOT,
    ],
  ];
  for (const [name, make, code, skip] of cases) {
    test(`${name} is ${code} for reading and for storing`, {
      skip: skip && "not on this system as this user",
    }, async () => {
      const path = make(folder());
      for (const attempt of [() => open(path).read(), () => open(path).write(bytes("x"), null)]) {
        await assert.rejects(attempt, (thrown) => {
          assert.ok(thrown instanceof Error && "code" in thrown && "type" in thrown && "hint" in thrown);
          assert.equal(thrown.code, code, thrown.message);
          assert.equal(thrown.type, "storage");
          assert.match(String(thrown.hint), /\.$/);
          return true;
        });
      }
    });
  }

  test("a directory that may not be written is an error that leaves the history", {
    skip: (WINDOWS || ROOT) && "needs a user whom modes bind",
  }, async () => {
    const path = join(folder(), "history.db");
    await put(path, "old");
    chmodSync(dirname(path), 0o555);
    await assert.rejects(put(path, "new"), { code: "FILE_DENIED" });
    chmodSync(dirname(path), 0o755);
    assert.equal(readFileSync(path, "utf8"), "old");
  });
});

describe("the file that is replaced", () => {
  test("its mode is kept", posix, async () => {
    const path = join(folder(), "history.db");
    await put(path, "one");
    chmodSync(path, 0o640);
    await put(path, "two");
    assert.equal(statSync(path).mode & 0o7777, 0o640);
  });

  test("its owner is kept", { skip: !ROOT && "needs root" }, async () => {
    const path = join(folder(), "history.db");
    await put(path, "one");
    execFileSync("chown", ["12345:23456", path]);
    await put(path, "two");
    const { uid, gid } = statSync(path);
    assert.deepEqual([uid, gid], [12345, 23456]);
  });

  test("a link stays a link, also one that led nowhere", posix, async () => {
    const place = folder();
    mkdirSync(join(place, "data"));
    symlinkSync("data/real.db", join(place, "history.db"));
    await put(join(place, "history.db"), "one");
    await put(join(place, "history.db"), "two");
    assert.equal(readFileSync(join(place, "data", "real.db"), "utf8"), "two");
    assert.deepEqual(readdirSync(place).sort(), ["data", "history.db"]);
    assert.deepEqual(namesIn(join(place, "data")), ["real.db"]);
  });

  test("who holds the old file open keeps reading it whole", posix, async () => {
    const path = join(folder(), "history.db");
    await put(path, "old");
    linkSync(path, `${path}.kept`);
    await put(path, "new");
    assert.equal(readFileSync(`${path}.kept`, "utf8"), "old");
  });

  test("a full disk leaves the history and nothing else", async (t) => {
    if (process.platform !== "linux" || !ROOT) {
      t.skip("NOT TESTED: a full disk needs root on Linux, to mount a small one");
      return;
    }
    const place = folder();
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", place], { stdio: "pipe" });
    } catch (thrown) {
      t.skip(`NOT TESTED: a small file system cannot be mounted here: ${thrown}`);
      return;
    }
    try {
      const path = join(place, "history.db");
      await put(path, "o".repeat(100_000));
      await assert.rejects(put(path, "n".repeat(200_000)), { code: "DISK_FULL", type: "storage" });
      assert.equal(readFileSync(path, "utf8"), "o".repeat(100_000));
      assert.deepEqual(namesIn(place), ["history.db"]);
    } finally {
      execFileSync("umount", [place]);
    }
  });

  test("what an interrupted writer left over is removed by the next", async () => {
    const path = join(folder(), "history.db");
    await put(path, "one");
    writeFileSync(`${path}.4711-abc0.tmp`, "half");
    writeFileSync(`${path}.mine.tmp`, "somebody's own");
    await put(path, "two");
    assert.deepEqual(namesIn(dirname(path)), ["history.db", "history.db.mine.tmp"]);
  });
});

describe("a file that is not the whole history", () => {
  /** @type {[string, string, Buffer, boolean][]} */
  const cases = [
    ["a write-ahead log with pages", "-wal", Buffer.alloc(32 + 24 + 4096, 1), true],
    ["an empty write-ahead log", "-wal", Buffer.alloc(0), false],
    ["a write-ahead log of a header alone", "-wal", Buffer.alloc(32, 1), false],
    [
      "a rollback journal of an unfinished transaction",
      "-journal",
      Buffer.from("d9d505f920a163d7", "hex"),
      true,
    ],
    ["a rollback journal that is over", "-journal", Buffer.alloc(512), false],
    ["an empty rollback journal", "-journal", Buffer.alloc(0), false],
    ["the index of a write-ahead log", "-shm", Buffer.alloc(32768, 1), false],
  ];
  for (const [name, suffix, content, refused] of cases) {
    test(`${name} is ${refused ? "refused" : "no obstacle"}`, async () => {
      const path = join(folder(), "history.db");
      await put(path, "main");
      const version = (await open(path).read())?.version ?? null;
      writeFileSync(path + suffix, content);
      if (!refused) {
        assert.equal((await open(path).read())?.version, version);
        assert.equal((await open(path).write(bytes("new"), version)).status, "stored");
        return;
      }
      const expected = { code: "HISTORY_HOT_JOURNAL", type: "storage" };
      await assert.rejects(open(path).read(), expected);
      await assert.rejects(open(path).write(bytes("new"), version), expected);
      assert.equal(readFileSync(path, "utf8"), "main");
      rmSync(path);
      await assert.rejects(open(path).read(), expected, "nor is the file absent without its main part");
    });
  }

  test("builds that SQLite left in its write-ahead log are not lost: refused, then read after the remedy", async (t) => {
    const path = join(folder(), "history.db");
    try {
      execFileSync("sqlite3", ["-version"]);
    } catch {
      t.skip("NOT TESTED: the program sqlite3 is not installed");
      return;
    }
    const shell = spawn("sqlite3", [path], { stdio: ["pipe", "pipe", "inherit"] });
    const told = new Promise((resolve) =>
      shell.stdout.on("data", (data) => /done/.test(String(data)) && resolve(0)),
    );
    shell.stdin.write(
      "PRAGMA journal_mode=WAL;\nCREATE TABLE t(a);\nINSERT INTO t VALUES (1);\nSELECT 'done';\n",
    );
    await told;
    await assert.rejects(open(path).read(), { code: "HISTORY_HOT_JOURNAL" });
    const ended = new Promise((resolve) => shell.on("exit", resolve));
    shell.kill("SIGKILL");
    await ended;
    await assert.rejects(open(path).read(), (thrown) => {
      assert.ok(thrown instanceof Error && "hint" in thrown);
      const remedy = /`(sqlite3 .*)`/.exec(String(thrown.hint))?.[1];
      execFileSync("sh", ["-c", String(remedy)], { stdio: "pipe" });
      return true;
    });
    assert.ok(await open(path).read());
    assert.equal(execFileSync("sqlite3", [path, "SELECT a FROM t"], { encoding: "utf8" }), "1\n");
  });
});

describe("the lock", () => {
  /**
   * @param {string} path
   * @param {object | string} content
   * @param {number} [ageMs]
   */
  const leave = (path, content, ageMs = 0) => {
    writeFileSync(`${path}.lock`, typeof content === "string" ? content : JSON.stringify(content));
    const then = new Date(Date.now() - ageMs);
    utimesSync(`${path}.lock`, then, then);
  };
  const deadPid = () => Number(execFileSync(process.execPath, ["-p", "process.pid"], { encoding: "utf8" }));
  const space =
    process.platform === "linux"
      ? ` ${execFileSync("readlink", ["/proc/self/ns/pid"], { encoding: "utf8" }).trim()}`
      : "";
  const here = `${hostname()}${space}`;

  /** @type {[string, () => [object | string, number?], boolean][]} */
  const cases = [
    ["of a dead process on this machine is taken over at once", () => [{ pid: deadPid(), host: here }], true],
    ["of a living process is respected", () => [{ pid: process.ppid, host: here }], false],
    ["of another machine is respected", () => [{ pid: deadPid(), host: "elsewhere" }], false],
    ["of another machine is taken over after minutes", () => [{ pid: 1, host: "elsewhere" }, 180_000], true],
    [
      "of a living process is taken over after minutes",
      () => [{ pid: process.ppid, host: here }, 180_000],
      true,
    ],
    ["without content is respected while it is young", () => ["", 500], false],
    ["without content is taken over after seconds", () => ["", 6_000], true],
  ];
  for (const [name, make, taken] of cases) {
    test(`a lock ${name}`, async () => {
      const path = join(folder(), "history.db");
      const [content, age] = make();
      leave(path, content, age);
      const attempt = open(path, { patienceMs: 150 }).write(bytes("x"), null);
      if (taken) {
        assert.equal((await attempt).status, "stored");
        assert.deepEqual(namesIn(dirname(path)), ["history.db"]);
        return;
      }
      await assert.rejects(attempt, (thrown) => {
        assert.ok(thrown instanceof Error && "code" in thrown && "retryable" in thrown && "hint" in thrown);
        assert.equal(thrown.code, "STORAGE_LOCKED");
        assert.equal(thrown.retryable, true);
        assert.match(String(thrown.hint), /delete `.*history\.db\.lock`/);
        return true;
      });
      assert.deepEqual(readdirSync(dirname(path)), ["history.db.lock"]);
    });
  }

  test("a lock does not keep anybody from reading", async () => {
    const path = join(folder(), "history.db");
    await put(path, "x");
    leave(path, { pid: process.ppid, host: here });
    assert.ok(await open(path).read());
  });

  test("two paths to one file share the lock", posix, async () => {
    const place = folder();
    const path = join(place, "history.db");
    await put(path, "x");
    symlinkSync(path, join(place, "alias"));
    leave(path, { pid: process.ppid, host: here });
    await assert.rejects(open(join(place, "alias"), { patienceMs: 50 }).write(bytes("y"), null), {
      code: "STORAGE_LOCKED",
    });
  });
});

describe("processes side by side", () => {
  /**
   * The lines of a file whose checksum holds.
   *
   * @param {string} path
   * @returns {string[]}
   */
  const linesOf = (path) => {
    const [body = "", sum] = readFileSync(path, "utf8").split("#");
    assert.equal(createHash("sha256").update(body).digest("hex"), sum, "the content is whole");
    return body
      .split("\n")
      .filter(Boolean)
      .map((line) => line.split(" ")[0] ?? "");
  };

  test("twelve processes with five builds each lose none", { timeout: 600_000 }, async () => {
    const path = join(folder(), "history.db");
    const codes = await Promise.all(
      Array.from({ length: 12 }, (_, i) => {
        const child = spawn(process.execPath, [WRITER, path, `w${i}`, "5"], {
          stdio: ["ignore", "ignore", "inherit"],
        });
        return new Promise((resolve) => child.on("exit", resolve));
      }),
    );
    assert.deepEqual(new Set(codes), new Set([0]));
    const lines = linesOf(path);
    assert.equal(lines.length, 60);
    assert.equal(new Set(lines).size, 60);
    assert.deepEqual(namesIn(dirname(path)), ["history.db"]);
  });

  test("writers that are killed at any moment never leave a damaged or shorter history", {
    timeout: 600_000,
  }, async () => {
    const path = join(folder(), "history.db");
    let state = 20261121;
    const random = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 2 ** 32;
    };
    /** @type {Set<string>} */
    const told = new Set();
    let inTheMiddle = 0;
    const rounds = effort({ quick: 12, full: 50 });
    for (let round = 0; round < rounds; round++) {
      const child = spawn(process.execPath, [WRITER, path, `r${round}`, "100000", "20000"], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const ended = new Promise((resolve) => child.on("exit", resolve));
      let seen = "";
      const first = new Promise((resolve) => child.stdout.once("data", resolve));
      child.stdout.on("data", (data) => {
        seen += data;
      });
      // Its first line also shows that it got past whatever the one before left behind.
      await first;
      await sleep(random() * 25);
      child.kill("SIGKILL");
      await ended;
      for (const line of seen.split("\n").slice(0, -1)) told.add(line);
      if (namesIn(dirname(path)).length > 1) inTheMiddle++;
      const lines = new Set(linesOf(path));
      for (const line of told)
        assert.ok(lines.has(line), `${line} was told and is gone after round ${round}`);
    }
    assert.ok(inTheMiddle >= rounds / 12, `only ${inTheMiddle} of ${rounds} were killed while they wrote`);
    await open(path).write(bytes("end"), (await open(path).read())?.version ?? null);
    assert.deepEqual(namesIn(dirname(path)), ["history.db"], "nothing is left over in the end");
  });
});
