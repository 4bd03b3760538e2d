//! Histories of the TypeScript tool: the engine reads them, adds to them, and leaves files that
//! the TypeScript tool's own statements still work on.

use super::sample::{
    BASE, BUILDS, DRIZZLE, STORED, STORED_FORMAT_1, STORED_WAL, attempt, connect, database, edited, label,
    new, number, open, rows, run, with_wal_flag,
};
use rusqlite::Connection;
use unentropy::history::BuildFilter;

/// The statements with which the TypeScript tool writes one build.
const OLD_WRITES: [&str; 4] = [
    "INSERT INTO build_contexts (commit_sha, branch, run_id, run_number, event_name, timestamp)
     VALUES ('old', 'main', 'old-run', 9, 'push', '2026-03-01T00:00:00.000Z') RETURNING id",
    "INSERT INTO metric_definitions (id, type, unit, description) VALUES ('coverage', 'numeric', NULL, 'new words')
     ON CONFLICT(id) DO UPDATE SET unit = COALESCE(excluded.unit, unit), description = COALESCE(excluded.description, description)
     RETURNING id",
    "INSERT INTO metric_values (metric_id, build_id, value_numeric, value_label)
     SELECT 'coverage', id, 12.5, NULL FROM build_contexts WHERE run_id = 'old-run'
     ON CONFLICT(metric_id, build_id) DO UPDATE SET value_numeric = excluded.value_numeric, value_label = excluded.value_label
     RETURNING id",
    "INSERT INTO metric_values (metric_id, build_id, value_numeric, value_label)
     SELECT 'coverage', id, 13.5, NULL FROM build_contexts WHERE run_id = 'old-run'
     ON CONFLICT(metric_id, build_id) DO UPDATE SET value_numeric = excluded.value_numeric, value_label = excluded.value_label
     RETURNING id",
];

fn old_files() -> Vec<(&'static str, Vec<u8>)> {
    let plain = database(&["PRAGMA page_size = 4096", BASE, BUILDS]);
    vec![
        ("plain", plain.clone()),
        ("drizzle", database(&[DRIZZLE, BUILDS])),
        ("wal flag", with_wal_flag(plain)),
        ("page size 512", database(&["PRAGMA page_size = 512", BASE, BUILDS])),
        ("page size 65536", database(&["PRAGMA page_size = 65536", BASE, BUILDS])),
        ("utf-16", database(&["PRAGMA encoding = 'UTF-16'", BASE, BUILDS])),
        ("later 2.x", database(&[BASE, BUILDS, "INSERT INTO schema_version (version) VALUES ('2.4.1')"])),
        (
            "upgraded from 1.x",
            database(&[BASE, BUILDS, "INSERT INTO schema_version (version) VALUES ('1.0.0')"]),
        ),
        ("stored", STORED.to_vec()),
        ("stored wal", STORED_WAL.to_vec()),
        ("padded", [STORED, &[0; 8192]].concat()),
        ("extra table", database(&[BASE, BUILDS, "CREATE TABLE __drizzle_migrations (id, hash); ANALYZE"])),
    ]
}

#[test]
fn three_hundred_builds_become_three_hundred_and_one() {
    for (name, image) in old_files() {
        let before = rows(&image[..], "SELECT * FROM build_contexts ORDER BY id").len();
        assert_eq!(before, 300, "{name}");
        let mut history = open(&image);
        assert_eq!(history.build_count(), 300, "{name}");
        let outcome =
            history.record(&run("new", "new-run", "00:00:00"), &[number("coverage", 99.0)]).unwrap();
        assert!(outcome.created, "{name}");
        let saved = history.save().unwrap();
        assert_eq!(saved[18..20], [1, 1], "{name}");
        assert_eq!(rows(&saved, "PRAGMA integrity_check"), ["Text([111, 107])"], "{name}");
        assert_eq!(open(&saved).build_count(), 301, "{name}");
        let counts = "SELECT (SELECT count(*) FROM build_contexts), (SELECT count(*) FROM metric_values)";
        assert_eq!(rows(&saved, counts), ["Integer(301) | Integer(661)"], "{name}");
    }
}

