// Texts that try to be more than text where a report shows them, and histories that try to make it endless.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { openHistory } from "../../../../js/engine/engine.js";
import { close, skip as noBrowser, open } from "../../../page/page.js";
import { Project, told } from "../../support/project.js";

/** @import { TestContext } from "node:test" */

const PAGE = "unentropy-report/index.html";

const skip = process.platform === "win32" && "POSIX shells";

/**
 * The page of a project with one metric that prints `label`.
 * @param {TestContext} t
 * @param {string} label
 * @param {{name?: string, branch?: string}} [given]
 */
async function reported(t, label, { name, branch = "main" } = {}) {
  const project = new Project(t, { "label.txt": label }).config({
    metrics: { state: { type: "label", command: "cat label.txt", ...(name && { name }) } },
  });
  const outcome = await project.run(["track", "--branch", branch, "--event", "push", "--run-id", "1"]);
  assert.equal(outcome.code, 0, told(outcome));
  return project.read(PAGE).toString();
}

/**
 * A project with a history file of one build, as another program may write it.
 * @param {TestContext} t
 * @param {import("../../../../js/engine/types.js").BuildContext} context
 * @param {string} label
 */
function foreign(t, context, label) {
  const history = openHistory(null);
  try {
    history.record(context, [{ metric: { id: "state", type: "label" }, value: label }]);
    return new Project(t, { "unentropy.db": history.save() });
  } finally {
    history.free();
  }
}

const CONTEXT = {
  commitSha: "1".repeat(40),
  branch: "main",
  runId: "1",
  runNumber: 1,
  eventName: "push",
  timestamp: "2026-01-01T00:00:00Z",
};

/** @type {import("../attacks.js").Attack[]} */
export const attacks = [
  {
    who: "a metric's command",
    what: "prints a label whose direction characters reverse the text after them",
    outcome: "the report writes them out: `\\u{202e}`",
    code: "none",
    skip,
    async run(t) {
      const html = await reported(t, "\u202edessap \u2066x");
      assert.ok(html.includes(">\\u{202e}dessap \\u{2066}x</p>"));
      assert.doesNotMatch(html, /[\u202e\u2066]/);
    },
  },
  {
    who: "a metric's command",
    what: "hides zero-width characters in a label, to look like another",
    outcome: "the report writes them out: `\\u{200b}`",
    code: "none",
    skip,
    async run(t) {
      const html = await reported(t, "pas\u200bsed\u2060");
      assert.ok(html.includes(">pas\\u{200b}sed\\u{2060}</p>"));
      assert.doesNotMatch(html, /[\u200b\u2060]/);
    },
  },
  {
    who: "a pull request",
    what: "names a branch so that it reads as another, by characters that cannot be seen",
    outcome: "the report writes them out and lists it beside the other",
    code: "none",
    skip,
    async run(t) {
      const html = await reported(t, "ok", { branch: "ma\u200din" });
      assert.ok(html.includes('<bdi id="branch-name">ma\\u{200d}in</bdi>'));
      assert.doesNotMatch(html, /\u200d/);
    },
  },
  {
    who: "a configuration",
    what: "names a metric from right to left, to move the figures beside it",
    outcome: "the name is isolated where it shares a line, and its direction characters are written out",
    code: "none",
    skip,
    async run(t) {
      const html = await reported(t, "ok", {
        name: "\u202e\u05e9\u05dc\u05d5\u05dd 99",
        branch: "\u05e9\u05dc\u05d5\u05dd",
      });
      assert.ok(html.includes("\\u{202e}\u05e9\u05dc\u05d5\u05dd 99</a></h3>"));
      assert.ok(html.includes('<bdi id="branch-name">\u05e9\u05dc\u05d5\u05dd</bdi>'));
      assert.ok(html.includes('<option value="0">\u2068\u05e9\u05dc\u05d5\u05dd\u2069 (1 build)</option>'));
    },
  },
  {
    who: "a pull request",
    what: "names a branch of a thousand characters",
    outcome: "the report shows 200 of them and says how many there are",
    code: "none",
    skip,
    async run(t) {
      const html = await reported(t, "ok", { branch: "x".repeat(1000) });
      assert.ok(html.includes(`>${"x".repeat(200)}… (1,000 characters)</bdi>`));
      assert.equal(html.includes("x".repeat(201)), false);
    },
  },
  {
    who: "a history file",
    what: "holds a label that a spreadsheet would calculate, also in full-width signs",
    outcome: "the CSV of its chart has an apostrophe before it",
    code: "none",
    skip: noBrowser,
    async run(t) {
      for (const [label, cell] of [
        ["=HYPERLINK(1)", "'=HYPERLINK(1)"],
        ["\uff1dHYPERLINK(1)", "'\uff1dHYPERLINK(1)"],
        ["x;=1+1", '"x;\'=1+1"'],
      ]) {
        const project = foreign(t, CONTEXT, label);
        const outcome = await project.run(["report"]);
        assert.equal(outcome.code, 0, told(outcome));
        const { page, trouble, done } = await open(project.read(PAGE).toString());
        const [download] = await Promise.all([
          page.waitForEvent("download"),
          page.click(".save button:text('CSV')"),
        ]);
        const [, line] = readFileSync(await download.path(), "utf8").split("\r\n");
        assert.ok(line.endsWith(`,main,${cell}`), line);
        assert.deepEqual(trouble, []);
        await done();
      }
      await close();
    },
  },
  {
    who: "a configuration",
    what: "describes a metric with markup that ends the page's script and begins another",
    outcome: "the report shows it as text; no element of it exists",
    code: "none",
    skip,
    async run(t) {
      const html = await reported(t, "ok", { name: "</script><script>alert(1)</script><img src=x>" });
      assert.equal(html.split("<script").length, 3);
      assert.doesNotMatch(html, /<img|<script>alert/);
      assert.ok(html.includes("&#60;/script&#62;&#60;script&#62;alert(1)"));
    },
  },
];
