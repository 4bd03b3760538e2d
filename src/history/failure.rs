//! SQLite's result codes in the engine's words. Nothing of a statement's text is repeated, and
//! what SQLite quotes from a file is cut and stripped of control characters, since the file may
//! be a stranger's.

use crate::error::{Code, Error, Result};
use rusqlite::ErrorCode;

/// The remedy for every kind of damage.
pub(super) const DAMAGE_HINT: &str =
    "Nothing was overwritten. Put an earlier copy in its place, or move it away to begin a new history.";

/// Names what was being done when SQLite failed.
pub(super) trait Doing<T> {
    /// Turns the failure into "could not `what`: cause".
    fn doing(self, what: &str) -> Result<T>;
}

impl<T> Doing<T> for rusqlite::Result<T> {
    fn doing(self, what: &str) -> Result<T> {
        self.map_err(|error| translate(what, &error))
    }
}

/// A `HISTORY_CORRUPT` error with the usual remedy.
pub(super) fn corrupt(message: impl Into<String>) -> Error {
    Error::new(Code::HistoryCorrupt, message).hint(DAMAGE_HINT)
}

/// Text from a file, safe for one line of a message.
pub(super) fn excerpt(text: &str) -> String {
    const LONGEST: usize = 120;
    let mut out: String =
        text.chars().take(LONGEST).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(LONGEST).is_some() {
        out.push('…');
    }
    out
}

fn translate(what: &str, error: &rusqlite::Error) -> Error {
    let (code, cause, hint) = match error {
        rusqlite::Error::SqliteFailure(raw, text) => from_code(raw, text.as_deref()),
        rusqlite::Error::SqlInputError { error, msg, .. } => from_code(error, Some(msg)),
        rusqlite::Error::Utf8Error(..) => (Code::HistoryCorrupt, "a text is not UTF-8".into(), DAMAGE_HINT),
        rusqlite::Error::InvalidColumnType(_, name, found) => {
            let cause = format!("the column `{}` holds a value of type {found}", excerpt(name));
            (Code::HistoryCorrupt, cause, DAMAGE_HINT)
        }
        rusqlite::Error::FromSqlConversionFailure(..) | rusqlite::Error::IntegralValueOutOfRange(..) => {
            (Code::HistoryCorrupt, "a column holds a value of an unexpected type".into(), DAMAGE_HINT)
        }
        _ => (Code::HistoryFailed, "SQLite was used wrongly".into(), ""),
    };
    Error::new(code, format!("could not {what}: {cause}")).hint(hint)
}

fn from_code(raw: &rusqlite::ffi::Error, text: Option<&str>) -> (Code, String, &'static str) {
    let said = || text.map_or_else(|| "SQLite gave no reason".to_string(), excerpt);
    match raw.code {
        ErrorCode::NotADatabase => {
            (Code::HistoryNotSqlite, "the file is not an SQLite database".into(), DAMAGE_HINT)
        }
        // In memory there is no device to fail: a read that fails went past the end of the image.
        ErrorCode::DatabaseCorrupt | ErrorCode::SystemIoFailure => {
            (Code::HistoryCorrupt, format!("the database is damaged ({})", said()), DAMAGE_HINT)
        }
        ErrorCode::DiskFull => (
            Code::HistoryTooLarge,
            "the database has reached the size that SQLite holds in memory".into(),
            "Begin a new history under another name, and keep this one.",
        ),
        ErrorCode::OutOfMemory => {
            (Code::HistoryFailed, "there is not enough memory".into(), "Run with more memory, or prune it.")
        }
        ErrorCode::ConstraintViolation => (
            Code::HistoryFailed,
            "a constraint of the database refused it".into(),
            "Check whether another program has changed the tables of this file.",
        ),
        _ => (Code::HistoryFailed, format!("SQLite error {}: {}", raw.extended_code, said()), ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_repeat_no_statement_and_no_control_character() {
        let conn = rusqlite::Connection::open_in_memory().unwrap();
        let error = conn.execute("INSERT INTO secret_table VALUES (1)", []).doing("try").unwrap_err();
        assert_eq!(error.code, Code::HistoryFailed);
        assert!(!error.message.contains("INSERT"), "{}", error.message);
        assert_eq!(excerpt("a\n::error::b"), "a\u{fffd}::error::b");
        assert_eq!(excerpt(&"x".repeat(500)).chars().count(), 121);
    }

    #[test]
    fn result_codes_have_their_own_error_codes() {
        let cases = [
            (rusqlite::ffi::SQLITE_NOTADB, Code::HistoryNotSqlite),
            (rusqlite::ffi::SQLITE_CORRUPT, Code::HistoryCorrupt),
            (rusqlite::ffi::SQLITE_IOERR_SHORT_READ, Code::HistoryCorrupt),
            (rusqlite::ffi::SQLITE_FULL, Code::HistoryTooLarge),
            (rusqlite::ffi::SQLITE_NOMEM, Code::HistoryFailed),
            (rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE, Code::HistoryFailed),
            (rusqlite::ffi::SQLITE_MISUSE, Code::HistoryFailed),
        ];
        for (raw, code) in cases {
            let error = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(raw), None);
            assert_eq!(translate("try", &error).code, code, "{raw}");
        }
    }
}
