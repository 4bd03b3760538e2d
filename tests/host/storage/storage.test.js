/**
 * Facts about the lifecycle of a history, with the real engine and real files; only answers that get lost are faked.
 */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import * as engine from "../../../js/engine/engine.js";
import { AS_PROPERTIES } from "../../../js/spelling.js";
import { createStorageProvider } from "../../../js/storage/factory.js";
import { LocalStore } from "../../../js/storage/local/local.js";
import { SqliteStorageProvider } from "../../../js/storage/read-record-write.js";
import { Storage } from "../../../js/storage/storage.js";
import { record, runsIn, valuesIn } from "../conformance/builds.js";
import { storageConformance } from "../conformance/storage.js";

/** @import { BlobStore } from "../../../js/storage/contract.js" */

const top = mkdtempSync(join(tmpdir(), "unentropy-storage-"));
after(() => rmSync(top, { recursive: true, force: true }));

let folders = 0;
const newPath = () => {
  const folder = join(top, `f${++folders}`);
  mkdirSync(folder);
  return join(folder, "history.db");
};

/** @param {string} path */
const localConfig = (path) => ({ type: /** @type {const} */ ("sqlite-local"), path });

/** @param {string} path */
const readRuns = async (path) => {
  const storage = new Storage({ ...localConfig(path), readonly: true });
  await storage.ready();
  try {
    return runsIn(storage.getRepository());
  } finally {
    storage.cleanup();
  }
};

storageConformance("sqlite-local", () => {
  const path = newPath();
  return {
    config: localConfig(path),
    content: () => (existsSync(path) ? readFileSync(path) : null),
    put: (bytes) => writeFileSync(path, bytes),
  };
});

describe("a race for the place", () => {
  /**
   * A provider over a local store whose writes go through `write`.
   *
   * @param {string} path
   * @param {(store: LocalStore, ...args: Parameters<BlobStore["write"]>) => ReturnType<BlobStore["write"]>} write
   * @param {number} [tries]
   */
  const providerWith = (path, write, tries) => {
    const store = new LocalStore(path, { sleep, random: Math.random });
    /** @type {number[]} */
    const pauses = [];
    const provider = new SqliteStorageProvider(
      {
        location: path,
        path,
        read: () => store.read(),
        write: (bytes, ifVersion) => write(store, bytes, ifVersion),
      },
      {
        engine,
        sleep: async (ms) => pauses.push(ms),
        random: () => 0.999,
        ...(tries === undefined ? {} : { tries }),
      },
    );
    return { provider, pauses };
  };

  test("a write whose answer was lost is recognised and not made again", async () => {
    const path = newPath();
    let writes = 0;
    const { provider } = providerWith(path, async (store, bytes, ifVersion) => {
      writes++;
      await store.write(bytes, ifVersion);
      return { status: "conflict" };
    });
    record(await provider.initialize(), 1);
    await provider.persist();
    assert.equal(writes, 1);
    assert.deepEqual(await readRuns(path), ["w/1"]);
    provider.cleanup();
  });

  test("a race that is always lost ends with an error, pauses that grow, and nothing of others lost", async () => {
    const path = newPath();
    let others = 0;
    const { provider, pauses } = providerWith(
      path,
      async (store, bytes, ifVersion) => {
        const other = new Storage(localConfig(path));
        await other.ready();
        record(other.getRepository(), ++others, "other");
        await other.close();
        return store.write(bytes, ifVersion);
      },
      4,
    );
    record(await provider.initialize(), 1);
    await assert.rejects(provider.persist(), { code: "STORAGE_CONTENDED", retryable: true, type: "storage" });
    assert.deepEqual(await readRuns(path), ["other/1", "other/2", "other/3", "other/4"]);
    assert.equal(pauses.length, 3);
    assert.ok(
      pauses.every((pause, i) => i === 0 || pause > (pauses[i - 1] ?? 0)),
      String(pauses),
    );
    provider.cleanup();
  });

  test("a build recorded while another is being stored is stored with the next call", async () => {
    const path = newPath();
    /** @type {() => void} */
    let meanwhile = () => {};
    const { provider } = providerWith(path, async (store, bytes, ifVersion) => {
      meanwhile();
      meanwhile = () => {};
      return store.write(bytes, ifVersion);
    });
    const repository = await provider.initialize();
    meanwhile = () => record(repository, 2);
    record(repository, 1);
    await provider.persist();
    assert.deepEqual(await readRuns(path), ["w/1"]);
    await Promise.all([provider.persist(), provider.persist()]);
    assert.deepEqual(await readRuns(path), ["w/1", "w/2"]);
    provider.cleanup();
  });

  test("a history that vanished meanwhile is stored again whole", async () => {
    const path = newPath();
    const first = new Storage(localConfig(path));
    await first.ready();
    record(first.getRepository(), 1);
    await first.persist();
    rmSync(path);
    record(first.getRepository(), 2);
    await first.close();
    assert.deepEqual(await readRuns(path), ["w/1", "w/2"]);
  });

  test("when storing fails the builds are still here, and storing again succeeds", async () => {
    const path = newPath();
    const storage = new Storage(localConfig(path));
    await storage.ready();
    record(storage.getRepository(), 1);
    writeFileSync(`${path}-journal`, Buffer.from("d9d505f920a163d7", "hex"));
    await assert.rejects(storage.close(), { code: "HISTORY_HOT_JOURNAL" });
    assert.equal(existsSync(path), false);
    assert.deepEqual(valuesIn(storage.getRepository()), [1]);
    rmSync(`${path}-journal`);
    await storage.close();
    assert.deepEqual(await readRuns(path), ["w/1"]);
  });

  test("twelve processes with three builds each lose none", { timeout: 600_000 }, async () => {
    const path = newPath();
    const writer = fileURLToPath(new URL("./build-writer.js", import.meta.url));
    const codes = await Promise.all(
      Array.from({ length: 12 }, (_, i) => {
        const child = spawn(process.execPath, [writer, path, `p${i}`, "3"], {
          stdio: ["ignore", "ignore", "inherit"],
        });
        return new Promise((resolve) => child.on("exit", resolve));
      }),
    );
    assert.deepEqual(new Set(codes), new Set([0]));
    assert.equal((await readRuns(path)).length, 36);
    assert.deepEqual(readdirSync(dirname(path)).sort(), ["history.db", "history.db.bak"]);
  });
});

