// Brings what the tests run against into `.tools/`: s3s-fs compiled by cargo, moto in a Python environment of its own,
// actionlint compiled by Go. Installs once, pinned, one process at a time; later calls find what is there.

import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const tools = path.join(root, ".tools");

const S3S = "0.14.1";
const MOTO = ["moto[s3,server]==5.2.5", "waitress==3.0.2"];

const ACTIONLINT = "v1.7.7";
const ACT = "v0.2.89";

/** Longer than a slow machine compiles; whoever waits for another's installation gives up then. */
const PATIENCE_MS = 15 * 60_000;

/**
 * The program s3s-fs, installed if need be.
 *
 * @param {{optimised?: boolean}} [options] for measurements; it takes twice as long to compile
 * @returns {string}
 */
export function s3sFs({ optimised = false } = {}) {
  const home = path.join(tools, optimised ? "s3s-fs-optimised" : "s3s-fs");
  const program = path.join(home, "bin/s3s-fs");
  // Without optimisations and debug information it compiles in half the time, and is quick enough.
  install(home, S3S, () => {
    run(
      "cargo",
      [
        ...["install", "s3s-fs", "--version", S3S, "--features", "binary", "--locked"],
        ...(optimised ? [] : ["--debug"]),
        ...["--root", home, "--target-dir", path.join(home, "target"), "--quiet", "--force"],
      ],
      { CARGO_PROFILE_DEV_DEBUG: "0" },
    );
    fs.rmSync(path.join(home, "target"), { recursive: true, force: true });
  });
  return program;
}

/** The Python that has moto, installed if need be. @returns {string} */
export function motoPython() {
  const home = path.join(tools, "moto");
  const python = path.join(home, "bin/python");
  install(home, MOTO.join(" "), () => {
    fs.rmSync(home, { recursive: true, force: true });
    try {
      run("python3", ["-m", "venv", home]);
    } catch (error) {
      if (process.platform !== "linux" || !answers("apt-get")) throw error;
      // Debian's Python comes without the part that makes environments.
      const sudo = process.getuid?.() === 0 ? [] : ["sudo"];
      const [program, ...rest] = [...sudo, "apt-get", "install", "-y", "-qq", "python3-venv"];
      spawnSync(program, [...rest.slice(0, -4), "update", "-qq"], { stdio: "ignore" });
      run(program, rest);
      run("python3", ["-m", "venv", "--clear", home]);
    }
    run(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...MOTO]);
  });
  return python;
}

/** The linter of workflows, installed if need be. @returns {string} */
export const actionlint = () =>
  goProgram("actionlint", "github.com/rhysd/actionlint/cmd/actionlint", ACTIONLINT);

/** A runner of workflows, installed if need be: it takes minutes to compile. @returns {string} */
export const act = () => goProgram("act", "github.com/nektos/act", ACT);

/**
 * @param {string} name
 * @param {string} module
 * @param {string} version
 */
function goProgram(name, module, version) {
  const home = path.join(tools, name);
  install(home, version, () => run("go", ["install", `${module}@${version}`], { GOBIN: home }));
  return path.join(home, process.platform === "win32" ? `${name}.exe` : name);
}

/**
 * @param {string} home
 * @param {string} version what is written beside an installation that is whole
 * @param {() => void} work
 */
function install(home, version, work) {
  const stamp = `${home}.stamp`;
  const current = () => fs.existsSync(stamp) && fs.readFileSync(stamp, "utf8") === version;
  if (current()) return;
  fs.mkdirSync(tools, { recursive: true });
  const lock = `${home}.lock`;
  const until = Date.now() + PATIENCE_MS;
  while (!locked(lock)) {
    if (Date.now() > until) throw new Error(`${lock} is held by another process; delete it if there is none`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
  }
  try {
    if (current()) return;
    console.error(`\n» installing ${path.basename(home)} for the tests (once)`);
    const started = Date.now();
    work();
    fs.writeFileSync(stamp, version);
    console.error(`» done in ${((Date.now() - started) / 1000).toFixed(0)} s`);
  } finally {
    fs.rmSync(lock, { force: true });
  }
}

/** @param {string} file */
function locked(file) {
  try {
    fs.writeFileSync(file, String(process.pid), { flag: "wx" });
    return true;
  } catch {
    try {
      process.kill(Number(fs.readFileSync(file, "utf8")), 0);
    } catch (error) {
      // Its owner is gone; an empty file's owner is about to write its name.
      if (/** @type {NodeJS.ErrnoException} */ (error).code === "ESRCH") fs.rmSync(file, { force: true });
    }
    return false;
  }
}

/** @param {string} program */
const answers = (program) => spawnSync(program, ["--version"], { stdio: "ignore" }).status === 0;

/** @param {string} program @param {string[]} args @param {NodeJS.ProcessEnv} [env] */
function run(program, args, env = {}) {
  const result = spawnSync(program, args, {
    stdio: ["ignore", 2, 2],
    timeout: PATIENCE_MS,
    env: { ...process.env, ...env },
  });
  if (result.error) throw result.error;
  if (result.status !== 0) throw new Error(`${program} ${args.join(" ")}: exit code ${result.status}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  s3sFs();
  motoPython();
  actionlint();
}
