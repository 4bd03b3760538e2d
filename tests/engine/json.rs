//! One value out of a JSON file: what a pointer finds, and what is said where it finds none.

use proptest::prelude::*;
use unentropy::collect::json::{Found, Pointer, read};
use unentropy::error::{Code, Error};

const SIZES: &str = r#"{
  "total": {"gzip": 1234.5, "raw": 4096, "unit": "kB", "none": null, "ok": true},
  "files": [{"name": "a/b.js", "size": 7}, {"name": "m~n.js", "size": -3e2}],
  "a/b": 1, "m~n": 2, "": 3, "é\u00e9": 4, "x": {"": {"": 5}}, "empty": [], "nothing": {}
}"#;

fn at(text: &str, pointer: &str) -> Result<Found, Error> {
    read(text.as_bytes(), "f.json", &Pointer::parse(pointer).expect(pointer), false)
}

fn count(text: &str, pointer: &str) -> Result<Found, Error> {
    read(text.as_bytes(), "f.json", &Pointer::parse(pointer).expect(pointer), true)
}

#[test]
fn a_pointer_finds_numbers_and_strings_as_they_are_written() {
    for (pointer, text, is_string) in [
        ("/total/gzip", "1234.5", false),
        ("/total/raw", "4096", false),
        ("/total/unit", "kB", true),
        ("/files/0/size", "7", false),
        ("/files/1/size", "-3e2", false),
        ("/files/1/name", "m~n.js", true),
        ("/a~1b", "1", false),
        ("/m~0n", "2", false),
        ("/", "3", false),
        ("/éé", "4", false),
        ("/x//", "5", false),
    ] {
        let found = at(SIZES, pointer).expect(pointer);
        assert_eq!(
            (found.text.as_str(), found.is_string, found.inexact),
            (text, is_string, None),
            "{pointer}"
        );
    }
    for (text, value) in
        [("42", "42"), (" -0.5e-3 \n", "-0.5e-3"), ("\"a\\\"\\u0041\\n\\ud83d\\ude00\"", "a\"A\n😀")]
    {
        assert_eq!(at(text, "").expect(text).text, value);
        assert_eq!(at(&format!("\u{feff}{text}"), "").expect(text).text, value);
    }
    assert_eq!(at("\"\\ud800x\"", "").expect("half a pair").text, "\u{fffd}x");
}