#[test]
fn what_an_old_file_says_is_unchanged_by_opening_and_saving() {
    for (name, image) in old_files() {
        for sql in [
            "SELECT * FROM build_contexts ORDER BY id",
            "SELECT id, metric_id, build_id, value_numeric, value_label FROM metric_values ORDER BY id",
            "SELECT * FROM metric_definitions ORDER BY id",
            "SELECT version, description FROM schema_version ORDER BY 1",
        ] {
            let clean =
                if image[18] == 2 { [&image[..18], &[1, 1], &image[20..]].concat() } else { image.clone() };
            let length = clean.len() / 512 * 512;
            assert_eq!(
                rows(&clean[..length], sql),
                rows(&open(&image).save().unwrap(), sql),
                "{name}: {sql}"
            );
        }
    }
}

#[test]
fn saving_twice_gives_the_same_bytes() {
    for (name, image) in old_files() {
        let once = open(&image).save().unwrap();
        assert!(once == open(&once).save().unwrap(), "{name}");
    }
}

#[test]
fn the_old_tools_statements_work_on_new_migrated_and_recorded_files() {
    let mut fresh = new();
    fresh
        .record(&run("new", "new-run", "00:00:00"), &[number("coverage", 1.0), label("status", "ok")])
        .unwrap();
    let mut images = vec![("new", fresh.save().unwrap())];
    images.extend(old_files().into_iter().map(|(name, image)| (name, open(&image).save().unwrap())));
    for (name, image) in images {
        let conn = connect(&image);
        conn.pragma_update(None, "foreign_keys", true).unwrap();
        for sql in OLD_WRITES {
            let id: rusqlite::types::Value =
                conn.query_row(sql, [], |row| row.get(0)).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_ne!(id, rusqlite::types::Value::Null);
        }
        let written = edited(&image, &OLD_WRITES.map(|sql| sql.replace("RETURNING id", "")).join(";"));
        let history = open(&written);
        let build = history.find_build("old", "old-run").unwrap().unwrap();
        let values = history.metric_values_by_build_id(build.id).unwrap();
        assert_eq!(values.len(), 1, "{name}");
        assert_eq!(values[0].value, unentropy::metric::Value::Numeric(13.5), "{name}");
        assert_eq!(values[0].metric.description.as_deref(), Some("new words"), "{name}");
        assert!(values[0].metric.unit.is_some(), "{name}");
    }
}

#[test]
fn a_new_file_has_the_old_tools_tables_columns_and_indexes() {
    let old = database(&[BASE]);
    let new = new().save().unwrap();
    for sql in [
        "SELECT m.name, c.name, c.type, c.\"notnull\", c.dflt_value, c.pk FROM sqlite_schema AS m, pragma_table_info(m.name) AS c
         WHERE m.type = 'table' AND c.name NOT IN ('measured_at', 'attempt') AND m.name <> 'history_repository' ORDER BY m.name, c.cid",
        "SELECT m.name, i.name, i.\"unique\", i.origin, i.partial, x.seqno, x.name
         FROM sqlite_schema AS m, pragma_index_list(m.name) AS i, pragma_index_info(i.name) AS x
         WHERE m.type = 'table' AND m.name <> 'history_repository' ORDER BY m.name, i.name, x.seqno",
        "SELECT m.name, f.\"table\", f.\"from\", f.\"to\" FROM sqlite_schema AS m, pragma_foreign_key_list(m.name) AS f
         WHERE m.type = 'table' ORDER BY 1, 2",
        "SELECT version, description FROM schema_version",
        "PRAGMA encoding",
        "PRAGMA auto_vacuum",
    ] {
        let rows_of_new = rows(&new, sql);
        assert!(!rows_of_new.is_empty());
        assert_eq!(rows(&old, sql), rows_of_new, "{sql}");
    }
    assert_eq!(rows(&new, "PRAGMA page_size"), ["Integer(4096)"]);
    assert_eq!(rows(&new, "PRAGMA user_version"), ["Integer(2)"]);
    for (sql, refused) in [
        ("INSERT INTO metric_definitions VALUES ('_x', 'numeric', NULL, NULL)", "CHECK"),
        ("INSERT INTO metric_definitions VALUES ('x', 'other', NULL, NULL)", "CHECK"),
        ("INSERT INTO metric_values (metric_id, build_id, value_numeric) VALUES ('x', 1, 2)", "FOREIGN KEY"),
        ("INSERT INTO metric_values (metric_id, build_id) VALUES ('x', 1)", "CHECK"),
    ] {
        let error = connect(&new).execute(sql, []).unwrap_err().to_string();
        assert!(error.contains(refused), "{sql}: {error}");
    }
}

