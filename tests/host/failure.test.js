/**
 * Facts about failures: exit codes, translation, and what machines are told.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { errnoOf, exitCode, Failure } from "../../js/failure.js";

describe("failures", () => {
  test("the exit code follows from the type", () => {
    /** @type {[import("../../js/failure.js").FailureType, number][]} */
    const cases = [
      ["internal", 1],
      ["report", 1],
      ["validation", 2],
      ["storage", 3],
      ["collection", 4],
      ["gate", 5],
    ];
    for (const [type, code] of cases) assert.equal(exitCode(new Failure("x", { type })), code);
    assert.equal(exitCode(null), 0);
    assert.equal(exitCode(undefined), 0);
  });

  test("a failure stays itself", () => {
    const failure = new Failure("x", { type: "gate", code: "GATE_FAILED" });
    assert.equal(Failure.from(failure, { type: "storage" }), failure);
  });

  test("an error of the engine keeps its code, its words and its remedy", () => {
    const thrown = Object.assign(new Error("not an SQLite file"), {
      code: "HISTORY_NOT_SQLITE",
      type: "storage",
      hint: "Check the path.",
    });
    const failure = Failure.from(thrown, { type: "report", code: "REPORT_FAILED", hint: "Other." });
    assert.deepEqual(failure.toJSON(), {
      type: "storage",
      code: "HISTORY_NOT_SQLITE",
      message: "not an SQLite file",
      hint: "Check the path.",
      retryable: false,
    });
    assert.equal(failure.cause, thrown);
  });

  test("an operating-system error is translated with its path", () => {
    try {
      readFileSync("/no/such/file");
      assert.fail();
    } catch (thrown) {
      assert.equal(errnoOf(thrown), "ENOENT");
      const failure = Failure.from(thrown, { type: "storage" });
      assert.equal(failure.code, "FILE_MISSING");
      assert.equal(failure.type, "storage");
      assert.equal(failure.message, "could not access `/no/such/file`: it does not exist");
    }
  });

  test("an errno that nobody foresaw keeps the system's words", () => {
    const thrown = Object.assign(new Error("EWEIRD: odd, open 'x'"), { code: "EWEIRD", syscall: "open" });
    const failure = Failure.fromSystem(thrown, { type: "storage", doing: "could not read", path: "x" });
    assert.equal(failure.code, "FILE_FAILED");
    assert.match(failure.message, /EWEIRD: odd/);
  });

  test("anything else becomes what the caller says", () => {
    for (const thrown of ["text", new TypeError("text"), { toString: () => "text" }]) {
      const failure = Failure.from(thrown, { type: "report", code: "REPORT_FAILED", hint: "Do it." });
      assert.deepEqual(
        [failure.type, failure.code, failure.message, failure.hint],
        ["report", "REPORT_FAILED", "text", "Do it."],
      );
      assert.equal(failure.cause, thrown);
    }
    assert.equal(Failure.from(new Error("bug")).code, "INTERNAL");
  });

  test("machines are not told the cause", () => {
    const failure = new Failure("x", { cause: new Error("secret") });
    assert.doesNotMatch(JSON.stringify(failure), /secret/);
    assert.equal(JSON.parse(JSON.stringify(failure)).message, "x");
  });
});
