//! Lines of code from the outside: detection, counting and adding up, over files and generated
//! texts. That the numbers are those of the languages' lexers is checked by tools/loc-truth.

use proptest::prelude::*;
use unentropy::collect::loc::{
    self, Counts, Detection, Intake, LanguageId, Question, Tally, Uncountable, count, detect, find,
};
use unentropy::error::Code;

/// Code, comments and blanks of a text in the named language.
fn lines(language: &str, text: impl AsRef<[u8]>) -> (u64, u64, u64) {
    let counts = count(find(language).unwrap(), text.as_ref()).unwrap();
    (counts.code, counts.comments, counts.blanks)
}

/// The language of a path, by its name alone.
fn language_of(path: &str) -> Option<&'static str> {
    match detect(path) {
        Detection::Language(id) => Some(id.name()),
        _ => None,
    }
}

macro_rules! fixture {
    ($name:literal) => {
        ($name, include_bytes!(concat!("../fixtures/loc/", $name)).as_slice())
    };
}

#[test]
fn files_have_the_lines_that_a_reader_counts() {
    let cases = [
        (fixture!("strings.js"), (10, 6, 1)),
        (fixture!("nested.rs"), (6, 9, 2)),
        (fixture!("docstrings.py"), (6, 2, 1)),
        (fixture!("page.html"), (12, 4, 1)),
        (fixture!("component.vue"), (10, 4, 3)),
        (fixture!("notes.md"), (4, 0, 1)),
        (fixture!("notebook.ipynb"), (3, 3, 2)),
        (fixture!("fixed.f"), (3, 3, 0)),
        (fixture!("free.f90"), (3, 1, 1)),
        (fixture!("script.bat"), (1, 3, 1)),
        (fixture!("query.sql"), (2, 3, 0)),
        (fixture!("module.lua"), (1, 3, 0)),
        (fixture!("lib.hs"), (1, 3, 0)),
        (fixture!("tree.xml"), (3, 1, 1)),
        (fixture!("main.tf"), (3, 3, 0)),
        (fixture!("sig.d"), (1, 1, 0)),
    ];
    for ((name, bytes), expected) in cases {
        let language = language_of(name).unwrap();
        assert_eq!(lines(language, bytes), expected, "{name}");
    }
}

#[test]
fn a_line_is_what_a_line_feed_ends_or_the_text_does() {
    let cases = [
        ("", (0, 0, 0)),
        ("\n", (0, 0, 1)),
        ("\n\n", (0, 0, 2)),
        ("x", (1, 0, 0)),
        ("x\n", (1, 0, 0)),
        ("x\n\n", (1, 0, 1)),
        ("x\n  ", (1, 0, 1)),
        ("x\r\n\r\n// y\r\n", (1, 1, 1)),
        ("\u{c}\n\t\u{b}\n", (0, 0, 2)),
        ("/* open", (0, 1, 0)),
        ("/* open\n\n", (0, 2, 0)),
        ("\" open\n\n", (1, 0, 1)),
        ("\" open \\\n\n", (2, 0, 0)),
        ("x /* open\n y */", (1, 1, 0)),
        ("/* a */ x /* b */\n", (1, 0, 0)),
        ("/* a */ /* b */ // c\n", (0, 1, 0)),
        ("/* a\n */ x\n", (1, 1, 0)),
        ("*/\n/*/\n/**/\n", (1, 2, 0)),
    ];
    for (text, expected) in cases {
        assert_eq!(lines("c", text), expected, "{text:?}");
    }
}

/// A line of code with a quote or a comment's marker in it, two lines of comment and a line of code.
fn around(language: &str, line: &str) -> String {
    let syntax = match language {
        "python" | "ruby" | "elixir" | "crystal" | "julia" | "nim" | "perl" | "shell" | "coffeescript" => "#",
        "haskell" | "elm" | "purescript" | "lua" | "ada" | "vhdl" => "--",
        "scheme" | "clojure" | "emacs lisp" | "common lisp" => ";",
        "erlang" => "%",
        _ => "//",
    };
    if language == "ocaml" || language == "f*" {
        return format!("{line}\n(* a *)\n(* b *)\nx\n");
    }
    format!("{line}\n{syntax} a\n{syntax} b\nx\n")
}

