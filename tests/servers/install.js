// Brings programs that the tests run against into `.tools/`, from the registries that they are published in. Installs
// once, pinned, one process at a time, and says so; later calls find what is there. Which servers there are is not
// its business, except for what `npm test` needs: s3s-fs, moto, actionlint, zizmor and gojq.

import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const tools = path.join(root, ".tools");

export const S3S = "0.14.1";
export const MOTO = "5.2.5";

const ACTIONLINT = "v1.7.7";
const ZIZMOR = "1.32.0";
/** What the program `gh` filters answers with. */
const GOJQ = "v0.12.17";
const ACT = "v0.2.89";

// biome-ignore lint/suspicious/noTemplateCurlyInString: the placeholders are dpkg's
const FORMAT = "${db:Status-Status} ${Version}";

const MAVEN_DEPENDENCIES = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1";

/** Longer than a slow and busy machine compiles; whoever waits for another's installation gives up then. */
const PATIENCE_MS = 60 * 60_000;

/**
 * The program s3s-fs, installed if need be.
 *
 * @param {{optimised?: boolean}} [options] for measurements; it takes twice as long to compile
 * @returns {string}
 */
export function s3sFs({ optimised = false } = {}) {
  if (optimised) return cargoProgram("s3s-fs", S3S, ["--features", "binary"], {}, "s3s-fs-optimised");
  // Without optimisations and debug information it compiles in half the time, and is quick enough.
  return cargoProgram("s3s-fs", S3S, ["--features", "binary", "--debug"], { CARGO_PROFILE_DEV_DEBUG: "0" });
}

/** The Python that has moto, installed if need be. @returns {string} */
export function motoPython() {
  return pythonPackages("moto", [`moto[s3,server]==${MOTO}`, "waitress==3.0.2"]);
}

/**
 * A program that cargo compiles.
 *
 * @param {string} crate
 * @param {string} version
 * @param {string[]} options of `cargo install`
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {string} its path
 */
export function cargoProgram(crate, version, options, env = {}, name = crate) {
  const home = path.join(tools, name);
  install(home, version, (run) => {
    run(
      "cargo",
      [
        ...["install", crate, "--version", version, ...options, "--locked", "--force"],
        ...["--root", home, "--target-dir", path.join(home, "target"), "--quiet"],
      ],
      env,
    );
    fs.rmSync(path.join(home, "target"), { recursive: true, force: true });
  });
  return path.join(home, "bin", crate);
}

/**
 * A program that Go compiles.
 *
 * @param {string} name of the program
 * @param {string} pkg its package
 * @param {string} version of the package's module
 * @returns {string} its path
 */
export function goProgram(name, pkg, version) {
  const home = path.join(tools, name);
  install(home, `${pkg}@${version}`, (run) => {
    run("go", ["install", "-trimpath", `${pkg}@${version}`], { GOBIN: path.join(home, "bin") });
  });
  return path.join(home, "bin", path.basename(pkg));
}

/**
 * A program that Go compiles from a copy of its module. `go install` refuses a module that replaces others; in a folder
 * where it is the main module, it may.
 *
 * @param {string} name
 * @param {string} module
 * @param {string} version of the module
 * @param {string} folder the program's, inside the module
 * @returns {string} its path
 */
export function goModuleProgram(name, module, version, folder) {
  const home = path.join(tools, name);
  const program = path.join(home, "bin", path.basename(folder));
  install(home, `${module}/${folder}@${version}`, (run) => {
    run("go", ["mod", "download", `${module}@${version}`]);
    const asked = spawnSync("go", ["list", "-m", "-f", "{{.Dir}}", `${module}@${version}`], {
      cwd: tools,
      encoding: "utf8",
    });
    const cached = asked.stdout?.trim();
    if (!cached) throw new Error(`\`go list\` does not name the folder of \`${module}\`: ${asked.stderr}`);
    // The cache is read-only, and stays as it is.
    const source = path.join(home, "source");
    fs.rmSync(source, { recursive: true, force: true });
    fs.cpSync(cached, source, { recursive: true });
    makeWritable(source);
    run("go", ["build", "-C", source, "-trimpath", "-mod=mod", "-o", program, `./${folder}`]);
    fs.rmSync(source, { recursive: true, force: true });
  });
  return program;
}

