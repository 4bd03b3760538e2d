/** What docs/doctor.md says that `unentropy doctor` prints is what it prints. */

import assert from "node:assert/strict";
import fs from "node:fs";
import { after, before, describe, test } from "node:test";
import { startMoto } from "../../servers/s3.js";
import { DOCUMENT, play, SCENES, section } from "./doctor/scenes.js";
import { stopAll } from "./place.js";

/** @type {import("../../servers/s3.js").S3Server} */
let moto;
before(async () => {
  moto = await startMoto();
});
after(() => stopAll([moto]));

describe("the documented output of doctor is the real one:", () => {
  const document = fs.readFileSync(DOCUMENT, "utf8");
  for (const scene of SCENES) {
    test(scene.what, { timeout: 600_000 }, async () => {
      const outcome = await play(moto, scene);
      assert.equal(outcome.code, scene.code, outcome.text);
      const expected = section(scene, outcome);
      const start = document.indexOf(`## ${scene.what}\n`);
      const end = document.indexOf("\n```\n", start) + 4;
      assert.equal(document.slice(start, end), expected);
    });
  }

  test("and there is no scene that is no more", () => {
    const titles = [...document.matchAll(/^## (.*)$/gm)].map(([, title]) => title);
    assert.deepEqual(
      titles,
      SCENES.map(({ what }) => what),
    );
  });
});