#[test]
fn a_quote_in_a_character_a_regex_or_a_raw_string_changes_nothing() {
    let cases: &[(&str, &[&str])] = &[
        (
            "c",
            &[
                r#"char c = '"';"#,
                r#"char c = '\'';"#,
                r#"char c = '\\'; char d = '"';"#,
                "int n = '/*';",
                r#"L'"'"#,
            ],
        ),
        (
            "c++",
            &[
                r#"auto n = 1'000'000; char c = '"';"#,
                r##"auto s = R"(")";"##,
                r#"auto s = R"x(/* )" )x";"#,
                r#"u8'"'"#,
            ],
        ),
        ("c header", &[r#"#define Q '"'"#, "#error don't"]),
        (
            "c#",
            &[
                r#"var c = '"';"#,
                r#"var s = @"c:\"; var t = @"a""b";"#,
                r#"var s = $@"\";"#,
                r#"var s = """ " """;"#,
            ],
        ),
        ("java", &[r#"char c = '"';"#, r#"char c = '\u0022'; char d = '\'';"#]),
        ("kotlin", &[r#"val c = '"'"#, r#"val r = """\""""#]),
        ("scala", &[r#"val c = '"'; val s = 'symbol"#, r#"val r = """\""""#]),
        ("swift", &[r#"let c = '"'"#, r##"let r = #"""#; let s = 1"##, r#"let r = /"/"#]),
        ("dart", &[r#"var c = '"';"#, r#"var r = r'\'; var s = r"\";"#]),
        ("groovy", &[r#"def c = '"'"#, r#"def r = ~/"/"#]),
        ("go", &[r#"c := '"'"#, "s := `\"`", r"s := `\`", r#"c := '\''"#]),
        (
            "rust",
            &[
                r#"let c = '"';"#,
                r"let c = '\''; let b = b'\\';",
                r#"let b = b'"';"#,
                r#"fn f<'a, 'b>(x: &'a str) -> char { '"' }"#,
                r##"let s = r#"" /* "#;"##,
                r###"let s = br##""# "##;"###,
                r#"let s = r"\";"#,
                "'outer: loop { break 'outer; }",
            ],
        ),
        (
            "typescript",
            &[
                "const r = /[/*]/;",
                r"const r = /\/\*/g;",
                "const r = /it's/;",
                "const q = '/*';",
                "x = a / b; y = `/*`;",
            ],
        ),
        (
            "javascript",
            &[
                "return /['\"`]/;",
                "if (x) /'/.test(y);",
                "a = b / c; d = e / 'f';",
                "a++ / 2; '/*'",
                "const t = `${a ? `'` : \"'\"}`;",
                "const e = <p title='a'>don't {b} // no</p>;",
                "const e = <><Br/>it's</>;",
                "i = a <b || c> d; s = \"'\";",
                "x = /* c */ /'/;",
            ],
        ),
        ("python", &["y = 'it''s' # c", "z = r'\\'", "w = f'{x!r:>{y}}' # \"", r#"s = '"'"#]),
        ("ruby", &[r#"c = '"'"#, r#"c = ?""#, "r = x =~ /'/", "puts /\"/", r#"s = "a#{h["b"]}c""#]),
        ("crystal", &[r#"c = '"'"#]),
        ("elixir", &[r#"c = ?""#, r#"s = "a#{m["b"]}c""#]),
        ("coffeescript", &["r = /'/"]),
        ("haskell", &[r#"c = '"'"#, r#"x' = foldl' f y'"#, r#"c = '\''; s = "--""#]),
        ("elm", &[r#"c = '"'"#]),
        ("purescript", &[r#"c = '"'"#]),
        ("ocaml", &[r#"let c = '"'"#, "let x' = f x' y'", "let f (x : 'a) (y : 'b) = x", r#"let c = '\''"#]),
        ("f#", &[r#"let c = '"'"#, r#"let s = @"\""#, "let x' = f x'"]),
        ("ada", &[r#"C : Character := '"';"#, r#"X'Image (Y)"#]),
        ("vhdl", &[r#"c <= '"';"#, "if clk'event and clk = '1' then"]),
        ("julia", &[r#"c = '"'"#, "y = x' * z'"]),
        ("nim", &[r#"let c = '"'"#]),
        ("zig", &[r#"const c = '"';"#]),
        ("d", &[r#"char c = '"';"#, "auto s = `\"`;", r#"auto s = r"\";"#]),
        ("lua", &["s = [[ ' ]]", "s = [==[ ]] \" ]==]"]),
        ("scheme", &[r#"(define c #\")"#]),
        ("common lisp", &[r#"(setf c #\")"#]),
        ("clojure", &[r#"(def c \")"#]),
        ("emacs lisp", &[r#"(setq c ?")"#, r#"(setq c ?\")"#]),
        ("objective-c", &[r#"char c = '"'; id s = @"'";"#]),
        ("vala", &[r#"char c = '"';"#]),
        ("solidity", &[r#"string s = '"';"#]),
        ("verilog", &["assign a = 8'hFF; // \"", "assign b = 4'b0;"]),
    ];
    for (language, codes) in cases {
        for code in *codes {
            let text = around(language, code);
            assert_eq!(lines(language, &text), (2, 2, 0), "{language}:\n{text}");
        }
    }
}

#[test]
fn a_string_goes_on_as_far_as_its_language_lets_it() {
    let cases = [
        ("html", "<p>don't</p>\n\n<p>won't</p>\n\n", (2, 0, 2)),
        ("python", "x = '''\n# text\n\n'''\n# comment\n", (4, 1, 0)),
        ("python", "x = 'open\n# comment\n", (1, 1, 0)),
        ("c#", "var p = @\"c:\\\"; // after\n// comment\n", (1, 1, 0)),
        ("c#", "var p = @\"\n// text \"\"\n\";\n// comment\n", (3, 1, 0)),
        ("rust", "let r = r#\"\"//\"#;\n// comment\n", (1, 1, 0)),
        ("rust", "let r = \"\n// text\n\n\";\n// comment\n", (4, 1, 0)),
        ("rust", "/* a /* b */\n c */ x\n// d\n", (1, 2, 0)),
        ("c", "/* \" */\n// comment\n", (0, 2, 0)),
        ("go", "s := `\n// text\n\n`\n// comment\n", (4, 1, 0)),
        ("java", "s = \"\"\"\n  // text\n\n  \"\"\";\n// comment\n", (4, 1, 0)),
        ("c++", "s = R\"--(\n// text )\"\n)--\";\n// comment\n", (3, 1, 0)),
        ("js", "s = `\n// text ${\n// comment\n`\n// text\n` }\n\n`;\n// comment\n", (7, 2, 0)),
        ("js", "e = <p>\n  // text\n\n  {/* comment\n */}\n  it's\n</p>;\n// comment\n", (6, 1, 1)),
        (
            "js",
            "e = (\n  <A b={() => {\n    // comment\n    return '}';\n  }}\n    // comment\n  />\n);\n",
            (6, 2, 0),
        ),
        ("kotlin", "s = \"\"\"\n// text\n\"\"\"\n// comment\n", (3, 1, 0)),
        ("ruby", "s = <<~A + <<-'B'\n# text \"\n  A\n\n# text '\nB\n# comment\n", (6, 1, 0)),
        ("ruby", "x = 1 <<A\n# comment '\n=begin\n'\n=end\ny = %w[# '\n # ]\n", (3, 4, 0)),
        (
            "perl",
            "print <<\"A\";\n# text '\nA\n# comment\n$x =~ s{'}{\"}; @y = qw(' #);\n# comment\n$#y\n",
            (5, 2, 0),
        ),
        ("perl", "=head1 It's\n\ntext\n\n=cut\n\nx;\n", (1, 5, 1)),
        ("shell", "cat <<'A' # comment\n# text '\n\nA\n# don't\na=${#b} c='\\'\n# comment\n", (5, 2, 0)),
        ("bash", "n=$((1 << N)) s=$'it\\'s'\n# comment\n", (1, 1, 0)),
        (
            "php",
            "<p>don't</p>\n\n<?php // it's ?>\n<p>it's</p>\n<?php\n$a = <<<A\n// text '\n\nA;\n// comment\n#[B]\n# c\n",
            (9, 2, 1),
        ),
        (
            "yaml",
            "a: it's\n# comment\nb: |\n  # text\n\n  text\n# comment\n\n- c: >-\n    # text\n  d: 1 # e\n",
            (8, 2, 1),
        ),
        ("swift", "s = #\"\"\"\n// text \"\"\"\n\"\"\"#\n// comment\n", (3, 1, 0)),
    ];
    for (language, text, expected) in cases {
        assert_eq!(lines(language, text), expected, "{text:?}");
    }
}

#[test]
fn a_group_holds_its_dialects() {
    let names =
        |name: &str| loc::find_group(name).unwrap().into_iter().map(LanguageId::name).collect::<Vec<_>>();
    for (name, group) in [
        ("TypeScript", ["x.ts", "x.tsx", "x.mts", "x.cts"].as_slice()),
        ("javascript", &["x.js", "x.jsx", "x.mjs", "x.cjs"]),
        ("CSS", &["x.css", "x.scss", "x.sass", "x.less", "x.styl"]),
        ("c", &["x.c", "x.h"]),
    ] {
        for path in group {
            assert!(names(name).contains(&language_of(path).unwrap()), "{path} in {name}");
        }
    }
    assert_eq!(names("tsx"), ["TSX"]);
    assert_eq!(names("c header"), ["C Header"]);
    assert_eq!(names("scss"), ["Sass"]);
    assert_eq!(names("ts"), ["TypeScript", "TSX"]);
    assert_eq!(names("Rust"), ["Rust"]);
    assert!(loc::find_group("typscript").is_err());
}

#[test]
fn markup_reads_embedded_regions_by_their_own_syntax() {
    let cases = [
        ("<script>\n// c\n</script>\n", (2, 1, 0)),
        ("<SCRIPT>\n// c\n</SCRIPT>\n", (2, 1, 0)),
        ("<script>\n'open\n</script>\n<!-- c -->\n", (3, 1, 0)),
        ("<script>\n/* open\n</script>\n<!-- c -->\n", (2, 2, 0)),
        ("<script>\n\n</script>\n", (2, 0, 1)),
        ("<script>\n// no end\n", (2, 0, 0)),
        ("<script/>\n// no script\n</script>", (3, 0, 0)),
        ("<scripted>\n// no script\n</scripted>\n", (3, 0, 0)),
        ("<script type=\"text/html\">\n<!-- c -->\n// text\n</script>\n", (3, 1, 0)),
        ("<script lang=coffee>\n# c\n</script>\n", (2, 1, 0)),
        ("<style>\n/* c */\n</style><script>\n// c\n</script>\n", (3, 2, 0)),
        ("<!-- <script> -->\n// text\n", (1, 1, 0)),
        ("<script\n  lang=ts\n\n  setup\n>\n// c\n</script>\n", (5, 1, 1)),
        ("<p>\n<style\r\n  lang=\"a\nb\">\n/* c */\n</style>\n", (5, 1, 0)),
    ];
    for (text, expected) in cases {
        assert_eq!(lines("html", text), expected, "{text:?}");
    }
}

#[test]
fn a_byte_order_mark_is_no_content() {
    let utf16 = |mark: char, swap: bool| -> Vec<u8> {
        let text = format!("{mark}// a\nx\n\n");
        text.encode_utf16()
            .flat_map(|unit| if swap { unit.to_be_bytes() } else { unit.to_le_bytes() })
            .collect()
    };
    for bytes in
        ["\u{feff}// a\nx\n\n".as_bytes().to_vec(), utf16('\u{feff}', false), utf16('\u{feff}', true)]
    {
        assert_eq!(lines("c", &bytes), (1, 1, 1), "{bytes:?}");
    }
}

#[test]
fn what_is_no_text_has_no_lines() {
    let cases = [
        ("c", b"\x7fELF\0\x01".as_slice(), Uncountable::Binary),
        ("jupyter", b"{}", Uncountable::Notebook),
        ("jupyter", b"x = 1", Uncountable::Notebook),
    ];
    for (language, bytes, expected) in cases {
        assert_eq!(count(find(language).unwrap(), bytes), Err(expected));
    }
}

#[test]
fn paths_tell_their_language() {
    let cases = [
        ("src/main.rs", Some("Rust")),
        ("/a/b.c/MAIN.PY", Some("Python")),
        (r"C:\a\b.TS", Some("TypeScript")),
        ("x.d.ts", Some("TypeScript")),
        ("x.mts", Some("TypeScript")),
        ("x.tsx", Some("TSX")),
        ("Makefile", Some("Makefile")),
        ("a/Dockerfile", Some("Dockerfile")),
        ("CMakeLists.txt", Some("CMake")),
        ("Gemfile", Some("Ruby")),
        ("Jenkinsfile", Some("Groovy")),
        ("BUILD", Some("Bazel")),
        ("home.blade.php", Some("Blade")),
        ("home.php", Some("PHP")),
        ("x.unknown", None),
        ("x.", None),
        ("a.rs/x.", None),
    ];
    for (path, expected) in cases {
        assert_eq!(language_of(path), expected, "{path}");
    }
    for path in ["tool", ".bashrc", "a.rs/tool", ""] {
        assert_eq!(detect(path), Detection::ByContent(Question::Interpreter), "{path}");
    }
}

#[test]
fn first_lines_tell_the_interpreter() {
    let cases = [
        ("#!/bin/sh\n", Some("Shell")),
        ("#! /bin/bash -e\n", Some("Bash")),
        ("#!/usr/bin/env python3\n", Some("Python")),
        ("#!/usr/bin/python3.12\n", Some("Python")),
        ("#!/usr/bin/env -S node --no-warnings\n", Some("JavaScript")),
        ("#!/usr/bin/env -S A=1 deno run\n", Some("TypeScript")),
        ("#!/usr/bin/perl6", Some("Raku")),
        ("#!/usr/bin/perl5", Some("Perl")),
        ("#!/usr/bin/env Rscript\r\n", Some("R")),
        ("#!/usr/bin/env\n", None),
        ("#!\n", None),
        ("#!/opt/unheard-of\n", None),
        ("\n#!/bin/sh\n", None),
        ("", None),
    ];
    for (head, expected) in cases {
        assert_eq!(loc::detect_shebang(head.as_bytes()).map(LanguageId::name), expected, "{head:?}");
    }
}

#[test]
fn shared_extensions_are_told_apart_by_content() {
    let cases = [
        ("x.v", "// c\nmodule top(input a);\nendmodule\n", "Verilog"),
        ("x.v", "`timescale 1ns/1ps\n", "Verilog"),
        ("x.v", "module main\n\nimport os\n\nfn main() {\n}\n", "V"),
        ("x.v", "Require Import Arith.\nLemma a : True.\nProof. trivial. Qed.\n", "Coq"),
        ("x.m", "% comment\nx = 1;\n", "MATLAB"),
        ("x.m", "function y = f(x)\n", "MATLAB"),
        ("x.m", "#import <A/A.h>\n", "Objective-C"),
        ("x.m", "/* c */\n@implementation A\n", "Objective-C"),
    ];
    for (path, head, expected) in cases {
        let Detection::ByContent(question) = detect(path) else { panic!("{path} is settled") };
        assert_eq!(loc::detect_content(question, head.as_bytes()).unwrap().name(), expected, "{head:?}");
    }
}

#[test]
fn languages_answer_to_names_aliases_and_extensions() {
    let cases = [
        ("rust", "Rust"),
        ("RUST", "Rust"),
        (" Rust ", "Rust"),
        ("rs", "Rust"),
        ("js", "JavaScript"),
        ("ts", "TypeScript"),
        ("py", "Python"),
        ("c++", "C++"),
        ("cpp", "C++"),
        ("c#", "C#"),
        ("csharp", "C#"),
        ("golang", "Go"),
        ("objc", "Objective-C"),
        ("terraform", "HCL"),
        ("docker", "Dockerfile"),
        ("shell", "Shell"),
        ("bash", "Bash"),
        ("md", "Markdown"),
        ("pl/sql", "PL/SQL"),
        ("c", "C"),
        ("d", "D"),
        ("r", "R"),
    ];
    for (name, expected) in cases {
        assert_eq!(find(name).unwrap().name(), expected, "{name}");
    }
    for language in languages() {
        assert_eq!(find(language.name()).unwrap(), language);
    }
}

#[test]
fn an_unknown_language_is_an_error_with_near_names() {
    let cases = [
        ("Pyhton", "Did you mean `Python`?"),
        ("typscript", "Did you mean `TypeScript`?"),
        ("golangg", "Did you mean `Go`?"),
        ("qqqqqq", "Name a language such as `Rust`, `TypeScript` or `C++`."),
        ("", "Name a language such as `Rust`, `TypeScript` or `C++`."),
    ];
    for (name, hint) in cases {
        let error = find(name).unwrap_err();
        assert_eq!(error.code, Code::CollectorUsage);
        assert_eq!(error.message, format!("unknown language `{name}`"));
        assert_eq!(error.hint, hint);
    }
    let error = find("\u{1b}[31m\n::error::x").unwrap_err();
    assert_eq!(error.message, "unknown language `\\u{1b}[31m\\n::error::x`");
}

#[test]
fn detection_in_bulk_says_the_same() {
    let paths = ["a.rs", "tool", "x.v", "x.unknown", "ä/Makefile"];
    let joined: String = paths.iter().map(|path| format!("{path}\0")).collect();
    let codes = loc::detect_many(&joined);
    assert_eq!(codes.len(), paths.len());
    for (path, code) in paths.iter().zip(codes) {
        assert_eq!(Detection::from_code(code), detect(path), "{path}");
    }
    assert_eq!(loc::detect_many(""), [0u16; 0]);
}

#[test]
fn tallies_add_up_and_survive_being_numbers() {
    let (rust, c) = (find("rust").unwrap(), find("c").unwrap());
    let mut tally = Tally::default();
    tally.add(rust, Counts { code: 5, comments: 2, blanks: 1 });
    tally.add(rust, Counts { code: 1, comments: 0, blanks: 0 });
    let mut other = Tally::default();
    other.add(c, Counts { code: 9, comments: 9, blanks: 9 });
    tally.merge(&other);
    for tally in [tally.clone(), Tally::from_numbers(&tally.to_numbers())] {
        assert_eq!(tally.files(), 3);
        assert_eq!(tally.total(None), Counts { code: 15, comments: 11, blanks: 10 });
        assert_eq!(tally.total(Some(rust)), Counts { code: 6, comments: 2, blanks: 1 });
        let names: Vec<_> = tally.by_language().iter().map(|row| (row.language, row.files)).collect();
        assert_eq!(names, [("C", 1), ("Rust", 2)]);
    }
    let mut twice = tally.to_numbers();
    twice.extend(tally.to_numbers());
    assert_eq!(Tally::from_numbers(&twice).total(None).code, 30);
    assert_eq!(Tally::default().total(None), Counts::default());
    assert_eq!(Tally::default().by_language(), []);
}

#[test]
fn an_intake_counts_what_stands_in_its_buffer() {
    let mut intake = Intake::new();
    let rust = find("rust").unwrap();
    let text = b"fn main() {}\n// c\n";
    let [rust, notebook] = [rust, find("jupyter notebooks").unwrap()].map(LanguageId::index);
    let files = [&text[..], b"a\0bc", b"no json"];
    let lengths = files.map(|file| file.len() as u32);
    intake.reserve(64)[..files.concat().len()].copy_from_slice(&files.concat());
    assert_eq!(intake.add_all(&[rust, rust, notebook], &lengths), Ok(vec![0, 1, 2]));
    assert_eq!(intake.take().total(None), Counts { code: 1, comments: 1, blanks: 0 });
    assert_eq!(intake.add_all(&[rust, rust], &[60, 5]).unwrap_err().code, Code::Internal);
    assert_eq!(intake.add_all(&[u16::MAX], &[1]).unwrap_err().code, Code::Internal);
    intake.take();
    let heads = [&b"#!/bin/sh\n"[..], b"plain", b"#!/usr/bin/env python3\n"];
    let lengths = heads.map(|head| head.len() as u32);
    intake.reserve(64)[..heads.concat().len()].copy_from_slice(&heads.concat());
    let code = detect("tool").to_code();
    let found = intake.detect_contents(&[code; 3], &lengths);
    let names: Vec<_> =
        found.iter().map(|&index| LanguageId::from_index(index).map(LanguageId::name)).collect();
    assert_eq!(names, [Some("Shell"), None, Some("Python")]);
    assert_eq!(intake.detect_contents(&[code], &[65]), [Detection::Unknown.to_code()]);
    assert_eq!(intake.take().files(), 0);
}

/// Texts with a good deal of what syntaxes are made of.
fn source() -> impl Strategy<Value = String> {
    let tokens = [
        "\n",
        "\n",
        "\r\n",
        " ",
        "\t",
        "x",
        "x y",
        "\"",
        "'",
        "`",
        "\\",
        "\\\\",
        "/",
        "*",
        "//",
        "/*",
        "*/",
        "///",
        "#",
        "\"\"\"",
        "'''",
        "--",
        "--[[",
        "]]",
        "{-",
        "-}",
        "(*",
        "*)",
        "<!--",
        "-->",
        "<script>",
        "</script>",
        "<style lang=scss>",
        "</style>",
        "<template>",
        "</template>",
        "<",
        ">",
        "=begin",
        "=end",
        "%",
        ";",
        "r#\"",
        "\"#",
        "@\"",
        "c",
        "C",
        "!",
        "ä",
        "🔜",
        "\u{0b}",
    ];
    prop::collection::vec(prop::sample::select(tokens.to_vec()), 0..60).prop_map(|parts| parts.concat())
}

fn languages() -> impl Iterator<Item = LanguageId> {
    (0..).map_while(LanguageId::from_index)
}

fn any_language() -> impl Strategy<Value = LanguageId> {
    prop::sample::select(languages().collect::<Vec<_>>())
        .prop_filter("a notebook's lines are those of its cells", |id| id.name() != "Jupyter Notebooks")
}

fn line_count(text: &str) -> u64 {
    text.split_inclusive('\n').count() as u64
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn every_line_is_counted_once(language in any_language(), text in source()) {
        let counts = count(language, text.as_bytes()).unwrap();
        prop_assert_eq!(counts.lines(), line_count(&text));
    }

    #[test]
    fn a_last_line_feed_changes_nothing(language in any_language(), text in source()) {
        let text = text.trim_end_matches('\n');
        prop_assume!(!text.is_empty());
        prop_assert_eq!(count(language, text.as_bytes()), count(language, format!("{text}\n").as_bytes()));
    }

    #[test]
    fn carriage_returns_change_nothing(language in any_language(), text in source()) {
        let text = text.replace('\r', "");
        prop_assert_eq!(count(language, text.as_bytes()), count(language, text.replace('\n', "\r\n").as_bytes()));
    }

    #[test]
    fn indentation_changes_nothing_outside_fixed_columns(language in any_language(), text in source()) {
        prop_assume!(language.name() != "FORTRAN Legacy");
        let indented: String = text.split_inclusive('\n').map(|line| format!("  {line}")).collect();
        prop_assert_eq!(count(language, text.as_bytes()), count(language, indented.as_bytes()));
    }

    #[test]
    fn no_bytes_are_too_odd(language in any_language(), bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = count(language, &bytes);
        let _ = loc::detect_shebang(&bytes);
    }

    #[test]
    fn no_name_is_too_odd(name in ".{0,40}") {
        let _ = find(&name);
        let _ = detect(&name);
        let _ = loc::detect_many(&name);
    }
}
