//! Between the bytes of an SQLite file and a connection in memory. What the header alone can show
//! is reported here, before SQLite sees the file, and the connection is made safe for a stranger's
//! schema; what the tables mean is [`super::schema`]'s to check.

use super::Limits;
use super::failure::{Doing, corrupt};
use crate::error::{Code, Error, Result};
use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, MAIN_DB, ffi};
use std::io::Read;

/// The first sixteen bytes of every SQLite 3 file.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// The length of the database header (<https://www.sqlite.org/fileformat2.html#the_database_header>).
const HEADER: usize = 100;
/// The host's SQLite and the one in wasm differ in their default: files must not.
const PAGE_SIZE: u32 = 4096;
/// Bytes that a small history may grow by before its memory is enlarged.
const GROWTH: usize = 256 * 1024;

/// A connection to an empty database in memory.
pub(super) fn create() -> Result<Connection> {
    let conn = Connection::open_in_memory().doing("begin a history in memory")?;
    conn.execute_batch(&format!(
        "PRAGMA page_size = {PAGE_SIZE}; PRAGMA encoding = 'UTF-8'; PRAGMA auto_vacuum = NONE;"
    ))
    .doing("set up a new history")?;
    guard(&conn)?;
    Ok(conn)
}

/// A connection to a copy of the image, whose `length` bytes are read once. Nothing of the file has
/// been executed or believed but its header.
pub(super) fn open(mut image: impl Read, length: usize, limits: Limits) -> Result<Connection> {
    let mut head = [0_u8; HEADER];
    let head = &mut head[..length.min(HEADER)];
    image
        .read_exact(head)
        .map_err(|error| corrupt(format!("could not read the history's header: {error}")))?;
    let length = check_header(head, length, limits)?;
    // The write and read versions: 2 means WAL, which a database in memory cannot have. What was
    // in a separate -wal file is not here; what is here is a complete database.
    head[18] = 1;
    head[19] = 1;
    let mut conn = Connection::open_in_memory().doing("open the history in memory")?;
    deserialize(&mut conn, head.chain(image), length).doing("load the history into memory")?;
    guard(&conn)?;
    Ok(conn)
}

/// Makes `length` bytes the connection's database, with room to grow behind them. SQLite doubles the
/// memory of a database that has none left, by copying: with the first build that is recorded, a
/// large history would take three times its size. The room costs nothing until it is written to.
#[allow(unsafe_code)]
fn deserialize(conn: &mut Connection, mut image: impl Read, length: usize) -> rusqlite::Result<()> {
    let size = length + length / 8 + GROWTH;
    let flags = ffi::SQLITE_DESERIALIZE_FREEONCLOSE | ffi::SQLITE_DESERIALIZE_RESIZEABLE;
    let failed = |code| Err(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None));
    // SAFETY: `start` is not null and has `size` bytes of SQLite's own memory, of which `length` are
    // initialised before they are lent out as a slice; either SQLite takes it over, which it does
    // also where it answers with an error, or it is freed here. The connection is open.
    unsafe {
        let start = ffi::sqlite3_malloc64(size as u64).cast::<u8>();
        if start.is_null() {
            return failed(ffi::SQLITE_NOMEM);
        }
        start.write_bytes(0, length);
        if image.read_exact(std::slice::from_raw_parts_mut(start, length)).is_err() {
            ffi::sqlite3_free(start.cast());
            return failed(ffi::SQLITE_IOERR);
        }
        let (used, room) = (length as i64, size as i64);
        match ffi::sqlite3_deserialize(conn.handle(), MAIN_DB.as_ptr(), start, used, room, flags) {
            ffi::SQLITE_OK => Ok(()),
            code => failed(code),
        }
    }
}

/// Lends out the database as a file.
pub(super) fn save<T>(conn: &mut Connection, limits: Limits, take: impl FnOnce(&[u8]) -> T) -> Result<T> {
    let data = conn.serialize(MAIN_DB).doing("save the history")?;
    let length = data.len() as u64;
    if length > limits.max_bytes {
        return Err(too_large(length, limits));
    }
    Ok(take(&data))
}

