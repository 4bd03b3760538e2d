// Writing what people name: files are replaced at the end of their links and keep their mode and owner, pipes and devices
// are written to, and nothing waits for ever. What is refused through the command line is in tests/host/security/rows/files.js.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { appendOutput, writeOutput } from "../../js/files/output.js";
import { removeLeftovers, temporaryBeside } from "../../js/files/replace.js";
import { targetOf } from "../../js/files/target.js";
import { ROOT } from "./support/project.js";
import { HAS_PIPES, makeFullDevice, makePipe, NO_DEVICES } from "./support/special-files.js";

const skip = HAS_PIPES ? false : "Windows has no such files";
const NOBODY = 65534;
const isRoot = process.getuid?.() === 0;

/** @param {import("node:test").TestContext} t */
function folder(t) {
  const root = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "unentropy-output-")));
  t.after(() => fs.rmSync(root, { recursive: true, force: true }));
  return (/** @type {string[]} */ ...names) => path.join(root, ...names);
}

/** @param {string} file @param {string} text @param {object} [options] */
const write = (file, text, options) =>
  writeOutput({
    path: file,
    bytes: Buffer.from(text),
    type: "report",
    doing: "could not write the page",
    ...options,
  });

/** @param {string} code @param {RegExp} message */
const failure = (code, message) => (/** @type {any} */ error) => {
  assert.deepEqual([error.code, error.type], [code, "report"]);
  assert.match(error.message, message);
  return true;
};

test("the file at the end of links is replaced, in its own folder and with its mode; the links stay", {
  skip,
}, async (t) => {
  const at = folder(t);
  fs.mkdirSync(at("real/deep"), { recursive: true });
  fs.mkdirSync(at("elsewhere"));
  fs.writeFileSync(at("real/page"), "old");
  fs.chmodSync(at("real/page"), 0o604);
  // The second link is relative to the folder that it is really in.
  fs.symlinkSync("../page", at("real/deep/page"));
  fs.symlinkSync(at("real/deep"), at("elsewhere/folder"));
  await write(at("elsewhere/folder/page"), "new");
  assert.equal(fs.readFileSync(at("real/page"), "utf8"), "new");
  assert.equal(fs.statSync(at("real/page")).mode & 0o7777, 0o604);
  assert.equal(fs.readlinkSync(at("real/deep/page")), "../page");
  assert.deepEqual(fs.readdirSync(at("real")).sort(), ["deep", "page"]);
  assert.deepEqual(fs.readdirSync(at("elsewhere")), ["folder"]);
});

test("a link that leads to nothing yet stays one, and its file is made with the folders above it", {
  skip,
}, async (t) => {
  const at = folder(t);
  fs.symlinkSync("new/folder/page", at("link"));
  await write(at("link"), "new");
  assert.equal(fs.readFileSync(at("new/folder/page"), "utf8"), "new");
  assert.ok(fs.lstatSync(at("link")).isSymbolicLink());
});

test("a folder that is a link stays one, and what it leads to is made", { skip }, async (t) => {
  const at = folder(t);
  fs.symlinkSync("elsewhere/reports", at("link"));
  fs.symlinkSync("around", at("round"));
  fs.symlinkSync("round", at("around"));
  await write(at("link/today/page"), "new");
  assert.equal(fs.readFileSync(at("elsewhere/reports/today/page"), "utf8"), "new");
  assert.ok(fs.lstatSync(at("link")).isSymbolicLink());
  await assert.rejects(write(at("round/page"), "new"), failure("FILE_LOOP", /links lead in a circle$/));
});

test("another user's file keeps its owner and its mode, or as much as the user may keep", {
  skip: isRoot ? false : "only root gives files away",
}, async (t) => {
  const at = folder(t);
  fs.writeFileSync(at("theirs"), "old");
  fs.chownSync(at("theirs"), NOBODY, 1234);
  fs.chmodSync(at("theirs"), 0o4755);
  await write(at("theirs"), "new");
  const { uid, gid, mode } = fs.statSync(at("theirs"));
  assert.deepEqual([uid, gid, mode & 0o7777], [NOBODY, 1234, 0o4755]);

  // The same as a user who may not: it becomes theirs, and does not run as them.
  fs.chmodSync(at(), 0o777);
  fs.writeFileSync(at("roots"), "old");
  fs.chmodSync(at("roots"), 0o4777);
  await asNobody(at("roots"));
  const after = fs.statSync(at("roots"));
  assert.deepEqual(
    [fs.readFileSync(at("roots"), "utf8"), after.uid, after.mode & 0o7777],
    ["new", NOBODY, 0o777],
  );
});

test("a file that may not be written is not replaced either, and a folder that takes no files is named", {
  skip: isRoot ? false : "needs another user",
}, async (t) => {
  const at = folder(t);
  fs.chmodSync(at(), 0o777);
  fs.writeFileSync(at("locked"), "old");
  fs.chmodSync(at("locked"), 0o444);
  assert.match(
    await asNobody(at("locked")),
    /^FILE_DENIED could not write the page `.*locked`: permission denied/,
  );
  assert.equal(fs.readFileSync(at("locked"), "utf8"), "old");
  fs.mkdirSync(at("closed"), { mode: 0o555 });
  assert.match(
    await asNobody(at("closed/page")),
    /^FILE_DENIED could not write the page `.*closed\/page`: permission/,
  );
  assert.deepEqual(fs.readdirSync(at("closed")), []);
});

