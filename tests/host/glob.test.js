// One glob: what it matches, and that no glob takes more than time that grows with the path. Steps are counted, not timed.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { globAutomaton, globMatcher } from "../../js/files/glob.js";

/** @type {[glob: string, matching: string[], others: string[], dots?: boolean][]} */
const CASES = [
  ["*.js", ["a.js", "a.b.js"], [".js", ".a.js", "a/b.js", "a.jsx"]],
  ["*.js", [".js", ".a.js"], ["a/b.js"], true],
  ["a?c", ["abc", "a😀c"], ["ac", "a/c", "abbc"]],
  ["**/*.js", ["a.js", "a/b.js", "a/b/c.js"], [".a/b.js", "a/.b.js", "a.ts"]],
  ["src/**", ["src/a", "src/a/b"], ["src", "srca/b", "src/.a", "src/a/.b"]],
  ["a/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["a/.x/b", "ab", "a/xb"]],
  ["**/test/**", ["test/a", "x/test/a/b"], ["test", "x/testa/b"]],
  ["a**b", ["ab", "axb"], ["a/b"]],
  ["{a,b/c}.{js,ts}", ["a.js", "b/c.ts"], ["b.js", "a.md"]],
  ["{a,{b,c}d}e", ["ae", "bde", "cde"], ["abde", "{a,bd}e"]],
  ["{**/,}x", ["x", "a/x"], ["ax"]],
  ["{a}", ["{a}"], ["a"]],
  ["{a,b", ["{a,b"], ["a"]],
  ["f{1..3}", ["f1", "f3"], ["f4", "f{1..3}"]],
  ["f{08..10}", ["f08", "f09", "f10"], ["f8"]],
  ["f{c..a}", ["fa", "fc"], ["fd"]],
  ["[a-c]x", ["ax", "cx"], ["dx", "x"]],
  ["[!a]x", ["bx"], ["ax", "/x"]],
  ["[^a]x", ["bx"], ["ax"]],
  ["[]a]x", ["]x", "ax"], ["bx"]],
  ["[[:digit:]_]x", ["1x", "_x"], ["ax"]],
  ["[a", ["[a"], ["a"]],
  ["[\\]]", ["]"], ["\\"]],
  ["\\*", ["*"], ["a"]],
  ["@(a|b)c", ["ac", "bc"], ["c", "abc"]],
  ["?(a|b)c", ["ac", "c"], ["abc"]],
  ["+(a|b)c", ["ac", "abac"], ["c"]],
  ["*(a|b)c", ["c", "abac"], ["dc"]],
  ["!(a|b)", ["c", "ab"], ["a", "b", ".c", "c/d"]],
  ["!(*.test).js", ["a.js", "test.js"], ["a.test.js"]],
  ["a!(b)c", ["ac", "abbc"], ["abc"]],
  ["(a|b)c", ["ac", "bc"], ["c"]],
  ["@(.a|b)", [".a", "b"], ["a"]],
  ["*(a|b", ["*(a|b", "x(a|b"], ["ab"]],
  [".*", [".a"], ["a"]],
  ["größe*", ["größe.md"], ["grösse.md"]],
];

describe("a glob", () => {
  for (const [glob, matching, others, dots = false] of CASES) {
    test(`${glob}${dots ? " where dots are no exception" : ""}`, () => {
      const matches = globMatcher(glob, { dots });
      for (const path of matching) assert.ok(matches(path), path);
      for (const path of others) assert.ok(!matches(path), path);
    });
  }
});

const HOSTILE = [
  "+(+(a|b)|*)c.js",
  "*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*ac.js",
  "*(*(*(*(*(*(*(*(*(a|b)))))))))c",
  "+(+(+(+(+(+(*|a)|a)|a)|a)|a)|a)b",
  "{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}b",
  "**/**/**/**/**/**/**/**/**/**/**/x",
  "**/*a*/**/*a*/**/*a*/**/*a*/**/x",
  "!(*a*a*a*a*a*a*a*a*a*b)",
  "!(!(!(a*|b)|*c)|a*a*a)",
  "[!b]*[!b]*[!b]*[!b]*[!b]*[!b]*b",
];

describe("a glob whose naive matching takes exponential time", () => {
  for (const glob of HOSTILE) {
    test(glob, () => {
      const automaton = globAutomaton(glob);
      assert.ok(automaton);
      for (const path of [`${"a".repeat(250)}b.js`, `${"a/".repeat(2_000)}y`]) automaton.matches(path);
      assert.ok(automaton.worked < 500, `${automaton.worked} sets of states`);
    });
  }

  test("sets of states are forgotten before they fill the memory", () => {
    const automaton = globAutomaton(`*a${"?".repeat(40)}`);
    let bits = 1;
    const path = Array.from({ length: 20_000 }, () => {
      bits = (bits * 1103515245 + 12345) & 0x7fffffff;
      return bits & 0x10000 ? "a" : "b";
    }).join("");
    assert.equal(automaton?.matches(path), path.at(-41) === "a");
    assert.ok(Number(automaton?.worked) <= path.length + 1);
  });

  test("an excluded alternative that cannot be kept track of is an error, not a hang", () => {
    const automaton = globAutomaton(`!(*a${"?".repeat(40)})`);
    let bits = 1;
    const path = Array.from({ length: 30_000 }, () => {
      bits = (bits * 1103515245 + 12345) & 0x7fffffff;
      return bits & 0x10000 ? "a" : "b";
    }).join("");
    assert.throws(
      () => automaton?.matches(path),
      (/** @type {any} */ thrown) => thrown.code === "PATTERN_TOO_COMPLEX",
    );
  });

  test("a path longer than any file system has matches nothing", () => {
    assert.equal(globMatcher("**")("a".repeat(40_000)), false);
  });
});