/// Makes a connection safe for a schema that a stranger may have written: no trigger and no view
/// runs, schema expressions cannot call functions with effects, the schema cannot be edited, and
/// SQLite's own limits are far below their defaults.
fn guard(conn: &Connection) -> Result<()> {
    let switches = [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, true),
    ];
    for (switch, on) in switches {
        conn.set_db_config(switch, on).doing("set up the database")?;
    }
    let limits = [
        (Limit::SQLITE_LIMIT_LENGTH, 16 * 1024 * 1024),
        (Limit::SQLITE_LIMIT_SQL_LENGTH, 256 * 1024),
        (Limit::SQLITE_LIMIT_COLUMN, 200),
        (Limit::SQLITE_LIMIT_EXPR_DEPTH, 100),
        (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 10),
        (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000),
    ];
    for (limit, value) in limits {
        conn.set_limit(limit, value).doing("set up the database")?;
    }
    // The pages lie in memory already: a large cache, as the wasm build's 16 MB, only holds them twice.
    conn.execute_batch("PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -1024;")
        .doing("set up the database")
}

/// Checks the header, of an image of `length` bytes, and returns how many of them are the database.
fn check_header(image: &[u8], length: usize, limits: Limits) -> Result<usize> {
    if length == 0 {
        return Err(not_sqlite("the history is an empty file, expected an SQLite database"));
    }
    if length as u64 > limits.max_bytes {
        return Err(too_large(length as u64, limits));
    }
    if !image.starts_with(&MAGIC[..image.len().min(MAGIC.len())]) {
        return Err(not_sqlite(format!(
            "the history is {}, expected an SQLite database ({length} bytes were read)",
            resembles(image)
        )));
    }
    if length < HEADER {
        return Err(corrupt(format!(
            "the history is cut short: found {length} bytes, expected at least the {HEADER} of the header"
        )));
    }
    let declared = u16::from_be_bytes([image[16], image[17]]);
    let page_size = if declared == 1 { 65_536 } else { usize::from(declared) };
    if page_size < 512 || !page_size.is_power_of_two() {
        return Err(corrupt(format!(
            "the history's header is damaged: found a page size of {page_size} bytes, \
             expected a power of two from 512 to 65536"
        )));
    }
    if let Some(version) = image[18..20].iter().find(|version| !(1..=2).contains(*version)) {
        return Err(corrupt(format!(
            "the history's header is damaged: found SQLite file format {version}, expected 1 or 2"
        )));
    }
    let word = |at: usize| u32::from_be_bytes([image[at], image[at + 1], image[at + 2], image[at + 3]]);
    // The header's page count is in force where its stamp agrees with the change counter; SQLite
    // before 3.7.0 left it stale, and then the length of the file counts.
    let pages = word(28) as usize;
    if pages > 0 && word(92) == word(24) {
        return match pages.checked_mul(page_size) {
            Some(expected) if expected <= length => Ok(expected),
            _ => Err(corrupt(format!(
                "the history is cut short: found {length} bytes, expected {} ({pages} pages of {page_size})",
                pages as u64 * page_size as u64
            ))),
        };
    }
    if !length.is_multiple_of(page_size) {
        return Err(corrupt(format!(
            "the history is cut short: found {length} bytes, expected a multiple of its page size {page_size}"
        )));
    }
    Ok(length)
}

fn not_sqlite(message: impl Into<String>) -> Error {
    Error::new(Code::HistoryNotSqlite, message).hint(
        "Nothing was overwritten. Check that the path, key or artifact names a history; \
         to begin anew, remove what is there.",
    )
}

fn too_large(length: u64, limits: Limits) -> Error {
    Error::new(
        Code::HistoryTooLarge,
        format!("the history is too large: found {length} bytes, the limit is {}", limits.max_bytes),
    )
    .hint(
        "Check that this file is a history; if it is, begin a new one under another name and keep this one.",
    )
}

/// What a file that is no database most likely is, by its first bytes.
fn resembles(image: &[u8]) -> &'static str {
    match image {
        [b'P', b'K', 3 | 5, 4 | 6, ..] => "a ZIP archive",
        [0x1f, 0x8b, ..] => "gzip data",
        [b'<', ..] => "an XML or HTML document",
        [b'{' | b'[', ..] => "a JSON document",
        _ if image.iter().all(|byte| *byte == 0) => "a file that begins with zeros",
        _ => "not a database",
    }
}
