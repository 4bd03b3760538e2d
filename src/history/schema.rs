//! What a history's tables are: creating them, distinguishing ours from a stranger's, and moving older
//! files forward. The four tables are schema 2.0.0 of the TypeScript Unentropy, which keeps
//! reading and writing every file; what this program adds is nullable, numbered by
//! `PRAGMA user_version` and listed in [`MIGRATIONS`].

use super::failure::{Doing, corrupt, excerpt};
use super::query::definitions;
use crate::error::{Code, Error, Result};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension};

/// Schema 2.0.0, word for word in what SQLite keeps of it: tables, columns, constraints, indexes.
const BASE: &str = "
CREATE TABLE schema_version (
  version TEXT PRIMARY KEY,
  applied_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
  description TEXT
);
CREATE TABLE metric_definitions (
  id TEXT PRIMARY KEY CHECK(id GLOB '[a-z0-9-]*'),
  type TEXT NOT NULL CHECK(type IN ('numeric', 'label')),
  unit TEXT,
  description TEXT
);
CREATE TABLE build_contexts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  commit_sha TEXT NOT NULL,
  branch TEXT NOT NULL,
  run_id TEXT NOT NULL,
  run_number INTEGER NOT NULL,
  event_name TEXT,
  timestamp DATETIME NOT NULL,
  UNIQUE(commit_sha, run_id)
);
CREATE INDEX idx_build_timestamp ON build_contexts(timestamp);
CREATE INDEX idx_build_branch ON build_contexts(branch);
CREATE INDEX idx_build_commit ON build_contexts(commit_sha);
CREATE INDEX idx_build_event_timestamp ON build_contexts(event_name, timestamp);
CREATE TABLE metric_values (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  metric_id TEXT NOT NULL,
  build_id INTEGER NOT NULL,
  value_numeric REAL,
  value_label TEXT,
  FOREIGN KEY (metric_id) REFERENCES metric_definitions(id),
  FOREIGN KEY (build_id) REFERENCES build_contexts(id),
  UNIQUE(metric_id, build_id),
  CHECK(
    (value_numeric IS NOT NULL AND value_label IS NULL) OR
    (value_numeric IS NULL AND value_label IS NOT NULL)
  )
);
CREATE INDEX idx_metric_value_build ON metric_values(build_id);
";

/// The row that says which schema [`BASE`] is. Its time is fixed, since the engine has no clock
/// and equal histories should be equal files.
const BASE_VERSION: &str = "
INSERT INTO schema_version (version, applied_at, description)
VALUES ('2.0.0', '1970-01-01 00:00:00', 'Clean schema with string metric IDs');
";

/// The steps from [`BASE`] to what this program writes; step n leaves `user_version` n. A step
/// only adds, and once released it never changes.
const MIGRATIONS: &[&str] = &[
    // 1: when a value was measured, in milliseconds since 1970 UTC; NULL means at its build's
    // time, which is nearly always so. It lets the later of two measurements of one run win, in
    // whatever order they arrive.
    "ALTER TABLE metric_values ADD COLUMN measured_at INTEGER;",
    // 2: which attempt of its run a value is of; NULL means the first, which is nearly always so. A later attempt's
    // value stands whatever the clocks say. And which repository the builds are of, at most one row: `name` is
    // host/owner/name, `github_id` the id that GitHub keeps for a repository whatever it is called.
    "ALTER TABLE metric_values ADD COLUMN attempt INTEGER;
     CREATE TABLE history_repository (
       id INTEGER PRIMARY KEY CHECK(id = 1),
       name TEXT NOT NULL,
       github_id TEXT
     );",
];

/// The `user_version` of the files that this program writes.
const FORMAT: i32 = MIGRATIONS.len() as i32;

/// The tables and columns that every history has.
const TABLES: &[(&str, &[&str])] = &[
    ("schema_version", &["version", "applied_at", "description"]),
    ("metric_definitions", &["id", "type", "unit", "description"]),
    ("build_contexts", &["id", "commit_sha", "branch", "run_id", "run_number", "event_name", "timestamp"]),
    ("metric_values", &["id", "metric_id", "build_id", "value_numeric", "value_label"]),
];

