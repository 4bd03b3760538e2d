// One font for whatever is photographed, wherever that is done: a fontconfig file that answers every
// question for a system font with the given family.

import fs from "node:fs";
import path from "node:path";

/**
 * @param {string} directory where the file is put
 * @param {string} family installed on this machine
 * @returns {string} its path, for FONTCONFIG_FILE
 */
export function fontFile(directory, family) {
  const rules = ["system-ui", "sans-serif", "monospace"].map(
    (name) =>
      `<match target="pattern"><test name="family"><string>${name}</string></test>` +
      `<edit name="family" mode="prepend" binding="strong"><string>${family}</string></edit></match>`,
  );
  const file = path.join(directory, "fonts.conf");
  fs.writeFileSync(
    file,
    '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>' +
      `<include ignore_missing="yes">/etc/fonts/fonts.conf</include>${rules.join("")}</fontconfig>`,
  );
  return file;
}
