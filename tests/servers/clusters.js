// Servers that are several processes or want several steps before they serve: Garage, and the object gateway of Ceph
// with the smallest cluster behind it. Each start is a new one in a folder of its own, all in memory or on the disk's
// temporary part, and gone when it is stopped.

import { execFile } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { freePort, startProcess } from "./process.js";

/** @import { S3Server } from "./s3.js" */

const call = promisify(execFile);

/**
 * One node with one key, which may make buckets.
 *
 * @param {string} program
 * @returns {Promise<S3Server>}
 */
export async function startGarage(program) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "unentropy-garage-"));
  const file = path.join(folder, "garage.toml");
  const region = "garage";
  // It accepts keys of this form only.
  const credentials = {
    accessKeyId: `GK${randomBytes(12).toString("hex")}`,
    secretAccessKey: randomBytes(32).toString("hex"),
  };
  const rpc = await freePort();
  const started = startProcess(
    program,
    (port) => {
      const settings = {
        "": {
          metadata_dir: path.join(folder, "meta"),
          data_dir: path.join(folder, "data"),
          db_engine: "sqlite",
          replication_factor: 1,
          rpc_bind_addr: `127.0.0.1:${rpc}`,
          rpc_public_addr: `127.0.0.1:${rpc}`,
          rpc_secret: randomBytes(32).toString("hex"),
        },
        s3_api: { s3_region: region, api_bind_addr: `127.0.0.1:${port}`, root_domain: ".localhost" },
      };
      fs.writeFileSync(
        file,
        sections(settings, (value) => JSON.stringify(value)),
        { mode: 0o600 },
      );
      return ["-c", file, "server"];
    },
    { RUST_LOG: "garage=warn" },
  );
  const server = await started.catch((error) => {
    fs.rmSync(folder, { recursive: true, force: true });
    throw error;
  });
  const stop = async () => {
    await server.stop();
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  const garage = async (/** @type {string[]} */ ...args) =>
    (await call(program, ["-c", file, ...args], { timeout: 60_000 })).stdout;
  try {
    const node = (await eventually(() => garage("node", "id", "-q"))).split("@")[0].trim();
    await eventually(() => garage("status"));
    await garage("layout", "assign", "-z", "here", "-c", "1G", node);
    await garage("layout", "apply", "--version", "1");
    const { accessKeyId, secretAccessKey } = credentials;
    await garage("key", "import", "--yes", "-n", "tester", accessKeyId, secretAccessKey);
    await garage("key", "allow", "--create-bucket", accessKeyId);
  } catch (error) {
    await stop();
    throw error;
  }
  return { name: "Garage", endpoint: `http://127.0.0.1:${server.port}`, credentials, region, stop };
}

/**
 * A gateway, a monitor and one store in memory, all without authentication among themselves.
 *
 * @param {{accessKeyId: string, secretAccessKey: string}} credentials
 * @returns {Promise<S3Server>}
 */