/// The columns that the migrations add to them, each with its step.
const ADDED: &[(i32, &str, &str)] = &[(1, "metric_values", "measured_at"), (2, "metric_values", "attempt")];

/// What must be unique, as a table constraint or as an index of its own.
const UNIQUE: &[(&str, [&str; 2])] =
    &[("build_contexts", ["commit_sha", "run_id"]), ("metric_values", ["metric_id", "build_id"])];

/// Writes schema 2.0.0 into an empty database.
pub(super) fn create(conn: &mut Connection) -> Result<()> {
    let tx = conn.transaction().doing("begin a history")?;
    tx.execute_batch(BASE).doing("create the history's tables")?;
    tx.execute_batch(BASE_VERSION).doing("create the history's tables")?;
    tx.commit().doing("create the history's tables")
}

/// Brings a checked database to the format of this program, all steps in one transaction.
pub(super) fn migrate(conn: &mut Connection) -> Result<()> {
    apply(conn, MIGRATIONS)
}

fn apply(conn: &mut Connection, migrations: &[&str]) -> Result<()> {
    let from = usize::try_from(user_version(conn)?).unwrap_or(0);
    if from >= migrations.len() {
        return Ok(());
    }
    let what = format!("migrate the history from format {from} to {}", migrations.len());
    let tx = conn.transaction().doing(&what)?;
    for step in &migrations[from..] {
        tx.execute_batch(step).doing(&what)?;
    }
    tx.pragma_update(None, "user_version", migrations.len() as i64).doing(&what)?;
    tx.commit().doing(&what)
}

/// Checks that an opened file is a sound history that this program understands.
///
/// The order matters: what kinds of objects the file has is read first, since checking the
/// content of a virtual table would run its code, and a newer program's file is named as such
/// before its unknown parts are judged.
pub(super) fn check(conn: &Connection, check: Check) -> Result<()> {
    let objects = objects(conn)?;
    let has = |table: &str| objects.iter().any(|o| o.kind == "table" && o.name == table);
    let missing: Vec<&str> = TABLES.iter().map(|(table, _)| *table).filter(|table| !has(table)).collect();
    // A damaged schema page can make our own file look like another program's.
    if !missing.is_empty() && !objects.iter().any(|o| o.is_virtual) {
        check_integrity(conn, Check::Whole)?;
    }
    if missing.len() == TABLES.len() {
        let found = match objects.iter().filter(|o| o.kind == "table").count() {
            0 => "it has no table at all".to_string(),
            n => format!("it has {n} other tables and none of `{}`", missing.join("`, `")),
        };
        return Err(foreign(format!("the file is an SQLite database but not a history: {found}")));
    }
    check_format(conn)?;
    if !missing.is_empty() {
        return Err(foreign(format!("the history lacks the table `{}`", missing.join("`, `"))));
    }
    if let Some(object) = objects.iter().find(|o| o.is_virtual || (o.kind != "table" && o.kind != "index")) {
        let kind = if object.is_virtual { "virtual table" } else { object.kind.as_str() };
        return Err(foreign(format!(
            "the history contains the {} `{}`: a history has tables and indexes only",
            excerpt(kind),
            excerpt(&object.name)
        )));
    }
    check_integrity(conn, check)?;
    check_names(conn)?;
    check_version(conn)?;
    check_columns(conn)?;
    check_unique(conn)?;
    check_references(conn)?;
    check_values(conn, check)
}

struct Object {
    kind: String,
    name: String,
    is_virtual: bool,
}