#[test]
fn stored_files_move_to_the_present_format_with_measurement_times_unset() {
    for image in [STORED, STORED_WAL] {
        assert_eq!(rows(image, "PRAGMA user_version"), ["Integer(0)"]);
        let saved = open(image).save().unwrap();
        assert_eq!(rows(&saved, "PRAGMA user_version"), ["Integer(2)"]);
        let measured = "SELECT count(*), count(measured_at), count(attempt) FROM metric_values";
        assert_eq!(rows(&saved, measured), ["Integer(660) | Integer(0) | Integer(0)"]);
    }
}

#[test]
fn a_stored_file_of_format_1_moves_on_with_everything_it_says() {
    assert_eq!(rows(STORED_FORMAT_1, "PRAGMA user_version"), ["Integer(1)"]);
    let saved = open(STORED_FORMAT_1).save().unwrap();
    assert_eq!(rows(&saved, "PRAGMA user_version"), ["Integer(2)"]);
    for sql in [
        "SELECT * FROM build_contexts ORDER BY id",
        "SELECT id, metric_id, build_id, value_numeric, value_label, measured_at FROM metric_values ORDER BY id",
        "SELECT * FROM metric_definitions ORDER BY id",
    ] {
        assert_eq!(rows(STORED_FORMAT_1, sql), rows(&saved, sql), "{sql}");
    }
    let ours = "SELECT (SELECT count(attempt) FROM metric_values), (SELECT count(*) FROM history_repository)";
    assert_eq!(rows(&saved, ours), ["Integer(0) | Integer(0)"]);
    // What it holds counts as of the first attempt.
    let mut history = open(&saved);
    let again = attempt(2, run("c2", "r2", "00:00:00"));
    assert_eq!(history.record(&again, &[number("coverage", 1.0)]).unwrap().replaced, 1);
    assert!(open(&history.save().unwrap()).save().unwrap() == history.save().unwrap());
}

#[test]
fn a_file_that_sqlite_itself_left_in_wal_mode_opens() {
    let directory = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let path = directory.join(format!("wal-{}.db", std::process::id()));
    let conn = Connection::open(&path).unwrap();
    conn.pragma_update(None, "journal_mode", "WAL").unwrap();
    conn.execute_batch(BASE).unwrap();
    conn.execute_batch(BUILDS).unwrap();
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(conn);
    #[expect(
        clippy::disallowed_methods,
        reason = "SQLite must write a file of its own to leave it in WAL mode"
    )]
    let image = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(image[18..20], [2, 2]);
    let mut history = open(&image);
    assert_eq!(history.build_count(), 300);
    history.record(&run("new", "r", "00:00:00"), &[number("size", 1.0)]).unwrap();
    assert_eq!(open(&history.save().unwrap()).build_count(), 301);
}

#[test]
fn both_spellings_of_time_are_one_order() {
    let history = open(STORED);
    let builds = history.builds(&BuildFilter::default(), None).unwrap();
    let numbers: Vec<i64> = builds.iter().map(|build| build.run_number).collect();
    assert_eq!(numbers, (1..=300).collect::<Vec<_>>());
    assert_eq!(builds[0].timestamp, "2025-01-01T06:00:00.000Z");
    assert_eq!(builds[1].timestamp, "2025-01-01T12:00:00.000Z");
}

#[test]
fn a_number_that_is_not_finite_is_no_value() {
    let image = edited(
        STORED,
        "UPDATE metric_values SET value_numeric = 9e999 WHERE build_id = 1 AND metric_id = 'size'",
    );
    let history = open(&image);
    let values = history.metric_values_by_build_id(1).unwrap();
    assert_eq!(values.iter().map(|v| v.metric.id.as_str()).collect::<Vec<_>>(), ["coverage"]);
    assert_eq!(history.series("size", &BuildFilter::default()).unwrap().values.len(), 299);
}

#[test]
fn a_unit_of_another_version_is_no_unit() {
    let history = open(&edited(STORED, "UPDATE metric_definitions SET unit = 'furlongs' WHERE id = 'size'"));
    let metrics = history.metrics().unwrap();
    let units: Vec<_> = metrics.iter().map(|m| (m.id.as_str(), m.unit.is_some())).collect();
    assert_eq!(units, [("coverage", true), ("size", false), ("status", false)]);
}
