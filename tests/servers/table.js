// The S3 servers that the storage tests can be run against: where each comes from, in which version, and how a new,
// empty one is started. `npm test` uses the first two, `npm run test:providers` all of them. What they do is not
// known here: that is observed.

import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { assumedGuest, ready, WITHOUT_LIST } from "./buckets.js";
import { startCeph, startGarage } from "./clusters.js";
import * as channel from "./install.js";
import { freePort, startProcess } from "./process.js";
import { startMoto, startS3sFs } from "./s3.js";

/** @import { S3Server } from "./s3.js" */

/**
 * @typedef {object} ServerRow
 * @property {string} name as in the command line and the table of the documentation
 * @property {string} version
 * @property {string} from for people
 * @property {() => unknown} install
 * @property {() => Promise<S3Server>} start with its buckets; see `buckets.js`
 */

const MINIO = "v0.0.0-20260212201848-7aac2a2c5b7c";
const VERSITY = "v1.8.0";
const SEAWEED = "v0.0.0-20261109003541-7506e5f91cd6";
const RCLONE = "v1.75.1";
const GOFAKES3 = "v1.2.0";
const GARAGE = "2.5.0";
const CEPH = "16.2.15";
const S3PROXY = "4.1.0";
const S3MOCK = "5.2.0";
const S3RVER = "3.7.1";

// Characters that want encoding somewhere, so that a leak in another form shows too.
const KEYS = {
  accessKeyId: "AKIASERVERTESTKEY001",
  secretAccessKey: "Server/Secret+Key=0123456789abcdefghij",
};

/** Who may do everything with objects, and list nothing; where a server knows users. */
const GUEST = {
  accessKeyId: "AKIASERVERTESTGUEST1",
  secretAccessKey: "Guest/Secret+Key=0123456789abcdefghijk",
};

const minio = () => channel.goProgram("minio", "github.com/minio/minio", MINIO);
const versity = () => channel.goProgram("versitygw", "github.com/versity/versitygw/cmd/versitygw", VERSITY);
const seaweed = () => channel.goModuleProgram("seaweedfs", "github.com/seaweedfs/seaweedfs", SEAWEED, "weed");
const rclone = () => channel.goProgram("rclone", "github.com/rclone/rclone", RCLONE);
const gofakes3 = () =>
  channel.goProgram("gofakes3", "github.com/johannesboyne/gofakes3/cmd/gofakes3", GOFAKES3);
const garage = () =>
  channel.cargoProgram(
    "garage",
    GARAGE,
    ["--no-default-features", "--features", "bundled-libs,sqlite"],
    // Optimising across crates takes as long again and changes nothing that is tested.
    { CARGO_PROFILE_RELEASE_LTO: "false" },
  );
const ceph = () =>
  channel.debianPackages("ceph", ["radosgw", "ceph-mon", "ceph-osd", "ceph-mgr", "ceph-common"], CEPH);
const s3proxy = () =>
  channel.mavenArtifacts("s3proxy", [
    `org.gaul:s3proxy:${S3PROXY}`,
    // Two of its dependencies want different versions of this, and Maven would take the older one.
    "com.fasterxml.jackson.core:jackson-annotations:2.21",
  ]);
const s3mock = () => channel.mavenProgram("s3mock", `com.adobe.testing:s3mock:${S3MOCK}:jar:exec`);
const s3rver = () => channel.npmPackage("s3rver", S3RVER);

