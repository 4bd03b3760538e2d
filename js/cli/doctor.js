// `unentropy doctor`: looks whether a run could keep its history where it is to be kept, and says what to fix.

import fs from "node:fs";
import path from "node:path";
import * as engine from "../engine/engine.js";
import { Failure } from "../failure.js";
import { DEFAULT_FILE, loadConfig } from "../run/config.js";
import { plural } from "../shown.js";
import { storageConfig } from "../storage/location.js";
import { Storage } from "../storage/storage.js";
import { showWarnings } from "./shared.js";

/** @import { Finding } from "../storage/s3/doctor.js" */

const MARKS = /** @type {const} */ ({
  ok: ["good", "✓"],
  warning: ["warn", "!"],
  failed: ["bad", "✗"],
  skipped: ["dim", "-"],
});

/**
 * Runs `unentropy doctor`.
 *
 * @param {import("./types.js").Invocation} invocation
 * @returns {Promise<Failure | undefined>}
 */
export async function doctor({ values, terminal, signal, cwd, env, print }) {
  const wanted = values.config !== undefined || fs.existsSync(path.resolve(cwd, DEFAULT_FILE));
  const loaded = wanted ? loadConfig(values.config, cwd) : undefined;
  if (loaded) showWarnings(terminal, loaded);
  const config = storageConfig(values, loaded, cwd, terminal);
  const { findings, location } =
    config.type === "sqlite-s3" ? await examineStore(config, env, signal) : await examineHistory(config);
  const failed = findings.filter(({ status }) => status === "failed");
  if (values.json) {
    const document = { success: failed.length === 0, storageType: config.type, databaseLocation: location };
    print(`${JSON.stringify({ ...document, checks: findings })}\n`);
  } else {
    const width = Math.max(...findings.map(({ check }) => check.length));
    const { NOT_REACHED } = await import("../storage/s3/doctor.js");
    const reached = findings.filter(({ message }) => message !== NOT_REACHED);
    for (const { check, status, message, hint } of reached) {
      const [style, mark] = MARKS[status];
      terminal.line(`${terminal.paint(style, mark)} ${check.padEnd(width)}  ${message}`);
      if (hint) terminal.line(`  ${" ".repeat(width)}  ${terminal.paint("dim", hint)}`);
    }
    const missed = findings.filter((finding) => !reached.includes(finding)).map(({ check }) => check);
    if (missed.length > 0) {
      terminal.line(terminal.paint("dim", `- not looked at yet: ${missed.join(", ")}`));
    }
  }
  if (failed.length === 0) return undefined;
  return new Failure(
    `${failed.length} of ${findings.length} checks failed: ${failed.map(({ check }) => check).join(", ")}`,
    {
      type: failed.some(({ check }) => check === "parameters") ? "validation" : "storage",
      code: "DOCTOR_FAILED",
      hint: "Each says what to fix.",
    },
  );
}

/**
 * @param {import("../storage/contract.js").StorageProviderConfig} config
 * @param {NodeJS.ProcessEnv} env
 * @param {AbortSignal} signal
 */
async function examineStore(config, env, signal) {
  const { examineS3 } = await import("../storage/s3/doctor.js");
  return examineS3(config, { env, engine, client: { now: Date.now, random: Math.random, signal } });
}

/**
 * A history that is loaded as a whole: one check says it all.
 *
 * @param {import("../storage/contract.js").StorageProviderConfig} config
 * @returns {Promise<{findings: Finding[], location: string | null}>}
 */
async function examineHistory(config) {
  const storage = new Storage({ ...config, readonly: true });
  /** @param {Finding["status"]} status @param {string} message @param {string} [hint] @param {string} [code] */
  const finding = (status, message, hint = "", code = undefined) => ({
    check: "history",
    status,
    message,
    hint,
    ...(code ? { code } : {}),
  });
  try {
    await storage.ready();
    const builds = storage.getRepository().countBuilds();
    const message = storage.existed
      ? `${plural(builds, "build")} in \`${storage.location}\`, every check passed`
      : `there is none in \`${storage.location}\` yet`;
    return { findings: [finding("ok", message)], location: storage.location };
  } catch (thrown) {
    const { message, hint, code, type } = Failure.from(thrown);
    if (type === "internal" || type === "validation") throw thrown;
    return { findings: [finding("failed", message, hint, code)], location: storage.location };
  } finally {
    storage.cleanup();
  }
}
