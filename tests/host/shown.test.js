// Names that are no text, and text that hides something: what goes to the operating system and what people see.

import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { annotate } from "../../js/action/commands.js";
import { Terminal } from "../../js/console/terminal.js";
import { decoded, native } from "../../js/files/names.js";
import { plural, shown, shownName } from "../../js/shown.js";

test("a count has its noun, and its verb where that changes too", () => {
  for (const [count, text] of /** @type {const} */ ([
    [0, "0 builds are"],
    [1, "1 build is"],
    [1234, "1,234 builds are"],
  ])) {
    assert.equal(plural(count, "build is", "builds are"), text);
  }
  assert.equal(plural(2, "value"), "2 values");
});

test("every name's bytes come back out", () => {
  const pieces = [
    [0x61],
    [0xc3],
    [0xa4],
    [0xf0, 0x9f, 0x98, 0x80],
    [0x9f],
    [0xff],
    [0xed, 0xb2, 0x80],
    [0xef, 0xbf, 0xbd],
  ];
  for (let n = 0; n < pieces.length ** 4; n++) {
    const bytes = Buffer.from(
      [0, 1, 2, 3].flatMap((at) => pieces[Math.trunc(n / pieces.length ** at) % pieces.length]),
    );
    const name = decoded(bytes);
    const out = native(name);
    assert.ok(Buffer.from(out).equals(bytes), bytes.toString("hex"));
    if (Buffer.from(bytes.toString("utf8")).equals(bytes)) assert.equal(typeof out, "string");
  }
});

test("what hides or moves is written out, on its line", () => {
  for (const [text, expected] of [
    ["plain größe 😀\ta\nb", "plain größe 😀\ta\nb"],
    ["\x1b[31mred\r\x07\x9b", "\\u{1b}[31mred\\u{d}\\u{7}\\u{9b}"],
    ["a\u202eb\u2066c\u200bd\ufeffe\u00adf", "a\\u{202e}b\\u{2066}c\\u{200b}d\\u{feff}e\\u{ad}f"],
    ["👩\u200d💻 ک\u200cا", "👩\u200d💻 ک\u200cا"],
    ["a\u200db\u200d", "a\\u{200d}b\\u{200d}"],
    ["\u{e0041}", "\\u{e0041}"],
    [decoded(Buffer.from([0x62, 0xff])), "b\\xff"],
  ]) {
    assert.equal(shown(text), expected);
  }
  assert.equal(shownName("a\nb\tc"), "a\\nb\\tc");
});

test("a terminal shows its own colors and no one else's cursor", () => {
  for (const [env, color] of /** @type {[NodeJS.ProcessEnv, boolean][]} */ ([
    [{}, false],
    [{ FORCE_COLOR: "1" }, true],
  ])) {
    const stream = new PassThrough();
    const terminal = new Terminal({ stream: /** @type {any} */ (stream), env });
    terminal.line(`${terminal.paint("good", "✓")} a\x1b[2Kb\u202ec`);
    terminal.warn("\x1b]8;;x\x07", "\u200b");
    const written = String(stream.read());
    assert.ok(written.includes("a\\u{1b}[2Kb\\u{202e}c"), written);
    assert.ok(written.includes("\\u{1b}]8;;x\\u{7}") && written.includes("\\u{200b}"), written);
    assert.equal(written.includes("\x1b[32m✓\x1b[0m"), color);
  }
});

test("an annotation hides nothing in title and message", () => {
  assert.equal(
    annotate("error", "a\u202eb\nc", { title: "t\u200b" }),
    "::error title=t\\u{200b}::a\\u{202e}b%0Ac",
  );
});
