// Brings a fresh machine to where the tests can run: npm packages, a host Rust, a Chromium. Installs
// only what is missing and says so; doing it twice does nothing the second time.

import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");

/** @param {string} text */
export const say = (text) => console.error(`\n» ${text}`);

/**
 * Runs a program with its output shown; a failure ends this process with its exit code.
 * @param {string} program
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 */
export function run(program, args, env = process.env) {
  const started = Date.now();
  const result = spawnSync(program, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"], env });
  if (result.error) {
    console.error(`${program}: ${result.error.message}`);
    process.exit(1);
  }
  if (result.status !== 0) {
    console.error(`${program} ${args.join(" ")}: failed (${result.status ?? result.signal})`);
    process.exit(result.status ?? 1);
  }
  say(`done in ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

/** @param {string} program */
const answers = (program) => spawnSync(program, ["--version"], { stdio: "ignore" }).status === 0;

/** Installs npm's packages when the lockfile is newer than what is installed. */
export function packages() {
  const installed = path.join(root, "node_modules/.package-lock.json");
  const lock = path.join(root, "package-lock.json");
  if (fs.existsSync(installed) && fs.statSync(installed).mtimeMs >= fs.statSync(lock).mtimeMs) return;
  say("installing npm packages from the lockfile");
  // On a fresh machine exactly what the lockfile says. What is there already is not deleted for it: others may be using it.
  const how = fs.existsSync(path.join(root, "node_modules")) ? ["install", "--no-save"] : ["ci"];
  run(process.platform === "win32" ? "npm.cmd" : "npm", [...how, "--no-fund", "--no-audit"]);
  fs.utimesSync(installed, new Date(), new Date());
}

/** Fails with the remedy where there is no Rust. */
export function rust() {
  if (answers("cargo")) return;
  console.error(
    "cargo is not on the PATH: install Rust with rustup (https://rustup.rs), then run this again",
  );
  process.exit(1);
}

/** Where Chromium is, or undefined. */
export const chromium = () =>
  ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((file) =>
    fs.existsSync(file),
  );

/** Installs Debian's Chromium for the report's tests where apt is there and no browser is. */
export function browser() {
  if (chromium() || process.platform !== "linux" || !answers("apt-get")) return;
  say("installing Chromium from Debian's packages for the report's tests");
  const sudo = process.getuid?.() === 0 ? [] : ["sudo"];
  const apt = (/** @type {string[]} */ ...args) => {
    const [program, ...rest] = [...sudo, "apt-get", ...args];
    execFileSync(program, rest, {
      stdio: ["ignore", "ignore", "inherit"],
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    });
  };
  try {
    apt("update", "-qq");
    apt("install", "-y", "-qq", "--no-install-recommends", "chromium");
  } catch (error) {
    console.error(`could not install Chromium: ${/** @type {Error} */ (error).message}`);
  }
}
