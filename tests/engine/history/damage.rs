//! What is not a sound history of ours: refused with the right code and words, never a panic,
//! never a quiet loss.

use super::sample::{BASE, BUILDS, DRIZZLE, STORED, STORED_WAL, database, edited, new, number, run};
use std::sync::LazyLock;
use unentropy::error::{Code, Result};
use unentropy::history::{Build, BuildFilter, Check, History, Limits};

/// Opening fails with the code, and the message holds every one of the words.
fn refused(name: &str, image: &[u8], code: Code, words: &[&str]) {
    let error = match History::open(Some(image), Limits::default()) {
        Err(error) => error,
        Ok(_) => panic!("{name}: opened"),
    };
    assert_eq!(error.code, code, "{name}: {}", error.message);
    for word in words {
        assert!(error.message.contains(word), "{name}: `{word}` is not in `{}`", error.message);
    }
    assert!(!error.hint.is_empty(), "{name}: no remedy for `{}`", error.message);
}

fn patched(at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut image = STORED.to_vec();
    image[at..at + bytes.len()].copy_from_slice(bytes);
    image
}

#[test]
fn what_is_no_database_is_named() {
    let cases: [(&str, &[u8], &str); 7] = [
        ("empty", b"", "empty file"),
        ("text", b"hello, world", "not a database"),
        ("zip", b"PK\x03\x04rest", "a ZIP archive"),
        ("gzip", b"\x1f\x8b\x08", "gzip data"),
        ("error page", b"<?xml version='1.0'?><Error/>", "an XML or HTML document"),
        ("json", b"{\"message\": \"no\"}", "a JSON document"),
        ("zeros", &[0; 4096], "a file that begins with zeros"),
    ];
    for (name, image, words) in cases {
        refused(name, image, Code::HistoryNotSqlite, &[words, "expected an SQLite database"]);
    }
}

#[test]
fn damage_that_the_header_shows_is_named_with_found_and_expected() {
    let cases: [(&str, Vec<u8>, &[&str]); 8] = [
        ("magic only", STORED[..16].to_vec(), &["cut short", "16 bytes", "100"]),
        ("half a header", STORED[..99].to_vec(), &["cut short", "99 bytes"]),
        ("half", STORED[..94_208].to_vec(), &["cut short", "94208", "188416", "46 pages of 4096"]),
        ("a byte short", STORED[..STORED.len() - 1].to_vec(), &["cut short", "188415", "188416"]),
        ("page size", patched(16, &[0x10, 1]), &["page size of 4097"]),
        ("page size 0", patched(16, &[0, 0]), &["page size of 0"]),
        ("format version", patched(18, &[3, 1]), &["format 3", "1 or 2"]),
        ("stale page count", patched(92, &[0, 0, 0, 0])[..10_000].to_vec(), &["10000 bytes", "4096"]),
    ];
    for (name, image, words) in cases {
        refused(name, &image, Code::HistoryCorrupt, words);
    }
}

#[test]
fn a_size_limit_holds_for_opening_and_for_saving() {
    let limits = Limits { max_bytes: STORED.len() as u64 - 1 };
    let error = History::open(Some(STORED), limits).unwrap_err();
    assert_eq!(error.code, Code::HistoryTooLarge);
    assert!(error.message.contains("found 188416 bytes, the limit is 188415"), "{}", error.message);

    let mut history = History::open(None, Limits { max_bytes: 65_536 }).unwrap();
    let refused = (0..5000).find_map(|i| {
        history.record(&run(&format!("c{i}"), "r", "00:00:00"), &[number("a", 1.0)]).unwrap();
        if i % 50 == 0 { history.save().err() } else { None }
    });
    assert_eq!(refused.unwrap().code, Code::HistoryTooLarge);
}

