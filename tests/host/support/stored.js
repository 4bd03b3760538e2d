// What a run has stored, read back through the package.

import { Storage } from "../../../js/index.js";

/**
 * Branch and event of each build in a project's history.
 * @param {import("./project.js").Project} project
 * @param {string} file
 * @returns {Promise<string[]>} none where there is no such file
 */
export async function storedBuilds(project, file) {
  if (!project.exists(file)) return [];
  const storage = new Storage({ type: "sqlite-local", path: project.path(file), readonly: true });
  await storage.ready();
  const stored = storage.getRepository().listBuilds();
  await storage.close();
  return stored.map(({ branch, eventName }) => `${branch} ${eventName}`);
}
