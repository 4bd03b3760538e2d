//! The lines of a Jupyter notebook: those of its code cells in the kernel's language, and those of
//! its other cells as comments. Outputs, images and metadata are not lines that anyone wrote.

use super::{Counts, LanguageId, counter, detect, lookup, named};
use jsonc_parser::{JsonObject, JsonValue, ParseOptions, parse_to_value};
use std::borrow::Cow;

/// The lines of a notebook, or `None` if the text is none.
pub(super) fn count(text: &[u8]) -> Option<Counts> {
    let text = std::str::from_utf8(text).ok()?;
    let JsonValue::Object(notebook) = parse_to_value(text, &ParseOptions::default()).ok()?? else {
        return None;
    };
    let code = language(notebook.get_object("metadata"));
    let prose = named("Markdown");
    let mut total = Counts::default();
    for cell in notebook.get_array("cells")?.iter() {
        let JsonValue::Object(cell) = cell else { return None };
        let is_code = cell.get_string("cell_type")? == "code";
        let mut counts = counter::count(if is_code { code } else { prose }, source(cell)?.as_bytes());
        if !is_code {
            // Beside code, prose says what the code is for.
            (counts.code, counts.comments) = (0, counts.code);
        }
        total += counts;
    }
    Some(total)
}

/// A cell's text, which the format allows as one string or as a list of lines.
fn source<'c>(cell: &'c JsonObject<'_>) -> Option<Cow<'c, str>> {
    match cell.get("source") {
        None => Some(Cow::Borrowed("")),
        Some(JsonValue::String(whole)) => Some(Cow::Borrowed(whole)),
        Some(JsonValue::Array(lines)) => {
            let lines: Option<Vec<&str>> =
                lines.iter().map(|l| if let JsonValue::String(l) = l { Some(&**l) } else { None }).collect();
            Some(Cow::Owned(lines?.concat()))
        }
        Some(_) => None,
    }
}

fn language(metadata: Option<&JsonObject<'_>>) -> LanguageId {
    let read = |section: &str, key: &str| metadata?.get_object(section)?.get_string(key);
    let named_by = |name: Option<&Cow<'_, str>>| name.and_then(|name| lookup(&name.to_ascii_lowercase()));
    let extension = read("language_info", "file_extension").map_or("", |extension| extension);
    named_by(read("kernelspec", "language"))
        .or_else(|| named_by(read("language_info", "name")))
        .or_else(|| detect::by_extension(extension.trim_start_matches('.')))
        .unwrap_or_else(|| named("Python"))
}