/** @param {string} folder with everything below it */
function makeWritable(folder) {
  fs.chmodSync(folder, 0o755);
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const each = path.join(folder, entry.name);
    if (entry.isDirectory()) makeWritable(each);
    else if (entry.isFile()) fs.chmodSync(each, 0o644);
  }
}

/**
 * A Python environment with these packages and what they need.
 *
 * @param {string} name
 * @param {string[]} packages with their versions
 * @returns {string} its Python's path
 */
export function pythonPackages(name, packages) {
  const home = path.join(tools, name);
  const python = path.join(home, "bin/python");
  install(home, packages.join(" "), (run) => {
    fs.rmSync(home, { recursive: true, force: true });
    try {
      run("python3", ["-m", "venv", home]);
    } catch (error) {
      if (process.platform !== "linux" || !answers("apt-get")) throw error;
      // Debian's Python comes without the part that makes environments.
      aptInstall(["python3-venv"], run);
      run("python3", ["-m", "venv", "--clear", home]);
    }
    run(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...packages]);
  });
  return python;
}

/** The linter of workflows, installed if need be. @returns {string} */
export const actionlint = () =>
  goProgram("actionlint", "github.com/rhysd/actionlint/cmd/actionlint", ACTIONLINT);

/** The auditor of workflows, installed if need be. @returns {string} */
export const zizmor = () =>
  path.join(path.dirname(pythonPackages("zizmor", [`zizmor==${ZIZMOR}`])), "zizmor");

/** The filter of JSON that is part of the program `gh`, installed if need be. @returns {string} */
export const gojq = () => goProgram("gojq", "github.com/itchyny/gojq/cmd/gojq", GOJQ);

/** A runner of workflows, installed if need be: it takes minutes to compile. @returns {string} */
export const act = () => goProgram("act", "github.com/nektos/act", ACT);

/**
 * A package from npm and what it needs.
 *
 * @param {string} name
 * @param {string} version
 * @returns {string} the package's folder
 */
export function npmPackage(name, version) {
  const home = path.join(tools, name);
  install(home, version, (run) => {
    fs.mkdirSync(home, { recursive: true });
    const options = ["--no-save", "--no-audit", "--no-fund", "--loglevel=error"];
    run("npm", ["install", "--prefix", home, ...options, `${name}@${version}`]);
  });
  return path.join(home, "node_modules", name);
}

/**
 * Artifacts from Maven Central with all they need.
 *
 * @param {string} name
 * @param {string[]} coordinates `group:artifact:version`; where two versions of one are asked for, these count
 * @returns {string} the folder with the files
 */
export function mavenArtifacts(name, coordinates) {
  const home = path.join(tools, name);
  const lib = path.join(home, "lib");
  install(home, coordinates.join(" "), (run) => {
    fs.rmSync(home, { recursive: true, force: true });
    fs.mkdirSync(lib, { recursive: true });
    const dependencies = coordinates.map((each) => {
      const [group, artifact, version] = each.split(":");
      return `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`;
    });
    const pom = path.join(home, "pom.xml");
    fs.writeFileSync(
      pom,
      `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId><artifactId>${name}</artifactId><version>1</version>
  <dependencies>${dependencies.join("\n    ")}</dependencies></project>\n`,
    );
    const options = ["-DincludeScope=runtime", `-DoutputDirectory=${lib}`];
    run("mvn", ["-q", "-B", "-f", pom, `${MAVEN_DEPENDENCIES}:copy-dependencies`, ...options]);
  });
  return lib;
}

/**
 * A program from Maven Central that is one file.
 *
 * @param {string} name
 * @param {string} coordinates `group:artifact:version:jar:classifier`
 * @returns {string} the file
 */