#[test]
fn foreign_databases_are_refused() {
    let base = database(&[BASE]);
    let new = new().save().unwrap();
    let cases: [(&str, Vec<u8>, &[&str]); 15] = [
        (
            "no table",
            database(&["PRAGMA user_version = 0; CREATE TABLE a (b); DROP TABLE a"]),
            &["no table at all"],
        ),
        (
            "other tables",
            database(&["CREATE TABLE users (id, name); PRAGMA user_version = 9"]),
            &["1 other tables"],
        ),
        ("missing table", edited(&base, "DROP TABLE metric_values"), &["lacks the table `metric_values`"]),
        (
            "missing column",
            edited(&base, "ALTER TABLE build_contexts RENAME COLUMN event_name TO b"),
            &["`build_contexts` lacks the column `event_name`"],
        ),
        (
            "claimed format",
            edited(&base, "PRAGMA user_version = 1"),
            &["`metric_values` lacks the column `measured_at`"],
        ),
        (
            "lost column",
            edited(&new, "ALTER TABLE metric_values DROP COLUMN attempt"),
            &["`metric_values` lacks the column `attempt`"],
        ),
        (
            "lost table",
            edited(&new, "DROP TABLE history_repository"),
            &["the table `history_repository` lacks the column"],
        ),
        (
            "needed column",
            edited(
                &base,
                "ALTER TABLE schema_version RENAME TO s; CREATE TABLE schema_version (version TEXT PRIMARY KEY, applied_at, description, other NOT NULL); INSERT INTO schema_version VALUES ('2.0.0', 1, 2, 3)",
            ),
            &["`other`", "must have a value"],
        ),
        (
            "computed column",
            edited(&base, "ALTER TABLE build_contexts ADD COLUMN x AS (abs(id))"),
            &["`x`", "computed"],
        ),
        (
            "trigger",
            edited(
                &base,
                "CREATE TRIGGER t AFTER INSERT ON build_contexts BEGIN DELETE FROM metric_values; END",
            ),
            &["trigger `t`"],
        ),
        ("view", edited(&base, "CREATE VIEW v AS SELECT 1"), &["view `v`"]),
        ("virtual table", edited(&base, "CREATE VIRTUAL TABLE f USING fts5(x)"), &["virtual table `f`"]),
        ("no version", edited(&base, "DELETE FROM schema_version"), &["`schema_version` is empty"]),
        ("odd version", edited(&base, "UPDATE schema_version SET version = 'x'"), &["schema version is `x`"]),
        (
            "not unique",
            edited(&database(&[DRIZZLE]), "DROP INDEX unique_metric_build"),
            &["`metric_values` is not unique over `metric_id` and `build_id`"],
        ),
    ];
    for (name, image, words) in cases {
        refused(name, &image, Code::HistoryForeign, words);
    }
}

/// SQLite's own check finds nothing in these: the columns' types are wishes.
#[test]
fn what_no_reader_can_use_is_found_when_a_history_is_opened() {
    for (sql, words) in [
        ("UPDATE metric_definitions SET description = x'00ff'", "`description` holds a value of type Blob"),
        ("UPDATE metric_definitions SET unit = x'00'", "`unit` holds a value of type Blob"),
        ("UPDATE metric_definitions SET description = CAST(x'ff' AS TEXT)", "the history's metrics"),
        (
            "UPDATE metric_values SET value_numeric = x'01' WHERE value_label IS NULL",
            "a number that is not one",
        ),
        ("UPDATE metric_values SET value_label = x'01' WHERE value_numeric IS NULL", "a label of type Blob"),
        (
            "UPDATE metric_values SET value_label = CAST(x'ff' AS TEXT) WHERE value_numeric IS NULL",
            "a label that is not UTF-8",
        ),
        ("UPDATE build_contexts SET branch = x'01'", "is not text"),
    ] {
        refused(sql, &edited(STORED, sql), Code::HistoryCorrupt, &[words]);
    }
}

/// One flipped bit, which SQLite's own check does not see: migrated and saved, the file would lack a column.
#[test]
fn a_table_that_is_created_under_another_name_is_found_when_a_history_is_opened() {
    let mut image = database(&[BASE, BUILDS]);
    let statement = b"CREATE TABLE metric_values";
    let at = image.windows(statement.len()).position(|found| found == statement).expect("the statement");
    image[at + statement.len() - 4] ^= 0x20;
    refused("flipped bit", &image, Code::HistoryCorrupt, &["`metric_values` is created under another name"]);
}