export async function startCeph(credentials) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "unentropy-ceph-"));
  const file = path.join(folder, "ceph.conf");
  const [gateway, two, one] = [await freePort(), await freePort(), await freePort()];
  const settings = {
    global: {
      fsid: randomUUID(),
      "mon initial members": "a",
      "mon host": `[v2:127.0.0.1:${two},v1:127.0.0.1:${one}]`,
      "auth cluster required": "none",
      "auth service required": "none",
      "auth client required": "none",
      "run dir": folder,
      "admin socket": path.join(folder, "$name.asok"),
      "log file": path.join(folder, "$name.log"),
      "pid file": path.join(folder, "$name.pid"),
      "osd pool default size": 1,
      "osd pool default min size": 1,
      "osd pool default pg num": 8,
      "osd pool default pgp num": 8,
      "osd pool default pg autoscale mode": "off",
      "osd crush chooseleaf type": 0,
      "mon allow pool size one": true,
      "mon max pg per osd": 1000,
      "mon osd min in ratio": 0,
      "mon data avail warn": 1,
      "mon data avail crit": 1,
      "osd objectstore": "memstore",
      "memstore device bytes": 1 << 30,
      "mon data": path.join(folder, "mon"),
      "osd data": path.join(folder, "osd"),
      "ms bind ipv6": false,
      // The gateway's own default needs authentication and would wait for it for ever.
      "ms mon client mode": "crc",
      "rgw data": path.join(folder, "rgw"),
      "rgw frontends": `beast endpoint=127.0.0.1:${gateway}`,
      "rgw dns name": "localhost",
      "rgw enable usage log": false,
      "rgw enable gc threads": false,
      "rgw enable lc threads": false,
      "rgw enable quota threads": false,
      // Keys of encryption from the settings, for tests only; and without TLS.
      "rgw crypt require ssl": false,
      "rgw crypt s3 kms backend": "testing",
      "rgw crypt s3 kms encryption keys": `test-key=${Buffer.alloc(32, "k").toString("base64")}`,
    },
  };
  fs.writeFileSync(file, sections(settings, String));
  for (const part of ["mon", "osd", "rgw"]) fs.mkdirSync(path.join(folder, part));
  /** @type {{stop: () => Promise<void>}[]} */
  const running = [];
  const stop = async () => {
    for (const each of running.splice(0).reverse()) await each.stop();
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  const config = ["-c", file];
  const run = async (/** @type {string} */ program, /** @type {string[]} */ args, timeout = 60_000) =>
    (await call(program, [...args, ...config], { timeout })).stdout;
  const ceph = (/** @type {string[]} */ ...args) => run("ceph", args, 20_000);
  const daemon = async (/** @type {string} */ program, /** @type {string[]} */ args) => {
    running.push(await startProcess(program, () => ["-f", ...args, ...config], {}, { listening: false }));
  };
  try {
    await run("ceph-mon", ["--mkfs", "-i", "a"]);
    await daemon("ceph-mon", ["-i", "a"]);
    await eventually(() => ceph("osd", "stat"));
    const store = randomUUID();
    await ceph("osd", "new", store);
    await run("ceph-osd", ["-i", "0", "--mkfs", "--osd-uuid", store]);
    await ceph("osd", "crush", "add", "osd.0", "1", "root=default", "host=localhost");
    await daemon("ceph-osd", ["-i", "0"]);
    await eventually(async () => {
      const { num_up_osds: up } = JSON.parse(await ceph("osd", "stat", "-f", "json"));
      if (up !== 1) throw new Error(`the store is not up: ${up}`);
    });
    await daemon("radosgw", ["-n", "client.rgw.a"]);
    const { accessKeyId, secretAccessKey } = credentials;
    const keys = [`--access-key=${accessKeyId}`, `--secret=${secretAccessKey}`];
    await run("radosgw-admin", [
      ...["-n", "client.rgw.a", "user", "create", "--uid=tester", "--display-name=tester", ...keys],
    ]);
  } catch (error) {
    await stop();
    throw error;
  }
  return { name: "Ceph RGW", endpoint: `http://127.0.0.1:${gateway}`, credentials, stop };
}

/**
 * Does what a server that is only beginning may refuse, until it succeeds.
 *
 * @template T
 * @param {() => Promise<T>} step
 * @returns {Promise<T>}
 */
async function eventually(step) {
  const until = Date.now() + 90_000;
  for (;;) {
    try {
      return await step();
    } catch (error) {
      if (Date.now() > until) throw error;
      await sleep(200);
    }
  }
}

/**
 * Settings in the form that both servers read: sections of `name = value`.
 *
 * @param {Record<string, Record<string, string | number | boolean>>} settings the section without a name first
 * @param {(value: string | number | boolean) => string} written
 */
function sections(settings, written) {
  return Object.entries(settings)
    .flatMap(([section, entries]) => [
      ...(section === "" ? [] : [`[${section}]`]),
      ...Object.entries(entries).map(([name, value]) => `${name} = ${written(value)}`),
    ])
    .join("\n")
    .concat("\n");
}
