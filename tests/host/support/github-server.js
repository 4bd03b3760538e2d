// GitHub for a file of tests: one server for all of them, which is as new before each.

import { after, before, beforeEach } from "node:test";
import { GitHubServer } from "../../servers/github.js";

/**
 * Call it once, at the top of a file or inside a `describe`. The server listens from before the first test until after the
 * last one, and is reset before each.
 *
 * @param {(server: GitHubServer) => void} [prepare] what every test finds beyond a new server
 * @returns {GitHubServer} its addresses are there while tests run
 */
export function gitHubServer(prepare = () => {}) {
  const server = new GitHubServer();
  before(() => server.listen());
  after(() => server.stop());
  beforeEach(() => {
    server.reset();
    prepare(server);
  });
  return server;
}
