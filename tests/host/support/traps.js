// Programs that leave a mark when they are run, in every place where git would look for one to run.

import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

/** What git may be told to run, and where that is said. */
export const PROGRAMS = [
  "core.fsmonitor",
  "core.pager",
  "pager.show",
  "pager.log",
  "core.sshCommand",
  "core.gitProxy",
  "core.askPass",
  "core.editor",
  "core.alternateRefsCommand",
  "sequence.editor",
  "credential.helper",
  "diff.external",
  "diff.text.textconv",
  "diff.text.command",
  "filter.text.smudge",
  "filter.text.clean",
  "filter.text.process",
  "merge.text.driver",
  "gpg.program",
  "gpg.ssh.program",
  "gpg.x509.program",
  "interactive.diffFilter",
  "trailer.x.command",
  "trailer.x.cmd",
  "remote.origin.uploadpack",
  "remote.origin.receivepack",
  "remote.origin.vcs",
  "uploadpack.packObjectsHook",
  "alias.rev-parse",
  "alias.show",
  "browser.x.cmd",
  "man.x.cmd",
  "difftool.x.cmd",
  "mergetool.x.cmd",
  "sendemail.sendmailCmd",
];
export const HOOKS = [
  "post-checkout",
  "reference-transaction",
  "post-index-change",
  "fsmonitor-watchman",
  "pre-auto-gc",
];

/**
 * Makes everything that git could run in this repository leave a mark.
 * @param {string} repository the folder with `config`
 * @param {string} program
 */
export function arm(repository, program) {
  const set = (/** @type {string} */ key, /** @type {string} */ value) =>
    execFileSync("git", ["config", "-f", path.join(repository, "config"), key, value]);
  for (const key of PROGRAMS) set(key, key.startsWith("alias.") ? `!${program}` : program);
  set("log.showSignature", "true");
  set("core.hooksPath", path.join(repository, "hooks"));
  set("remote.origin.promisor", "true");
  set("remote.origin.url", "ssh://example.invalid/x");
  fs.mkdirSync(path.join(repository, "hooks"), { recursive: true });
  for (const hook of HOOKS) fs.copyFileSync(program, path.join(repository, "hooks", hook));
}

/** A program that leaves a mark. @param {import("node:test").TestContext} t */
export function marker(t) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "unentropy-mark-"));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  const mark = path.join(folder, "ran");
  const program = path.join(folder, "program");
  fs.writeFileSync(program, `#!/bin/sh\necho "$0 $*" >> '${mark}'\nexit 1\n`, { mode: 0o755 });
  return { program, ran: () => (fs.existsSync(mark) ? fs.readFileSync(mark, "utf8") : "") };
}