/** Writes `new` as a user without rights of their own. @param {string} file @returns {Promise<string>} */
async function asNobody(file) {
  const module = path.join(ROOT, "js/files/output.js");
  const script = `import { writeOutput } from ${JSON.stringify(module)};
    const output = { path: process.argv[1], bytes: Buffer.from("new"), type: "report", doing: "could not write the page" };
    await writeOutput(output).catch(({ code, message }) => console.log(code, message));`;
  return execFileSync(process.execPath, ["--input-type=module", "-e", script, file], {
    encoding: "utf8",
    uid: NOBODY,
    gid: NOBODY,
  });
}

test("names up to what the file system allows are written, longer ones refused", async (t) => {
  const at = folder(t);
  for (const length of [200, 201, 255]) {
    const file = at("n".repeat(length));
    await write(file, "new");
    await write(file, "newer");
    assert.equal(fs.readFileSync(file, "utf8"), "newer");
    // What an interrupted run left is found under either kind of name.
    fs.writeFileSync(temporaryBeside(file), "");
    removeLeftovers(file);
  }
  assert.equal(fs.readdirSync(at()).length, 3);
  const tooLong = process.platform === "win32" ? /./ : /the name is too long for the file system$/;
  await assert.rejects(write(at("n".repeat(256)), "new"), (error) =>
    tooLong.test(/** @type {Error} */ (error).message),
  );
  assert.equal(fs.readdirSync(at()).length, 3);
});

test("a part of the path that is a file is named as that", async (t) => {
  const at = folder(t);
  fs.writeFileSync(at("file"), "");
  await assert.rejects(
    write(at("file/page"), "new"),
    failure("FILE_NOT_DIRECTORY", /a part of the path is a file/),
  );
  await assert.rejects(
    write(at("file/deeper/page"), "new"),
    failure("FILE_NOT_DIRECTORY", /a part of the path is a file/),
  );
});

test("more than a pipe holds gets through it whole, however slowly it is read", { skip }, async (t) => {
  const at = folder(t);
  makePipe(at("pipe"));
  const text = "0123456789abcdef".repeat(40_000);
  const reading = readSlowly(at("pipe"));
  await write(at("pipe"), text);
  assert.equal(await reading, text);
});

/** Reads a pipe in another process, in small pieces. @param {string} pipe @returns {Promise<string>} */
async function readSlowly(pipe) {
  let text = "";
  for await (const piece of fs.createReadStream(pipe, { encoding: "utf8", highWaterMark: 1000 }))
    text += piece;
  return text;
}

test("a pipe without a reader, with one that takes nothing and with one that has gone are told apart", {
  skip,
}, async (t) => {
  const at = folder(t);
  makePipe(at("pipe"));
  await assert.rejects(
    write(at("pipe"), "new", { readerPatienceMs: 0 }),
    failure("PIPE_UNREAD", /it is a pipe that no program reads from$/),
  );
  const reader = fs.openSync(at("pipe"), fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  const much = "x".repeat(1 << 20);
  await assert.rejects(
    write(at("pipe"), much, { stallPatienceMs: 0 }),
    failure("PIPE_STALLED", /it is a pipe whose reader takes nothing$/),
  );
  const abort = new AbortController();
  const cancelled = write(at("pipe"), much, { signal: abort.signal });
  abort.abort();
  await assert.rejects(cancelled, /the run was cancelled/);
  const gone = write(at("pipe"), much);
  fs.closeSync(reader);
  await assert.rejects(gone, failure("PIPE_CLOSED", /the program that reads from it has ended$/));
  assert.ok(fs.lstatSync(at("pipe")).isFIFO());
});

test("a device that is full says so", { skip: NO_DEVICES }, async (t) => {
  const at = folder(t);
  makeFullDevice(at("full"));
  await assert.rejects(write(at("full"), "new"), failure("DISK_FULL", /no space is left on the device$/));
});

test("open descriptors are written to where they are, by every name of theirs", { skip }, async (t) => {
  const at = folder(t);
  const file = fs.openSync(at("open"), "w");
  t.after(() => fs.closeSync(file));
  fs.writeSync(file, "before ");
  fs.symlinkSync(`/dev/fd/${file}`, at("link"));
  await write(`/dev/fd/${file}`, "one ");
  await write(at("link"), "two ");
  if (process.platform === "linux") {
    await write(`/proc/self/fd/${file}`, "three ");
    await write(`/proc/${process.pid}/fd/${file}`, "four ");
  }
  fs.writeSync(file, "after");
  const expected = process.platform === "linux" ? "before one two three four after" : "before one two after";
  assert.equal(fs.readFileSync(at("open"), "utf8"), expected);
  assert.equal(targetOf("/dev/stdout").descriptor, 1);
  assert.equal(targetOf("/dev/stderr").descriptor, 2);
  await assert.rejects(
    write("/dev/fd/999999", "new"),
    failure("FILE_NOT_OPEN", /it is not open for writing$/),
  );
});

test("what is added to a file comes after what it has, through links; a directory is refused", async (t) => {
  const at = folder(t);
  const add = (/** @type {string} */ file, /** @type {string} */ text) =>
    appendOutput({ path: file, bytes: Buffer.from(text), type: "report", doing: "could not write the page" });
  await add(at("file"), "one ");
  await add(at("file"), "two ");
  if (HAS_PIPES) {
    fs.symlinkSync("file", at("link"));
    await add(at("link"), "three ");
    assert.ok(fs.lstatSync(at("link")).isSymbolicLink());
  }
  assert.equal(fs.readFileSync(at("file"), "utf8"), HAS_PIPES ? "one two three " : "one two ");
  await assert.rejects(add(at(), "new"), failure("OUTPUT_KIND", /it is a directory$/));
});
