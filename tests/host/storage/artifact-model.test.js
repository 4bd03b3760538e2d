// No build that was ever uploaded is lost, in whatever order runs overlap, jobs of a run meet, uploads come to light
// and jobs die: shown over random schedules of a day in virtual time, for the store and the session as they are. The
// same schedules lose builds where only the newest artifact counts, or where what is listed counts as all there is.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ArtifactStore } from "../../../js/storage/artifact/artifact.js";
import { decodeLineage } from "../../../js/storage/artifact/lineage.js";
import { SqliteStorageProvider } from "../../../js/storage/read-record-write.js";
import { World } from "../s3/simulated-store.js";
import { effort } from "../support/effort.js";

/** @import { Artifact } from "../../../js/github/artifacts.js" */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** The clock's start, in milliseconds since 1970. */
const START = Date.UTC(2026, 0, 1);
/** Small, so that lists have many pages. */
const PAGE = 4;
const NAME = "history";
const FACTOR = effort({ quick: 1 / 5, full: 1, stress: 20 });

/** @typedef {Artifact & {run: string, archive: Buffer | null, shownAt: number, event: string}} Kept */

/** GitHub's side: artifacts get their ids when they are begun, are complete later, and are listed later still. */
class SimulatedGitHub {
  /** @type {Kept[]} */
  all = [];
  /** @param {World} world */
  constructor(world) {
    this.world = world;
  }

  get time() {
    return START + this.world.now;
  }

  /** What a job in a run sees of it. @param {string} run @param {() => boolean} isAlive @param {number} slowness */
  job(run, isAlive, slowness) {
    const { world } = this;
    const travel = () => (20 + world.random() * 400) * (world.random() < 0.1 ? slowness : 1);
    /** @template T @param {number} takes @param {() => T} effect @returns {Promise<T>} never settled for the dead */
    const send = (takes, effect) =>
      new Promise((resolve, reject) => {
        if (!isAlive()) return;
        world.after(takes, () => {
          try {
            const answer = effect();
            world.after(travel(), () => isAlive() && resolve(answer));
          } catch (thrown) {
            reject(thrown);
          }
        });
      });
    const { all } = this;
    return {
      artifacts: {
        /** @param {string} name */
        async *named(name) {
          for (let page = 0; ; page++) {
            const shown = await send(travel(), () =>
              all
                .filter((each) => each.name === name && each.archive && each.shownAt <= world.now)
                .sort((a, b) => b.id - a.id)
                .slice(page * PAGE, (page + 1) * PAGE),
            );
            yield* shown;
            if (shown.length < PAGE) return;
          }
        },
        async *ofRun() {
          // The attempts of a run have names of their own here.
        },
        /** @param {number} id */
        runEvent: (id) => send(travel(), () => all.find(({ runId }) => runId === id)?.event),
        defaultBranch: () => send(travel(), () => "main"),
        /** @param {Artifact} artifact */
        download: ({ id }) => send(travel(), () => all.find((each) => each.id === id)?.archive),
      },
      runtime: {
        list: () => send(travel(), () => all.filter((each) => each.run === run && each.archive)),
        /** @param {string} name @param {Buffer} archive */
        upload: async (name, archive) => {
          const created = await send(travel(), () => {
            if (all.some((each) => each.run === run && each.name === name)) return null;
            /** @type {Kept} */
            const kept = {
              id: all.length + 1,
              name,
              run,
              archive: null,
              shownAt: Number.POSITIVE_INFINITY,
              expired: false,
              createdAt: this.time,
              expiresAt: null,
              digest: null,
              runId: 1,
              event: "push",
              branch: "main",
              own: true,
            };
            all.push(kept);
            return kept;
          });
          if (!created) return { status: "taken" };
          const takes = world.random() < 0.3 ? world.random() * 40 * MINUTE : world.random() * 5_000;
          return send(takes, () => {
            created.archive = archive;
            created.shownAt = world.now + world.random() * 30_000;
            return { status: "stored", id: created.id };
          });
        },
      },
    };
  }
}

/** An archive is its JSON here: packing takes no time of its own. */
const archives = {
  /** @type {typeof import("../../../js/storage/artifact/archive.js").packHistory} */
  pack: async (bytes, _entry, coverage, { heldUpTo, builds }) => {
    const lineage = coverage.lineage({ heldUpTo, sha256: "", builds });
    return {
      archive: Buffer.from(JSON.stringify({ text: Buffer.from(bytes).toString(), lineage })),
      lineage,
    };
  },
  /** @type {typeof import("../../../js/storage/artifact/archive.js").unpackHistory} */
  unpack: async (archive, { id }) => {
    const { text, lineage } = JSON.parse(Buffer.from(archive).toString());
    const stored = { format: 1, builds: null, ...lineage };
    return {
      bytes: Buffer.from(text),
      lineage: lineage && decodeLineage(Buffer.from(JSON.stringify(stored)), id),
    };
  },
};

