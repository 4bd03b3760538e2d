// Where requests go: hosts, paths, regions, encodings, and where credentials are never sent.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Address, isLoopback, isSameProvider, regionOfHost } from "../../../js/s3/address.js";

/** [parameters, the URL of the key `a/b.db`, region] */
const PLACES = /** @type {[any, string, string][]} */ ([
  [{}, "https://store.s3.us-east-1.amazonaws.com/a/b.db", "us-east-1"],
  [{ region: "eu-west-3" }, "https://store.s3.eu-west-3.amazonaws.com/a/b.db", "eu-west-3"],
  [{ region: "cn-north-1" }, "https://store.s3.cn-north-1.amazonaws.com.cn/a/b.db", "cn-north-1"],
  [
    { region: "eu-west-3", bucket: "with.dot" },
    "https://s3.eu-west-3.amazonaws.com/with.dot/a/b.db",
    "eu-west-3",
  ],
  [
    { region: "eu-west-3", addressing: "path" },
    "https://s3.eu-west-3.amazonaws.com/store/a/b.db",
    "eu-west-3",
  ],
  [
    { endpoint: "https://s3.eu-central-1.amazonaws.com" },
    "https://store.s3.eu-central-1.amazonaws.com/a/b.db",
    "eu-central-1",
  ],
  [{ endpoint: "http://127.0.0.1:9000" }, "http://127.0.0.1:9000/store/a/b.db", "us-east-1"],
  [
    { endpoint: "http://s3.localhost:9000", addressing: "virtual" },
    "http://store.s3.localhost:9000/a/b.db",
    "us-east-1",
  ],
  [
    { endpoint: "https://acc.r2.cloudflarestorage.com/" },
    "https://acc.r2.cloudflarestorage.com/store/a/b.db",
    "auto",
  ],
  [
    { endpoint: "https://nyc3.digitaloceanspaces.com" },
    "https://nyc3.digitaloceanspaces.com/store/a/b.db",
    "nyc3",
  ],
  [
    { endpoint: "https://proj.example.org/storage/v1/s3/" },
    "https://proj.example.org/storage/v1/s3/store/a/b.db",
    "us-east-1",
  ],
]);

for (const [parameters, url, region] of PLACES) {
  test(`${JSON.stringify(parameters)} is ${url}`, () => {
    const address = new Address({ bucket: "store", ...parameters });
    assert.equal(address.url("a/b.db").href, url);
    assert.equal(address.region, region);
  });
}

for (const [host, region] of /** @type {const} */ ([
  ["s3.amazonaws.com", null],
  ["s3-eu-west-1.amazonaws.com", "eu-west-1"],
  ["s3.dualstack.ap-southeast-2.amazonaws.com", "ap-southeast-2"],
  ["s3-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"],
  ["bucket.vpce-1a2b.s3.us-east-2.vpce.amazonaws.com", "us-east-2"],
  ["s3.cn-northwest-1.amazonaws.com.cn", "cn-northwest-1"],
  ["abc.eu.r2.cloudflarestorage.com", "auto"],
  ["s3.us-west-004.backblazeb2.com", "us-west-004"],
  ["s3.eu-central-2.wasabisys.com", "eu-central-2"],
  ["s3.fr-par.scw.cloud", "fr-par"],
  ["s3.gra.io.cloud.ovh.net", "gra"],
  ["fsn1.your-objectstorage.com", "fsn1"],
  ["us-east-1.linodeobjects.com", "us-east-1"],
  ["ewr1.vultrobjects.com", "ewr1"],
  ["sos-ch-gva-2.exo.io", "ch-gva-2"],
  ["s3.eu-de.cloud-object-storage.appdomain.cloud", "eu-de"],
  ["ns.compat.objectstorage.us-ashburn-1.oraclecloud.com", "us-ashburn-1"],
  ["oss-cn-hangzhou.aliyuncs.com", "cn-hangzhou"],
  ["cos.ap-guangzhou.myqcloud.com", "ap-guangzhou"],
  ["storage.googleapis.com", "auto"],
  ["minio.example.org", null],
  ["evil-amazonaws.com", null],
])) {
  test(`the region of ${host} is ${region}`, () => assert.equal(regionOfHost(host), region));
}

test("keys are encoded once, their slashes kept", () => {
  const address = new Address({ bucket: "store", endpoint: "https://h" });
  assert.equal(
    address.url("dir/a b+c%41!'()*~-_.ü€😀.db").href,
    "https://h/store/dir/a%20b%2Bc%2541%21%27%28%29%2A~-_.%C3%BC%E2%82%AC%F0%9F%98%80.db",
  );
  assert.equal(
    address.url(null, { prefix: "a b+&=", versions: "" }).href,
    "https://h/store?prefix=a%20b%2B%26%3D&versions=",
  );
});

test("another region moves AWS's own hosts along and nobody else's", () => {
  const moved = (/** @type {string} */ endpoint) =>
    new Address({ bucket: "store", endpoint }).inRegion("eu-north-1");
  assert.equal(moved("https://s3.us-east-1.amazonaws.com").host, "s3.eu-north-1.amazonaws.com");
  assert.equal(moved("https://s3.amazonaws.com").host, "s3.eu-north-1.amazonaws.com");
  assert.equal(moved("https://minio.example.org").host, "minio.example.org");
  assert.equal(moved("https://minio.example.org").region, "eu-north-1");
});

/** [from, to, allowed] */
const REDIRECTS = /** @type {const} */ ([
  ["https://b.s3.amazonaws.com/k", "https://b.s3-us-west-2.amazonaws.com/k", true],
  ["https://minio.example.org/b/k", "https://minio.example.org/b/k2", true],
  ["https://minio.example.org/b/k", "https://other.example.org/b/k", false],
  ["https://b.s3.amazonaws.com/k", "http://b.s3-us-west-2.amazonaws.com/k", false],
  ["https://b.s3.amazonaws.com/k", "https://b.s3.amazonaws.com.evil.org/k", false],
  ["https://b.s3.amazonaws.com/k", "https://evilamazonaws.com/k", false],
  ["https://b.s3.amazonaws.com/k", "https://b.s3.amazonaws.com:8443/k", false],
  ["http://127.0.0.1:9000/b/k", "http://127.0.0.1:9001/b/k", false],
]);

for (const [from, to, allowed] of REDIRECTS) {
  test(`a redirect from ${from} to ${to} is ${allowed ? "followed" : "refused"}`, () => {
    assert.equal(isSameProvider(new URL(from), new URL(to)), allowed);
  });
}

test("loopback is this machine only", () => {
  for (const host of ["localhost", "a.localhost", "127.0.0.1", "127.8.9.1", "[::1]"])
    assert(isLoopback(host));
  for (const host of ["127.evil.org", "localhost.evil.org", "10.0.0.1", "[::2]"]) assert(!isLoopback(host));
});
