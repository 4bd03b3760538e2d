// Reports that gzip compressed are read as what they hold, whatever they are called; what is damaged or unpacks to more than
// the limit is refused.

import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import zlib from "node:zlib";
import { Reports } from "../../js/collect/reports.js";
import { Failure } from "../../js/failure.js";
import { gunzip, unpackedSize } from "../../js/files/gunzip.js";

const REPORT = "TN:\nSF:src/a.js\nDA:1,1\nDA:2,0\nend_of_record\n";

/** @param {import("node:test").TestContext} t */
function place(t) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "unentropy-gzip-"));
  t.after(() => fs.rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/**
 * @param {import("node:test").TestContext} t
 * @param {Record<string, Uint8Array | string>} files
 * @param {ConstructorParameters<typeof Reports>[1]} [options]
 */
function measuring(t, files, options) {
  const directory = place(t);
  for (const [name, bytes] of Object.entries(files)) fs.writeFileSync(path.join(directory, name), bytes);
  const reports = new Reports({ directory, sources: [] }, options);
  t.after(() => reports.free());
  return (/** @type {string[]} */ ...names) =>
    reports.measure({
      names,
      measure: { kind: "coverage", of: "line", format: null, fallback: null },
      missing: [],
    });
}

/** @param {Promise<unknown>} promise @returns {Promise<Failure>} */
const failed = (promise) =>
  promise.then(
    () => assert.fail("it was read"),
    (thrown) => thrown,
  );

test("a compressed report is read by its first bytes, in one member or in several", async (t) => {
  const [head, tail] = [REPORT.slice(0, 20), REPORT.slice(20)];
  const measure = measuring(t, {
    "win.info.gz": zlib.gzipSync(REPORT),
    "no-ending": zlib.gzipSync(REPORT),
    "two.gz": Buffer.concat([zlib.gzipSync(head), zlib.gzipSync(tail)]),
    "other.info": "TN:\nSF:src/b.js\nDA:1,1\nDA:2,1\nend_of_record\n",
    "named.gz": REPORT,
  });
  for (const name of ["win.info.gz", "no-ending", "two.gz", "named.gz"]) {
    assert.equal((await measure(name)).value, 50, name);
  }
  assert.equal((await measure("win.info.gz", "other.info", "two.gz")).value, 75);
});

test("a compressed report that is cut off or damaged is no number", async (t) => {
  const bytes = zlib.gzipSync(REPORT);
  const damaged = Buffer.from(bytes);
  damaged[bytes.length - 6] ^= 0xff;
  const measure = measuring(t, {
    "cut.gz": bytes.subarray(0, bytes.length - 12),
    "head.gz": bytes.subarray(0, 4),
    "damaged.gz": damaged,
    "nothing.gz": zlib.gzipSync(""),
  });
  for (const [name, cause] of Object.entries({ cut: "cut off", head: "cut off", damaged: "damaged" })) {
    const failure = await failed(measure(`${name}.gz`));
    assert.equal(failure.code, "COLLECTOR_FORMAT");
    assert.match(failure.message, new RegExp(`^cannot read \`${name}\\.gz\`: its gzip data is ${cause}: `));
  }
  assert.match((await failed(measure("nothing.gz"))).message, /the file is empty/);
});

test("what unpacks to more than the limit is refused, and no more than the limit is unpacked", () => {
  const bomb = zlib.gzipSync(Buffer.alloc(4 << 20));
  assert.ok(bomb.length < 8192);
  assert.equal(gunzip(bomb, { limit: 4 << 20, shown: "bomb.gz" }).length, 4 << 20);
  assert.throws(
    () => gunzip(bomb, { limit: (4 << 20) - 1, shown: "bomb.gz" }),
    (thrown) =>
      thrown instanceof Failure &&
      thrown.code === "FILE_TOO_LARGE" &&
      /^could not read `bomb\.gz`: it is unpacked longer than the limit of 4194303 bytes$/.test(
        thrown.message,
      ),
  );
});

test("a report that is larger unpacked goes to a thread, also where it says otherwise", async (t) => {
  const lines = Array.from({ length: 20_000 }, (_, n) => `DA:${n + 1},${n % 2}\n`).join("");
  const large = zlib.gzipSync(`SF:src/a.js\n${lines}`);
  const files = { "large.gz": Buffer.concat([large, zlib.gzipSync("end_of_record\n")]) };
  const directory = place(t);
  fs.writeFileSync(path.join(directory, "one.gz"), large);
  assert.equal(unpackedSize(path.join(directory, "one.gz")), `SF:src/a.js\n${lines}`.length);
  fs.writeFileSync(path.join(directory, "large.gz"), files["large.gz"]);
  assert.ok(
    unpackedSize(path.join(directory, "large.gz")) < lines.length,
    "the last member speaks for itself",
  );
  const measure = measuring(t, files, { apartFrom: lines.length });
  assert.equal((await measure("large.gz")).value, 50);
});