/** The builds in a history. @param {Uint8Array | null} image */
const namesIn = (image) => new Set(image ? Buffer.from(image).toString().split(" ").filter(Boolean) : []);

/** Stands in for the engine, whose part is not tested here: a history is a list of names. */
const engine = {
  /** @param {Uint8Array | null} image */
  openHistory(image) {
    const builds = namesIn(image);
    return {
      /** @param {{runId: string}} context */
      record({ runId }) {
        const created = !builds.has(runId);
        builds.add(runId);
        return { buildId: 1, changed: created, outdated: 0, attempt: 1, measuredAt: 0, outdatedBy: null };
      },
      /** @param {{runId: string}} context */
      fold({ runId }) {
        const changed = !builds.has(runId);
        builds.add(runId);
        return { changed };
      },
      /** @param {Uint8Array} other */
      merge(other) {
        for (const name of namesIn(other)) builds.add(name);
      },
      buildCount: () => builds.size,
      save: () => Buffer.from([...builds].sort().join(" ")),
      free() {},
    };
  },
};

/**
 * @param {SimulatedGitHub} github
 * @param {string} run
 * @param {{isAlive?: () => boolean, slowness?: number, more?: object}} [options]
 */
function storeIn(github, run, { isAlive = () => true, slowness = 1, more = {} } = {}) {
  const job = github.job(run, isAlive, slowness);
  return new ArtifactStore(
    /** @type {any} */ ({
      artifacts: job.artifacts,
      runtime: () => job.runtime,
      engine,
      repository: "o/r",
      name: NAME,
      entry: "h",
      env: {},
      now: () => github.time,
      archives,
      ...more,
    }),
  );
}

/**
 * Uploads of those who are no source of the history, or who do not know how to say what theirs holds: what is in them
 * and what they claim is whatever hides the most.
 *
 * @param {SimulatedGitHub} github
 * @param {boolean} clever whether all of them are for another branch and claim nothing impossible
 */
function uploadHostile(github, clever) {
  const { all, world, time } = github;
  const { random } = world;
  const id = all.length + 1;
  const pick = (/** @type {any[]} */ choices) => choices[Math.floor(random() * choices.length)];
  const everything = { floor: 0, ids: Array.from({ length: id - 1 }, (_, n) => n + 1) };
  const claims = [
    null,
    everything,
    { floor: id - 1, ids: [] },
    { floor: Math.floor(random() * id), ids: [Math.floor(random() * id)] },
    { floor: Number.MAX_SAFE_INTEGER, ids: [] },
    { floor: -1, ids: [-5] },
    { floor: 0, ids: [id] },
  ];
  const from = clever ? "branch" : pick(["pull request", "pull request", "branch", "fork", "program"]);
  // What runs on the main branch can be a program that knows nothing of lineages, or claims what nobody could know.
  const claim = clever ? everything : from === "program" ? pick([null, "latest"]) : pick(claims);
  const latest = all.findLast(({ archive }) => archive);
  if (claim === "latest" && (!latest || time - latest.createdAt > 2 * HOUR)) return;
  const lineage = claim && {
    ...{ scope: `o/r ${NAME}`, branches: pick([null, ["main"]]), sha256: "", builds: null },
    ...(claim === "latest" ? { floor: latest?.id, ids: [] } : claim),
  };
  /** @type {Kept} */
  const kept = {
    id,
    name: NAME,
    run: `hostile${id}`,
    archive: Buffer.from(
      JSON.stringify({ text: random() < 0.5 ? "" : `${from.replace(" ", "-")}${id}`, lineage }),
    ),
    shownAt: world.now,
    expired: false,
    createdAt: time,
    expiresAt: null,
    digest: null,
    runId: 1000 + id,
    event: from === "pull request" ? pick(["pull_request", "pull_request_target"]) : "push",
    branch: from === "branch" ? "topic" : from === "pull request" ? pick(["topic", "main"]) : "main",
    own: from !== "fork",
  };
  all.push(kept);
}

/**
 * Plays a day of runs and looks afterwards whether everything that was uploaded is found.
 *
 * @param {number} seed
 * @param {{more?: object, newestOnly?: boolean, hostile?: "any" | "clever"}} [variant] `hostile`: others
 *   upload too, to a history that exists
 */
