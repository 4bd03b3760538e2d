// A server as a child process: started on a port of its own, awaited until it answers, and gone when the test
// ends, however it ends.

import { spawn } from "node:child_process";
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** @returns {Promise<number>} a port that nobody listens on now */
export function freePort() {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.on("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = /** @type {net.AddressInfo} */ (probe.address());
      probe.close(() => resolve(port));
    });
  });
}

/**
 * @param {string} program
 * @param {(port: number) => string[] | Promise<string[]>} args
 * @param {NodeJS.ProcessEnv} [env]
 * @param {{patienceMs?: number, listening?: boolean, cwd?: string}} [options] `listening`: false where it opens no
 *   port that could be awaited
 * @returns {Promise<{port: number, stop: () => Promise<void>}>} `stop` may be called again
 */
export async function startProcess(program, args, env = {}, options = {}) {
  const { patienceMs = 180_000, listening = true, cwd } = options;
  const port = await freePort();
  const child = spawn(program, await args(port), {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
    cwd,
  });
  const pipes = /** @type {net.Socket[]} */ (/** @type {unknown} */ ([child.stdout, child.stderr]));
  let said = "";
  for (const pipe of pipes) {
    pipe.on("data", (chunk) => {
      said = (said + chunk).slice(-4000);
    });
  }
  let ended = false;
  const gone = new Promise((resolve) => {
    child.on("error", (error) => {
      said += error.message;
      ended = true;
      resolve(undefined);
    });
    child.on("close", () => {
      ended = true;
      resolve(undefined);
    });
  });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const stop = async () => {
    process.removeListener("exit", kill);
    // Whoever waits for the end must live until it comes.
    for (const handle of [child, ...pipes]) handle.ref();
    if (!ended) kill();
    await gone;
  };
  const until = Date.now() + patienceMs;
  while (listening && !(await listens(port))) {
    if (ended || Date.now() > until) {
      await stop();
      throw new Error(`${program} does not listen on ${port}: ${said}`);
    }
    await sleep(50);
  }
  // Neither the child nor its pipes keep a test alive that forgot to stop it.
  for (const handle of [child, ...pipes]) handle.unref();
  return { port, stop };
}

/** @param {number} port @returns {Promise<boolean>} */
export function listens(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1");
    socket.on("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}
