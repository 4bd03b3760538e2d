// A store that is addressed or asked wrongly: each mistake is reported in its own words, with the setting that fixes it.

import assert from "node:assert/strict";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { Failure } from "../../../js/failure.js";
import { S3Client } from "../../../js/s3/client.js";
import { certificateFor } from "../../servers/certificate.js";
import { startFaultProxy } from "../../servers/fault-proxy.js";
import { startMoto, startS3sFs } from "../../servers/s3.js";
import { Place, stopAll } from "./place.js";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "unentropy-tls-"));
/** @type {import("../../servers/s3.js").S3Server} */
let moto;
/** @type {Awaited<ReturnType<typeof startS3sFs>>} */
let s3s;
/** @type {Awaited<ReturnType<typeof startFaultProxy>>} */
let proxy;
/** @type {Awaited<ReturnType<typeof startFaultProxy>>} */
let secure;
before(async () => {
  [moto, s3s] = await Promise.all([startMoto(), startS3sFs()]);
  proxy = await startFaultProxy(moto);
  secure = await startFaultProxy(moto, { tls: certificateFor(folder, "IP:127.0.0.1") });
});
after(async () => {
  await stopAll([proxy, secure, moto, s3s]);
  fs.rmSync(folder, { recursive: true, force: true });
});

/**
 * How an operation fails, and how long it was paused before that.
 *
 * @param {Partial<import("../../../js/s3/client.js").S3Parameters>} parameters
 * @param {(client: S3Client) => Promise<unknown>} [operation]
 */
async function failed(parameters, operation = (client) => client.get("k")) {
  let slept = 0;
  const client = new S3Client(
    { bucket: "bucket", credentials: moto.credentials, ...parameters },
    {
      sleep: async () => {
        slept += 1;
      },
    },
  );
  try {
    await operation(client);
  } catch (error) {
    assert(error instanceof Failure, String(error));
    return { failure: error, slept };
  } finally {
    client.close();
  }
  assert.fail("nothing failed");
}