fn objects(conn: &Connection) -> Result<Vec<Object>> {
    const WHAT: &str = "read the history's schema";
    // Only a virtual table has no page of its own.
    let sql = "SELECT type, name, type = 'table' AND coalesce(rootpage, 0) = 0 FROM sqlite_schema";
    let mut statement = conn.prepare(sql).doing(WHAT)?;
    let rows = statement
        .query_map([], |row| Ok(Object { kind: row.get(0)?, name: row.get(1)?, is_virtual: row.get(2)? }))
        .doing(WHAT)?;
    rows.collect::<rusqlite::Result<_>>().doing(WHAT)
}

/// SQLite takes a table by the name in its statement and adds columns to the one that is listed under that name, to the letter:
/// where a flipped bit makes them differ (`metric_vaLues`), a migration would be lost when the file is saved.
fn check_names(conn: &Connection) -> Result<()> {
    let differs: Option<String> = conn
        .query_row(
            "SELECT name FROM sqlite_schema
             WHERE type = 'table'
               AND name IN ('schema_version', 'metric_definitions', 'build_contexts', 'metric_values', 'history_repository')
               AND instr(substr(sql, 1, instr(sql, '(')), name) = 0 LIMIT 1",
            [],
            |row| row.get(0),
        )
        .optional()
        .doing("read the history's schema")?;
    match differs {
        None => Ok(()),
        Some(name) => Err(corrupt(format!(
            "the history is damaged: the table `{}` is created under another name",
            excerpt(&name)
        ))),
    }
}

fn user_version(conn: &Connection) -> Result<i32> {
    conn.query_row("PRAGMA user_version", [], |row| row.get(0)).doing("read the history's format")
}

fn check_format(conn: &Connection) -> Result<()> {
    let found = user_version(conn)?;
    if found > FORMAT {
        return Err(newer(format!(
            "the history was written by a newer program: found format {found}, \
             this program knows formats up to {FORMAT}"
        )));
    }
    if found < 0 {
        return Err(corrupt(format!("the history's format is {found}, expected 0 to {FORMAT}")));
    }
    Ok(())
}

fn check_version(conn: &Connection) -> Result<()> {
    const WHAT: &str = "read the history's schema version";
    let mut statement = conn.prepare("SELECT version FROM schema_version").doing(WHAT)?;
    let versions: Vec<String> = statement
        .query_map([], |row| row.get(0))
        .doing(WHAT)?
        .collect::<rusqlite::Result<_>>()
        .doing(WHAT)?;
    let parsed = versions.iter().map(|text| {
        let mut parts = text.split('.').map(str::parse::<u32>);
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(Ok(major)), Some(Ok(minor)), Some(Ok(patch)), None) => Ok(((major, minor, patch), text)),
            _ => Err(foreign(format!("the history's schema version is `{}`, expected 2.x", excerpt(text)))),
        }
    });
    match parsed.collect::<Result<Vec<_>>>()?.into_iter().max() {
        None => Err(foreign("the history's table `schema_version` is empty, expected version 2.x")),
        Some(((2, ..), _)) => Ok(()),
        Some(((0..=1, ..), text)) => Err(Error::new(
            Code::HistoryForeign,
            format!("the history has schema {text} with numbered metrics, this program reads schema 2.x"),
        )
        .hint(
            "Nothing was overwritten. Let the TypeScript Unentropy 0.3 migrate it first, or begin a new \
             history under another name.",
        )),
        Some((_, text)) => Err(newer(format!(
            "the history was written by a newer program: found schema {text}, this program reads schema 2.x"
        ))),
    }
}