describe("the provider that a configuration asks for", () => {
  /** @type {[string, any, string, RegExp][]} */
  const cases = [
    [
      "an unknown type",
      { type: "sqlite-s4" },
      "STORAGE_CONFIG_INVALID",
      /`sqlite-s4`, expected one of `sqlite-local`/,
    ],
    ["no path", { type: "sqlite-local" }, "STORAGE_CONFIG_INVALID", /no `path`/],
    ["an empty path", { type: "sqlite-local", path: " " }, "STORAGE_CONFIG_INVALID", /no `path`/],
    [
      "a word for a switch",
      { type: "sqlite-local", path: "x", readonly: "no" },
      "STORAGE_CONFIG_INVALID",
      /`readonly` is `no`/,
    ],
    [
      "a key that is missing",
      { type: "sqlite-s3", s3Bucket: "bucket", s3AccessKeyId: "id", s3SecretAccessKey: "secret" },
      "S3_PARAMETERS_INVALID",
      /`s3Key`/,
    ],
    [
      "an unknown repair",
      { type: "sqlite-s3", s3Bucket: "bucket", onCorrupt: "pray" },
      "STORAGE_CONFIG_INVALID",
      /`onCorrupt` is `pray`, expected one of `fail`/,
    ],
    [
      "no repository",
      { type: "sqlite-artifact", repository: "", githubToken: "t" },
      "STORAGE_CONFIG_INVALID",
      /`sqlite-artifact` has no `repository`/,
    ],
    [
      "a type of a later version",
      { type: "postgres", connectionString: "p:w@h" },
      "STORAGE_UNSUPPORTED",
      /`postgres`/,
    ],
  ];
  for (const [name, config, code, message] of cases) {
    test(`${name} is ${code}: ${JSON.stringify(config)}`, async () => {
      const given = { ...config, spelling: AS_PROPERTIES };
      await assert.rejects(createStorageProvider(given), { code, message, type: "validation" });
      await assert.rejects(new Storage(given).ready(), { code });
    });
  }

  test("it has the lifecycle that the names promise", async () => {
    const path = newPath();
    /** @type {string[]} */
    const told = [];
    const provider = await createStorageProvider(
      { ...localConfig(path), verbose: true },
      { log: (line) => told.push(line) },
    );
    assert.equal(provider.isInitialized, false);
    await assert.rejects(provider.persist(), { code: "STORAGE_NOT_READY" });
    const [repository, same] = await Promise.all([provider.initialize(), provider.initialize()]);
    assert.equal(repository, same);
    assert.equal(provider.isInitialized, true);
    record(repository, 1);
    await provider.persist();
    provider.cleanup();
    provider.cleanup();
    assert.equal(provider.isInitialized, false);
    assert.throws(() => repository.countBuilds(), { code: "STORAGE_NOT_READY" });
    assert.match(told.join("\n"), /no history at .*\nstored \d+ bytes at/);
  });
});