async function play(seed, { more, newestOnly = false, hostile } = {}) {
  const world = new World(seed);
  const { random } = world;
  const github = new SimulatedGitHub(world);
  /** @type {string[]} */
  const stored = [];
  /** @type {unknown[]} */
  const failed = [];
  const runs = 6 + Math.floor(random() * 8);
  if (hostile) {
    const begun = storeIn(github, "begun", { more: { ...more, branch: "main" } });
    const beginning = begun.read().then(() => begun.write(Buffer.from("begun"), null));
    await world.settle();
    await beginning;
    for (let n = 0; n < 20; n++) {
      world.after(random() * DAY, () => uploadHostile(github, hostile === "clever"));
    }
  }
  for (let n = 0; n < runs; n++) {
    const start =
      random() < 0.5 ? random() * DAY : Math.floor(random() * 3) * 6 * HOUR + random() * 2 * MINUTE;
    const jobs = random() < 0.3 ? 1 + Math.ceil(random() * 3) : 1;
    for (let j = 0; j < jobs; j++) {
      const name = `r${n}.${j}`;
      let alive = true;
      const slowness = random() < 0.3 ? 100 : 1;
      const begins = start + (random() < 0.3 ? random() * 5 * HOUR : random() * MINUTE);
      if (random() < 0.2) world.after(begins + random() * 2 * MINUTE, () => (alive = false));
      world.after(begins, () => {
        const store = storeIn(github, `run${n}`, { isAlive: () => alive, slowness, more });
        const provider = new SqliteStorageProvider(
          store,
          /** @type {any} */ ({ engine, random, sleep: (/** @type {number} */ ms) => world.sleep(ms) }),
        );
        const working = async () => {
          const repository = await provider.initialize();
          await world.sleep(random() < 0.3 ? random() * 4 * HOUR : random() * MINUTE);
          repository.recordBuild(/** @type {any} */ ({ runId: name }), []);
          await provider.persist();
          stored.push(name);
        };
        // Whoever cannot have a name ends with an error, and its build is rescued elsewhere.
        working().catch((thrown) => thrown.code === "STORAGE_CONTENDED" || failed.push(thrown));
      });
    }
  }
  await world.settle();
  if (failed.length > 0) throw failed[0];
  world.now += HOUR;
  const reading = newestOnly ? newest(github) : storeIn(github, "reader", { more }).read();
  /** @type {Set<string> | undefined} */
  let found;
  reading.then((blob) => {
    found = namesIn(blob?.bytes ?? null);
  });
  await world.settle();
  const uploaded = new Set(
    github.all
      .filter(({ run }) => !run.startsWith("hostile"))
      .flatMap(({ archive }) =>
        archive ? [...namesIn(Buffer.from(JSON.parse(archive.toString()).text))] : [],
      ),
  );
  const lost = [...new Set([...uploaded, ...stored])].filter((name) => !found?.has(name));
  return { lost, stored, uploaded, foreign: [...(found ?? [])].filter((name) => !uploaded.has(name)) };
}

/** What reading would be without lineages. @param {SimulatedGitHub} github */
async function newest(github) {
  const last = github.all.filter(({ archive }) => archive).at(-1);
  return last?.archive ? { bytes: Buffer.from(JSON.parse(last.archive.toString()).text) } : null;
}

describe("random schedules", () => {
  test("lose no build", async () => {
    let stored = 0;
    for (let seed = 1; seed <= 300 * FACTOR; seed++) {
      const { lost, stored: names } = await play(seed);
      assert.deepEqual(lost, [], `seed ${seed}`);
      stored += names.length;
    }
    assert.ok(stored > 2000 * FACTOR, `${stored} builds were stored`);
  });

  test("lose no build whatever pull requests, other branches, forks and other programs upload", async () => {
    let stored = 0;
    for (let seed = 1; seed <= 100 * FACTOR; seed++) {
      const { lost, stored: names, foreign } = await play(seed, { hostile: "any" });
      assert.deepEqual(lost, [], `seed ${seed}`);
      assert.ok(!foreign.some((name) => /^(pull-request|branch|fork)/.test(name)), `seed ${seed}`);
      stored += names.length;
    }
    assert.ok(stored > 600 * FACTOR, `${stored} builds were stored`);
  });

  test("lose builds to other branches where every branch is believed, and else not", async () => {
    let losses = 0;
    for (let seed = 1; seed <= 20; seed++) {
      losses += (await play(seed, { hostile: "clever", more: { branch: "*" } })).lost.length;
      assert.deepEqual((await play(seed, { hostile: "clever" })).lost, []);
    }
    assert.ok(losses > 0);
  });

  test("lose builds where only the newest artifact counts", async () => {
    let losses = 0;
    for (let seed = 1; seed <= 60; seed++) losses += (await play(seed, { newestOnly: true })).lost.length;
    assert.ok(losses > 0);
  });

  test("lose builds where uploads are taken to last a minute at most", async () => {
    let losses = 0;
    for (let seed = 1; seed <= 300; seed++)
      losses += (await play(seed, { more: { visibleAfterMs: MINUTE } })).lost.length;
    assert.ok(losses > 0);
  });
});