#[test]
fn lengths_are_counted() {
    for (pointer, number) in [("/files", "2"), ("/empty", "0"), ("/total", "5"), ("/nothing", "0"), ("", "9")]
    {
        assert_eq!(count(SIZES, pointer).expect(pointer).text, number, "{pointer}");
    }
    assert!(
        count(SIZES, "/total/raw")
            .unwrap_err()
            .message
            .contains("is a number, `--count` needs an array or an object")
    );
    assert!(count(r#"{"a": 1, "\u0061": 2}"#, "").unwrap_err().message.contains("key `a` stands twice"));
}

#[test]
fn a_pointer_without_a_value_says_what_is_there() {
    for (pointer, message, hint) in [
        (
            "/totals/gzip",
            "`f.json`:1: no key `totals` in the object: it has `total`, `files`, `a/b`",
            "Did you mean `/total`?",
        ),
        ("/total/Gzip", "`f.json`:2: no key `Gzip` in the object `/total`", "Did you mean `/total/gzip`?"),
        ("/total/x/y", "it has `gzip`, `raw`, `unit`, `none` and `ok`", ""),
        ("/files", "`f.json`:3: `/files` is an array of 2 elements", "--count"),
        ("/total", "`f.json`:2: `/total` is an object with `gzip`, `raw`", "--count"),
        ("/nothing", "`/nothing` is an object without keys", ""),
        ("/nothing/a", "no key `a` in the object `/nothing`: it has no keys", ""),
        (
            "/files/2",
            "no element 2 in the array `/files`, which has 2 elements",
            "Its last one is `/files/1`.",
        ),
        ("/files/-", "`-` is no index of the array `/files`, which has 2 elements", "without leading zeros"),
        ("/files/01", "`01` is no index of the array", ""),
        ("/files/99999999999999999999999", "is no index of the array", ""),
        ("/empty/0", "no element 0 in the array `/empty`, which has 0 elements", ""),
        ("/total/raw/x", "`/total/raw` is a number: there is nothing below it", "Shorten"),
        ("/total/none", "`/total/none` is `null`, expected a number or a string", ""),
        ("/total/ok", "`/total/ok` is `true`, expected a number or a string", ""),
    ] {
        let error = at(SIZES, pointer).expect_err(pointer);
        assert_eq!(error.code, Code::CollectorNothing, "{pointer}");
        assert!(error.message.contains(message), "{pointer}: {}", error.message);
        assert!(error.hint.contains(hint), "{pointer}: {}", error.hint);
    }
    let many: Vec<String> = (0..40).map(|n| format!("\"key{n}\": {n}")).collect();
    let error = at(&format!("{{{}}}", many.join(",")), "/k").unwrap_err();
    assert!(error.message.contains("`key11` and 28 more"), "{}", error.message);
}

#[test]
fn a_key_on_the_way_that_stands_twice_is_an_error_and_elsewhere_is_not() {
    for text in [
        r#"{"a": {"b": 1}, "a": {"b": 2}}"#,
        r#"{"a": {"b": 1, "b": 1}}"#,
        r#"{"a": 1, "x": 0, "\u0061": {}}"#,
    ] {
        let error = at(text, "/a/b").unwrap_err();
        assert!(error.message.contains("stands twice in the same object"), "{}", error.message);
    }
    assert_eq!(at(r#"{"x": 1, "x": 2, "a": {"b": 3}}"#, "/a/b").expect("elsewhere").text, "3");
}

#[test]
fn whole_numbers_that_no_double_holds_are_told() {
    for (text, kept) in [
        ("9007199254740992", None),
        ("9007199254740993", Some("9007199254740992")),
        ("-9007199254740993", Some("-9007199254740992")),
        ("18446744073709551616", None),
        ("123456789012345678901234567890", Some("123456789012345677877719597056")),
        ("0.1", None),
        ("1e22", None),
    ] {
        let found = at(text, "").expect(text);
        assert_eq!(found.text, text);
        assert_eq!(found.inexact.is_some(), kept.is_some(), "{text}: {:?}", found.inexact);
        if let (Some(told), Some(kept)) = (found.inexact, kept) {
            assert!(told.contains(&format!("is {text}, which is kept as {kept}")), "{told}");
        }
    }
    for text in ["1e999", &"9".repeat(400)] {
        assert!(at(text, "").unwrap_err().message.contains("larger than any number"));
    }
}

#[test]
fn a_file_that_is_no_json_is_refused_wherever_it_is_broken() {
    for (text, message) in [
        ("", "`f.json`:1:1: expected a JSON value, found an empty file"),
        (" \n", "found an empty file"),
        (r#"{"a": 1"#, "`f.json`:1:8: expected `,` or `}`, found the end of the file"),
        (r#"{"a": 1, "b": [1, 2"#, "expected `,` or `]`, found the end of the file"),
        ("{\"a\": 1,\n \"b\": tru}", "`f.json`:2:7: expected a value, found `t`"),
        (r#"{"a": 1,}"#, "expected another value after `,`"),
        (r#"{"a": 1, "b": [1,]}"#, "expected another value after `,`"),
        (r#"{"a": 1} x"#, "expected the end of the file, found `x`"),
        (r#"{"a": 1}{"a": 2}"#, "expected the end of the file, found `{`"),
        (r#"{"a": 1, b: 2}"#, "expected a key in double quotes, found `b`"),
        (r#"{"a": 1, "b" 2}"#, "expected `:` after a key, found `2`"),
        (r#"{"a": 1, "b": "x"#, "a string is never closed"),
        ("{\"a\": 1, \"b\": \"x\n\"}", "a control character in a string"),
        (r#"{"a": 1, "b": "\x"}"#, "an escape that JSON does not know"),
        (r#"{"a": 1, "b": "\u12g4"}"#, "an escape that JSON does not know"),
        (r#"{"a": 1, "b": 01}"#, "expected `,` or `}`, found `1`"),
        (r#"{"a": 1, "b": 1.}"#, "expected a digit, found `}`"),
        (r#"{"a": 1, "b": NaN}"#, "expected a value, found `N`"),
        (r#"{"a": 1, "b": -Infinity}"#, "expected a digit, found `I`"),
        ("// c\n{\"a\": 1}", "expected a value, found `/`"),
        ("<coverage/>", "expected a value, found `<`"),
    ] {
        let error = at(text, "/a").expect_err(text);
        assert_eq!(error.code, Code::CollectorFormat, "{text}: {}", error.message);
        assert!(error.message.contains(message), "{text}: {}", error.message);
    }
    let error =
        read(b"{\"a\": 1, \"b\": \"\xff\"}", "f.json", &Pointer::parse("/a").unwrap(), false).unwrap_err();
    assert_eq!(error.message, "`f.json`:1:16: expected UTF-8, found other bytes");
}

#[test]
fn nesting_is_bounded_and_takes_no_stack() {
    let nested = |levels: usize| format!("{{\"a\": 1, \"b\": {}{}}}", "[".repeat(levels), "]".repeat(levels));
    assert_eq!(at(&nested(1000), "/a").expect("deep").text, "1");
    assert!(at(&nested(1001), "/a").unwrap_err().message.contains("nested deeper than 1000 levels"));
    let objects = format!("{}1{}", "{\"a\":".repeat(100), "}".repeat(100));
    assert_eq!(at(&objects, &"/a".repeat(100)).expect("a long path").text, "1");
    assert!(at(&"[".repeat(1_000_000), "/a").is_err());
}

#[test]
fn a_pointer_is_checked() {
    for (text, message, hint) in [
        ("total.gzip", "begins with `/`, found `total.gzip`", "Did you mean `/total/gzip`?"),
        ("$.files[0].size", "begins with `/`", "Did you mean `/files/0/size`?"),
        ("#/total", "begins with `/`", "Did you mean `/total`?"),
        ("/a~b", "`~` stands alone", "`~0`"),
        ("/a~", "`~` stands alone", ""),
        ("/~01~2", "`~` stands alone", ""),
    ] {
        let error = Pointer::parse(text).expect_err(text);
        assert_eq!(error.code, Code::CollectorUsage);
        assert!(error.message.contains(message), "{}", error.message);
        assert!(error.hint.contains(hint), "{}", error.hint);
    }
    assert!(Pointer::parse(&"/a".repeat(101)).is_err());
    // `~01` is a tilde and a one.
    assert_eq!(at(r#"{"~1": 1}"#, "/~01").expect("escaped once").text, "1");
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        "[a-z\"\\\\/~é]{0,4}".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
            prop::collection::hash_map("[a-z/~\"]{0,3}", inner, 0..5)
                .prop_map(|map| map.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

/// Every pointer into a value.
fn pointers(value: &serde_json::Value, at: &str, all: &mut Vec<String>) {
    all.push(at.to_owned());
    let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
    match value {
        serde_json::Value::Array(items) => {
            for (n, item) in items.iter().enumerate() {
                pointers(item, &format!("{at}/{n}"), all);
            }
        }
        serde_json::Value::Object(members) => {
            for (key, member) in members {
                pointers(member, &format!("{at}/{}", escaped(key)), all);
            }
        }
        _ => {}
    }
}

proptest! {
    #[test]
    fn every_pointer_finds_what_another_reader_finds(value in json(), pretty: bool) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        let mut all = Vec::new();
        pointers(&value, "", &mut all);
        for pointer in all {
            let wanted = value.pointer(&pointer).unwrap();
            let found = at(&text, &pointer);
            let length = count(&text, &pointer).ok().map(|found| found.text);
            match wanted {
                serde_json::Value::Number(number) => prop_assert_eq!(found.unwrap().text, number.to_string()),
                serde_json::Value::String(string) => prop_assert_eq!(&found.unwrap().text, string),
                serde_json::Value::Array(items) => prop_assert_eq!(length, Some(items.len().to_string())),
                serde_json::Value::Object(members) => prop_assert_eq!(length, Some(members.len().to_string())),
                _ => prop_assert!(found.is_err() && length.is_none()),
            }
        }
    }

    #[test]
    fn any_bytes_end_in_an_answer_and_never_in_a_part_of_one(value in json(), cut in 0usize..400, byte: u8) {
        let text = serde_json::to_string(&value).unwrap();
        let mut bytes = text.clone().into_bytes();
        let place = cut % bytes.len();
        bytes[place] = byte;
        let sound = std::str::from_utf8(&bytes).is_ok() && serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).is_ok();
        let answer = read(&bytes, "f.json", &Pointer::parse("/a").unwrap(), false);
        prop_assert_eq!(sound, !matches!(&answer, Err(error) if error.code == Code::CollectorFormat));
        if bytes.len() > 1 && matches!(value, serde_json::Value::Array(_) | serde_json::Value::Object(_)) {
            let part = &text.as_bytes()[..text.len() - 1];
            prop_assert!(read(part, "f.json", &Pointer::parse("").unwrap(), true).is_err());
        }
    }
}