#[test]
fn a_schema_one_history_is_refused_with_its_version_and_a_way_on() {
    let image = database(&[
        "CREATE TABLE schema_version (version TEXT PRIMARY KEY, applied_at DATETIME, description TEXT);
         INSERT INTO schema_version VALUES ('1.1.0', '2025-01-01', 'first');
         CREATE TABLE metric_definitions (id INTEGER PRIMARY KEY, name TEXT UNIQUE, type TEXT);
         CREATE TABLE build_contexts (id INTEGER PRIMARY KEY, commit_sha TEXT);
         CREATE TABLE metric_values (id INTEGER PRIMARY KEY, metric_id INTEGER, build_id INTEGER);",
    ]);
    refused("1.x", &image, Code::HistoryForeign, &["schema 1.1.0", "reads schema 2.x"]);
}

#[test]
fn a_newer_history_is_refused_with_both_versions() {
    let format = edited(STORED, "PRAGMA user_version = 7; CREATE VIEW v AS SELECT 1");
    refused("format", &format, Code::HistoryNewer, &["found format 7", "up to 2"]);
    let schema = edited(STORED, "INSERT INTO schema_version (version) VALUES ('3.0.0'), ('10.2.0')");
    refused("schema", &schema, Code::HistoryNewer, &["found schema 10.2.0", "reads schema 2.x"]);
}

#[test]
fn rows_that_cannot_be_ours_are_damage() {
    let cases: [(&str, Vec<u8>, &[&str]); 7] = [
        (
            "orphan build",
            edited(STORED, "PRAGMA foreign_keys = OFF; DELETE FROM build_contexts WHERE id = 5"),
            &["3 values", "missing"],
        ),
        (
            "orphan metric",
            edited(STORED, "PRAGMA foreign_keys = OFF; DELETE FROM metric_definitions WHERE id = 'status'"),
            &["60 values"],
        ),
        (
            "time",
            edited(STORED, "UPDATE build_contexts SET timestamp = 'yesterday' WHERE id = 9"),
            &["timestamp of build 9 is `yesterday`"],
        ),
        (
            "number for a time",
            edited(STORED, "UPDATE build_contexts SET timestamp = 1763202030 WHERE id = 9"),
            &["build 9", "type Integer"],
        ),
        ("run number", edited(STORED, "UPDATE build_contexts SET run_number = 'x' WHERE id = 9"), &[]),
        ("blob", edited(STORED, "UPDATE build_contexts SET run_id = x'ff00' WHERE id = 9"), &[]),
        (
            "not utf-8",
            edited(STORED, "UPDATE build_contexts SET commit_sha = CAST(x'ff41' AS TEXT) WHERE id = 9"),
            &["build 9"],
        ),
    ];
    for (name, image, words) in cases {
        refused(name, &image, Code::HistoryCorrupt, words);
    }
}

#[test]
fn a_message_quotes_no_line_break_of_a_file() {
    let image = edited(STORED, "CREATE VIEW \"v\n::warning::x\" AS SELECT 1");
    let error = History::open(Some(&image), Limits::default()).unwrap_err();
    assert!(!error.message.contains('\n'), "{}", error.message);
}

/// Opens the image, asks it everything and records into it; false where any of it was refused.
/// What goes through must have every build of the sound file as it was. A run number or a value
/// can differ: no index repeats them, so that only a checksum of the file could tell.
fn survives(image: &[u8]) -> bool {
    match questioned(image) {
        Err(_) => false,
        Ok((builds, values)) => {
            static SOUND: LazyLock<Answers> = LazyLock::new(|| questioned(STORED).unwrap());
            assert_eq!(builds, SOUND.0);
            assert_eq!(values, SOUND.1);
            true
        }
    }
}

/// The builds, and the row ids of those that have a coverage value.
type Answers = (Vec<Build>, Vec<i64>);

