// Certificates of their own for servers of tests, made by openssl.

import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";

/**
 * @param {string} folder where its files are left
 * @param {string} name such as `IP:127.0.0.1`
 * @returns {{key: string, cert: string, file: string}} PEM, and the file of the certificate
 */
export function certificateFor(folder, name) {
  const [key, cert] = ["key", "cert"].map((part) => path.join(folder, `${name.replace(/\W/g, "-")}.${part}`));
  const subject = ["-subj", "/CN=test", "-addext", `subjectAltName=${name}`];
  const made = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  execFileSync("openssl", ["req", "-x509", ...made, "-keyout", key, "-out", cert, ...subject], {
    stdio: "ignore",
  });
  return { key: fs.readFileSync(key, "utf8"), cert: fs.readFileSync(cert, "utf8"), file: cert };
}
