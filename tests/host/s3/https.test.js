// https as it is: a server whose certificate is trusted, one whose is not, and one whose is for another name.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { S3Client } from "../../../js/s3/client.js";
import { certificateFor } from "../../servers/certificate.js";
import { startFaultProxy } from "../../servers/fault-proxy.js";
import { startS3sFs } from "../../servers/s3.js";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "unentropy-tls-"));
/** @type {Awaited<ReturnType<typeof startS3sFs>>} */
let server;

before(async () => {
  server = await startS3sFs();
});
after(async () => {
  await server?.stop();
  fs.rmSync(folder, { recursive: true, force: true });
});

/** A server with a certificate of its own for one name. @param {string} name such as `IP:127.0.0.1` */
async function secure(name) {
  const tls = certificateFor(folder, name);
  return { cert: tls.file, proxy: await startFaultProxy(server, { tls }) };
}

/** @param {string} endpoint */
const clientFor = (endpoint) =>
  new S3Client({ endpoint, bucket: "bucket", credentials: server.credentials }, { sleep: async () => {} });

test("a certificate that nobody vouches for ends it at once, with the remedy", async () => {
  const { proxy } = await secure("IP:127.0.0.1");
  try {
    await assert.rejects(clientFor(proxy.endpoint).get("k"), (error) => {
      const { code, hint, retryable, message } = /** @type {import("../../../js/failure.js").Failure} */ (
        error
      );
      assert.equal(code, "S3_UNREACHABLE");
      assert.match(
        message,
        /no secure connection: self-signed certificate.* \(DEPTH_ZERO_SELF_SIGNED_CERT\)$/,
      );
      assert.match(hint, /NODE_EXTRA_CA_CERTS/);
      assert.equal(retryable, false);
      return true;
    });
    assert.deepEqual(proxy.seen, []);
  } finally {
    await proxy.stop();
  }
});

for (const [what, name, expected] of /** @type {const} */ ([
  [
    "a trusted certificate serves writes in parts, reads and lookups",
    "IP:127.0.0.1",
    /^12582912 true true\n$/,
  ],
  [
    "a certificate for another name is refused",
    "DNS:other.example",
    /^S3_UNREACHABLE false .*certificate is for other names/,
  ],
])) {
  test(what, async () => {
    const { cert, proxy } = await secure(name);
    const module = fileURLToPath(new URL("../../../js/s3/client.js", import.meta.url));
    const program = `
      const { S3Client } = await import(${JSON.stringify(module)});
      const client = new S3Client({ endpoint: ${JSON.stringify(proxy.endpoint)}, bucket: "bucket",
        credentials: ${JSON.stringify(server.credentials)}, multipartThreshold: 6 << 20, partSize: 5 << 20 });
      const bytes = new Uint8Array(12 << 20).fill(3);
      try {
        const stored = await client.put("k", bytes, { ifNoneMatch: true });
        const read = await client.get("k");
        const looked = await client.head("k");
        console.log(looked.size, Buffer.from(read.bytes).equals(bytes), looked.etag === stored.etag);
      } catch (error) {
        console.log(error.code, error.retryable, error.message);
      }`;
    try {
      // The certificates that Node trusts are read when a process starts.
      const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
        env: { ...process.env, NODE_EXTRA_CA_CERTS: cert },
      });
      let printed = "";
      for await (const chunk of child.stdout) printed += chunk;
      assert.match(printed, expected);
    } finally {
      await proxy.stop();
    }
  });
}