fn check_columns(conn: &Connection) -> Result<()> {
    const WHAT: &str = "read the history's columns";
    let format = user_version(conn)?;
    let mut statement = conn
        .prepare("SELECT name, type, \"notnull\" AND dflt_value IS NULL AND pk = 0, pk, hidden FROM pragma_table_xinfo(?1)")
        .doing(WHAT)?;
    let repository = [("history_repository", ["id", "name", "github_id"].as_slice())];
    let tables = TABLES.iter().chain(repository.iter().filter(|_| format >= 2));
    for (table, expected) in tables {
        let mut found = Vec::new();
        let mut rows = statement.query([table]).doing(WHAT)?;
        while let Some(row) = rows.next().doing(WHAT)? {
            let (name, kind): (String, String) = (row.get(0).doing(WHAT)?, row.get(1).doing(WHAT)?);
            let (needed, key, hidden): (bool, i64, i64) =
                (row.get(2).doing(WHAT)?, row.get(3).doing(WHAT)?, row.get(4).doing(WHAT)?);
            if hidden != 0 {
                return Err(foreign(format!(
                    "the column `{}` of `{table}` is computed: a history has plain columns only",
                    excerpt(&name)
                )));
            }
            if needed && !expected.contains(&name.as_str()) {
                return Err(foreign(format!(
                    "the column `{}` of `{table}` must have a value that this program does not know",
                    excerpt(&name)
                )));
            }
            let numbered = matches!(*table, "build_contexts" | "metric_values");
            if numbered && name == "id" && (key != 1 || !kind.eq_ignore_ascii_case("INTEGER")) {
                return Err(foreign(format!("the column `id` of `{table}` is not an integer primary key")));
            }
            found.push(name);
        }
        let extra =
            ADDED.iter().filter(|(since, of, _)| format >= *since && of == table).map(|(.., name)| name);
        if let Some(name) = expected.iter().chain(extra).find(|name| !found.iter().any(|f| f == *name)) {
            return Err(foreign(format!("the table `{table}` lacks the column `{name}`")));
        }
    }
    Ok(())
}

fn check_unique(conn: &Connection) -> Result<()> {
    for (table, columns) in UNIQUE {
        let found: bool = conn
            .query_row(
                "SELECT EXISTS (
                   SELECT 1 FROM pragma_index_list(?1) AS list
                   WHERE list.\"unique\" AND NOT list.partial AND (
                     SELECT group_concat(name, ',') FROM (
                       SELECT name FROM pragma_index_info(list.name) ORDER BY name
                     )
                   ) = ?2
                 )",
                [*table, &sorted(columns).join(",")],
                |row| row.get(0),
            )
            .doing("read the history's indexes")?;
        if !found {
            return Err(foreign(format!(
                "the table `{table}` is not unique over `{}` and `{}`",
                columns[0], columns[1]
            )));
        }
    }
    Ok(())
}

fn sorted(columns: &[&'static str; 2]) -> [&'static str; 2] {
    let mut columns = *columns;
    columns.sort_unstable();
    columns
}

/// How closely damage is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// SQLite's quick check: pages, trees, rows. Enough where a digest, stored with the bytes by the run that wrote them,
    /// shows them to be unchanged since.
    Quick,
    /// Also whether indexes agree with their tables. That finds what else goes unseen: an index page that hides rows,
    /// and a flipped bit in any commit, run, branch, event or time. It costs about five times as much, 0.4 s for
    /// 50,000 builds of ten metrics.
    Whole,
}

/// Damage that SQLite can see, the first of it.
fn check_integrity(conn: &Connection, check: Check) -> Result<()> {
    let pragma = match check {
        Check::Quick => "PRAGMA quick_check(1)",
        Check::Whole => "PRAGMA integrity_check(1)",
    };
    let said: String = conn.query_row(pragma, [], |row| row.get(0)).doing("check the history for damage")?;
    if said == "ok" { Ok(()) } else { Err(corrupt(format!("the history is damaged: {}", excerpt(&said)))) }
}

/// Values without their build or definition. The pragma sees declared foreign keys only, and
/// some files declare none.
fn check_references(conn: &Connection) -> Result<()> {
    const WHAT: &str = "check the history's references";
    let mut statement = conn.prepare("PRAGMA foreign_key_check").doing(WHAT)?;
    let dangling = statement.query([]).doing(WHAT)?.next().doing(WHAT)?.is_some();
    if !dangling && declares_references(conn)? {
        return Ok(());
    }
    let orphans: i64 = conn
        .query_row(
            "SELECT count(*) FROM metric_values WHERE build_id NOT IN (SELECT id FROM build_contexts)
               OR metric_id NOT IN (SELECT id FROM metric_definitions)",
            [],
            |row| row.get(0),
        )
        .doing(WHAT)?;
    if orphans > 0 {
        return Err(corrupt(format!(
            "the history is damaged: {orphans} values belong to builds or metrics that are missing"
        )));
    }
    if dangling {
        return Err(corrupt("the history is damaged: a row refers to another that is missing"));
    }
    Ok(())
}