/** @type {readonly ServerRow[]} */
export const SERVERS = Object.freeze([
  {
    name: "moto",
    version: channel.MOTO,
    from: "PyPI, `moto[s3,server]`",
    install: channel.motoPython,
    start: async () => {
      const { users, ...server } = await startMoto({ policies: [WITHOUT_LIST] });
      return ready({ ...server, guest: users[0] });
    },
  },
  {
    name: "s3s-fs",
    version: channel.S3S,
    from: "crates.io, `s3s-fs`",
    install: channel.s3sFs,
    start: () => startS3sFs().then((server) => ready(server)),
  },
  {
    name: "MinIO",
    version: MINIO,
    from: "Go, `github.com/minio/minio`",
    install: minio,
    start: () =>
      inFolder(
        "minio",
        (folder) =>
          startProcess(
            minio(),
            async (port) => [
              ...["server", "--quiet", "--address", `127.0.0.1:${port}`],
              ...["--console-address", `127.0.0.1:${await freePort()}`, folder],
            ],
            {
              MINIO_ROOT_USER: KEYS.accessKeyId,
              MINIO_ROOT_PASSWORD: KEYS.secretAccessKey,
              MINIO_DOMAIN: "localhost",
              // A key of its own, so that both kinds of encryption can be asked for.
              MINIO_KMS_SECRET_KEY: `test-key:${Buffer.alloc(32, "k").toString("base64")}`,
              MINIO_BROWSER: "off",
            },
          ),
        { invite: assumedGuest },
      ),
  },
  {
    name: "versitygw",
    version: VERSITY,
    from: "Go, `github.com/versity/versitygw/cmd/versitygw`",
    install: versity,
    start: () =>
      inFolder(
        "versitygw",
        (folder) => {
          const [objects, versions] = ["objects", "versions"].map((name) => path.join(folder, name));
          const users = path.join(folder, "users");
          for (const each of [objects, versions, users]) fs.mkdirSync(each);
          const guest = { access: GUEST.accessKeyId, secret: GUEST.secretAccessKey, role: "user" };
          fs.writeFileSync(
            path.join(users, "users.json"),
            JSON.stringify({ accessAccounts: { [guest.access]: guest } }),
          );
          return startProcess(versity(), (port) => [
            ...[
              "--port",
              `127.0.0.1:${port}`,
              "--access",
              KEYS.accessKeyId,
              "--secret",
              KEYS.secretAccessKey,
            ],
            ...["--virtual-domain", `localhost:${port}`, "--iam-dir", users, "--quiet"],
            ...["posix", "--versioning-dir", versions, objects],
          ]);
        },
        { guest: GUEST, bucketPolicies: true },
      ),
  },
  {
    name: "SeaweedFS",
    version: SEAWEED,
    from: "Go, `github.com/seaweedfs/seaweedfs`",
    install: seaweed,
    start: () =>
      inFolder(
        "seaweedfs",
        (folder) => {
          const config = path.join(folder, "s3.json");
          const { accessKeyId: accessKey, secretAccessKey: secretKey } = KEYS;
          const { accessKeyId: guestKey, secretAccessKey: guestSecret } = GUEST;
          const identities = [
            { name: "tester", credentials: [{ accessKey, secretKey }], actions: ["Admin"] },
            {
              name: "guest",
              credentials: [{ accessKey: guestKey, secretKey: guestSecret }],
              actions: ["Read", "Write"],
            },
          ];
          fs.writeFileSync(config, JSON.stringify({ identities }));
          const port = async (/** @type {string} */ part) => [
            `-${part}.port=${await freePort()}`,
            // Unless it is given it is ten thousand more, which may be no port.
            `-${part}.port.grpc=${await freePort()}`,
          ];
          return startProcess(seaweed(), async (s3Port) => [
            ...["-logtostderr", "server", `-dir=${folder}`, "-ip=127.0.0.1", "-ip.bind=127.0.0.1"],
            // Nothing is sent to anyone.
            ...["-master.telemetry=false", "-master.volumeSizeLimitMB=64", "-volume.max=64"],
            ...(await port("master")),
            ...(await port("volume")),
            ...(await port("filer")),
            ...["-filer", `-filer.localSocket=${path.join(folder, "filer.sock")}`],
            ...["-s3", `-s3.port=${s3Port}`, `-s3.port.grpc=${await freePort()}`],
            ...["-s3.port.iceberg=0", "-s3.port.lance=0", `-s3.localSocket=${path.join(folder, "s3.sock")}`],
            ...[`-s3.config=${config}`, "-s3.domainName=localhost"],
          ]);
        },
        { guest: GUEST },
      ),
  },
  {
    name: "Garage",
    version: GARAGE,
    from: "crates.io, `garage`",
    install: garage,
    start: () => startGarage(garage()).then((server) => ready(server)),
  },
  {
    name: "Ceph RGW",
    version: CEPH,
    from: "Debian, `radosgw`",
    install: ceph,
    start: () => startCeph(KEYS).then((server) => ready(server)),
  },
  {
    name: "rclone serve s3",
    version: RCLONE,
    from: "Go, `github.com/rclone/rclone`",
    install: rclone,
    start: () =>
      inFolder("rclone", (folder) =>
        startProcess(
          rclone(),
          (port) => [
            ...["serve", "s3", "--addr", `127.0.0.1:${port}`, "--config", path.join(folder, "none")],
            ...["--auth-key", `${KEYS.accessKeyId},${KEYS.secretAccessKey}`, folder],
          ],
          {},
        ),
      ),
  },
  {
    name: "gofakes3",
    version: GOFAKES3,
    from: "Go, `github.com/johannesboyne/gofakes3/cmd/gofakes3`",
    install: gofakes3,
    start: () =>
      inFolder("gofakes3", () =>
        startProcess(gofakes3(), (port) => [
          ...["-host", `127.0.0.1:${port}`, "-backend", "memory", "-hostbucketbase", `localhost`, "-quiet"],
        ]),
      ),
  },
  {
    name: "S3Proxy",
    version: S3PROXY,
    from: "Maven, `org.gaul:s3proxy`",
    install: s3proxy,
    start: () =>
      inFolder("s3proxy", (folder) => {
        const properties = path.join(folder, "s3proxy.conf");
        const objects = path.join(folder, "objects");
        fs.mkdirSync(objects);
        return startProcess("java", (port) => {
          fs.writeFileSync(
            properties,
            [
              `s3proxy.endpoint=http://127.0.0.1:${port}`,
              "s3proxy.authorization=aws-v2-or-v4",
              `s3proxy.identity=${KEYS.accessKeyId}`,
              `s3proxy.credential=${KEYS.secretAccessKey}`,
              "jclouds.provider=filesystem-nio2",
              "jclouds.identity=local",
              "jclouds.credential=local",
              `jclouds.filesystem.basedir=${objects}`,
              "",
            ].join("\n"),
          );
          return ["-cp", path.join(s3proxy(), "*"), "org.gaul.s3proxy.Main", "--properties", properties];
        });
      }),
  },
  {
    name: "S3Mock",
    version: S3MOCK,
    from: "Maven, `com.adobe.testing:s3mock`",
    install: s3mock,
    start: () =>
      inFolder("s3mock", (folder) =>
        startProcess(
          "java",
          async (port) => [
            ...["-jar", s3mock()],
            ...[`--server.port=${await freePort()}`, `--com.adobe.testing.s3mock.http-port=${port}`],
          ],
          { COM_ADOBE_TESTING_S3MOCK_STORE_ROOT: folder, COM_ADOBE_TESTING_S3MOCK_STORE_INITIAL_BUCKETS: "" },
        ),
      ),
  },
  {
    name: "s3rver",
    version: S3RVER,
    from: "npm, `s3rver`",
    install: s3rver,
    start: () =>
      inFolder(
        "s3rver",
        (folder) =>
          startProcess(process.execPath, (port) => [
            ...[path.join(s3rver(), "bin/s3rver.js"), "--directory", folder, "--address", "127.0.0.1"],
            ...["--port", String(port), "--service-endpoint", "localhost", "--silent"],
          ]),
        // It knows no other pair.
        { credentials: { accessKeyId: "S3RVER", secretAccessKey: "S3RVER" } },
      ),
  },
]);

/**
 * A server with a folder of its own, which goes with it.
 *
 * @param {string} name
 * @param {(folder: string) => Promise<{port: number, stop: () => Promise<void>}>} start
 * @param {Pick<Partial<S3Server>, "credentials" | "guest"> & Parameters<typeof ready>[1]} [options]
 * @returns {Promise<S3Server>}
 */
async function inFolder(name, start, { credentials = KEYS, guest, ...rest } = {}) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), `unentropy-${name}-`));
  const remove = () => fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  try {
    const server = await start(folder);
    const stop = async () => {
      await server.stop();
      remove();
    };
    const endpoint = `http://127.0.0.1:${server.port}`;
    return await ready({ name, endpoint, credentials, guest, stop }, rest);
  } catch (error) {
    remove();
    throw error;
  }
}