/** A server of few words. @param {(socket: net.Socket) => void} serve */
async function crude(serve) {
  const server = net.createServer((socket) => {
    socket.on("error", () => {});
    serve(socket);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {net.AddressInfo} */ (server.address());
  return { port, stop: () => server.close() };
}

describe("http:// to a port that expects TLS", () => {
  test("is reported as that at once, and the credentials go no further", async () => {
    const { failure, slept } = await failed({ endpoint: secure.endpoint.replace("https:", "http:") });
    assert.equal(failure.code, "S3_UNREACHABLE");
    assert.match(failure.message, /the server expects TLS on this port, and the endpoint is `http:\/\/`/);
    assert.equal(failure.hint, `Set \`s3-endpoint\` to \`${secure.endpoint}\`.`);
    assert.deepEqual([failure.retryable, slept], [false, 0]);
    assert.deepEqual(secure.seen, []);
  });

  test("also where the server answers 400 in plain text, as many do", async () => {
    const tlsPort = Number(new URL(secure.endpoint).port);
    // What comes as TLS is passed on to a server that speaks it; what comes plain is told off.
    const server = await crude((socket) =>
      socket.once("data", (first) => {
        if (first[0] !== 0x16) {
          const words = "Client sent an HTTP request to an HTTPS server.\n";
          socket.end(`HTTP/1.0 400 Bad Request\r\ncontent-length: ${words.length}\r\n\r\n${words}`);
          return;
        }
        const onward = net.connect(tlsPort, "127.0.0.1", () => onward.write(first));
        onward.on("error", () => socket.destroy());
        socket.pipe(onward).pipe(socket);
      }),
    );
    const { failure } = await failed({ endpoint: `http://127.0.0.1:${server.port}` });
    assert.match(failure.message, /the server expects TLS on this port/);
    server.stop();
  });

  test("is not said of a connection that merely breaks, or of a server that answers 400", async () => {
    proxy.script([{ fault: { kind: "reset" } }]);
    const broken = await failed({ endpoint: proxy.endpoint });
    assert.match(broken.failure.message, /the connection was reset .*\(3 attempts\)/);
    proxy.script([{ fault: { kind: "answer", status: 400, body: "no" } }]);
    assert.equal((await failed({ endpoint: proxy.endpoint })).failure.code, "S3_UNEXPECTED");
    proxy.script([]);
  });
});

describe("https:// to a port that speaks plain HTTP", () => {
  for (const name of /** @type {const} */ (["moto", "s3s-fs", "node"])) {
    test(`is reported as that at once (${name})`, async () => {
      const { endpoint } = { moto, "s3s-fs": s3s, node: proxy }[name];
      const { failure, slept } = await failed({ endpoint: endpoint.replace("http:", "https:") });
      assert.equal(failure.code, "S3_UNREACHABLE");
      assert.match(
        failure.message,
        /the server speaks plain HTTP on this port, and the endpoint is `https:\/\/`/,
      );
      assert.ok(failure.hint.includes(`\`${endpoint}\` with \`s3-allow-http: true\``), failure.hint);
      assert.deepEqual([failure.retryable, slept], [false, 0]);
    });
  }

  test("also where the server closes the connection without a word", async () => {
    const target = Number(new URL(moto.endpoint).port);
    const server = await crude((socket) =>
      socket.once("data", (first) => {
        if (first[0] === 0x16) return void socket.destroy();
        const onward = net.connect(target, "127.0.0.1", () => onward.write(first));
        onward.on("error", () => socket.destroy());
        socket.pipe(onward).pipe(socket);
      }),
    );
    const { failure } = await failed({ endpoint: `https://127.0.0.1:${server.port}` });
    assert.match(failure.message, /the server speaks plain HTTP on this port/);
    server.stop();
  });

  test("is not said of something that is no HTTP server", async () => {
    const server = await crude((socket) => socket.end("220 this is another protocol\r\n"));
    const { failure } = await failed({ endpoint: `https://127.0.0.1:${server.port}` });
    assert.equal(failure.code, "S3_UNREACHABLE");
    assert.match(failure.message, /no secure connection|the connection was reset/);
    server.stop();
  });
});

describe("a bucket whose policy demands encryption", () => {
  const put = (/** @type {S3Client} */ client) => client.put("k", Buffer.from("v"));

  test("is one of the readings of a refused write, with the setting, which then works", async () => {
    proxy.become({ demandsEncryption: "AES256" });
    const { failure } = await failed({ endpoint: proxy.endpoint }, put);
    assert.equal(failure.code, "S3_ACCESS_DENIED");
    assert.match(
      failure.message,
      /do not have the right to do this, or the bucket's policy demands an encryption/,
    );
    assert.match(failure.hint, /`s3:PutObject`.*set `s3-sse` to what it names, `AES256` or `aws:kms`/);
    const other = await failed({ endpoint: proxy.endpoint, sse: "aws:kms" }, put);
    assert.match(other.failure.message, /demands another encryption/);
    assert.match(
      other.failure.hint,
      /another encryption than `aws:kms`, set `s3-sse` to `AES256`, or `s3-sse-kms-key-id`/,
    );
    const client = new S3Client({
      ...{ endpoint: proxy.endpoint, bucket: "bucket", credentials: moto.credentials, sse: "AES256" },
    });
    assert.equal((await put(client)).status, "stored");
    client.close();
  });

  test("is no reading of a refused look", async () => {
    proxy.become({});
    proxy.script([{ fault: { kind: "answer", status: 403, code: "AccessDenied" } }]);
    for (const look of [
      (/** @type {S3Client} */ client) => client.list(""),
      (/** @type {S3Client} */ client) => client.delete("k"),
      (/** @type {S3Client} */ client) => client.get("k"),
    ]) {
      const { failure } = await failed({ endpoint: proxy.endpoint }, look);
      assert.doesNotMatch(failure.message + failure.hint, /encryption/);
    }
    proxy.script([]);
  });

  test("with a key that the credentials may not use is S3_ENCRYPTION_REFUSED", async () => {
    const message = "User: arn:aws:iam::1:user/u is not authorized to perform: kms:GenerateDataKey";
    proxy.script([{ fault: { kind: "answer", status: 403, code: "AccessDenied", message } }]);
    const { failure } = await failed({ endpoint: proxy.endpoint, sse: "aws:kms" }, put);
    assert.equal(failure.code, "S3_ENCRYPTION_REFUSED");
    proxy.script([]);
  });
});

describe("an endpoint that holds the bucket's name, of a host that is not known", () => {
  const endpoint = () => `${moto.endpoint}/bucket`;

  test("is hinted at with every refusal", async () => {
    const credentials = { ...moto.credentials, secretAccessKey: "not-the-secret" };
    const { failure } = await failed({ endpoint: endpoint(), credentials });
    assert.equal(failure.code, "S3_AUTH_FAILED");
    assert.ok(failure.hint.endsWith(`set it to \`${moto.endpoint}\`.`), failure.hint);
    const other = await failed({ endpoint: moto.endpoint, credentials });
    assert.doesNotMatch(other.failure.hint, /holds the bucket's name/);
  });

  test("is a warning where no history is found, and works", async () => {
    const place = new Place({ ...moto, endpoint: endpoint() }, { direct: moto });
    const storage = await place.open();
    assert.equal(storage.existed, false);
    const [warning] = storage.warnings.filter(({ code }) => code === "S3_BUCKET_TWICE");
    assert.match(warning?.message ?? "", /`s3-endpoint` holds the bucket's name `bucket`/);
    assert.ok(warning?.hint.includes(`\`${moto.endpoint}\``));
    storage.cleanup();
    place.remove();
  });
});
