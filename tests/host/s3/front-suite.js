/**
 * Whole runs of the shipped command line, with its defaults, on a real server behind a front: what users do, and no
 * more of the conformance suite, which the server has passed without the front. Server and front run already and are
 * named by the environment; see `tools/providers.js`.
 */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { buildOf } from "../conformance/builds.js";
import { lanes, Workplace } from "./campaigns/cli-runs.js";
import { Place } from "./place.js";

/** @type {import("./place.js").Server & {name: string, front: string}} */
const server = JSON.parse(process.env.S3_SERVER ?? "null");
/** @type {import("./place.js").Server} the server without its front */
const direct = JSON.parse(process.env.S3_DIRECT ?? "null");
if (!server || !direct) throw new Error("S3_SERVER is not set: `npm run test:providers` runs this");

const limits = { timeout: 600_000 };
/** Its own writes are not whole, so that readers are told of damage while another writes. */
const TORN = server.name === "s3s-fs";
/** Builds of a history that is sent in parts: each takes half a megabyte. */
const LARGE = { builds: 34, metrics: 1000, label: "ü".repeat(256) };
const OVERLAPPING = 8;

describe(`${server.name}, ${server.front}`, () => {
  /** @type {Workplace} */
  let workplace;
  before(() => {
    workplace = new Workplace();
  });
  after(() => workplace.remove());

  /** @param {(place: Place) => Promise<void>} body */
  const at = (body) => async () => {
    const place = new Place(server, { direct });
    try {
      await body(place);
    } finally {
      place.remove();
    }
  };

  /** @param {Place} place @param {string} runId @param {string[]} [flags] @param {"track" | "report"} [command] */
  const well = async (place, runId, flags, command) => {
    const { code, stdout, stderr } = await workplace.run(place, runId, flags, command);
    assert.equal(code, 0, `${runId}: ${stdout}\n${stderr}`);
    return { document: JSON.parse(stdout), stderr };
  };

  test(
    "a first run, two more and a reader",
    limits,
    at(async (place) => {
      for (const runId of ["first", "second", "third"]) {
        const { stderr } = await well(place, runId);
        assert.deepEqual(stderr.match(/^warning.*$/gm) ?? [], [], stderr);
      }
      assert.deepEqual(await place.runs(), ["first", "second", "third"]);
      const { document } = await well(place, "reader", [], "report");
      assert.equal(document.totalBuilds, 3);
    }),
  );

  test(
    `${OVERLAPPING} overlapping runs, 4 at a time, add exactly ${OVERLAPPING} builds`,
    { ...limits, ...(TORN ? { skip: "the server's own writes are not whole" } : {}) },
    at(async (place) => {
      await lanes(OVERLAPPING, 4, async (n) => {
        await well(place, `run-${n}`);
      });
      assert.deepEqual(
        await place.runs(),
        Array.from({ length: OVERLAPPING }, (_, n) => `run-${n}`),
      );
    }),
  );

  test(
    "a history that is sent in parts gets a build more",
    limits,
    at(async (place) => {
      const storage = await place.open();
      for (let n = 0; n < LARGE.builds; n++) {
        const metrics = Array.from({ length: LARGE.metrics }, (_, m) => ({
          metric: { id: `label-${m}`, type: /** @type {const} */ ("label"), unit: null, description: null },
          value: LARGE.label,
        }));
        storage.getRepository().recordBuild(buildOf(n, "large")[0], metrics);
      }
      await storage.close();
      const { document } = await well(place, "one-more");
      assert.equal(document.totalBuilds, LARGE.builds + 1);
      assert.ok(document.databaseSize > 16 << 20, `${document.databaseSize} bytes`);
      assert.equal((await place.content())?.length, document.databaseSize);
      assert.ok((await place.runs()).includes("one-more"));
      assert.deepEqual(await place.client.listUploads(place.key).catch(() => []), []);
    }),
  );

  test(
    "a damaged history stops a run, and is restored when asked",
    limits,
    at(async (place) => {
      for (const runId of ["first", "second"]) await well(place, runId);
      await place.put(Buffer.from("damaged"));
      const { code, stdout, stderr } = await workplace.run(place, "stopped");
      assert.equal(code, 3, stdout + stderr);
      // Where the server keeps the metadata of what was replaced, the checksum tells before the content does.
      assert.match(JSON.parse(stdout).error.code, /^HISTORY_(NOT_SQLITE|CORRUPT)$/);
      assert.equal(String(await place.content()), "damaged");
      await well(place, "restored", ["--on-corrupt", "restore"]);
      const held = await place.runs();
      assert.ok(held.includes("first") && held.includes("restored"), held.join());
    }),
  );
});