fn questioned(image: &[u8]) -> Result<Answers> {
    let all = BuildFilter::default();
    let mut history = History::open(Some(image), Limits::default())?;
    let mut builds = history.builds(&all, None)?;
    builds.iter_mut().for_each(|build| build.run_number = 0);
    history.columns(&all)?;
    history.metric_values_by_build_id(7)?;
    let with_value = history.series("coverage", &all)?.places;
    let values = with_value.iter().map(|&place| builds[place as usize].id).collect();
    history.record(&run("new", "r", "00:00:00"), &[number("coverage", 1.0)])?;
    let again = History::open(Some(&history.save()?), Limits::default())?;
    assert_eq!(again.build_count(), builds.len() + 1);
    Ok((builds, values))
}

/// A linear congruential generator: the positions are the same in every run.
fn positions(seed: u64, below: usize) -> impl Iterator<Item = usize> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    })
}

#[test]
fn a_flipped_bit_never_loses_a_build_quietly() {
    let (mut tried, mut survived) = (0, 0);
    for (image, header) in [(STORED, 0..800), (STORED_WAL, 0..0)] {
        let anywhere = positions(11, image.len() * 8).take(200);
        for bit in header.chain(anywhere) {
            let mut damaged = image.to_vec();
            damaged[bit / 8] ^= 1 << (bit % 8);
            survived += usize::from(survives(&damaged));
            tried += 1;
        }
    }
    assert!(survived > 0 && survived < tried, "{survived} of {tried} went through");
}

#[test]
fn a_zeroed_or_swapped_page_never_loses_a_build_quietly() {
    let pages = STORED.len() / 4096;
    for (page, other) in (0..pages).zip(positions(5, pages)) {
        let mut zeroed = STORED.to_vec();
        zeroed[page * 4096..][..4096].fill(0);
        assert!(!survives(&zeroed), "page {page} zeroed");
        let mut swapped = STORED.to_vec();
        swapped.copy_within(page * 4096..(page + 1) * 4096, other * 4096);
        assert_eq!(survives(&swapped), page == other, "page {other} over {page}");
    }
}

#[test]
fn of_proved_bytes_only_the_agreement_of_indexes_is_believed() {
    let open = |image: &[u8]| {
        History::read(image, image.len(), Check::Quick, Limits::default()).map(|h| h.build_count())
    };
    assert_eq!(open(STORED).unwrap(), super::sample::open(STORED).build_count());
    let mut refused = 0;
    for page in 0..STORED.len() / 4096 {
        let mut zeroed = STORED.to_vec();
        zeroed[page * 4096..][..4096].fill(0);
        refused += usize::from(open(&zeroed).is_err());
    }
    assert_eq!(refused, STORED.len() / 4096);
    let newer = edited(&database(&[BASE, BUILDS]), "PRAGMA user_version = 999");
    assert_eq!(open(&newer).unwrap_err().code, Code::HistoryNewer);
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    for at in positions(3, STORED.len()).take(200) {
        assert!(History::open(Some(&STORED[..at]), Limits::default()).is_err(), "{at}");
    }
}

#[test]
fn random_bytes_behind_a_good_header_never_panic() {
    for seed in 0..40 {
        let noise: Vec<u8> = positions(seed, 256).map(|n| n as u8).take(STORED.len() - 4096).collect();
        let image = [&STORED[..4096], &noise].concat();
        assert!(!survives(&image), "{seed}");
    }
}

#[test]
fn a_trigger_of_a_file_is_never_run() {
    let image = edited(
        &database(&[BASE, BUILDS]),
        "CREATE TRIGGER t BEFORE INSERT ON build_contexts BEGIN DELETE FROM metric_values; END",
    );
    assert!(!survives(&image));
}

#[test]
fn only_stated_absence_begins_a_new_history() {
    assert_eq!(new().build_count(), 0);
    assert!(History::open(Some(&[]), Limits::default()).is_err());
    let mut empty_but_ours = new();
    let image = empty_but_ours.save().unwrap();
    assert_eq!(super::sample::open(&image).build_count(), 0);
}