/// What SQLite takes for sound and no reader can use: a blob in a column of texts or numbers, a text that is not UTF-8. Builds
/// are read whole when a history is opened; this is for the rest.
fn check_values(conn: &Connection, check: Check) -> Result<()> {
    const WHAT: &str = "read the history's values";
    definitions(conn)?;
    if check == Check::Quick {
        return Ok(());
    }
    let mut statement = conn
        .prepare(
            "SELECT id, value_label FROM metric_values
             WHERE value_label IS NOT NULL OR typeof(value_numeric) IN ('text', 'blob')",
        )
        .doing(WHAT)?;
    let mut rows = statement.query([]).doing(WHAT)?;
    while let Some(row) = rows.next().doing(WHAT)? {
        let found = match row.get_ref(1).doing(WHAT)? {
            ValueRef::Text(text) if std::str::from_utf8(text).is_ok() => continue,
            ValueRef::Text(_) => "a label that is not UTF-8".to_owned(),
            ValueRef::Null => "a number that is not one".to_owned(),
            other => format!("a label of type {}", other.data_type()),
        };
        let id: i64 = row.get(0).doing(WHAT)?;
        return Err(corrupt(format!("the history is damaged: the value {id} has {found}")));
    }
    Ok(())
}

/// Whether the table of values declares both of its references.
fn declares_references(conn: &Connection) -> Result<bool> {
    conn.query_row(
        "SELECT count(DISTINCT \"from\") = 2 FROM pragma_foreign_key_list('metric_values')
         WHERE (\"from\", lower(\"table\"), coalesce(lower(\"to\"), 'id'))
           IN (VALUES ('metric_id', 'metric_definitions', 'id'), ('build_id', 'build_contexts', 'id'))",
        [],
        |row| row.get(0),
    )
    .doing("check the history's references")
}

fn foreign(message: impl Into<String>) -> Error {
    Error::new(Code::HistoryForeign, message).hint(
        "Nothing was overwritten. Check that the path, key or artifact names a history; \
         to begin anew, remove what is there or choose another name.",
    )
}

fn newer(message: impl Into<String>) -> Error {
    Error::new(Code::HistoryNewer, message)
        .hint("Nothing was overwritten. Use the version of Unentropy that wrote it, or a later one.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> Connection {
        let mut conn = Connection::open_in_memory().unwrap();
        create(&mut conn).unwrap();
        conn
    }

    #[test]
    fn a_failing_step_leaves_nothing_of_the_steps_before_it() {
        let mut conn = base();
        let steps = ["CREATE TABLE first (a)", "ALTER TABLE absent ADD COLUMN b"];
        let error = apply(&mut conn, &steps).unwrap_err();
        assert_eq!(error.code, Code::HistoryFailed);
        assert_eq!(user_version(&conn).unwrap(), 0);
        assert!(!objects(&conn).unwrap().iter().any(|o| o.name == "first"));
    }

    #[test]
    fn only_the_missing_steps_run() {
        let mut conn = base();
        migrate(&mut conn).unwrap();
        migrate(&mut conn).unwrap();
        assert_eq!(user_version(&conn).unwrap(), FORMAT);
        let mut longer = MIGRATIONS.to_vec();
        longer.push("CREATE TABLE later (a)");
        apply(&mut conn, &longer).unwrap();
        assert_eq!(user_version(&conn).unwrap(), FORMAT + 1);
        assert_eq!(check(&conn, Check::Whole).unwrap_err().code, Code::HistoryNewer);
    }
}
