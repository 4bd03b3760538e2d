//! Words for people: numbers with units, plurals, lists, quoting, suggestions and Markdown
//! escaping, each implemented once for messages, comments, summaries and the report. What is
//! said where is decided by the callers.

mod markdown;
mod number;
mod words;

pub use markdown::{markdown, markdown_cell_code};
pub use number::{
    Digits, NOISE, denoted, difference, format_change, format_delta, format_relative, format_short,
    format_value,
};
pub(crate) use words::is_invisible;
pub use words::{closest, list, list_or, plural, quote};
