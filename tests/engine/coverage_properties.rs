//! What holds for every coverage report, on generated and on damaged ones.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fmt::Write;
use unentropy::collect::coverage::{Coverage, CoverageFormat, CoverageKind, detect, parse};

/// Sources with the hits of their lines.
type Model = BTreeMap<String, BTreeMap<u32, u32>>;

const FIXTURES: &[(CoverageFormat, &[u8])] = &[
    (CoverageFormat::Lcov, include_bytes!("../fixtures/coverage/gcov.info")),
    (CoverageFormat::Lcov, include_bytes!("../fixtures/coverage/lcov2.info")),
    (CoverageFormat::Lcov, include_bytes!("../fixtures/coverage/vitest.info")),
    (CoverageFormat::Cobertura, include_bytes!("../fixtures/coverage/coverlet.xml")),
    (CoverageFormat::Cobertura, include_bytes!("../fixtures/coverage/coveragepy.xml")),
    (CoverageFormat::Clover, include_bytes!("../fixtures/coverage/phpunit.xml")),
    (CoverageFormat::Clover, include_bytes!("../fixtures/coverage/istanbul-clover.xml")),
];

fn models() -> impl Strategy<Value = Model> {
    let hits = prop_oneof![Just(0u32), 1..20u32, any::<u32>()];
    btree_map("[a-c]/[a-d]\\.rs", btree_map(prop_oneof![1..30u32, any::<u32>()], hits, 0..12), 1..5)
}

fn write(format: CoverageFormat, model: &Model, quirk: bool) -> String {
    let mut text = String::new();
    let mut put = |piece: std::fmt::Arguments<'_>| text.write_fmt(piece).expect("a string takes everything");
    match format {
        CoverageFormat::Lcov => {
            let end = if quirk { "\r\n" } else { "\n" };
            for (path, lines) in model {
                put(format_args!("SF:{path}{end}"));
                for (line, hits) in lines {
                    put(format_args!("DA:{line},{hits}{}{end}", if quirk { ",sum" } else { "" }));
                }
                put(format_args!("end_of_record{end}"));
            }
        }
        CoverageFormat::Cobertura => {
            put(format_args!("<coverage line-rate=\"1\"><packages>"));
            for (path, lines) in model {
                put(format_args!("<class filename=\"{path}\"><lines>"));
                for (line, hits) in lines {
                    match quirk {
                        true => put(format_args!("<!-- --><line hits='{hits}' number='{line}'></line>")),
                        false => put(format_args!("\n  <line number=\"{line}\" hits=\"{hits}\"/>")),
                    }
                }
                put(format_args!("</lines></class>"));
            }
            put(format_args!("</packages></coverage>"));
        }
        CoverageFormat::Clover => {
            put(format_args!("<coverage><project>"));
            for (path, lines) in model {
                put(format_args!("<file name=\"{path}\">"));
                for (line, hits) in lines {
                    match quirk {
                        true => put(format_args!("<line count='{hits}' type='stmt' num='{line}'></line>")),
                        false => {
                            put(format_args!("\n  <line num=\"{line}\" type=\"stmt\" count=\"{hits}\"/>"))
                        }
                    }
                }
                put(format_args!("</file>"));
            }
            put(format_args!("</project></coverage>"));
        }
    }
    text
}

fn read(format: CoverageFormat, text: &str) -> Coverage {
    parse(format, text.as_bytes(), "generated").expect("a valid report")
}

fn model_of(coverage: &Coverage) -> Model {
    let lines =
        |path: &str| coverage.lines(path).unwrap_or_default().iter().map(|l| (l.number, l.hits)).collect();
    coverage.sources().map(|path| (path.to_owned(), lines(path))).collect()
}

fn formats() -> impl Strategy<Value = CoverageFormat> {
    proptest::sample::select(CoverageFormat::ALL)
}

fn reports() -> impl Strategy<Value = Coverage> {
    let generated =
        (formats(), models()).prop_map(|(format, model)| read(format, &write(format, &model, false)));
    let stored = proptest::sample::select(FIXTURES)
        .prop_map(|(format, bytes)| parse(format, bytes, "stored").expect("a valid report"));
    prop_oneof![generated, stored]
}

fn merged(a: &Coverage, b: &Coverage) -> Coverage {
    let mut both = a.clone();
    both.merge(b);
    both
}

fn counts(coverage: &Coverage) -> Vec<(u64, u64)> {
    let kinds = [CoverageKind::Line, CoverageKind::Branch, CoverageKind::Function];
    kinds.map(|kind| coverage.count(kind, &|_| true)).map(|it| (it.covered, it.total)).to_vec()
}

proptest! {
    #[test]
    fn what_was_written_is_what_is_read(format in formats(), model in models(), quirk: bool) {
        let text = write(format, &model, quirk);
        prop_assert_eq!(detect(text.as_bytes()), Some(format));
        prop_assert_eq!(model_of(&read(format, &text)), model);
    }

    #[test]
    fn merging_is_the_union_of_lines(a in models(), b in models(), one in formats(), two in formats()) {
        let both = merged(&read(one, &write(one, &a, false)), &read(two, &write(two, &b, false)));
        let mut expected = a;
        for (path, lines) in b {
            let mine = expected.entry(path).or_default();
            for (line, hits) in lines {
                let sum = mine.entry(line).or_default();
                *sum = sum.saturating_add(hits);
            }
        }
        prop_assert_eq!(model_of(&both), expected);
    }

    #[test]
    fn merging_heeds_no_order(a in reports(), b in reports(), c in reports()) {
        prop_assert_eq!(merged(&a, &b), merged(&b, &a));
        prop_assert_eq!(merged(&merged(&a, &b), &c), merged(&a, &merged(&b, &c)));
    }

    #[test]
    fn merging_a_report_again_covers_nothing_more(a in reports(), b in reports()) {
        prop_assert_eq!(counts(&merged(&a, &a)), counts(&a));
        let both = merged(&a, &b);
        prop_assert_eq!(counts(&merged(&both, &b)), counts(&both));
    }

    #[test]
    fn no_bytes_at_all_cause_a_panic(format in formats(), bytes in vec(any::<u8>(), 0..400)) {
        let _ = detect(&bytes);
        let _ = parse(format, &bytes, "noise");
    }

    #[test]
    fn damage_is_an_error_or_a_whole_report(
        (format, bytes) in proptest::sample::select(FIXTURES),
        edits in vec((any::<proptest::sample::Index>(), any::<u8>(), 0..4u8), 1..6),
    ) {
        let mut bytes = bytes.to_vec();
        for (place, byte, kind) in edits {
            let at = place.index(bytes.len().max(1)).min(bytes.len().saturating_sub(1));
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 if bytes.len() > 1 => { bytes.remove(at); }
                _ => bytes.splice(at..at, *b"<\"9,").for_each(drop),
            }
        }
        if let Ok(coverage) = parse(format, &bytes, "damaged") {
            for (covered, total) in counts(&coverage) {
                prop_assert!(covered <= total);
            }
        }
    }

    #[test]
    fn a_cut_off_report_never_passes_for_a_whole_one(
        (format, bytes) in proptest::sample::select(FIXTURES),
        place in any::<proptest::sample::Index>(),
    ) {
        let whole = bytes.trim_ascii_end();
        prop_assert!(parse(format, &whole[..place.index(whole.len())], "cut").is_err());
    }
}
