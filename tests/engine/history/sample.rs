//! Databases, builds and views of them that the tests share. Views go through SQLite itself and
//! not through the engine, so that the engine cannot vouch for itself.

use rusqlite::{Connection, MAIN_DB};
use unentropy::history::{BuildContext, History, Limits, MetricDefinition, RecordedMetric};
use unentropy::metric::Value;
use unentropy::metric::{MetricType, Unit};

pub(crate) const BASE: &str = include_str!("../../fixtures/history/schema-2.0.0.sql");
pub(crate) const DRIZZLE: &str = include_str!("../../fixtures/history/drizzle-2.0.0.sql");
pub(crate) const BUILDS: &str = include_str!("../../fixtures/history/builds.sql");
pub(crate) const STORED: &[u8] = include_bytes!("../../fixtures/history/schema-2.0.0.db");
pub(crate) const STORED_WAL: &[u8] = include_bytes!("../../fixtures/history/wal-2.0.0.db");
pub(crate) const STORED_FORMAT_1: &[u8] = include_bytes!("../../fixtures/history/format-1.db");

/// A connection to a copy of the image, in rollback-journal mode whatever its header says.
pub(crate) fn connect(image: &[u8]) -> Connection {
    let mut conn = Connection::open_in_memory().unwrap();
    let patched = [&image[..18], &[1, 1], &image[20..]].concat();
    conn.deserialize_read_exact(MAIN_DB, patched.as_slice(), patched.len(), false).unwrap();
    conn
}

/// The file that SQLite makes of the statements.
pub(crate) fn database(statements: &[&str]) -> Vec<u8> {
    let mut conn = Connection::open_in_memory().unwrap();
    for sql in statements {
        conn.execute_batch(sql).unwrap();
    }
    conn.serialize(MAIN_DB).unwrap().to_vec()
}

/// The image after a program other than the engine has run statements on it.
pub(crate) fn edited(image: &[u8], sql: &str) -> Vec<u8> {
    let mut conn = connect(image);
    conn.execute_batch(sql).unwrap();
    conn.serialize(MAIN_DB).unwrap().to_vec()
}

/// The image with the header of a file in WAL mode.
pub(crate) fn with_wal_flag(mut image: Vec<u8>) -> Vec<u8> {
    image[18] = 2;
    image[19] = 2;
    image
}

pub(crate) fn open(image: &[u8]) -> History {
    History::open(Some(image), Limits::default()).unwrap()
}

pub(crate) fn new() -> History {
    History::open(None, Limits::default()).unwrap()
}

/// The rows of a query, each as text with its columns between bars.
pub(crate) fn rows(image: &[u8], sql: &str) -> Vec<String> {
    let conn = connect(image);
    let mut statement = conn.prepare(sql).unwrap();
    let width = statement.column_count();
    let rows = statement.query_map([], |row| {
        let cells: Vec<String> = (0..width).map(|i| format!("{:?}", row.get_ref(i).unwrap())).collect();
        Ok(cells.join(" | "))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

/// Everything that a history says, without the row ids by which a file says it.
pub(crate) fn dump(history: &mut History) -> Vec<String> {
    let image = history.save().unwrap();
    let mut all = rows(&image, "SELECT * FROM metric_definitions ORDER BY id");
    all.extend(rows(
        &image,
        "SELECT commit_sha, run_id, branch, run_number, event_name, timestamp FROM build_contexts ORDER BY 1, 2",
    ));
    all.extend(rows(
        &image,
        "SELECT commit_sha, run_id, metric_id, value_numeric, value_label, measured_at, attempt
         FROM metric_values AS v JOIN build_contexts AS b ON b.id = v.build_id ORDER BY 1, 2, 3",
    ));
    all
}

/// A run on `main` at a time of 2026-01-01.
pub(crate) fn run(commit: &str, run_id: &str, time: &str) -> BuildContext {
    BuildContext {
        commit_sha: commit.into(),
        branch: "main".into(),
        run_id: run_id.into(),
        run_number: 7,
        event_name: Some("push".into()),
        timestamp: format!("2026-01-01T{time}Z"),
        ..BuildContext::default()
    }
}

/// The same as an attempt of the run.
pub(crate) fn attempt(number: i64, context: BuildContext) -> BuildContext {
    BuildContext { attempt: Some(number), ..context }
}

pub(crate) fn number(id: &str, value: f64) -> RecordedMetric {
    let metric = MetricDefinition {
        id: id.into(),
        kind: MetricType::Numeric,
        unit: Some(Unit::Percent),
        description: None,
    };
    RecordedMetric { metric, value: Value::Numeric(value) }
}

pub(crate) fn label(id: &str, value: &str) -> RecordedMetric {
    let metric = MetricDefinition { id: id.into(), kind: MetricType::Label, unit: None, description: None };
    RecordedMetric { metric, value: Value::Label(value.into()) }
}
