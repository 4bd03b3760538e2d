// An action step with its history in S3: a place on a test server, the inputs that name it, and the proof that no
// credential shows in anything that the step writes.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { Place } from "../s3/place.js";
import { Project, told } from "../support/project.js";
import { startAction } from "../support/runner.js";

export const METRICS = {
  answer: {
    name: "Answer",
    type: "numeric",
    unit: "integer",
    direction: "higher-is-better",
    command: "echo 42",
  },
};

export class Step {
  /**
   * @param {import("node:test").TestContext} t
   * @param {import("../s3/place.js").Server} server
   * @param {{direct?: import("../s3/place.js").Server, metrics?: object}} [options]
   */
  constructor(t, server, { direct = server, metrics = METRICS } = {}) {
    this.place = new Place(server, { direct });
    t.after(() => this.place.remove());
    this.project = new Project(t);
    this.project.config({ metrics });
    const { accessKeyId, secretAccessKey } = server.credentials;
    this.secrets = [accessKeyId, secretAccessKey];
    /** @type {Record<string, string>} */
    this.inputs = {
      "storage-type": "sqlite-s3",
      "s3-endpoint": server.endpoint,
      "s3-bucket": "bucket",
      "s3-region": "us-east-1",
      "s3-access-key-id": accessKeyId,
      "s3-secret-access-key": secretAccessKey,
      "database-key": this.place.key,
    };
  }

  /**
   * @param {Record<string, string>} [inputs]
   * @param {NodeJS.ProcessEnv} [env]
   * @param {{node?: string}} [options]
   */
  start(inputs = {}, env = {}, options) {
    const { child, ended } = startAction(this.project, { ...this.inputs, ...inputs }, env, options);
    return { child, ended: ended.then((outcome) => this.#proved(outcome)) };
  }

  /** @param {Parameters<Step["start"]>} args */
  async run(...args) {
    const { child, ended } = this.start(...args);
    const timer = setTimeout(() => child.kill("SIGKILL"), 300_000);
    try {
      return await ended;
    } finally {
      clearTimeout(timer);
    }
  }

  /** @param {import("../support/runner.js").Acted} outcome */
  #proved(outcome) {
    // The masks are for the runner, which shows none of them.
    const log = told(outcome).replace(/^::add-mask::.*$/gm, "");
    const files = fs
      .readdirSync(this.project.directory, { recursive: true, withFileTypes: true, encoding: "utf8" })
      .filter((entry) => entry.isFile() && !entry.parentPath.includes(`${path.sep}.git`))
      .map((entry) => fs.readFileSync(path.join(entry.parentPath, entry.name), "latin1"));
    for (const text of [log, outcome.summary, JSON.stringify(outcome.outputs), ...files]) {
      for (const secret of this.secrets) {
        assert.equal(text.includes(secret), false, `a credential shows in ${text.slice(0, 2000)}`);
      }
    }
    return outcome;
  }
}
