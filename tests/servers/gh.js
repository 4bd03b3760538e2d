#!/usr/bin/env node
// Stands in for the program `gh` where a workflow's script asks GitHub's REST interface: `gh api [--paginate] PATH
// [--jq FILTER]`, over HTTP and with the filter that the real one has inside. As the real one it filters each page by
// itself, follows redirects without the token, writes what is no JSON as it is, and ends with 1 at every other status.
// Environment: GH_TOKEN, GITHUB_API_URL, GOJQ (the filter's program).

import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { paginate: { type: "boolean" }, jq: { type: "string" } },
});
const [command, path] = positionals;
const { GH_TOKEN: token, GITHUB_API_URL: api, GOJQ: gojq = "gojq" } = process.env;
if (command !== "api" || path === undefined || !token) {
  console.error("gh: only `gh api PATH` with a token is known here");
  process.exit(4);
}

/** @type {string | undefined} */
let url = `${api}/${path}`;
while (url !== undefined) {
  /** @type {Response} */
  const response = await fetch(url, { headers: { authorization: `token ${token}` } }).catch(fail);
  const body = Buffer.from(await response.arrayBuffer().catch(fail));
  if (!response.ok) fail(new Error(`${body.toString("utf8").slice(0, 200)} (HTTP ${response.status})`));
  process.stdout.write(values.jq === undefined ? body : filtered(body, values.jq));
  url = values.paginate ? /<([^>]+)>; rel="next"/.exec(response.headers.get("link") ?? "")?.[1] : undefined;
}

/** @param {Buffer} body @param {string} filter */
function filtered(body, filter) {
  const { status, stdout, stderr } = spawnSync(gojq, ["-r", filter], { input: body });
  if (status !== 0) fail(new Error(stderr.toString("utf8")));
  return stdout;
}

/** @param {Error} error @returns {never} */
function fail(error) {
  console.error(`gh: ${error.message}`);
  process.exit(1);
}