export function mavenProgram(name, coordinates) {
  const home = path.join(tools, name);
  install(home, coordinates, (run) => {
    run("mvn", [
      "-q",
      "-B",
      `${MAVEN_DEPENDENCIES}:copy`,
      `-Dartifact=${coordinates}`,
      `-DoutputDirectory=${home}`,
    ]);
  });
  const [, artifact, version, type, classifier] = coordinates.split(":");
  return path.join(home, `${artifact}-${version}-${classifier}.${type}`);
}

/**
 * Packages of the Debian that this runs on.
 *
 * @param {string} name
 * @param {string[]} packages the first is the server
 * @param {string} version what the first's version has to begin with
 */
export function debianPackages(name, packages, version) {
  /** @param {string} one */
  const found = (one) => {
    const asked = spawnSync("dpkg-query", ["-W", "-f", FORMAT, one], {
      encoding: "utf8",
    });
    const [status, is = ""] = asked.stdout?.split(" ") ?? [];
    return status === "installed" ? is : "";
  };
  // They are the machine's own, so that a stamp would say nothing.
  if (!packages.every((one) => found(one) !== "")) {
    if (process.platform !== "linux" || !answers("apt-get"))
      throw new Error("only Debian's packages are known");
    install(path.join(tools, name), "", (run) => aptInstall(packages, run), { stamped: false });
  }
  const is = found(packages[0]);
  if (!is.startsWith(version)) {
    throw new Error(`Debian has ${packages[0]} ${is || "of no version"}, expected ${version}`);
  }
}

/** @param {string[]} packages @param {Run} run */
function aptInstall(packages, run) {
  const sudo = process.getuid?.() === 0 ? [] : ["sudo"];
  /** @param {string[]} args */
  const apt = (...args) => {
    const [program, ...rest] = [...sudo, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", ...args];
    run(program, rest);
  };
  apt("update", "-qq");
  apt("install", "-y", "-qq", "--no-install-recommends", ...packages);
}

/** @typedef {(program: string, args: string[], env?: NodeJS.ProcessEnv) => void} Run */

/**
 * @param {string} home
 * @param {string} version what is written beside an installation that is whole
 * @param {(run: Run) => void} work
 * @param {{stamped?: boolean}} [options]
 * @throws {Error} with the last words of the program that failed
 */
function install(home, version, work, { stamped = true } = {}) {
  const stamp = `${home}.stamp`;
  const current = () => stamped && fs.existsSync(stamp) && fs.readFileSync(stamp, "utf8") === version;
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
    const log = `${home}.log`;
    console.error(
      `\n» installing ${path.basename(home)} for the tests (once); log: ${path.relative(root, log)}`,
    );
    fs.rmSync(log, { force: true });
    const started = Date.now();
    work((program, args, env = {}) => run(program, args, env, log));
    if (stamped) fs.writeFileSync(stamp, version);
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

/**
 * @param {string} program
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @param {string} log the file that what it says is added to
 */
function run(program, args, env, log) {
  const command = [program, ...args].join(" ");
  console.error(`  ${command.length > 120 ? `${command.slice(0, 119)}…` : command}`);
  const file = fs.openSync(log, "a");
  const result = spawnSync(program, args, {
    stdio: ["ignore", file, file],
    timeout: PATIENCE_MS,
    env: { ...process.env, ...env },
  });
  fs.closeSync(file);
  if (/** @type {NodeJS.ErrnoException | undefined} */ (result.error)?.code === "ENOENT") {
    throw new Error(`\`${program}\` is not on this machine`);
  }
  if (result.error) throw result.error;
  if (result.status !== 0) {
    const words = fs.readFileSync(log, "utf8").trim().split("\n").slice(-4);
    throw new Error(
      `\`${command}\` ended with exit code ${result.status}: ${words.map((line) => line.trim()).join(" ")}`,
    );
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  s3sFs();
  motoPython();
  actionlint();
  zizmor();
  gojq();
}
