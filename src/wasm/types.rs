//! The TypeScript types of everything that crosses the edge as data, written from the Rust types into
//! `js/engine/types.d.ts`. A type has the same name on both sides. The test below fails where that file is not
//! what the Rust types say.

use crate::collect::measurement;
use crate::{api, collect, config, error, gate, history, report, summary};
use std::collections::BTreeMap;
use std::{env, fs, path::Path};
use ts_rs::{Config, TS, TypeVisitor};

const FILE: &str = "js/engine/types.d.ts";
const RENEW: &str = "UNENTROPY_WRITE_SNAPSHOTS=1 cargo test --lib types_of_the_edge";

/// Declarations by name, in the order of the names.
struct Declarations {
    config: Config,
    found: BTreeMap<String, String>,
}

impl TypeVisitor for Declarations {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        if T::output_path().is_none() {
            // Numbers, texts and lists have no declaration of their own, what lists hold may have.
            T::visit_generics(self);
            return;
        }
        let docs = T::docs().unwrap_or_default();
        let declaration = layout(&format!("{docs}export {}", T::decl(&self.config)));
        match self.found.insert(T::ident(&self.config), declaration.clone()) {
            Some(other) => assert_eq!(other, declaration, "two types of the edge have one name"),
            None => T::visit_dependencies(self),
        }
    }
}

/// One line for each member, indented by two spaces; comments of one line stay on one line.
fn layout(declaration: &str) -> String {
    let mut out = String::new();
    let mut depth = 0;
    let mut rest = declaration;
    let line = |out: &mut String, depth: usize| {
        out.truncate(out.trim_end().len());
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&"  ".repeat(depth));
    };
    while let Some(first) = rest.chars().next() {
        let mut length = first.len_utf8();
        match first {
            '/' if rest.starts_with("/**") => {
                length = rest.find("*/").expect("a comment ends") + 2;
                let text = spelled_for_the_host(&rest[3..length - 2]);
                let lines: Vec<&str> = text
                    .lines()
                    .map(|line| line.trim().trim_start_matches('*').trim())
                    .filter(|line| !line.is_empty())
                    .collect();
                line(&mut out, depth);
                if let [only] = lines[..] {
                    out.push_str(&format!("/** {only} */"));
                } else {
                    out.push_str("/**");
                    for text in lines {
                        line(&mut out, depth);
                        out.push_str(&format!(" * {text}"));
                    }
                    line(&mut out, depth);
                    out.push_str(" */");
                }
                line(&mut out, depth);
            }
            '"' => {
                let word = &rest[1..1 + rest[1..].find('"').expect("a text ends")];
                length = word.len() + 2;
                let is_key = rest[length..].starts_with(':') && word.chars().all(char::is_alphanumeric);
                out.push_str(if is_key { word } else { &rest[..length] });
            }
            '{' => {
                depth += 1;
                out.push('{');
                line(&mut out, depth);
            }
            '}' => {
                depth -= 1;
                line(&mut out, depth);
                out.push('}');
            }
            ',' if depth > 0 => {
                out.push(';');
                line(&mut out, depth);
            }
            ' ' | '\n' if out.ends_with([' ', '\n']) => {}
            '\n' => out.push(' '),
            other => out.push(other),
        }
        rest = &rest[length..];
    }
    out
}

/// Names that a comment of Rust mentions, as TypeScript spells them.
fn spelled_for_the_host(comment: &str) -> String {
    let text = comment.replace("[`", "`").replace("`]", "`").replace("`None`", "`null`").replace("::", ".");
    let mut out = String::new();
    for (n, part) in text.split('`').enumerate() {
        if n > 0 {
            out.push('`');
        }
        if n % 2 == 0 || !part.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
            out.push_str(part);
            continue;
        }
        for (n, word) in part.split('_').enumerate() {
            let (first, rest) = word.split_at(usize::from(n > 0 && !word.is_empty()));
            out.push_str(&first.to_ascii_uppercase());
            out.push_str(rest);
        }
    }
    out
}

/// What the exports take and give; all that these are made of comes with them.
fn declarations() -> String {
    let config = Config::new().with_large_int("number");
    let mut all = Declarations { config, found: BTreeMap::new() };
    all.visit::<config::CheckedConfig>();
    all.visit::<api::PlannedConfig>();
    all.visit::<api::PlannedGroups>();
    all.visit::<collect::CollectPlan>();
    all.visit::<collect::reading::Measured>();
    all.visit::<collect::reading::Reading>();
    all.visit::<collect::coverage::locate::FileList>();
    all.visit::<collect::coverage::locate::OpenReport>();
    all.visit::<measurement::ReportFile>();
    all.visit::<measurement::ReportQuestion>();
    all.visit::<measurement::ReportAnswer>();
    all.visit::<error::FailureType>();
    all.visit::<gate::GateOutcome>();
    all.visit::<gate::GateMeasurement>();
    all.visit::<gate::GateFacts>();
    all.visit::<gate::CommentFacts>();
    all.visit::<gate::ChangeFacts>();
    all.visit::<gate::ChangeTerms>();
    all.visit::<gate::ReportedMeasurements>();
    all.visit::<gate::StyledText>();
    all.visit::<history::BuildContext>();
    all.visit::<history::RecordedMetric>();
    all.visit::<history::Circumstances>();
    all.visit::<history::RecordedBuild>();
    all.visit::<history::TypeChange>();
    all.visit::<history::Merged>();
    all.visit::<history::FutureBuilds>();
    all.visit::<history::BuildFilter>();
    all.visit::<history::Series>();
    all.visit::<history::StoredValue>();
    all.visit::<history::BaselineQuery>();
    all.visit::<history::Baseline>();
    all.visit::<history::RecentQuery>();
    all.visit::<report::ReportFacts>();
    all.visit::<report::BadgeWish>();
    all.visit::<summary::JobSummary>();
    let mut text =
        format!("// The data that cross the engine's edge. Written from the Rust types by\n//   {RENEW}\n");
    for declaration in all.found.values() {
        text.push('\n');
        text.push_str(declaration);
        text.push('\n');
    }
    text
}

// A test of the file is what writes it.
#[allow(clippy::disallowed_methods)]
#[test]
fn types_of_the_edge_are_written_as_they_are() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    let now = declarations();
    assert!(!now.contains(": any") && !now.contains("<any"), "`any` crosses the edge");
    if env::var_os("UNENTROPY_WRITE_SNAPSHOTS").is_some() {
        fs::write(&file, &now).expect("the types are written");
    }
    let written = fs::read_to_string(&file).unwrap_or_default();
    assert!(written == now, "{FILE} is not what the Rust types say; `{RENEW}` renews it");
}
